"""What a mail shows beyond the facts of its notice, as data; and what comes of composing it."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core.model import Entry, Ticket


@dataclass(frozen=True, slots=True)
class Material:
    """Loaded for one notice. `entry` is the entry it shows; `thread` those that it and the last gate look at.

    The thread is in order, oldest first: for a mail to an agent the entries that it shows beside its own; for one to
    a customer, where the ticket has notes, all notes and all that was said in public.
    `references` are the Message-IDs, oldest first, of the newest mails about this ticket that the recipient wrote or
    got; a customer may have got what other customers wrote, too. The last one is what this mail answers.
    """

    ticket: Ticket | None = None
    entry: Entry | None = None
    thread: tuple[Entry, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartRef:
    """Stands in a composed mail for an attachment that is stored once, in the raw mail of an entry.

    It is sent as base64 (RFC 2045, 6.8) in lines of 76 letters with CRLF. `sha256` is that of its decoded content.
    """

    entry: str
    part: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail ready to send: own bytes and references, in order. `lines` are the line hashes of its text, in order."""

    message_id: str
    subject: str
    sender: str
    to: str
    segments: tuple[bytes | PartRef, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A mail that the last gate stopped: what was found in it, as sentences without the secret itself."""

    findings: tuple[str, ...]
