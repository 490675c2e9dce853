"""`maildesk outbox`: the mails that go out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk
from maildesk.cli.arrival import SHORT, outbox_key, print_raw
from maildesk.cli.errors import No
from maildesk.cli.listing import Json, Limit, Raw, finished, known, more
from maildesk.cli.screen import age, as_json, count, heading, pairs, plain, say, table, when
from maildesk.cli.usage import Commands

if TYPE_CHECKING:
    from sqlalchemy import Connection

app = Commands(
    help="The mails that go out.", epilog="Example: maildesk outbox list --state failed", no_args_is_help=True
)

STATES = (
    *("todo", "ready", "sent", "failed", "undelivered", "quarantined", "maybe-sent", "stopped"),
    *("shadow", "late", "restored", "waiting"),
)


class Whom(StrEnum):
    """To whom the mails go that are released."""

    CUSTOMERS = "customers"
    AGENTS = "agents"
    ALL = "all"


_HELD_BACK = {Whom.CUSTOMERS: ("acknowledgments",), Whom.AGENTS: (), Whom.ALL: ("acknowledgments",)}
"""What may be paused of them, beside all sending."""

Once = Annotated[str, typer.Argument(metavar="KEY", help="The mail's key, or the start of it.")]


@app.command("list", epilog="Example: maildesk outbox list --state sent --json")
def list_(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(metavar="STATE", help=f"Only this state: {', '.join(STATES)}.")] = "",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List the mails that go out, newest first."""
    from maildesk.store import views

    known("state", state, STATES)
    with desk.reading(ctx) as (_loaded, _store, conn):
        found = views.outbox_list(conn, state, limit)
    if finished(found, json):
        return
    now = desk.now()
    rows = [
        (
            m["once"][:SHORT],
            age(now - m["at"]),
            m["state"],
            m["kind"],
            f"#{m['ticket']}" if m["ticket"] else "",
            m["to"],
            m["subject"] or "",
        )
        for m in found
    ]
    table(("key", "age", "state", "kind", "ticket", "to", "subject"), rows, flexible=("to", "subject"))
    more(found, limit)


@app.command(epilog="Example: maildesk outbox show 8c01d7 --raw | less")
def show(ctx: typer.Context, key: Once, raw: Raw = False, json: Json = False) -> None:
    """Show one outgoing mail with its attempts, or its bytes."""
    from maildesk.store import views

    with desk.reading(ctx) as (loaded, _store, conn):
        found = views.outbox_show(conn, outbox_key(conn, key))
        assert found is not None
        skeleton = found.pop("skeleton")
        if raw and skeleton is None and found["state"] == "sent":
            raise No(f"the mail {found['once']} went out more than 30 days ago; only its attempts are kept.")
        if raw and skeleton is None:
            raise No(f"the mail {found['once']} is not composed yet; it is {found['state']}.")
        if raw:
            print_raw(_rendered(conn, skeleton))
        elif json:
            as_json(found)
        else:
            tell_outgoing(found, loaded.policy.zone, desk.now())


def _rendered(conn: Connection, skeleton: bytes) -> bytes:
    from maildesk.store import views
    from maildesk.store.skeleton import Changed, render

    try:
        return b"".join(render(skeleton, lambda ref: views.part(conn, ref)))
    except Changed as error:
        raise No(f"{error}.") from error


def tell_outgoing(found: dict[str, Any], zone: str, now: int) -> None:
    """Prints one outgoing mail with its attempts."""
    say(f"Mail {found['once']}: {plain(found['state'])}")
    waits = found["state"] in ("todo", "ready") and found["not_before"] > now
    pairs(
        [
            ("kind", found["kind"]),
            ("to", found["to"]),
            ("subject", found["subject"]),
            ("ticket", f"#{found['ticket']}" if found["ticket"] else ""),
            ("message-id", f"<{found['message_id']}>"),
            ("made", f"{when(found['at'], zone)} ({age(now - found['at'])} ago)"),
            ("not before", when(found["not_before"], zone) if waits else ""),
            ("follows from", found["cause"]),
            ("trouble", found["trouble"] if found["state"] != "sent" else ""),
        ],
        indent=2,
    )
    heading("Attempts")
    if not found["attempts"]:
        say("  none")
        return
    rows = [(when(a["at"], zone), a["outcome"], a["answer"]) for a in found["attempts"]]
    table(("at", "outcome", "answer"), rows, flexible=("answer",), indent=2, whole=True)


@app.command(epilog="Example: maildesk outbox retry 8c01d7")
def retry(ctx: typer.Context, key: Once) -> None:
    """Send a mail again that was given up, or now one that waits."""
    retry_one(ctx, key)


def retry_one(ctx: typer.Context, key: str) -> None:
    """Sends a mail again. Raises No where it is sent already, being sent, or stopped."""
    from maildesk.store import control, outbox

    with desk.opened(ctx, create=False) as opened:
        with opened.store.db.reading() as conn:
            whole = outbox_key(conn, key)
            paused = control.ALL in control.paused(conn)
        if not opened.store.write("work", lambda conn: outbox.retry(conn, whole, opened.clock())):
            raise No(
                f"the mail {whole} is sent, is being sent, or was stopped, to be written anew; "
                f"see `maildesk outbox show {whole}`."
            )
        if paused:
            say(f"The mail {whole} waits to be sent: all sending is paused until `maildesk resume all`.")
        else:
            say(f"The mail {whole} will be sent by {desk.who_decides(opened.store)}.")


@app.command(epilog="Example: maildesk outbox release agents")
def release(
    ctx: typer.Context,
    whom: Annotated[
        Whom,
        typer.Argument(metavar="WHOM", help="Those to customers, to agents, or to all."),
    ] = Whom.ALL,
) -> None:
    """Send the mails that wait because they are beyond a limit.

    To customers they are acknowledgments beyond `acks_unproven_hour`, to agents mails about tickets beyond
    `tickets_per_address_hour` and the like; `docs/authority.md` tells more.
    """
    from maildesk.store import control, waiting

    to = tuple(waiting.WHOM) if whom is Whom.ALL else (whom.value,)
    with desk.opened(ctx, create=False) as opened:
        released = opened.store.write("work", lambda conn: waiting.release(conn, to, opened.clock()))
        if not released:
            raise No("no mail waits to be released; `maildesk outbox list` shows what there is.")
        with opened.store.db.reading() as conn:
            paused = sorted(control.paused(conn) & {control.ALL, *_HELD_BACK[whom]})
        say(f"{count(released, 'mail')} will be sent by {desk.who_decides(opened.store)}.")
        for what in paused:
            say(f"They go out after `maildesk resume {what}`, as that is paused.")
