"""Subjects: the ticket tag at their end, and the base subject (RFC 5256, 2.1) by which threads are compared."""

from __future__ import annotations

import regex

# A run of reply and forward marks of the common clients' languages, and of list tags, at the front.
_FRONT = regex.compile(
    r"^(?:\s+|(?:re|fwd?|aw|wg|sv|vs|antw|odp|ynt|rif|r|i|tr|rv|res|enc|回复|答复|转发)\s*(?:\[\d+\])?\s*[:：]|\[[^\[\]]{0,60}\](?=.*\w))",
    regex.IGNORECASE,
)
_BACK = regex.compile(r"(?:\(fwd\)|\[#\d{1,12}\]|\s)+$", regex.IGNORECASE)
_TAG = regex.compile(r"\[#(\d{6,12})\]")
NO_SUBJECT = "(no subject)"


def tagged(subject: str, number: int) -> str:
    """The subject of every mail about a ticket: its frozen subject with the tag at the end."""
    return f"{subject or NO_SUBJECT} [#{number}]"


def numbers(subject: str) -> tuple[int, ...]:
    """The ticket numbers that a subject names, at most five."""
    return tuple(dict.fromkeys(int(n) for n in _TAG.findall(subject[:2_000])[:5]))


def base(subject: str) -> str:
    """What is left without reply marks and tags, in lower case with single spaces."""
    text = _BACK.sub("", subject[:2_000])
    while True:
        shorter = _BACK.sub("", _FRONT.sub("", text, count=1))
        if shorter == text:
            return " ".join(text.split()).casefold()
        text = shorter


def frozen(subject: str) -> str:
    """The subject a new ticket keeps: without a tag of ours and without reply marks, at most 200 letters."""
    text = _TAG.sub("", subject)
    while True:
        shorter = regex.sub(r"^\s*(?:re|aw|sv|antw)\s*:\s*", "", text, count=1, flags=regex.IGNORECASE)
        if shorter == text:
            return " ".join(text.split())[:200] or NO_SUBJECT
        text = shorter
