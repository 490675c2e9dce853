"""Who wrote a mail, and how strongly it shows that: token, authenticated, claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from maildesk.core import dmarc
from maildesk.core.address import normal
from maildesk.core.changes import Snapshot
from maildesk.core.deskaddress import desk_part
from maildesk.core.identity import (
    Keys,
    Token,
    person_of_address,
    person_of_agent,
    person_ref,
    read_confirm_token,
    read_desk_token,
    read_return_token,
    read_token,
)
from maildesk.core.model import Mailed, Proof
from maildesk.core.parking import vouched
from maildesk.core.policy import Agent, Policy
from maildesk.core.reading import Evidence, Reading

T = TypeVar("T")


def _read(
    reading: Reading, policy: Policy, keys: Keys, read: Callable[[Keys, str], T | None]
) -> tuple[T, ...]:
    """What a reader finds in the desk's addresses that a mail was sent to: each once, in order."""
    extras = (desk_part(a, policy)[1] for a in reading.recipients)
    found = (read(keys, extra) for extra in extras if extra)
    return tuple(dict.fromkeys(one for one in found if one))


def tokens(reading: Reading, policy: Policy, keys: Keys) -> tuple[Token, ...]:
    """The valid tokens among the addresses a mail was sent to, in order."""
    return _read(reading, policy, keys, read_token)


def returned_to(reading: Reading, policy: Policy, keys: Keys) -> tuple[str, ...]:
    """Our mails whose own return path a mail was sent to, by what stands before the @ in their Message-ID."""
    return _read(reading, policy, keys, read_return_token)


def confirmations(reading: Reading, policy: Policy, keys: Keys) -> tuple[str, ...]:
    """Our confirmations whose address a mail was sent to, by what stands before the @ in their Message-ID."""
    return _read(reading, policy, keys, read_confirm_token)


def personal_tokens(reading: Reading, policy: Policy, keys: Keys) -> tuple[tuple[bytes, int], ...]:
    """The personal addresses of agents that a mail was sent to: whose, as `person_ref`, and of which generation."""
    return _read(reading, policy, keys, read_desk_token)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a mail shows about its sender. `token` is the one it was sent to, its own or somebody else's.

    `whose` is "own" where the token was issued to this sender, "burnt" where it was but proves no more,
    "foreign" where it was issued to somebody else, and "" without a token. A burnt one, and one of a mail that fails
    DMARC, tells the ticket and nothing else. `others` are further tickets that the mail was sent to at addresses of its
    sender. `returned` are mails of ours to whose own return path it was sent.
    `personal` says that it came to its agent's personal address.
    """

    sender: str
    agent: Agent | None
    person: str
    proof: Proof
    token: Token | None
    whose: str
    why: str
    others: tuple[int, ...] = ()
    returned: tuple[Mailed, ...] = ()
    personal: bool = False


def denied(reading: Reading) -> str:
    """Why a mail is not from whom it says, in words; "" if nothing says so. A login or a release speaks against it."""
    evidence = reading.evidence
    if evidence.sent or vouched(reading) or _listed(reading):
        return ""
    domains = (one.address.rpartition("@")[2] for one in reading.message.from_)
    if dmarc.denies(evidence.results, domains) is None:
        return ""
    return f"it fails DMARC, as {evidence.authority} found: whoever sent it may not use this From"


def distrusted(reading: Reading) -> str:
    """Why a mail is answered by nothing automatic, in words; "" if it may be."""
    spam = reading.evidence.spam
    return denied(reading) or (f"our filter calls it spam ({spam})" if spam else "")


def _listed(reading: Reading) -> bool:
    """Whether it came by a login that may write as its one From."""
    return len(reading.message.from_) == 1 and reading.message.from_[0].address in reading.evidence.proven


def findings(evidence: Evidence) -> tuple[str, ...]:
    """What the edge recorded of who wrote a mail, as sentences."""
    told = []
    if evidence.login:
        listed = ", ".join(evidence.proven) or "nobody"
        told.append(f"{evidence.login} was logged in, who may write as {listed}.")
    if evidence.authority:
        shown = (
            f"{one.method}={one.result}" + (f" ({one.domain})" if one.domain else "")
            for one in evidence.results
        )
        told.append(f"{evidence.authority} found: {', '.join(shown) or 'nothing'}.")
    if evidence.strangers:
        count = "One" if evidence.strangers == 1 else evidence.strangers
        told.append(
            f"{count} Authentication-Results in the trusted server's name stood below the trusted hops and counted for"
            " nothing: strangers can write there."
        )
    if evidence.spam:
        told.append(f"Our filter calls it spam: {evidence.spam}.")
    return tuple(told)


def assess(reading: Reading, snapshot: Snapshot, policy: Policy) -> Standing:
    """Weighs the evidence of a mail. A token counts only together with the one From it was issued to."""
    sender = reading.sender
    senders = (sender,) if reading.behind else tuple(dict.fromkeys(a.address for a in reading.message.from_))
    agent = next((known for a in senders if (known := policy.agent_at(a))), None)
    person = person_of_agent(agent.id) if agent else person_of_address(sender)
    ref = person_ref(snapshot.keys, person)
    found = [t for t in tokens(reading, policy, snapshot.keys) if snapshot.ticket(t.number)]
    own = [t for t in found if t.person == ref]
    token = next(iter((*own, *found)), None)
    locals_ = returned_to(reading, policy, snapshot.keys)
    returned = tuple(mailed for local in locals_ if (mailed := snapshot.returns.get(local)))

    def standing(proof: Proof, whose: str, why: str) -> Standing:
        numbers = {found.number for t in own if (found := snapshot.ticket(t.number))}
        others = tuple(sorted(numbers - {token.number})) if token else ()
        return Standing(sender, agent, person, proof, token, whose, why, others, returned)

    if reading.evidence.sent:
        return standing(Proof.AUTHENTICATED, "", "it lies in the desk's own folder of sent mail")
    if vouched(reading):
        whose = "own" if own else "foreign" if token else ""
        return standing(Proof.AUTHENTICATED, whose, f"released by {reading.evidence.released_by}")
    if reading.behind:
        why = f"{reading.behind.through} says that {sender} wrote it: that proves nothing"
        return standing(Proof.CLAIMED, "foreign" if token else "", why)
    # One From field with one address is the only identity that a token can confirm.
    if len(reading.message.from_) != 1 or not normal(sender):
        count = len(reading.message.from_) or "no"
        return standing(
            Proof.CLAIMED,
            "foreign" if token else "",
            f"the mail has {count} From addresses: it proves nothing",
        )
    if why := denied(reading):
        whose = "burnt" if own else "foreign" if token else ""
        return standing(Proof.CLAIMED, whose, why)
    shown, lacking = _shown(reading, sender)
    proof = Proof.AUTHENTICATED if shown else Proof.CLAIMED
    if (
        agent
        and not own
        and (given := [g for p, g in personal_tokens(reading, policy, snapshot.keys) if p == ref])
    ):
        whose = "foreign" if token else ""
        if snapshot.personal.get(agent.id, 0) in given:
            why = f"it was sent to the personal address of {agent.id}, who the mail is from"
            return replace(standing(Proof.TOKEN, whose, why), personal=True)
        return standing(
            proof, whose, shown or f"the personal address of {agent.id} was replaced by a newer one"
        )
    if token is None:
        return standing(proof, "", shown or lacking)
    if not own:
        why = f"the reply address was given to somebody other than {sender}"
        return standing(proof, "foreign", shown or why)
    ticket = snapshot.ticket(token.number)
    assert ticket is not None
    if token.generation != ticket.generation(person, token.kind) and token.number == ticket.number:
        why = "the reply address was shown to outsiders and proves nothing any more"
        return standing(proof, "burnt", shown or why)
    return standing(Proof.TOKEN, "own", f"the reply address was given to {sender}, who the mail is from")


def _shown(reading: Reading, sender: str) -> tuple[str, str]:
    """What authenticates the one From address, in words, "" if nothing does; and what is missing then.

    A signature speaks of fields as another program read them. Where these may be others than ours, with a second
    Subject above the signed one for example, it proves nothing.
    """
    evidence = reading.evidence
    if _listed(reading):
        return f"{evidence.login} was logged in and may write as {sender}", ""
    result = dmarc.proves(evidence.results, sender.rpartition("@")[2])
    if result is None:
        return "", "From alone proves nothing"
    if why := reading.message.ambiguous:
        return "", f"{why}, so what {evidence.authority} found proves nothing"
    how = {"dmarc": "DMARC passes", "dkim": "its DKIM signature is valid", "spf": "SPF passes"}[result.method]
    return f"{how} for {result.domain}, as {evidence.authority} found", ""


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
