"""Findings: what was found at a desk that somebody looked over, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fault", "warning", "fine"]
LEVELS: tuple[Level, ...] = ("fault", "warning", "fine")
"""A fault keeps the desk from its work, or will. A warning may be meant so. All else is fine."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `what` says how it is, and where, without a full stop; `do` says what to do, as
    a sentence, and is "" where nothing is to be done. `check` is the name of the check that found it."""

    check: str
    level: Level
    what: str
    do: str = ""

    @property
    def sentence(self) -> str:
        """Both together."""
        what = self.what if self.what.endswith((".", "?", "!")) else f"{self.what}."
        return f"{what} {self.do}" if self.do else what


def fault(check: str, what: str, do: str) -> Finding:
    """Something is broken."""
    return Finding(check, "fault", what, do)


def warning(check: str, what: str, do: str) -> Finding:
    """Something may be broken, or is not as it should stay."""
    return Finding(check, "warning", what, do)


def fine(check: str, what: str, do: str = "") -> Finding:
    """All is well."""
    return Finding(check, "fine", what, do)
