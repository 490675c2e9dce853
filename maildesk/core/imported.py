"""Imported: what agents and the desk itself wrote, in mail of another system. It is history: nothing is done again."""

from __future__ import annotations

from maildesk.core import acting, requesting
from maildesk.core.changes import Append
from maildesk.core.deskaddress import is_desk
from maildesk.core.draft import Draft
from maildesk.core.matching import Match
from maildesk.core.model import Disposition, Entry, EntryKind, Move
from maildesk.core.policy import Policy
from maildesk.core.proof import Standing
from maildesk.core.reading import Reading


def is_ours(standing: Standing, policy: Policy) -> bool:
    """Whether a mail claims to be an agent's, or the desk's own. Who imports an archive vouches for it."""
    return standing.agent is not None or is_desk(standing.sender, policy)


def written(
    draft: Draft, reading: Reading, standing: Standing, found: Match
) -> tuple[Disposition, int | None]:
    """Adds it to the ticket that it answers; its commands are text.

    What matches none is recorded alone.
    """
    draft.because("It was imported, and one of us wrote it.")
    if found.ticket is None:
        draft.because("It answers no ticket: it is only recorded.")
        return Disposition.OUTGOING, None
    ticket = draft.ticket(found.ticket)
    message = reading.message
    actor = standing.agent.name if standing.agent else reading.sender_name
    entry = Entry(
        key=draft.key,
        ticket=ticket.number,
        kind=EntryKind.AGENT_REPLY,
        author=standing.agent.address if standing.agent else standing.sender,
        author_name=actor,
        at=draft.now,
        text=message.text,
        new_text=reading.new_text or message.text,
        message_id=message.message_id,
        proof=standing.proof.value,
        attachments=message.attachments,
    )
    over = requesting.is_over(draft, ticket.number)
    draft.apply(Append(entry, actor, "answered the customer", clock=not over))
    if not over:
        acting.move(draft, ticket.number, Move.AGENT_ANSWER, actor)
    requesting.learn_ids(draft, reading, ticket.number)
    return Disposition.AGENT_REPLY, ticket.number
