"""Stopped: what follows when the last gate stops a mail to a customer."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core import acting, telling
from maildesk.core.changes import Decision, Notice, Stop
from maildesk.core.draft import Draft
from maildesk.core.matching import Wanted
from maildesk.core.model import Entry, EntryKind, Move
from maildesk.core.policy import Agent, Policy


@dataclass(frozen=True, slots=True)
class Stopped:
    """A mail that the last gate stopped, and what it found. `key` is the mail's once-key, `entry` what it shows.

    `answers` are the instants of the other answers to its ticket.
    """

    key: str
    notice: Notice
    entry: Entry | None
    answers: tuple[int, ...]
    findings: tuple[str, ...]

    @property
    def answer(self) -> Entry | None:
        """The agent's answer in it; None for an automatic mail."""
        return self.entry if self.notice.kind == "answer" else None


def wanted(cause: Stopped, policy: Policy) -> Wanted:
    """What has to be loaded for its decision."""
    numbers = () if cause.notice.ticket is None else (cause.notice.ticket,)
    return Wanted(numbers=frozenset(numbers), addresses=frozenset(agent.address for agent in policy.agents))


def decided(draft: Draft, cause: Stopped) -> Decision:
    """The answer is given back to the agent, and the ticket does not look answered by it.

    An automatic mail is told to the ticket's department. Raises ValueError for a mail about no ticket: customers
    get none.
    """
    ticket = draft.after.ticket(cause.notice.ticket) if cause.notice.ticket is not None else None
    if ticket is None:
        raise ValueError(f"the ticket of the stopped mail {cause.key} was not loaded")
    answer, to = cause.answer, cause.notice.to
    found = " ".join(cause.findings)
    # One answer goes out as several mails; what the first one that is stopped brings about is brought about once.
    again = answer is not None and answer.kind is EntryKind.STOPPED
    draft.because(f"Stopped by the last gate: {found}")
    remark = f"It was not sent to {to}: {found}"
    draft.apply(
        Stop(
            number=ticket.number,
            to=to,
            entry=answer.key if answer else "",
            remark=f"{answer.remark} {remark}".strip() if answer else "",
            first_response=min(cause.answers, default=None),
            last_agent=max(cause.answers, default=None),
            actor="maildesk",
            why=f"the last gate stopped the mail to {to}: {found}",
        )
    )
    if answer and not again:
        acting.move(draft, ticket.number, Move.ANSWER_STOPPED, "maildesk")
    if not again:
        _give_back(draft, cause, ticket.number)
    return draft.done(None, ticket.number)


def _give_back(draft: Draft, cause: Stopped, number: int) -> None:
    answer, policy = cause.answer, draft.policy
    agent = _agent(cause, number, draft)
    if answer is None and policy.agent_at(cause.notice.to):
        draft.because("Nobody is told: it was an automatic mail to an agent.")
        return
    # A machine that answers as the agent must not go round with what returns its mail.
    if not telling.may_tell(draft, "error", agent, telling.ERRORS_HOUR):
        draft.because(
            f"{agent.name} is not told by mail: they have had {telling.ERRORS_HOUR} mails about errors"
            " within the hour."
        )
        return
    facts = {
        "errors": list(cause.findings),
        "understood": [],
        "text": answer.new_text[:20_000] if answer else "",
        "files": [one.name for one in answer.attachments if not one.inline] if answer else [],
        "subject": draft.ticket(number).subject,
    }
    draft.notify_agent("error", agent, number, facts=facts)


def _agent(cause: Stopped, number: int, draft: Draft) -> Agent:
    """Who wrote it; of what nobody wrote by mail, the first agent of the department."""
    policy = draft.policy
    author = policy.agent_at(cause.answer.author) if cause.answer else None
    return author or next(iter(policy.agents_of(draft.ticket(number).department)), policy.agents[0])
