"""The few headers that the store keeps beside a mail before it is read: who, what, its own id and those it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maildesk.core.address import normal
from maildesk.core.message import parse

REFS = 100
SUBJECT = 500
_HEAD = 262_144
_END = re.compile(rb"\r?\n\r?\n")
_ROUTE = re.compile(
    rb"^(?:return-path|delivered-to|x-original-to|envelope-to|x-delivered-to|x-envelope-to|date)[ \t]*:"
    rb"[^\n]*\n?(?:[ \t][^\n]*\n?)*",
    re.IGNORECASE | re.MULTILINE,
)
_WANTED = re.compile(
    rb"^(?:from|sender|reply-to|subject|message-id|in-reply-to|references)[ \t]*:[^\n]*\n?(?:[ \t][^\n]*\n?)*",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Head:
    """What a mail says of itself, as `message.parse` reads it; nothing is proven. `cited` begins with In-Reply-To."""

    message_id: str
    cited: tuple[str, ...]
    sender: str
    subject: str


def head(raw: bytes) -> Head:
    """Reads these headers and nothing else, at most 256 KB of them. Never raises."""
    block = _END.split(raw[:_HEAD], maxsplit=1)[0].replace(b"\r\n", b"\n") + b"\n"
    small = parse(b"".join(found[0] for found in _WANTED.finditer(block)) + b"\n")
    return Head(
        message_id=small.message_id,
        cited=tuple(dict.fromkeys((*small.in_reply_to, *reversed(small.references))))[:REFS],
        sender=small.author.address if small.author else "",
        subject=small.subject[:SUBJECT],
    )


@dataclass(frozen=True, slots=True)
class Route:
    """What a mail server wrote into a mail when it delivered it. `sender` is "" for the null return path and None
    where it is not told; `date` is the Date header (microseconds UTC), which anybody may have written."""

    sender: str | None
    recipients: tuple[str, ...]
    date: int | None


def route(raw: bytes) -> Route:
    """Reads the envelope from where the last server put it: the first Return-Path, Delivered-To and its like."""
    block = _END.split(raw[:_HEAD], maxsplit=1)[0].replace(b"\r\n", b"\n") + b"\n"
    small = parse(b"".join(found[0] for found in _ROUTE.finditer(block)) + b"\n")
    path = next((value for name, value in small.headers if name == "return-path"), None)
    sender = None if path is None else normal(path.strip().strip("<>"))
    if sender == "" and path is not None and path.strip() != "<>":
        sender = None
    return Route(sender, small.delivered_to, small.date)
