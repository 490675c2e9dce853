"""Signature: what stands in the new text beneath what a person wrote: names, a phone's line, a list's foot, armour.

In doubt a line is text: a signature that is shown costs a glance, a sentence that is not shown costs an answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from maildesk.core import phrases, quotes

_MAX_LINES = 25  # of a signature
_MAX_BELOW_DASH = 8  # lines
_SHORT = 8  # characters of a separator

# "\u1427" alone on its line is the mark of mail that is tracked.
_SIGNATURE = re.compile(r"(?:(?:- )?--|—|__)[ \t\xa0]{0,3}$|\u1427[ \t]{0,3}$")
_LONG_DASH = ("—", "__")
_MOBILE = re.compile(
    rf"[ \t*_(<\[]{{0,4}}(?:{phrases.BY_PHONE})[ \t*_)>\].!]{{0,4}}$",
    re.IGNORECASE,
)
_DEVICE = re.compile(phrases.DEVICE, re.IGNORECASE)
_CLAUSE = re.compile(r",\s+(?!please|sorry|excuse|pardon|bitte|inc\b)\w", re.IGNORECASE)
_LIST_FOOTER = re.compile(phrases.LIST_FOOTER, re.IGNORECASE)
_ITEM = re.compile(r"[ \t]{0,8}(?:\d{1,2}[.)]|[-*•])[ \t]+\S")
_POSTSCRIPT = re.compile(
    r"[ \t*_]{0,4}(?:P\.? ?){1,3}S\b[.:, ]|[ \t*_]{0,4}(?:N\.?B\.?|З\.?Ы)[.:, ]", re.IGNORECASE
)


def stretches(lines: Sequence[str], new: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where signatures begin and end, by line, among the lines that are `new`."""
    taken = [not one for one in new]
    for start, end in _blocks(lines, new):
        taken[start:end] = [True] * (end - start)
        yield start, end
    for at in range(len(lines) - 1, -1, -1):
        # A phone's line ends a paragraph: what goes on below it was written by a person.
        ends = at + 1 == len(lines) or taken[at + 1] or not lines[at + 1].strip()
        if ends and not taken[at] and _is_mobile(lines[at].strip()):
            taken[at] = True
            yield at, at + 1


def _blocks(lines: Sequence[str], new: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Separators, "-- " (RFC 3676 section 4.3) or what becomes of it on the way, or a list's rule, and what follows."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    dashes = Counter(line.strip() for line, one in zip(lines, new, strict=True) if one and len(line) < _SHORT)
    dividers: set[str] = set()
    at = 0
    while at < len(lines):
        end = at
        if new[at] and at > first:
            if _is_dash(lines[at]) and lines[at].strip() not in dividers:
                if _is_divider(lines, at, dashes):
                    dividers.add(lines[at].strip())
                else:
                    end = _end(lines, at, new)
            elif _is_list_footer(lines, at):
                end = _end(lines, at, new)
        if end > at:
            yield at, end
        at = max(end, at + 1)


def _end(lines: Sequence[str], at: int, new: Sequence[bool]) -> int:
    """Where what stands below the separator ends; the separator itself if it is too long for a signature."""
    most = _MAX_BELOW_DASH + 1 if lines[at].strip() in _LONG_DASH else _MAX_LINES
    end = at
    filled = 0
    while end < len(lines) and new[end]:
        if end > at and not lines[end - 1].strip() and _POSTSCRIPT.match(lines[end]):
            break
        filled += bool(lines[end].strip())
        if filled > most:
            return at
        end += 1
    return end


def _is_dash(line: str) -> bool:
    return len(line) < _SHORT and _SIGNATURE.match(line) is not None


def _is_divider(lines: Sequence[str], at: int, dashes: Mapping[str, int]) -> bool:
    """The dash parts one piece of the text from the next.

    What a colon leads to, and a list, is text; so is what stands between two long dashes.
    """
    line = lines[at]
    if line.rstrip("\xa0\t") == "-- ":
        return False
    below = _below(lines, at)
    if lines[at - 1].rstrip().endswith((":", "：")) or _ITEM.match(below):
        return True
    return line.strip() in _LONG_DASH and dashes[line.strip()] > 1


def _below(lines: Sequence[str], at: int) -> str:
    """The first of the next three lines that is not empty; "" if all are."""
    return next((one for one in lines[at + 1 : at + 4] if one.strip()), "")


def _is_mobile(line: str) -> bool:
    """The line is what a phone or a mail app adds about itself, which it names; "Sent with the parcel" is none."""
    if len(line) >= 120 or not _MOBILE.match(line) or _CLAUSE.search(line):
        return False
    return _DEVICE.search(line) is not None


def _is_list_footer(lines: Sequence[str], at: int) -> bool:
    """The line is the rule above what a mailing list adds at the end of a mail."""
    if lines[at][:1] not in ("_", "-", "=", " ") or not quotes.is_rule(lines[at]):
        return False
    below = _below(lines, at)[: quotes.MAX_LINE]
    return _LIST_FOOTER.match(below) is not None and not quotes.speaks(below)


def armour(lines: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """Where what PGP puts around a text that it signs begins and ends; True above it (RFC 9580 section 7)."""
    at = 0
    while at < len(lines):
        line = lines[at].rstrip()
        end = at + 1
        if line == "-----BEGIN PGP SIGNED MESSAGE-----":
            end = next((i for i in range(at, min(at + 10, len(lines))) if not lines[i].strip()), at + 1)
            yield at, end, True
        elif line == "-----BEGIN PGP SIGNATURE-----":
            last = next((i for i in range(at, len(lines)) if lines[i].startswith("-----END PGP")), len(lines))
            end = min(last + 1, len(lines))
            yield at, end, False
        at = end
