"""What a desk knows: tickets, entries, people, and the one table of moves between statuses.

Instants are integers, microseconds UTC. All values are immutable; `maildesk.core.evolve` makes new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from maildesk.core.message import Attachment

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Priority = Literal["low", "normal", "high", "emergency"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "emergency")


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in-progress"
    WAITING_CUSTOMER = "waiting-customer"
    WAITING_THIRD_PARTY = "waiting-third-party"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


class Move(StrEnum):
    """What moves a ticket by itself; an agent's `#status` and its words move it from any status to theirs."""

    CUSTOMER_REPLY = "customer's reply"
    AGENT_ANSWER = "agent's answer"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    ANSWER_BOUNCED = "answer bounced"
    ANSWER_STOPPED = "answer stopped"


MOVES: Mapping[tuple[Status, Move], Status] = {
    (Status.NEW, Move.AGENT_ANSWER): Status.IN_PROGRESS,
    (Status.NEW, Move.ASSIGN): Status.ASSIGNED,
    (Status.ASSIGNED, Move.AGENT_ANSWER): Status.IN_PROGRESS,
    (Status.ASSIGNED, Move.UNASSIGN): Status.NEW,
    (Status.WAITING_CUSTOMER, Move.CUSTOMER_REPLY): Status.IN_PROGRESS,
    (Status.WAITING_CUSTOMER, Move.ANSWER_BOUNCED): Status.IN_PROGRESS,
    (Status.WAITING_CUSTOMER, Move.ANSWER_STOPPED): Status.IN_PROGRESS,
    (Status.RESOLVED, Move.CUSTOMER_REPLY): Status.REOPENED,
    (Status.RESOLVED, Move.ANSWER_BOUNCED): Status.IN_PROGRESS,
    (Status.RESOLVED, Move.ANSWER_STOPPED): Status.IN_PROGRESS,
    (Status.CLOSED, Move.CUSTOMER_REPLY): Status.REOPENED,
    (Status.CLOSED, Move.ANSWER_STOPPED): Status.IN_PROGRESS,
    (Status.REOPENED, Move.AGENT_ANSWER): Status.IN_PROGRESS,
}


def moved(status: Status, move: Move) -> Status:
    """The status after a move; a pair that the table does not name stays where it is."""
    return MOVES.get((status, move), status)


class Disposition(StrEnum):
    """What became of a mail. The order decides where a mail is two things at once."""

    NEW_TICKET = "new-ticket"
    REPLY = "reply"
    AGENT_REPLY = "agent-reply"
    NOTE = "note"
    COMMAND = "command"
    SURVEY_ANSWER = "survey-answer"
    THIRD_PARTY = "third-party"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    DUPLICATE = "duplicate"
    OUTGOING = "outgoing"
    IGNORED = "ignored-by-rule"
    HELD = "held"
    QUARANTINED = "quarantined"


class EntryKind(StrEnum):
    """What an entry of a ticket's thread is; `stopped-answer` did not get past the last gate."""

    CUSTOMER = "customer"
    AGENT_REPLY = "agent-reply"
    STOPPED = "stopped-answer"
    NOTE = "note"
    THIRD_PARTY = "third-party"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"


class Proof(StrEnum):
    """How strongly a mail shows who wrote it, weakest first."""

    CLAIMED = "claimed"
    AUTHENTICATED = "authenticated"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody outside who takes part in a ticket: the requester, or a collaborator.

    `answer_at` is the Reply-To of their last proven mail; "" where their mail goes to their address.
    """

    address: str
    name: str
    role: Literal["requester", "collaborator"]
    answer_at: str = ""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request of a customer. `generations` counts the burnt reply tokens of (person, kind)."""

    number: int
    subject: str
    department: str
    opened_by: str
    status: Status = Status.NEW
    priority: Priority = "normal"
    topic: str = ""
    assignee: str = ""
    source: str = "email"
    tags: tuple[str, ...] = ()
    participants: tuple[Participant, ...] = ()
    links: tuple[tuple[str, int], ...] = ()
    generations: tuple[tuple[str, str, int], ...] = ()
    answered: bool = False
    created: int = 0
    first_response: int | None = None
    last_customer: int | None = None
    last_agent: int | None = None
    resolved: int | None = None
    closed: int | None = None
    seq: int = 0
    head: str = ""

    @property
    def requester(self) -> Participant:
        """The person whose ticket it is."""
        return next(p for p in self.participants if p.role == "requester")

    def participant(self, address: str) -> Participant | None:
        """The participant of this normalised address."""
        return next((p for p in self.participants if p.address == address), None)

    def generation(self, person: str, kind: str) -> int:
        """How many reply tokens of this person and kind have been burnt."""
        return next((g for p, k, g in self.generations if (p, k) == (person, kind)), 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One contribution to a ticket. `key` is the row key of the mail, or of the request, that made it."""

    key: str
    ticket: int
    kind: EntryKind
    author: str
    author_name: str
    at: int
    text: str
    new_text: str
    message_id: str = ""
    proof: str = Proof.CLAIMED.value
    attachments: tuple[Attachment, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a ticket, for good: who (person, rule, command, clock), what, why. `data` is JSON-able."""

    ticket: int
    kind: str
    actor: str
    why: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MidRef:
    """A Message-ID that a ticket knows: `own` by an entry (`own-internal` by a note), `sent` by us (`sent-internal` to
    colleagues only), `cited` by an entry's references.

    `person` is the reference (`identity.person_ref`, in hexadecimal digits) of the person to whom we sent it, else "".
    """

    ticket: int
    role: Literal["own", "own-internal", "sent", "sent-internal", "cited"]
    person: str = ""


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail of ours that a report was sent back for: its ticket, the person it was for, and their address."""

    ticket: int | None
    person: str
    to: str


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail that was held for what it claims, since `at`; `sha256` is that of its bytes.

    `is_held` is false once it was released, or decided otherwise.
    """

    key: str
    sha256: str
    sender: str = ""
    subject: str = ""
    ticket: int | None = None
    at: int = 0
    is_held: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """A confirmation of ours that somebody answers: to whom it went (`identity.person_of_agent`), when, and which mails
    it asks about, in its order. `listed` says that it numbers them."""

    person: str
    at: int
    mails: tuple[HeldMail, ...]
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of a decided mail to know it when it comes again: line hashes and attachment hashes.

    `subject` counts where there is no text beside it. `sent` says that it lay in our own folder of sent mail, `parked`
    that it was held for where it lay, not for what it claims.
    """

    key: str
    mid: str
    sha256: str
    sender: str
    subject: str
    lines: tuple[str, ...]
    attachments: tuple[str, ...]
    received: int
    disposition: str
    ticket: int | None
    parked: bool = False
    sent: bool = False
