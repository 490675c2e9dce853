"""`maildesk init`: a new desk in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maildesk.cli.screen import count, plain, say

EXAMPLE = "Example: maildesk init /srv/desk"


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of the new desk; made if it is not there.")
    ],
) -> None:
    """Make a new desk in a folder. It gets a commented configuration and mail templates, ready to try."""
    from maildesk.config.scaffold import init

    files = init(folder)
    say(f"{plain(folder)} is a desk now ({count(len(files), 'file')}). Try it as it is, on this machine:")
    say()
    config = plain(folder / "maildesk.toml")
    say(f"  maildesk --config {config} check     what the desk will do, and what is wrong")
    say(f"  maildesk --config {config} run       start it; Ctrl-C stops it")
    say()
    say("Then write your own addresses and people into maildesk.toml and config/.")
