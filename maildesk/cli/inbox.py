"""`maildesk inbox`: the mails that came."""

from __future__ import annotations

from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.arrival import inbox_key, list_arrivals, print_raw, show_arrival
from maildesk.cli.errors import No
from maildesk.cli.listing import Json, Key, Limit, Raw, known
from maildesk.cli.screen import as_json, heading, say, wrapped
from maildesk.cli.usage import Commands

app = Commands(
    help="The mails that came.", epilog="Example: maildesk inbox list --state new", no_args_is_help=True
)


BEGINS = 20
"""Lines of a mail's text that are shown."""


@app.command("list", epilog="Example: maildesk inbox list --disposition bounce --json")
def list_(
    ctx: typer.Context,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="Only this state: new, taken, done or quarantined.")
    ] = "",
    disposition: Annotated[
        str, typer.Option(metavar="NAME", help="Only this disposition, like reply or new-ticket.")
    ] = "",
    limit: Limit = 100,
    json: Json = False,
) -> None:
    """List the mails that came, newest first."""
    from maildesk.core.model import Disposition
    from maildesk.store import views

    known("state", state, ("new", "taken", "done", "quarantined"))
    known("disposition", disposition, Disposition)
    with desk.reading(ctx) as (_loaded, _store, conn):
        found = views.arrivals(conn, state, disposition, limit)
        list_arrivals(found, desk.now(), json, limit)


@app.command(epilog="Example: maildesk inbox show 3fa9c1 --raw > mail.eml")
def show(ctx: typer.Context, key: Key, raw: Raw = False, json: Json = False) -> None:
    """Show one mail that came, and what became of it; or its bytes."""
    show_one(ctx, key, raw, json)


def show_one(
    ctx: typer.Context, key: str, raw: bool, json: bool, disposition: str = "", state: str = ""
) -> None:
    """Shows one mail, if it has the disposition and the state asked for; with a disposition also how its text begins.

    Raises No.
    """
    from maildesk.core.message import parse
    from maildesk.store import views

    with desk.reading(ctx) as (loaded, _store, conn):
        found = views.trace(conn, inbox_key(conn, key))[0]
        if disposition and found["disposition"] != disposition:
            raise No(
                f"the mail {found['key']} is not {disposition} but {found['disposition'] or found['state']}."
            )
        if state and found["state"] != state:
            raise No(f"the mail {found['key']} is not {state} but {found['disposition'] or found['state']}.")
        if raw:
            print_raw(views.raw_mail(conn, found["key"]))
        elif json:
            as_json(found)
        else:
            show_arrival(found, loaded.policy.zone, desk.now())
            if disposition:
                heading("It begins")
                begins = parse(views.raw_mail(conn, found["key"])).text.strip().split("\n")[:BEGINS]
                wrapped("\n".join(begins), indent=2)


@app.command(epilog="Example: maildesk inbox retry 3fa9c1")
def retry(ctx: typer.Context, key: Key) -> None:
    """Let a quarantined mail be decided again."""
    retry_one(ctx, key)


def retry_one(ctx: typer.Context, key: str) -> None:
    """Lets a quarantined mail be decided again. Raises No where it is not quarantined."""
    from maildesk.store import inbox

    with desk.opened(ctx, create=False) as opened:
        with opened.store.db.reading() as conn:
            whole = inbox_key(conn, key)
        if not opened.store.write("decide", lambda conn: inbox.retry(conn, whole)):
            raise No(f"the mail {whole} is not in quarantine; see `maildesk inbox show {whole}`.")
        say(f"The mail {whole} will be decided again by {desk.who_decides(opened.store)}.")
