"""`maildesk parse`: what the desk reads in a mail. Needs no configuration and no store."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Annotated

import typer

from maildesk.cli.errors import No

EXAMPLE = "Example: maildesk parse mail.eml"


def command(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="The mail, as it was sent; - reads standard input.", show_default=False
        ),
    ] = "",
    batch: Annotated[
        bool, typer.Option("--batch", help="Read paths from standard input; print one JSON object per line.")
    ] = False,
) -> None:
    """Show what the desk reads in a mail, as JSON. It needs no desk."""
    if batch == bool(file):
        raise typer.BadParameter("name a FILE, or write --batch and give paths on standard input")
    if batch:
        _batch()
        return
    from maildesk.core.parsed import to_json

    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise No(f"The file {Path(file)!s:.200} cannot be read: {_reason(error)}.") from error
    print(json.dumps(to_json(raw), indent=2))


def _batch() -> None:
    """One object per line of paths, in the same order, each flushed; never ends on a bad file."""
    for line in sys.stdin.buffer:
        print(json.dumps(_object(os.fsdecode(line.removesuffix(b"\n")))), flush=True)


def _object(path: str) -> dict[str, object]:
    from maildesk.core.parsed import to_json

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return {"error": "it is not a file"}  # a pipe or a device might never end
        return to_json(Path(path).read_bytes())
    except Exception as error:
        return {"error": _reason(error)}


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"
