"""Which ticket a mail belongs to: what to look up for it, and the first way that holds, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core import identity, subject
from maildesk.core.aliases import traced
from maildesk.core.changes import Snapshot
from maildesk.core.identity import Keys
from maildesk.core.policy import Policy
from maildesk.core.proof import Standing, confirmations, personal_tokens, returned_to, tokens
from maildesk.core.reading import Reading


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """By what earlier copies of a mail are looked up: Message-ID (hashed) and sender, else its bytes and the time."""

    mid: str
    sender: str
    sha256: str
    received: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """The look-up keys of one decision; a batch is loaded with their union."""

    numbers: frozenset[int] = frozenset()
    candidates: frozenset[int] = frozenset()
    mids: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    seen: frozenset[Copy] = frozenset()
    addresses: frozenset[str] = frozenset()
    returns: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    personal: frozenset[bytes] = frozenset()
    agents: frozenset[str] = frozenset()

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(
            self.numbers | other.numbers,
            self.candidates | other.candidates,
            self.mids | other.mids,
            self.own | other.own,
            self.seen | other.seen,
            self.addresses | other.addresses,
            self.returns | other.returns,
            self.asked | other.asked,
            self.personal | other.personal,
            self.agents | other.agents,
        )


def wanted(reading: Reading, policy: Policy, keys: Keys, received: int) -> Wanted:
    """What has to be loaded before a mail can be decided."""
    message = reading.message
    cited = list(reading.cited)
    if reading.bounce:
        cited += [reading.bounce.original_message_id, *reading.bounce.original_references]
    anchors = [anchor.number for mid in cited if (anchor := identity.read_anchor(keys, mid))]
    agent = policy.agent_at(reading.sender)
    # For whom an agent opens a ticket by forwarding their mail.
    passed = reading.forwarded.address if reading.forwarded else ""
    mid = identity.mid_hash(message.message_id)
    return Wanted(
        numbers=frozenset(
            (*(t.number for t in tokens(reading, policy, keys)), *anchors, *subject.numbers(message.subject))
        ),
        candidates=frozenset(
            identity.candidates(keys, message.message_id, reading.sender, message.sha256, received)
        ),
        mids=frozenset(h for m in (message.message_id, *cited) if (h := identity.mid_hash(m)))
        | traced(reading, policy, keys),
        own=frozenset(key for key in (mid,) if key),
        seen=frozenset([Copy(mid, reading.sender, message.sha256, received)]),
        addresses=frozenset(a for a in (reading.sender, agent.address if agent else "", passed) if a),
        returns=_at_ours(returned_to(reading, policy, keys), policy),
        personal=frozenset(person for person, _ in personal_tokens(reading, policy, keys)),
        asked=_at_ours(confirmations(reading, policy, keys), policy),
        agents=frozenset(one.address for one in policy.agents),
    )


def _at_ours(locals_: tuple[str, ...], policy: Policy) -> frozenset[str]:
    domains = {address.rpartition("@")[2] for address in policy.desk_addresses}
    return frozenset(f"{local}@{domain}" for local in locals_ for domain in domains)


def cites_ours(reading: Reading, keys: Keys) -> bool:
    """Whether a mail cites one that this desk made."""
    return any(identity.own_message_id(keys, mid) for mid in reading.cited)


@dataclass(frozen=True, slots=True)
class Match:
    """A ticket (None for none), how it was found, and the sentence that says so."""

    ticket: int | None
    how: str
    why: str


def match(reading: Reading, standing: Standing, snapshot: Snapshot) -> Match:
    """The first of: reply address, return path, our reference, the sender's own earlier mail, subject, and a mail
    that cites this one."""
    if standing.token and (ticket := snapshot.ticket(standing.token.number)):
        return Match(ticket.number, "token", f"it was sent to a reply address of #{ticket.number}")
    for mailed in standing.returned:
        if mailed.ticket is not None and (ticket := snapshot.ticket(mailed.ticket)):
            return Match(
                ticket.number, "return-path", f"it came back to a mail of ours about #{ticket.number}"
            )
    for mid in reading.cited:
        anchor = identity.read_anchor(snapshot.keys, mid)
        if anchor and (ticket := snapshot.ticket(anchor.number)):
            return Match(ticket.number, "anchor", f"it answers a mail of ours about #{ticket.number}")
    for role, how, text in (
        ("sent", "message-id", "it answers a mail of ours about"),
        ("sent-internal", "message-id", "it answers a mail of ours about"),
        ("own", "message-id", "it answers a mail on"),
        ("own-internal", "message-id", "it answers a note on"),
    ):
        for mid in reading.cited:
            for ref in snapshot.mids.get(identity.mid_hash(mid), ()):
                if ref.role == role and (ticket := snapshot.ticket(ref.ticket)):
                    return Match(ticket.number, how, f"{text} #{ticket.number}")
    for number in subject.numbers(reading.message.subject):
        if ticket := snapshot.ticket(number):
            return Match(ticket.number, "subject", f"its subject names #{ticket.number}")
    for ref in snapshot.mids.get(identity.mid_hash(reading.message.message_id), ()):
        ticket = snapshot.ticket(ref.ticket)
        if ref.role == "cited" and ticket and ticket.participant(reading.sender):
            return Match(ticket.number, "cited", f"a mail on #{ticket.number} answers this one")
    return Match(None, "", "nothing in it names a ticket")


def another_matter(reading: Reading, found: Match, snapshot: Snapshot) -> bool:
    """Whether a mail to a reply address is about something else: no reference of ours, and another base subject.

    Mail clients remember addresses and offer them for new mail.
    """
    if found.how != "token" or found.ticket is None:
        return False
    ticket = snapshot.tickets[found.ticket]
    for mid in reading.cited:
        if identity.read_anchor(snapshot.keys, mid) is not None or identity.own_message_id(
            snapshot.keys, mid
        ):
            return False
        if any(ref.ticket == ticket.number for ref in snapshot.mids.get(identity.mid_hash(mid), ())):
            return False
    if ticket.number in subject.numbers(reading.message.subject):
        return False
    return subject.base(reading.message.subject) != subject.base(ticket.subject)
