"""Probes: mails that the desk sends to itself (`maildesk doctor --probe`), to see what befalls its mail on the way.

Their token, an HMAC under the store's keys, stands in the subject, the Message-ID, a header and, in some, the address:
whatever a relay takes away, the desk knows them when they come back, and they become nothing. One with a token that is
not ours is an ordinary mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Literal

from maildesk.core import identity, writing
from maildesk.core.deskaddress import Route
from maildesk.core.identity import TOKEN_LETTERS, Keys
from maildesk.core.moment import date
from maildesk.core.policy import TOKEN, Policy
from maildesk.core.reading import Reading
from maildesk.core.subject import tagged

Kind = Literal["plain", "reply", "return", "wide"]
KINDS: tuple[Kind, ...] = ("plain", "reply", "return", "wide")
"""An ordinary one; one to a reply address; one with a return path of its own; one with 8-bit text and long lines. Each
goes by itself, so that what is refused of one says nothing of the others."""

NAME = "probe of `maildesk doctor --probe`"
"""How every reason names one: by this the store knows what became nothing because of one."""

SUBJECT = "maildesk probe "
HEADER = "X-Maildesk-Probe"
NONCE = 9
"""Bytes of chance that all probes of one run share."""
TICKET = 100_000_000_000
"""The number in the subject's tag: tickets get shorter ones as long as there are any."""

_MARK = ".probe"
_LETTERS = re.compile(rf"[a-z2-7]{{{TOKEN_LETTERS}}}")
_MOST = 200
_LONG = "Grüße aus dem Süden. "
_TEXT = (
    "This mail was sent by `maildesk doctor --probe`, to see what the mail server does with\n"
    "the desk's mail. The desk ignores it when it comes back. You may delete it.\n"
)


@dataclass(frozen=True, slots=True)
class Probe:
    """A mail that the desk sends to itself. `references` are those that it bears, without <>; `text` is its body."""

    kind: Kind
    token: str
    route: Route
    message_id: str
    references: tuple[str, ...]
    reply_to: str
    subject: str
    text: str
    data: bytes


def probes(policy: Policy, keys: Keys, nonce: bytes, now: int) -> tuple[Probe, ...]:
    """One of each kind, to and from the desk's main address. `nonce` are NONCE bytes that no other run has."""
    return tuple(_probe(kind, policy, keys, nonce + bytes([at]), now) for at, kind in enumerate(KINDS))


def _probe(kind: Kind, policy: Policy, keys: Keys, nonce: bytes, now: int) -> Probe:
    address, token = policy.address, identity.probe_token(keys, nonce)
    domain = address.rpartition("@")[2]
    message_id = f"{token}{_MARK}@{domain}"
    references = (f"{token}.a@{domain}", f"{token}.b@{domain}")
    reply_to = _filled(policy.reply_pattern if policy.reply_address == "pattern" else "", address, token)
    to = reply_to if kind == "reply" else address
    path = policy.return_address if policy.return_path == "verp" else ""
    returns = _filled(path, address, token) if kind == "return" else address
    subject = tagged(f"{SUBJECT}{token}", TICKET)
    text = _TEXT + (f"\n{(_LONG * 50)[:840]}\n" if kind == "wide" else "")
    head = b"".join(
        (
            writing.address("From", policy.name, address),
            writing.address("To", "", to),
            writing.header("Subject", subject),
            writing.header("Date", format_datetime(date(now))),
            writing.ids("Message-ID", [message_id]),
            writing.ids("In-Reply-To", references[-1:]),
            writing.ids("References", references),
            writing.address("Reply-To", policy.name, reply_to),
            writing.header("Auto-Submitted", "auto-generated"),
            writing.header("X-Auto-Response-Suppress", "All"),
            writing.header("X-Maildesk-Trace", identity.trace(keys, message_id)),
            writing.header(HEADER, token),
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n",
            writing.header("Content-Transfer-Encoding", "8bit" if kind == "wide" else "7bit"),
        )
    )
    data = head + b"\r\n" + text.replace("\n", "\r\n").encode()
    return Probe(kind, token, Route(returns, to), message_id, references, reply_to, subject, text, data)


def _filled(pattern: str, address: str, token: str) -> str:
    if pattern:
        return pattern.replace(TOKEN, token)
    local, _, domain = address.partition("@")
    return f"{local}+{token}@{domain}"


def why(reading: Reading, keys: Keys) -> str:
    """Why a mail is a probe that came back, or a report on one, as a sentence; "" if it is neither.

    Who answers a probe has written a mail like any other.
    """
    message, report = reading.message, reading.bounce
    if report:
        # A relay that replaces ids leaves the address that failed.
        inside = (
            report.original_message_id,
            *report.original_references,
            *report.recipients,
            *reading.recipients,
        )
        told = f"It reports that a {NAME} was not delivered: it is ignored."
        return told if _known((*inside, *reading.cited), keys) else ""
    if any(_MARK in mid and _known((mid,), keys) for mid in reading.cited):
        return ""
    marks = (message.subject, message.header(HEADER), message.message_id, *reading.recipients)
    return f"It is a {NAME} that came back: it is ignored." if _known(marks, keys) else ""


def _known(texts: tuple[str, ...], keys: Keys) -> bool:
    return any(
        identity.read_probe_token(keys, letters)
        for text in texts[:_MOST]
        for letters in _LETTERS.findall(text.lower())
    )
