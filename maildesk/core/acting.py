"""What agents do to a ticket: answer, note, change fields. The same for mail and for the command line."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core import copies, telling
from maildesk.core.address import Address
from maildesk.core.changes import Append, Set
from maildesk.core.commands import Effect, Parsed
from maildesk.core.draft import Draft
from maildesk.core.message import Attachment
from maildesk.core.model import Disposition, Entry, EntryKind, Move, Proof, Status, Ticket, moved
from maildesk.core.policy import Agent


@dataclass(frozen=True, slots=True)
class Act:
    """What an agent (None: the admin at the command line, or the desk itself) asks for on one ticket, with proof.

    `copied` are the addresses in To and Cc of the mail. `at` is when it was written, None for now; `author` its address
    where that is no agent's. `has_gone_out` says that it went to the customer by another way, `opens` that the same
    mail opened the ticket.
    """

    ticket: int
    agent: Agent | None
    actor: str
    parsed: Parsed
    internal: bool
    text: str
    message_id: str = ""
    proof: Proof = Proof.AUTHENTICATED
    attachments: tuple[Attachment, ...] = ()
    copied: tuple[Address, ...] = ()
    at: int | None = None
    author: str = ""
    has_gone_out: bool = False
    opens: bool = False


def set_status(draft: Draft, number: int, status: Status, actor: str, why: str) -> None:
    """Moves a ticket; nothing happens where it already stands there."""
    if draft.ticket(number).status is not status:
        draft.apply(Set(number, "status", status.value, draft.now, actor, why))


def move(draft: Draft, number: int, step: Move, actor: str) -> None:
    """Moves a ticket by the table of moves."""
    set_status(draft, number, moved(draft.ticket(number).status, step), actor, step.value)


def assign(draft: Draft, number: int, agent_id: str, actor: str, why: str) -> bool:
    """Gives a ticket to an agent, or to nobody (""); tells whether that changed anything."""
    if draft.ticket(number).assignee == agent_id:
        return False
    draft.apply(Set(number, "assignee", agent_id, draft.now, actor, why))
    move(draft, number, Move.ASSIGN if agent_id else Move.UNASSIGN, actor)
    return True


def set_topic(draft: Draft, number: int, name: str, actor: str, why: str) -> None:
    """Sets the help topic, and the department that the topic names."""
    topic = draft.policy.topic(name)
    if draft.ticket(number).topic != name:
        draft.apply(Set(number, "topic", name, draft.now, actor, why))
    if topic and topic.department and topic.department != draft.ticket(number).department:
        draft.apply(Set(number, "department", topic.department, draft.now, actor, f"topic {name}"))


def _apply(draft: Draft, act: Act, effect: Effect) -> None:
    number = act.ticket
    if effect.field == "status":
        set_status(draft, number, Status(str(effect.value)), act.actor, effect.line)
    elif effect.field == "assignee":
        assign(draft, number, str(effect.value), act.actor, effect.line)
    elif effect.field == "topic":
        set_topic(draft, number, str(effect.value), act.actor, effect.line)
    elif getattr(draft.ticket(number), effect.field) != effect.value:
        draft.apply(Set(number, effect.field, effect.value, draft.now, act.actor, effect.line))


def _entry(draft: Draft, act: Act, kind: EntryKind) -> Entry:
    return Entry(
        key=draft.key,
        ticket=act.ticket,
        kind=kind,
        author=act.agent.address if act.agent else act.author,
        author_name=act.agent.name if act.agent else act.actor,
        at=draft.now if act.at is None else act.at,
        text=act.text,
        new_text=act.parsed.text,
        message_id=act.message_id,
        proof=act.proof.value,
        attachments=act.attachments,
    )


def _answer(draft: Draft, act: Act) -> None:
    ticket = draft.ticket(act.ticket)
    draft.apply(Append(_entry(draft, act, EntryKind.AGENT_REPLY), act.actor, "answered the customer"))
    have = {one.address for one in act.copied}
    for participant in () if act.has_gone_out else ticket.participants:
        if participant.address and have & {participant.address, participant.answer_at}:
            draft.because(f"{participant.address} stands in its To or Cc and has it already.")
        elif participant.address:
            draft.notify_participant("answer", participant, act.ticket, draft.key)
    # Only now: they have this mail, and get the next one.
    copies.join(draft, act.ticket, act.copied, act.actor, "copied by an agent's proven answer")
    # An answer claims a ticket that nobody has, unless the same mail says whose it is.
    if act.agent and not ticket.assignee and not any(e.field == "assignee" for e in act.parsed.effects):
        draft.apply(
            Set(act.ticket, "assignee", act.agent.id, draft.now, act.actor, "answering claims the ticket")
        )
    move(draft, act.ticket, Move.AGENT_ANSWER, act.actor)


def act(draft: Draft, act: Act) -> Disposition:
    """Carries out an act that has no errors, and says what the mail was."""
    before: Ticket = draft.ticket(act.ticket)
    internal = act.internal or act.parsed.internal
    # A logo in a signature is no content; a file that somebody attached is, even without a word beside it.
    posted = bool(act.parsed.text or any(not file.inline for file in act.attachments))
    if posted and internal:
        draft.apply(Append(_entry(draft, act, EntryKind.NOTE), act.actor, "wrote a note"))
    elif posted:
        _answer(draft, act)
    for effect in act.parsed.effects:
        if effect.field:
            _apply(draft, act, effect)
    _tell(draft, act, before, ("note" if internal else "colleague_answer") if posted else "")
    if not posted:
        if not act.opens:
            draft.because("It has commands only: nothing was sent to the customer.")
        return Disposition.COMMAND
    return Disposition.NOTE if internal else Disposition.AGENT_REPLY


def _tell(draft: Draft, act: Act, before: Ticket, posted: str) -> None:
    """A ticket that changed hands goes to whoever has it now; what a colleague wrote goes to the assignee.

    `posted` is the kind of mail that tells of it, "" where nothing was written.
    """
    after = draft.ticket(act.ticket)
    author = act.agent.addresses if act.agent else ()
    entry = draft.key if posted == "note" else ""
    if (after.assignee and after.assignee != before.assignee) or (
        not after.assignee and (before.assignee or after.department != before.department)
    ):
        telling.tell_agents(draft, "handoff", act.ticket, entry, leave_out=author)
    elif posted and after.assignee:
        telling.tell_agents(draft, posted, act.ticket, draft.key, leave_out=author)
