"""By hand: what a person wrote from the desk's own mailbox. It has gone out and lies in the folder of sent mail."""

from __future__ import annotations

from maildesk.core import acting, requesting
from maildesk.core.commands import Parsed
from maildesk.core.deskaddress import is_desk
from maildesk.core.draft import Draft
from maildesk.core.matching import Match
from maildesk.core.model import Disposition
from maildesk.core.proof import Standing
from maildesk.core.reading import Reading

TRACE = "x-maildesk-trace"
COPY = (
    "It is from the desk's own address, as a copy of an answer would be that was written in the desk's mailbox, and "
    "From alone proves nothing. It is held until the folder of sent mail shows it, too, or somebody releases it."
)


def is_copy(draft: Draft, reading: Reading, standing: Standing, found: Match) -> bool:
    """Whether a mail looks like a copy, in the INBOX, of what a person wrote in the desk's own mailbox.

    It is from the desk, and on a ticket or also to somebody else. A mail from the desk to the desk alone is none: many
    forms of web sites write so. Nor is one of a sender who takes part in the ticket.
    """
    policy, message = draft.policy, reading.message
    aside = (
        reading.kind.kind != "person" or reading.behind or reading.evidence.imported or reading.evidence.sent
    )
    if aside or not is_desk(standing.sender, policy):
        return False
    if found.ticket is not None:
        return draft.ticket(found.ticket).participant(standing.sender) is None
    shown = [a.address for a in (*message.to, *message.cc) if a.address]
    return not shown or any(not is_desk(address, policy) for address in shown)


def written(
    draft: Draft, reading: Reading, standing: Standing, found: Match, received: int
) -> tuple[Disposition, int | None]:
    """Adds it to the ticket that it answers, as an agent's answer that nobody is sent again.

    What reached nobody who takes part in the ticket is a note.
    """
    text = reading.new_text or reading.message.text
    if reading.message.header(TRACE):
        draft.because("It is a mail of this desk; a copy of it lies in the folder of sent mail.")
        return Disposition.DUPLICATE, None
    if found.ticket is None or reading.kind.kind != "person" or not (text or reading.message.attachments):
        draft.because("It was sent from the desk's mailbox and answers no ticket: it is only recorded.")
        return Disposition.OUTGOING, None
    number = found.ticket
    people = draft.ticket(number).participants
    reached = {a.address for a in (*reading.message.to, *reading.message.cc)}
    internal = not any(p.address in reached or (p.answer_at and p.answer_at in reached) for p in people)
    draft.because(
        "It was written from the desk's own mailbox, "
        + ("to nobody who takes part in the ticket." if internal else "and has reached the customer already.")
    )
    act = acting.Act(
        ticket=number,
        agent=standing.agent,
        actor=standing.agent.name if standing.agent else reading.sender_name,
        parsed=Parsed(text.strip() or "(only a file)", (), ()),
        internal=internal,
        text=reading.message.text,
        message_id=reading.message.message_id,
        proof=standing.proof,
        attachments=reading.message.attachments,
        copied=(*reading.message.to, *reading.message.cc),
        at=received,
        author=standing.sender,
        has_gone_out=True,
    )
    disposition = acting.act(draft, act)
    requesting.learn_ids(draft, reading, number, note=internal)
    return disposition, number
