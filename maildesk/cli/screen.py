"""What people see: text from outside made harmless, tables, instants and ages, JSON."""

from __future__ import annotations

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SECOND = 1_000_000
# Escape sequences with their arguments (ECMA-48): CSI; strings such as OSC up to their end; the two-byte rest.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Joiners: scripts and emoji are wrong without them, and they move nothing.
_JOINERS = "\u200c\u200d"


def plain(text: object, lines: bool = False) -> str:
    """Text from outside, fit for a terminal: no escape sequences, control characters or bidi overrides.

    It is one line, unless `lines` keeps line breaks.
    """
    clean = _ESCAPES.sub("", str(text))
    if lines:
        clean = clean.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return "".join(_letter(c, lines) for c in clean)


def _letter(letter: str, lines: bool) -> str:
    if letter.isprintable() or letter in _JOINERS:
        return letter
    if letter == "\n" and lines:
        return letter
    kind = unicodedata.category(letter)
    if kind in ("Zs", "Zl", "Zp") or letter in "\t\n\r\v\f":
        return " "
    return "\ufffd" if kind in ("Cs", "Co", "Cn") else ""


def as_json(value: object) -> None:
    """Prints a value for programs; everything beyond ASCII is escaped, so that a terminal is safe, too."""
    print(json.dumps(value, indent=2))


def say(text: str = "") -> None:
    """Prints a line. Text from outside in it must have gone through `plain`."""
    print(text)


def note(text: str) -> None:
    """Prints a line that is no result: to stderr."""
    print(text, file=sys.stderr)


def width() -> int:
    """Columns of the terminal; without one there is no limit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def wrapped(text: object, indent: int = 0) -> None:
    """Prints text from outside, its lines kept, long ones wrapped to the terminal."""
    import textwrap

    margin = " " * indent
    room = min(width(), 100) - indent
    for line in plain(text, lines=True).rstrip().split("\n"):
        # Lines that are not much too long (quotes, tables of a mail) stay as their author made them.
        pieces = textwrap.wrap(line, max(room, 20), replace_whitespace=False) if len(line) > room else [line]
        for piece in pieces or [""]:
            print(f"{margin}{piece}".rstrip())


def heading(text: str) -> None:
    """Prints a heading of a section."""
    import typer

    print()
    typer.secho(text, bold=True)


def pairs(values: Iterable[tuple[str, object]], indent: int = 0) -> None:
    """Prints names with their values, one a line; those without a value are left out."""
    shown = [(name, plain(value)) for name, value in values if value not in (None, "", [], ())]
    longest = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{' ' * indent}{name:<{longest}}  {value}")


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], flexible: Iterable[str] = (), indent: int = 0
) -> None:
    """Prints rows below their columns; where the terminal is too narrow the flexible ones are cut."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        is_flexible = column in flexible
        shown.add_column(column, no_wrap=not is_flexible, min_width=min(10, len(column)) if is_flexible else None)
    for row in rows:
        shown.add_row(*(Text(plain(cell), no_wrap=True, overflow="ellipsis") for cell in row))
    _console().print(Padding(shown, (0, 0, 0, indent)), crop=False)


def _console() -> Console:
    from rich.console import Console

    return Console(width=width(), highlight=False, markup=False, emoji=False)


def when(at: int | None, zone: str) -> str:
    """An instant in a time zone: `2025-03-10 09:00`; "" for none."""
    if not at:
        return ""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(at / SECOND, UTC).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def age(microseconds: int) -> str:
    """How long something has lasted, in one unit: `40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = max(0, microseconds) // SECOND
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def size(octets: int) -> str:
    """A size: `312 B`, `48 kB`, `14.2 MB`."""
    if octets < 1_000:
        return f"{octets} B"
    return f"{octets / 1_000:.0f} kB" if octets < 1_000_000 else f"{octets / 1_000_000:.1f} MB"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 mail`, `3 mails`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def states(counts: Mapping[str, int]) -> str:
    """Counts by state on one line: `3 done, 1 held`."""
    return ", ".join(f"{number} {plain(state)}" for state, number in counts.items() if number) or "none"
