"""What a command of agents is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maildesk.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Effect:
    """What one command line asks for: a field and its value; `internal` makes the mail a note, `public` an answer."""

    line: str
    field: str = ""
    value: object = None
    internal: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A word after `#`, its synonyms, and what it does.

    `parse(argument, line, policy)` returns the effect or raises ValueError with a sentence that says what to write.
    """

    names: tuple[str, ...]
    usage: str
    help: str
    parse: Callable[[str, str, Policy], Effect]
