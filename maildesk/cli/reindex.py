"""`maildesk reindex`: the index of words, made anew."""

from __future__ import annotations

import typer

from maildesk.cli import desk
from maildesk.cli.screen import say

EXAMPLE = "Example: maildesk reindex"


def command(ctx: typer.Context) -> None:
    """Make the index anew by which words are found.

    For when `maildesk doctor` asks for it. Nothing else is changed. A running desk decides no mail meanwhile; it takes
    about ten seconds for 100,000 entries.
    """
    from maildesk.store import search

    with desk.opened(ctx, create=False) as app:
        app.store.write("decide", search.renew)
    say("Every ticket and every entry is in the index of words again.")
