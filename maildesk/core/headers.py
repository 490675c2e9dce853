"""The few headers that the store indexes before a mail is read: its own id, and those it answers."""

from __future__ import annotations

import re

from maildesk.core.message import parse

_HEAD = 262_144
_WANTED = re.compile(rb"^(message-id|in-reply-to|references)[ \t]*:[^\n]*\n?(?:[ \t][^\n]*\n?)*", re.I | re.M)
REFS = 100


def ids(raw: bytes) -> tuple[str, tuple[str, ...]]:
    """A mail's Message-ID ("" for none) and the ids it cites, read as `message.parse` reads them."""
    head = re.split(rb"\r?\n\r?\n", raw[:_HEAD], maxsplit=1)[0].replace(b"\r\n", b"\n") + b"\n"
    small = parse(b"".join(found[0] for found in _WANTED.finditer(head)) + b"\n")
    cited = dict.fromkeys((*small.in_reply_to, *reversed(small.references)))
    return small.message_id, tuple(cited)[:REFS]
