"""Undelivered: what a report about a mail of ours that did not arrive brings about."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core import acting, identity, requesting, telling
from maildesk.core.bounce import Bounce
from maildesk.core.changes import Unreached
from maildesk.core.draft import Draft
from maildesk.core.matching import Match
from maildesk.core.model import EntryKind, Move
from maildesk.core.policy import Agent
from maildesk.core.proof import Standing
from maildesk.core.reading import Reading

_FAILURES = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such domain",
    "5.2.1": "the mailbox is closed",
    "5.2.2": "the mailbox is full",
    "4.2.2": "the mailbox is full",
    "5.3.4": "the mail is too large",
}
# By the reasons of `failure`, where the status says less.
_REASONS = {
    "userunknown": "there is no such mailbox",
    "hostunknown": "there is no such domain",
    "mailboxfull": "the mailbox is full",
    "suspend": "the mailbox is closed",
    "mesgtoobig": "the mail is too large",
    "expired": "the other side could not be reached in time",
    "networkerror": "the other side could not be reached",
}


@dataclass(frozen=True, slots=True)
class _Lost:
    """The mail that did not arrive: its ticket, and the reference of the person it went to (b"" if unknown)."""

    ticket: int
    person: bytes


def report(draft: Draft, reading: Reading, received: int, standing: Standing, found: Match) -> int | None:
    """Files a report on the ticket of the mail that did not arrive, and tells who should know; that ticket."""
    told = reading.bounce
    draft.because(f"It reports a failed delivery. {reading.kind.because}")
    lost = _lost(draft, reading, standing, found)
    if lost is None:
        draft.because("It names no mail of ours.")
        return None
    number, failed = lost.ticket, told.recipient if told else ""
    agent = _agent(draft, lost, failed)
    to_customer = agent is None and _to_customer(draft, lost)
    whom = f"the agent {agent.name}" if agent else (failed or "the customer")
    who = requesting.from_mail(reading, standing, draft, received)
    requesting.add_entry(draft, who, number, EntryKind.BOUNCE, "delivery failed", _undelivered(whom, told))
    if told and told.action == "delayed":
        draft.because("It is only late: nothing moves.")
    elif to_customer:
        acting.move(draft, number, Move.ANSWER_BOUNCED, "maildesk")
        telling.tell_agents(draft, "bounced", number, draft.key, leave_out=(failed,))
    else:
        _unreached(draft, number, agent)
    return number


def _lost(draft: Draft, reading: Reading, standing: Standing, found: Match) -> _Lost | None:
    """What the report names, surest first: the mail in it, the reply address it went to, what it answers.

    The recipient that a report names may be unknown to us: people have their mail forwarded.
    """
    bounce = reading.bounce
    inside = (bounce.original_message_id, *bounce.original_references) if bounce else ()
    by_token = standing.token if found.how == "token" else None
    named = _sent(draft, inside) or (by_token and found.ticket and _Lost(found.ticket, by_token.person))
    if named := named or _sent(draft, reading.cited):
        return named
    if found.how == "message-id" and found.ticket is not None:
        return _Lost(found.ticket, b"")
    return None


def _sent(draft: Draft, mids: tuple[str, ...]) -> _Lost | None:
    """The first of these ids that is a mail of ours, or an anchor."""
    for mid in mids:
        for ref in draft.after.mids.get(identity.mid_hash(mid), ()):
            if ref.role.startswith("sent") and (ticket := draft.after.ticket(ref.ticket)):
                return _Lost(ticket.number, bytes.fromhex(ref.person))
        anchor = identity.read_anchor(draft.after.keys, mid)
        if anchor and (ticket := draft.after.ticket(anchor.number)):
            return _Lost(ticket.number, anchor.person)
    return None


def _agent(draft: Draft, lost: _Lost, failed: str) -> Agent | None:
    """The agent to whom the mail went, as an agent; one who is a customer of the ticket may get mail as that, too."""
    if not lost.person:
        return draft.policy.agent_at(failed)
    keys = draft.after.keys
    refs = {identity.person_ref(keys, identity.person_of_agent(a.id)): a for a in draft.policy.agents}
    return refs.get(lost.person)


def _to_customer(draft: Draft, lost: _Lost) -> bool:
    """Whether it went to somebody who takes part in the ticket, and not to one who was an agent then."""
    keys, people = draft.after.keys, draft.ticket(lost.ticket).participants
    refs = {identity.person_ref(keys, identity.person_of_address(p.address)) for p in people}
    return not lost.person or lost.person in refs


def _unreached(draft: Draft, number: int, agent: Agent | None) -> None:
    """The other agents of the department look after the ticket; each is told once a day, so that mails about
    mails that do not arrive come to rest wherever nobody is reached."""
    name = agent.name if agent else "somebody who is no agent any more"
    draft.apply(Unreached(number, agent.id if agent else "", "maildesk", f"a mail to {name} did not arrive"))
    for colleague in draft.policy.agents_of(draft.ticket(number).department):
        if colleague == agent:
            continue
        if (number, colleague.address) in draft.after.told_unreached:
            draft.because(f"{colleague.name} was told within the day that colleagues are not reached.")
        else:
            draft.notify_agent("unreachable", colleague, number, draft.key)


def _undelivered(whom: str, report: Bounce | None) -> str:
    """What an agent reads about a failed or late delivery (status codes of RFC 3463)."""
    status = report.status if report else ""
    words = _FAILURES.get(status, "")
    if report and not words:
        refused = "the other side refused it" if status.startswith("5.7.") else ""
        words = _REASONS.get(report.reason) or refused or report.diagnostic or report.reason
    reason = " ".join(words.split())[:200].rstrip(".") or "the other side gives no reason"
    happened = "has not arrived yet" if report and report.action == "delayed" else "did not arrive"
    return f"Our mail to {whom} {happened}: {reason}{f' ({status})' if status else ''}."
