"""Who wrote a mail, and how strongly it shows that: token, authenticated, claimed."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core.address import normal
from maildesk.core.changes import Snapshot
from maildesk.core.identity import (
    Keys,
    Token,
    person_of_address,
    person_of_agent,
    person_ref,
    read_token,
)
from maildesk.core.model import Proof
from maildesk.core.parking import vouched
from maildesk.core.policy import Agent, Policy
from maildesk.core.reading import Reading


def desk_part(address: str, policy: Policy) -> tuple[str, str]:
    """The desk address that an address belongs to, and what stands after its plus; two "" for a foreign one."""
    local, _, domain = address.partition("@")
    base, plus, extra = local.partition("+")
    own = f"{base}@{domain}"
    if address in policy.desk_addresses:
        return address, ""
    return (own, extra) if plus and own in policy.desk_addresses else ("", "")


def tokens(reading: Reading, policy: Policy, keys: Keys) -> tuple[Token, ...]:
    """The valid tokens among the addresses a mail was sent to, in order."""
    found = (read_token(keys, extra) for a in reading.recipients if (extra := desk_part(a, policy)[1]))
    return tuple(dict.fromkeys(token for token in found if token))


@dataclass(frozen=True, slots=True)
class Standing:
    """What a mail shows about its sender. `token` is the one it was sent to, its own or somebody else's.

    `whose` is "own" where the token was issued to this sender, "burnt" where it was but proves no more,
    "foreign" where it was issued to somebody else, and "" without a token. `others` are further tickets that the mail
    was sent to at addresses of its sender.
    """

    sender: str
    agent: Agent | None
    person: str
    proof: Proof
    token: Token | None
    whose: str
    why: str
    others: tuple[int, ...] = ()


def assess(reading: Reading, snapshot: Snapshot, policy: Policy) -> Standing:
    """Weighs the evidence of a mail. A token counts only together with the one From it was issued to."""
    senders = tuple(dict.fromkeys(a.address for a in reading.message.from_))
    agent = next((known for a in senders if (known := policy.agent_at(a))), None)
    sender = reading.sender
    person = person_of_agent(agent.id) if agent else person_of_address(sender)
    ref = person_ref(snapshot.keys, person)
    found = [t for t in tokens(reading, policy, snapshot.keys) if snapshot.ticket(t.number)]
    own = [t for t in found if t.person == ref]
    token = next(iter((*own, *found)), None)

    def standing(proof: Proof, whose: str, why: str) -> Standing:
        numbers = {found.number for t in own if (found := snapshot.ticket(t.number))}
        others = tuple(sorted(numbers - {token.number})) if token else ()
        return Standing(sender, agent, person, proof, token, whose, why, others)

    if reading.evidence.sent:
        return standing(Proof.AUTHENTICATED, "", "it lies in the desk's own folder of sent mail")
    if vouched(reading.evidence):
        whose = "own" if own else "foreign" if token else ""
        return standing(Proof.AUTHENTICATED, whose, f"released by {reading.evidence.released_by}")
    # One From field with one address is the only identity that a token can confirm.
    if len(reading.message.from_) != 1 or not normal(sender):
        count = len(reading.message.from_) or "no"
        return standing(
            Proof.CLAIMED,
            "foreign" if token else "",
            f"the mail has {count} From addresses: it proves nothing",
        )
    if token is None:
        return standing(Proof.CLAIMED, "", "From alone proves nothing")
    if not own:
        return standing(
            Proof.CLAIMED, "foreign", f"the reply address was given to somebody other than {sender}"
        )
    ticket = snapshot.ticket(token.number)
    assert ticket is not None
    if token.generation != ticket.generation(person, token.kind) and token.number == ticket.number:
        return standing(
            Proof.CLAIMED, "burnt", "the reply address was shown to outsiders and proves nothing any more"
        )
    return standing(Proof.TOKEN, "own", f"the reply address was given to {sender}, who the mail is from")


def exposed(reading: Reading, policy: Policy, known: frozenset[str]) -> tuple[str, ...]:
    """The To and Cc addresses that are neither ours nor known: a token shown to them is burnt."""
    shown = (*reading.message.to, *reading.message.cc)
    return tuple(
        dict.fromkeys(
            a.address
            for a in shown
            if a.address
            and not desk_part(a.address, policy)[0]
            and not policy.agent_at(a.address)
            and a.address not in known
        )
    )


def is_desk(address: str, policy: Policy) -> bool:
    """Whether mail to this address comes to this desk."""
    return bool(desk_part(normal(address), policy)[0])
