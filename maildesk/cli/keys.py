"""`maildesk keys`: the keys that sign reply addresses."""

from __future__ import annotations

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, say, table, when, wrapped
from maildesk.cli.usage import Commands

app = Commands(
    help="The keys that sign reply addresses.", epilog="Example: maildesk keys list", no_args_is_help=True
)


@app.command("list", epilog="Example: maildesk keys list --json")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List the keys, the newest last; never the secrets themselves."""
    from maildesk.store import keys

    with desk.reading(ctx) as (loaded, _store, conn):
        found = [{"id": one.id, "since": one.since, "until": one.until} for one in keys.listed(conn)]
    if json:
        as_json(found)
        return
    zone = loaded.policy.zone
    rows = [
        (
            one["id"],
            when(one["since"], zone) or "the beginning",
            when(one["until"], zone) or "another replaces it",
        )
        for one in found
    ]
    table(("key", "signs since", "good until"), rows)


@app.command(epilog="Example: maildesk keys rotate")
def rotate(ctx: typer.Context) -> None:
    """Make a new key, which signs reply addresses a minute later.

    Addresses that older keys signed stay good for a year.
    """
    from maildesk.store import keys
    from maildesk.store.db import StoreError

    with desk.opened(ctx, create=False) as app:
        try:
            made = app.store.write("decide", lambda conn: keys.rotate(conn, app.clock()))
        except StoreError as error:
            raise No(f"{error}.") from error
        since, until = (when(at, app.live.policy.zone) for at in (made.since, made.since + keys.YEAR))
        wrapped(f"Key {made.id} signs from {since} on; older ones are good until {until}.")
        say("Make a backup now: an older one does not know this key.")
        say("Send agents their new personal addresses then: `maildesk agent welcome AGENT`.")
