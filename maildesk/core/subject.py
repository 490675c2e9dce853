"""Subjects: the ticket tag at their end, and the base subject (RFC 5256, 2.1) by which threads are compared."""

from __future__ import annotations

import regex

# The marks that the common clients put before the subject of a reply, and of a mail that is passed on.
_REPLY = r"(?:re|aw|sv|antw|odp|ynt|rif|r|res|回复|答复)\s*(?:\[\d+\])?\s*[:：]"
_FORWARD = r"(?:fwd?|wg|vs|i|tr|rv|enc|转发)\s*(?:\[\d+\])?\s*[:：]"
_SELDOM = r"(?:vb|vl|pd|ilt|wtr|antwort|wtrlt|отв|пер|転送|返信|轉寄|回覆)\s*[:：]"
_LIST_TAG = r"\[[^\[\]]{0,60}\](?=.*\w)"
# "VS" passes on in Danish and answers in Finnish: it tells nothing.
_PASSES_ON = regex.compile(
    rf"^(?:\s|{_LIST_TAG})*(?:fwd?|wg|tr|rv|enc|i|vb|vl|pd|ilt|转发|轉寄|転送|전달)\s*(?:\[\d+\])?\s*[:：]",
    regex.IGNORECASE,
)
_FRONT = regex.compile(rf"^(?:\s+|{_REPLY}|{_FORWARD}|{_LIST_TAG})", regex.IGNORECASE)
_ANSWERS = regex.compile(rf"^\s*{_REPLY}", regex.IGNORECASE)
_MARKED = regex.compile(rf"^\s*(?:{_REPLY}|{_FORWARD}|{_SELDOM})", regex.IGNORECASE)
_BACK = regex.compile(r"(?:\(fwd\)|\[#\d{1,12}\]|\s)+$", regex.IGNORECASE)
_TAG = regex.compile(r"\[#([0-9]{6,12})\]")
NO_SUBJECT = "(no subject)"
LETTERS = 200


def tagged(subject: str, number: int) -> str:
    """The subject of every mail about a ticket: its frozen subject with the tag at the end."""
    return f"{subject or NO_SUBJECT} [#{number}]"


def numbers(subject: str) -> tuple[int, ...]:
    """The ticket numbers that a subject names, at most five."""
    return tuple(dict.fromkeys(int(n) for n in _TAG.findall(subject[:2_000])[:5]))


def marked(subject: str) -> bool:
    """Whether it begins like that of a reply or of a mail that somebody passes on."""
    return _MARKED.match(subject[:100]) is not None


def passes_on(subject: str) -> bool:
    """Whether the subject's first mark says that the mail passes another one on."""
    return _PASSES_ON.match(subject[:500]) is not None


def passed_on(subject: str) -> str:
    """The subject of the mail that is passed on, as far as the one above it tells: without the marks at its front."""
    while passes_on(subject):
        subject = _PASSES_ON.sub("", subject, count=1).strip()
    return subject


def base(subject: str) -> str:
    """What is left without reply marks and tags, in lower case with single spaces."""
    text = _BACK.sub("", subject[:2_000])
    while True:
        shorter = _BACK.sub("", _FRONT.sub("", text, count=1))
        if shorter == text:
            return " ".join(text.split()).casefold()
        text = shorter


def cut(text: str) -> str:
    """At most 200 letters, with a mark where some are missing."""
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 3].rstrip()}..."


def frozen(subject: str) -> str:
    """The subject a new ticket keeps: without a tag of ours and without reply marks, at most 200 letters.

    A forward mark stays: it says what the mail is.
    """
    text = _TAG.sub("", subject[:2_000])
    while True:
        shorter = _ANSWERS.sub("", text, count=1)
        if shorter == text:
            return cut(" ".join(text.split())) or NO_SUBJECT
        text = shorter
