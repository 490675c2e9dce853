"""`maildesk quarantine`: mails, in and out, that maildesk itself failed on three times."""

from __future__ import annotations

import typer

from maildesk.cli import desk, inbox, outbox
from maildesk.cli.arrival import SHORT, sender_of
from maildesk.cli.errors import No
from maildesk.cli.listing import Json, Key, Limit, Raw, finished, more
from maildesk.cli.screen import age, plain, table
from maildesk.cli.usage import Commands

app = Commands(
    help="Mails given up, because maildesk itself failed on them.",
    epilog="Example: maildesk quarantine list",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: maildesk quarantine list --json")
def list_(ctx: typer.Context, limit: Limit = 100, json: Json = False) -> None:
    """List the mails in quarantine, those that came and those to be sent."""
    from maildesk.store import views

    with desk.reading(ctx) as (_loaded, _store, conn):
        came = views.arrivals(conn, state="quarantined", limit=limit)
        going = views.outbox_list(conn, "quarantined", limit)
    if finished(
        [*({"direction": "in", **a} for a in came), *({"direction": "out", **m} for m in going)], json
    ):
        return
    now = desk.now()
    rows = [
        *(
            (a["key"][:SHORT], "in", age(now - a["received"]), sender_of(a), _last(a["trouble"]))
            for a in came
        ),
        *((m["once"][:SHORT], "out", age(now - m["at"]), m["to"], _last(m["trouble"])) for m in going),
    ]
    table(
        ("key", "way", "age", "from or to", "what went wrong"),
        rows,
        flexible=("from or to", "what went wrong"),
        whole=True,
    )
    more(came if len(came) > len(going) else going, limit)


def _last(trouble: str | None) -> str:
    lines = (trouble or "").strip().splitlines()
    return lines[-1] if lines else "the process died of it"


@app.command(epilog="Example: maildesk quarantine show 3fa9c1")
def show(ctx: typer.Context, key: Key, raw: Raw = False, json: Json = False) -> None:
    """Show one mail in quarantine with what went wrong, or its bytes."""
    if _way(ctx, key) == "in":
        inbox.show_one(ctx, key, raw, json, state="quarantined")
    else:
        outbox.show(ctx, key, raw, json)


@app.command(epilog="Example: maildesk quarantine retry 3fa9c1")
def retry(ctx: typer.Context, key: Key) -> None:
    """Try a mail again after what was wrong has been mended."""
    if _way(ctx, key) == "in":
        inbox.retry_one(ctx, key)
    else:
        outbox.retry_one(ctx, key)


def _way(ctx: typer.Context, start: str) -> str:
    """Whether the one mail in quarantine whose key begins so came in or goes out. Raises No."""
    from maildesk.store import lookup

    with desk.reading(ctx) as (_loaded, _store, conn):
        came = lookup.inbox_keys(conn, start, state="quarantined")
        going = lookup.outbox_keys(conn, start, state="quarantined")
    if not came and not going:
        raise No(f"no mail in quarantine has the key {plain(start)}; see `maildesk quarantine list`.")
    if came and going:
        raise No(f"{plain(start)} may be a mail that came or one that goes out; write more of the key.")
    return "in" if came else "out"
