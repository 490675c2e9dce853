"""`maildesk held`: mails in an agent's name that nothing proves."""

from __future__ import annotations

import typer

from maildesk.cli import desk, inbox
from maildesk.cli.arrival import inbox_key, list_arrivals
from maildesk.cli.errors import No
from maildesk.cli.listing import Json, Key, Limit, Raw
from maildesk.cli.screen import plain, say, wrapped
from maildesk.cli.usage import Commands

app = Commands(
    help="Mails held, because nothing proves that an agent wrote them.",
    epilog="Example: maildesk held list",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: maildesk held list --json")
def list_(ctx: typer.Context, limit: Limit = 100, json: Json = False) -> None:
    """List the mails that are held, newest first."""
    from maildesk.store import views

    with desk.reading(ctx) as (_loaded, _store, conn):
        found = views.arrivals(conn, disposition="held", limit=limit)
        list_arrivals(found, desk.now(), json, limit)


@app.command(epilog="Example: maildesk held show 3fa9c1 --raw")
def show(ctx: typer.Context, key: Key, raw: Raw = False, json: Json = False) -> None:
    """Show one held mail, and why it is held; or its bytes."""
    inbox.show_one(ctx, key, raw, json, disposition="held")
    if not raw and not json:
        say()
        wrapped(
            f"`maildesk held release {plain(key)}` lets it in. Do so only if you know that its sender wrote it."
        )


@app.command(epilog="Example: maildesk held release 3fa9c1")
def release(ctx: typer.Context, key: Key) -> None:
    """Let a held mail count as its agent's. Do so only if you know that the agent wrote it.

    A mail that is held for where it lay (the junk folder, a mailbox built anew) is only let in.
    """
    from maildesk.store import inbox as rows

    with desk.opened(ctx, create=False) as opened:
        with opened.store.db.reading() as conn:
            whole = inbox_key(conn, key)
        if not opened.store.write("decide", lambda conn: rows.release(conn, whole, desk.admin())):
            raise No(f"the mail {whole} is not held; `maildesk inbox show {whole}` says what became of it.")
        say(f"The mail {whole} will be decided by {desk.who_decides(opened.store)}.")
