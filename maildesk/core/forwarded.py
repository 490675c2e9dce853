"""Forwarded: the customer's mail in a mail that somebody passes on, and what they wrote above it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maildesk.core import address, phrases, quotes
from maildesk.core.message import Message, parse, part_bytes
from maildesk.core.subject import passes_on

_BLOCK = 15  # lines in which the header names its sender
_LINES = 2_000  # in which the forwarded mail begins
_FROM = re.compile(
    rf"[ \t>*]{{0,6}}(?:{phrases.FROM})[ \t\xa0]?[*]{{0,2}}\s?[:：][*]{{0,2}}\s*(\S.*)", re.IGNORECASE
)
_MARK = re.compile(r"^[ \t]{0,3}> ?")
_MAILBOX = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[\w.-]{1,253}\w")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """Who wrote the mail that is passed on (`address` is "" where nothing names them), its text, and what stands above
    it."""

    address: str
    name: str
    text: str
    comment: str


def forwarded(message: Message, raw: bytes) -> Forwarded | None:
    """The mail that this one passes on, attached or in its text; None where its subject does not begin like "Fwd:"."""
    if not passes_on(message.subject):
        return None
    inner = next((one for one in message.attachments if one.type == "message/rfc822"), None)
    if inner is not None:
        nested = parse(part_bytes(raw, inner.part))
        author = nested.author
        return Forwarded(
            author.address if author else "", author.name if author else "", nested.text, message.text.strip()
        )
    lines = message.text.split("\n")
    bare = [quotes.unmarked(line) for line in lines[:_LINES]]
    at = quotes.passed_on(bare, _LINES)
    if at is None:
        at = next((at for at, line in enumerate(bare) if line.strip()), 0)
    return _inline(lines, bare, at)


def _inline(lines: list[str], bare: list[str], at: int) -> Forwarded:
    """The mail whose header, with or without a line above it, begins at `at`."""
    comment = "\n".join(lines[:at]).strip()
    for n in range(at, min(at + _BLOCK, len(bare))):
        found = _FROM.match(bare[n][: quotes.MAX_LINE])
        if found is None:
            continue
        end = next((i for i in range(n, len(bare)) if not bare[i].strip()), len(bare))
        rest = lines[end:]
        if quotes.is_quoted(lines[n]):
            # Apple Mail quotes what it passes on; quotes within it stay.
            rest = [_MARK.sub("", line, count=1) for line in rest]
        who, name = _person(found[1])
        return Forwarded(who, name, "\n".join(rest).strip("\n"), comment)
    return Forwarded("", "", "\n".join(lines[at:]), comment)


def _person(value: str) -> tuple[str, str]:
    named = address.parse(value)[0]
    if len(named) == 1 and named[0].address and "[" not in value:
        return named[0].address, named[0].name
    # Outlook writes Jane Doe [mailto:jane@customer.example], which is no address by the rules.
    plain = _MAILBOX.search(value)
    return (address.normal(plain[0]), value.partition("[")[0].strip(" \"'")) if plain else ("", "")
