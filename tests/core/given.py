"""What core's tests start from: keys, readings, tickets and snapshots made by hand, without a store."""

from __future__ import annotations

from dataclasses import replace
from email import policy as mail_policy
from email.message import EmailMessage
from typing import Any

from maildesk.core import identity
from maildesk.core.changes import Append, Decision, Link, Set, Snapshot
from maildesk.core.decide import Arrival, decide
from maildesk.core.identity import Keys, TokenKind
from maildesk.core.matching import Match, match
from maildesk.core.model import MidRef, Participant, Ticket
from maildesk.core.policy import Policy
from maildesk.core.proof import Standing, assess
from maildesk.core.reading import Envelope, Evidence, Reading, read
from tests.desk import DESK, START, a_mail, a_policy

KEYS = Keys("desk1", b"r" * 32, ((1, b"first key" * 4),))
POLICY = a_policy()
JANE, TOM = "jane@customer.example", "tom@customer.example"
ALICE = "alice@desk.example"
NUMBER = 482_913


def a_ticket(number: int = NUMBER, **changes: Any) -> Ticket:
    """Jane's ticket about her printer, opened long ago."""
    ticket = Ticket(
        number=number,
        subject="My printer is broken",
        department="support",
        opened_by=DESK,
        participants=(Participant(JANE, "Jane Doe", "requester"),),
        created=START,
    )
    return replace(ticket, **changes)


def a_snapshot(*tickets: Ticket, **changes: Any) -> Snapshot:
    """A snapshot that holds these tickets."""
    return replace(Snapshot(KEYS, {ticket.number: ticket for ticket in tickets}), **changes)


def a_reading(
    mail: EmailMessage | bytes | None = None,
    policy: Policy = POLICY,
    envelope: Envelope | None = None,
    released_by: str = "",
    **values: Any,
) -> Reading:
    """A mail, read; without one, `a_mail(**values)`."""
    mail = a_mail(**values) if mail is None else mail
    raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=mail_policy.SMTP)
    return read(raw, envelope or Envelope("smtp", None, (), ""), Evidence(released_by), policy)


def a_token(person: str, number: int = NUMBER, kind: TokenKind = "public", generation: int = 0) -> str:
    """A reply address; `person` is an agent's id or an address."""
    name = identity.person_of_address(person) if "@" in person else identity.person_of_agent(person)
    return DESK.replace("@", f"+{identity.token(KEYS, number, name, kind, generation)}@")


def standing(reading: Reading, snapshot: Snapshot) -> Standing:
    """What a mail shows about its sender."""
    return assess(reading, snapshot, POLICY)


def matched(reading: Reading, snapshot: Snapshot) -> Match:
    """The ticket of a mail."""
    return match(reading, standing(reading, snapshot), snapshot)


KEY = "row"
SENT = identity.message_id(KEYS, "once", "desk.example")
SENT_TO_ALICE = identity.message_id(KEYS, "to alice", "desk.example")


def a_sent(person: str) -> MidRef:
    """A mail of ours about the ticket to a person: an agent's id or an address."""
    name = identity.person_of_address(person) if "@" in person else identity.person_of_agent(person)
    return MidRef(NUMBER, "sent", identity.person_ref(KEYS, name).hex())


OPEN = a_snapshot(
    a_ticket(),
    mids={
        identity.mid_hash(SENT): (a_sent(JANE),),
        identity.mid_hash(SENT_TO_ALICE): (a_sent("alice"),),
    },
)
RE = "Re: My printer is broken"


def decided(snapshot: Snapshot = OPEN, policy: Policy = POLICY, now: int = START, **mail: Any) -> Decision:
    """What is decided about a mail (`a_reading`)."""
    return decide(Arrival(KEY, START, a_reading(policy=policy, **mail)), snapshot, policy, now)


def mails(decision: Decision) -> list[tuple[str, str]]:
    """The mails that follow: kind and recipient."""
    return [(notice.kind, notice.to) for notice in decision.notices]


def sets(decision: Decision) -> dict[str, object]:
    """The fields that a decision sets."""
    return {change.name: change.value for change in decision.changes if isinstance(change, Set)}


def kinds(decision: Decision) -> list[str]:
    """The kinds of the entries that it adds."""
    return [change.entry.kind.value for change in decision.changes if isinstance(change, Append)]


def links(decision: Decision) -> list[tuple[str, int]]:
    """The links that it makes."""
    return [(change.kind, change.other) for change in decision.changes if isinstance(change, Link)]
