"""What people see: text from outside made harmless, tables, instants and ages, JSON."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

SECOND = 1_000_000
GAP = "  "
ENDLESS = 10_000
"""Columns where there is no terminal."""
READABLE = 100
"""Texts are wrapped at so many columns even where there are more."""
NARROWEST = 8
"""Columns of the terminal below which no cell is cut."""
# Escape sequences with their arguments (ECMA-48): CSI; strings such as OSC up to their end; others.
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


def marked(text: str, places: Iterable[tuple[int, int]]) -> str:
    """A text that is fit for a terminal, with these places of it in bold. Only `table` and typer.echo may print it:
    they leave the marks out where there is no terminal."""
    import typer

    done, at = "", 0
    for start, end in places:
        done += text[at:start] + typer.style(text[start:end], bold=True)
        at = end
    return done + text[at:]


def width() -> int:
    """Columns of the terminal; without one there is no limit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else ENDLESS


def wrapped(text: object, indent: int = 0) -> None:
    """Prints text from outside, its lines kept, long ones wrapped to the terminal."""
    margin = " " * indent
    wide = width()
    # In a pipe lines stay whole, for grep.
    room = (wide if wide == ENDLESS else min(wide, READABLE)) - indent
    for line in plain(text, lines=True).rstrip().split("\n"):
        # Lines that are not much too long (quotes, tables of a mail) stay as their author made them.
        pieces = (
            textwrap.wrap(line, max(room, 20), replace_whitespace=False, break_on_hyphens=False)
            if len(line) > room
            else [line]
        )
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
    margin = " " * (indent + longest + 2)
    for name, value in shown:
        lines = textwrap.wrap(value, max(width() - len(margin), 20), break_on_hyphens=False) or [""]
        print(f"{' ' * indent}{name:<{longest}}  " + f"\n{margin}".join(lines))


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    flexible: Iterable[str] = (),
    indent: int = 0,
    whole: bool = False,
    below: Sequence[str] = (),
) -> None:
    """Prints rows below their columns. Where the terminal is too narrow the flexible ones are cut; with `whole` the
    last column goes on in further lines instead: a reason must be read to its end. `below` holds a line for each row,
    fit to be printed; it stands under it unless it is empty."""
    import typer
    from rich.cells import cell_len

    cells = [[plain(cell) for cell in row] for row in rows]
    natural = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    room = width() - indent - len(GAP) * (len(columns) - 1)
    widths = _fitted(natural, [column in flexible for column in columns], room)
    typer.secho(_row(columns, widths, indent), bold=True)
    for place, row in enumerate(cells):
        lines = textwrap.wrap(row[-1], max(widths[-1], NARROWEST)) if whole else [row[-1]]
        first = row[:-1]
        for line in lines or [""]:
            wide = max(widths[-1], cell_len(line)) if whole else widths[-1]
            print(_row([*first, line], [*widths[:-1], wide], indent))
            first = [""] * len(first)
        if below and below[place]:
            typer.echo(f"{' ' * indent}{below[place]}")


def _fitted(natural: Sequence[int], flexible: Sequence[bool], room: int) -> list[int]:
    """Widths of columns that need no more than `room` together, if cutting the flexible ones can do that."""
    widths = list(natural)
    while sum(widths) > room:
        widest = max((w for w, is_flexible in zip(widths, flexible, strict=True) if is_flexible), default=0)
        if widest <= NARROWEST:
            break
        at = next(i for i, w in enumerate(widths) if flexible[i] and w == widest)
        widths[at] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], indent: int) -> str:
    from rich.cells import cell_len, set_cell_size

    fitted = (
        set_cell_size(cell, wide) if cell_len(cell) <= wide else set_cell_size(cell, wide - 1) + "\u2026"
        for cell, wide in zip(cells, widths, strict=True)
    )
    return (" " * indent + GAP.join(fitted)).rstrip()


def when(at: int | None, zone: str) -> str:
    """An instant in a time zone: `2025-03-10 09:00 CET`; "" for none."""
    if not at:
        return ""
    from maildesk.core.moment import shown

    return shown(at, zone)


def age(microseconds: int) -> str:
    """How long something has lasted, in one unit: `40 s`, `5 min`, `3 h`, `12 d`."""
    seconds = max(0, microseconds) // SECOND
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit == "min" and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def size(octets: int) -> str:
    """A size, as mails tell it."""
    from maildesk.core.showing import size as shown

    return shown(octets)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 mail`, `3 mails`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def states(counts: Mapping[str, int]) -> str:
    """Counts by state on one line: `3 done, 1 held`."""
    return ", ".join(f"{number} {plain(state)}" for state, number in counts.items() if number) or "none"
