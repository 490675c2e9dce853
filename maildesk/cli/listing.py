"""What all listings share: their options, and how they begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from maildesk.cli.screen import as_json, note

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="How many to show at most.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The mail's key, or the start of it.")]
Raw = Annotated[bool, typer.Option("--raw", help="Print the mail itself.")]


def known(what: str, word: str, names: Iterable[str]) -> None:
    """Raises BadParameter, with the nearest and all names, for a word that is none of them."""
    from maildesk.core.fields import choice

    if word:
        try:
            choice(what, word, map(str, names))
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error


def finished(found: Sequence[object], json: bool) -> bool:
    """Prints the JSON that was asked for, or that there is nothing; False where a table is still to come."""
    if json:
        as_json(found)
    elif not found:
        note("There are none.")
    return json or not found


def more(found: Sequence[object], limit: int) -> None:
    """Says that a list was cut."""
    if len(found) >= limit:
        note(f"These are the newest {limit}; --limit shows more.")
