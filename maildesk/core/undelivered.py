"""Undelivered: what a report about a mail of ours that did not arrive brings about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from maildesk.core import acting, identity, reasons, requesting, telling
from maildesk.core.bounce import Bounce
from maildesk.core.changes import Append, Decision, Mark, Notice, Unreached
from maildesk.core.draft import Draft
from maildesk.core.matching import Match, Wanted
from maildesk.core.model import Entry, EntryKind, Move, Proof
from maildesk.core.policy import Agent
from maildesk.core.proof import Standing
from maildesk.core.reading import Reading
from maildesk.core.report import STATUS

_FAILURES = {
    "5.1.1": "there is no such mailbox",
    "5.1.2": "there is no such domain",
    "5.1.4": "the address fits several mailboxes",
    "5.2.1": "the mailbox is closed",
    "5.2.2": "the mailbox is full",
    "4.2.2": "the mailbox is full",
    "5.3.4": "the mail is too large",
}
# By the reasons of `reasons`, where the status says less.
_REASONS = {
    "userunknown": "there is no such mailbox",
    "hostunknown": "there is no such domain",
    "mailboxfull": "the mailbox is full",
    "suspend": "the mailbox is closed",
    "mesgtoobig": "the mail is too large",
    "expired": "the other side could not be reached in time",
    "networkerror": "the other side could not be reached",
    "notaccept": "the other side takes no mail",
    "spamdetected": "the other side took it for spam",
    "virusdetected": "the other side took it for harmful",
    "authfailure": "the other side could not verify that it came from us",
    "blocked": "the other side takes no mail from our mail server",
    "badreputation": "the other side takes no mail from our mail server",
    "requireptr": "the other side takes no mail from our mail server",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What sending a mail of ours has come to: it failed for good, or is `late`. `answer` is the relay's.

    `key` is the key of the entry that tells of it.
    """

    key: str
    notice: Notice
    late: bool
    answer: str


@dataclass(frozen=True, slots=True)
class _Lost:
    """The mail that did not arrive: its ticket, and the reference of the person it went to (b"" if unknown)."""

    ticket: int
    person: bytes


def report(draft: Draft, reading: Reading, received: int, standing: Standing, found: Match) -> int | None:
    """Files a report on the ticket of the mail that did not arrive, and tells who should know; that ticket."""
    told = reading.bounce
    draft.because(f"It reports a failed delivery. {reading.kind.because}")
    _impossible(draft, told, standing)
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
    else:
        _tell(draft, number, agent, to_customer, failed)
    return number


def wanted(causes: Iterable[Delivery]) -> Wanted:
    """What has to be loaded for these decisions."""
    return Wanted(numbers=frozenset(n for cause in causes if (n := cause.notice.ticket) is not None))


def decided(draft: Draft, cause: Delivery) -> Decision:
    """Files that a mail of ours could not be sent, or not for hours, by what the relay answered."""
    notice, answer = cause.notice, cause.answer
    ticket = draft.after.ticket(notice.ticket) if notice.ticket is not None else None
    if ticket is None:
        draft.because("The mail belongs to no ticket.")
        return draft.done(None)
    number, status = ticket.number, status_of(answer)
    lost = _Lost(number, identity.person_ref(draft.after.keys, notice.person))
    agent = _agent(draft, lost, notice.to)
    told = Bounce(
        recipient=notice.to,
        recipients=(notice.to,),
        status=status,
        action="delayed" if cause.late else "failed",
        reason=reasons.reason(status, answer),
        diagnostic=answer,
        original_message_id="",
        original_references=(),
    )
    entry = Entry(
        key=draft.key,
        ticket=number,
        kind=EntryKind.BOUNCE,
        author="",
        author_name="maildesk",
        at=draft.now,
        text=answer,
        new_text=answer,
        proof=Proof.AUTHENTICATED.value,
        remark=_undelivered(f"the agent {agent.name}" if agent else notice.to, told),
    )
    draft.apply(Append(entry, "maildesk", "sending takes long" if cause.late else "sending failed"))
    if cause.late:
        telling.tell_agents(draft, "late", number, draft.key, leave_out=(notice.to,))
    else:
        _tell(draft, number, agent, agent is None and _to_customer(draft, lost), notice.to)
    return draft.done(None, number)


def _tell(draft: Draft, number: int, agent: Agent | None, to_customer: bool, failed: str) -> None:
    if to_customer:
        acting.move(draft, number, Move.ANSWER_BOUNCED, "maildesk")
        telling.tell_agents(draft, "bounced", number, draft.key, leave_out=(failed,))
    else:
        _unreached(draft, number, agent)


def status_of(answer: str) -> str:
    """The status (RFC 3463) in what a mail server answered; "" if it gives none."""
    found = STATUS.search(answer)
    return found[1] if found else ""


def _impossible(draft: Draft, told: Bounce | None, standing: Standing) -> None:
    """Only who has got a mail knows its return path: its report is believed when it says that the address is none."""
    for mailed in standing.returned:
        permanent = told is not None and told.action == "failed" and told.status.startswith("5.1.")
        # 5.1.7 and 5.1.8 speak of the sender's address (RFC 3463, 3.2).
        if permanent and told and told.status not in ("5.1.7", "5.1.8"):
            why = f"{told.status}: {told.diagnostic}"[:500]
            draft.apply(Mark(mailed.to, draft.now, why))
            draft.because(f"{mailed.to} gets no automatic mail until a mail comes from there.")


def _lost(draft: Draft, reading: Reading, standing: Standing, found: Match) -> _Lost | None:
    """What the report names, surest first: the mail to whose own return path it came, the mail in it, the reply
    address it went to, what it answers.

    The recipient that a report names may be unknown to us: people have their mail forwarded.
    """
    for mailed in standing.returned:
        if mailed.ticket is not None and (ticket := draft.after.ticket(mailed.ticket)):
            return _Lost(ticket.number, identity.person_ref(draft.after.keys, mailed.person))
    bounce = reading.bounce
    inside = (bounce.original_message_id, *bounce.original_references) if bounce else ()
    by_token = standing.token if found.how == "token" else None
    named = _sent(draft, inside) or (by_token and found.ticket and _Lost(found.ticket, by_token.person))
    # What only cites a mail of the customer's is no report on a mail of ours: others know that id, too.
    return named or _sent(draft, reading.cited) or None


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
