"""`maildesk pause` and `maildesk resume`: what waits until the operator lets it go on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, say

EXAMPLE = "Example: maildesk pause acknowledgments"
RESUME_EXAMPLE = "Example: maildesk resume acknowledgments"


class What(StrEnum):
    """What can be paused."""

    ALL = "all"
    ACKNOWLEDGMENTS = "acknowledgments"


_SENT = {What.ALL: "sending is", What.ACKNOWLEDGMENTS: "acknowledgments are"}

Wanted = Annotated[
    What, typer.Argument(metavar="WHAT", help="All sending, or the acknowledgments that customers get.")
]


def command(ctx: typer.Context, what: Wanted) -> None:
    """Hold back all sending, or acknowledgments, until `resume`.

    Mail is taken and decided as always; every daemon on the store obeys.
    """
    from maildesk.store import control

    with desk.opened(ctx, create=False) as app:
        done = app.store.write(
            "work", lambda conn: control.pause(conn, what.value, app.clock(), desk.admin())
        )
    if not done:
        raise No(f"{_SENT[what]} paused already; see `maildesk status`.")
    say(f"Paused: {what.value}. What is being sent at this moment still goes out.")
    say(f"`maildesk resume {what.value}` ends it.")


def resume(ctx: typer.Context, what: Wanted) -> None:
    """Send again what `maildesk pause` held back. Acknowledgments older than a day are not sent any more."""
    from maildesk.store import control

    with desk.opened(ctx, create=False) as app:
        late = app.store.write("work", lambda conn: control.resume(conn, what.value, app.clock()))
        if late is None:
            raise No(f"{_SENT[what]} not paused; see `maildesk status`.")
        said = f"{desk.who_decides(app.store)} sends what waits"
    kept = f" {count(late, 'acknowledgment')} came too late and will not be sent." if late else ""
    say(f"Resumed: {what.value}; {said}.{kept}")
