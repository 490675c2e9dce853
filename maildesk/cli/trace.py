"""`maildesk trace`: what became of a mail."""

from __future__ import annotations

from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.arrival import show_arrival
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, plain, say

EXAMPLE = "Example: maildesk trace '<20250310.1@customer.example>'"


def command(
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="MESSAGE-ID|KEY", help="A Message-ID, or the start of a key from a list or the log."
        ),
    ],
    json: Json = False,
) -> None:
    """Say what became of a mail, and why. The mails that followed are told with their state."""
    from maildesk.store import lookup, views

    if not wanted.strip().strip("<>"):
        raise typer.BadParameter("write a Message-ID or a key")
    with desk.reading(ctx) as (loaded, _store, conn):
        found = views.trace(conn, wanted)
        if not found:
            # Perhaps it is a mail of ours: then the mail that caused it tells its story.
            found = [one for cause in lookup.causes(conn, wanted) for one in views.trace(conn, cause)]

    if not found:
        raise No(
            f"no mail with the Message-ID or key {plain(wanted)} has come here; "
            "`maildesk inbox list` shows those that came."
        )
    if json:
        as_json(found)
        return
    for place, one in enumerate(found):
        if place:
            say()
        show_arrival(one, loaded.policy.zone, desk.now())
