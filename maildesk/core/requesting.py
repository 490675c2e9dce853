"""What customers do: open a ticket, add to one. Rules apply here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from maildesk.core import aliases, copies, identity, rules, telling
from maildesk.core.acting import assign, move, set_status, set_topic
from maildesk.core.changes import OF_ONE_SENDER, AnswerAt, Append, Learn, Link, Open, Set
from maildesk.core.deskaddress import desk_part, is_desk
from maildesk.core.draft import Draft, sentence
from maildesk.core.matching import Match
from maildesk.core.model import (
    DAY,
    Disposition,
    Entry,
    EntryKind,
    MidRef,
    Move,
    Participant,
    Proof,
    Status,
    Ticket,
)
from maildesk.core.policy import Policy
from maildesk.core.proof import Standing, denied
from maildesk.core.reading import Reading
from maildesk.core.subject import LETTERS, frozen
from maildesk.core.thanks import thanks


@dataclass(frozen=True, slots=True)
class Contribution:
    """What somebody outside wrote: by mail (`reading`), or taken down at the command line; `at` None is now."""

    sender: str
    name: str
    subject: str
    text: str
    new_text: str
    proof: Proof
    source: str
    departments: tuple[str, ...]
    opened_by: str
    candidates: tuple[int, ...]
    leaves: Mapping[str, rules.Leaf]
    reading: Reading | None = None
    at: int | None = None

    @property
    def actor(self) -> str:
        """Who it is in the ticket's history."""
        return self.sender or "somebody without an address"


def departments_of(reading: Reading, policy: Policy) -> tuple[str, ...]:
    """The departments that a mail was sent to, the owner first: by To, then Cc, then the envelope."""
    found = (policy.desk_addresses.get(desk_part(address, policy)[0]) for address in reading.recipients)
    return tuple(dict.fromkeys(name for name in found if name)) or (policy.departments[0].name,)


def from_mail(reading: Reading, standing: Standing, draft: Draft, received: int) -> Contribution:
    """A mail as a contribution."""
    message = reading.message
    addresses = (own for a in reading.recipients if (own := desk_part(a, draft.policy)[0]))
    return Contribution(
        sender=standing.sender,
        name=reading.sender_name or standing.sender,
        subject=message.subject,
        text=message.text,
        new_text=reading.new_text or message.text,
        proof=standing.proof,
        source="import" if reading.evidence.imported else "email",
        departments=departments_of(reading, draft.policy),
        opened_by=next(addresses, draft.policy.address),
        candidates=identity.candidates(
            draft.after.keys, message.message_id, reading.sender, message.sha256, received
        ),
        leaves=reading.leaves,
        reading=reading,
        at=min(received, draft.now),
    )


def too_large(reading: Reading) -> str:
    """What people should know about a mail of which only the header was read; "" for any other."""
    size = reading.evidence.oversized
    if not size:
        return ""
    return (
        f"The mail has {size / 1_000_000:.0f} MB, more than this desk takes: only its header was read,"
        " and its content lies in the mailbox."
    )


def learn_ids(
    draft: Draft, reading: Reading, number: int, internal: bool | None = False, note: bool = False
) -> None:
    """The ticket knows the mail's own id and those it cites from now on.

    `internal` says whether it answers an internal mail; None if nobody can say. `note`: whether it is internal itself.
    """
    if internal is not None:
        aliases.learn(draft, reading, number, internal)
    own = identity.mid_hash(reading.message.message_id)
    if own:
        draft.apply(Learn(own, MidRef(number, "own-internal" if note else "own")))
    for mid in reading.cited[:20]:
        # Ids of ours are found by their signature and by the mails that we sent.
        if (
            not identity.own_message_id(draft.after.keys, mid)
            and identity.read_anchor(draft.after.keys, mid) is None
        ):
            draft.apply(Learn(identity.mid_hash(mid), MidRef(number, "cited")))


def remark(reading: Reading, proof: Proof, policy: Policy) -> str:
    """What an agent should know about a mail that proves nothing: other recipients, another Reply-To."""
    if proof is not Proof.CLAIMED:
        return ""
    message = reading.message
    sentences = []
    if why := denied(reading):
        sentences.append(sentence(why))
    if reading.behind:
        sentences.append(f"It came through {reading.behind.through}, which named {reading.sender}.")
    others = [
        a.address for a in (*message.to, *message.cc) if a.address and not copies.is_ours(a.address, policy)
    ]
    if others:
        shown = ", ".join(dict.fromkeys(others[:10]))
        sentences.append(
            f"It also went to {shown}, who get no copies from us: nothing proves who wrote the mail."
        )
    asked = [a.address for a in message.reply_to if a.address and a.address != reading.sender]
    if asked:
        sentences.append(
            f"It asks for answers to {', '.join(asked[:3])}; they go to {reading.sender} instead."
        )
    if len(message.from_) > 1:
        sentences.append(f"It has several From addresses: {', '.join(a.address for a in message.from_[:5])}.")
    return " ".join(sentences)


def add_entry(
    draft: Draft,
    who: Contribution,
    number: int,
    kind: EntryKind,
    why: str,
    note: str = "",
    clock: bool = True,
) -> None:
    """Appends what was written to the ticket's thread."""
    reading = who.reading
    own_remark = (
        remark(reading, who.proof, draft.policy) if reading and kind is not EntryKind.AUTO_REPLY else ""
    )
    entry = Entry(
        key=draft.key,
        ticket=number,
        kind=kind,
        author=who.sender,
        author_name=who.name,
        at=draft.now if who.at is None else who.at,
        text=who.text,
        new_text=who.new_text,
        message_id=reading.message.message_id if reading else "",
        proof=who.proof.value,
        attachments=reading.message.attachments if reading else (),
        remark=" ".join(part for part in (note, too_large(reading) if reading else "", own_remark) if part),
    )
    draft.apply(Append(entry, who.actor, why, clock))
    if reading:
        learn_ids(draft, reading, number)


def _join_copied(draft: Draft, who: Contribution, number: int) -> None:
    if who.reading is not None and who.proof is not Proof.CLAIMED:
        shown = (*who.reading.message.to, *who.reading.message.cc)
        copies.join(draft, number, shown, who.actor, "copied by a proven mail")


def _answer_at(draft: Draft, who: Contribution, number: int) -> None:
    """Answers go where a proven mail asks for them, until the next one asks for something else."""
    participant = draft.ticket(number).participant(who.sender)
    if who.reading is None or who.proof is Proof.CLAIMED or participant is None:
        return
    if who.sender != who.reading.sender:
        return  # the Reply-To of somebody who passes their mail on
    asked = [a.address for a in who.reading.message.reply_to if a.address and a.address != who.sender]
    usable = len(asked) == 1 and not is_desk(asked[0], draft.policy) and not draft.policy.agent_at(asked[0])
    wanted = asked[0] if usable else ""
    if participant.answer_at != wanted:
        draft.apply(AnswerAt(number, who.sender, wanted, who.actor, "Reply-To of a proven mail"))


def _apply_rules(draft: Draft, who: Contribution, number: int, opened: bool) -> None:
    results = rules.evaluate(draft.policy, "opened" if opened else "replied", who.leaves)
    draft.rules = tuple((r.rule.name, r.hit, r.because) for r in results)
    chosen, tags = rules.settings(results)
    by_field = {setting.field: setting for setting in chosen}
    if topic := by_field.pop("topic", None):
        set_topic(draft, number, topic.value, f"rule {topic.rule}", topic.because)
        suggested = draft.policy.topic(topic.value)
        if suggested and suggested.priority and "priority" not in by_field:
            _set(draft, number, "priority", suggested.priority, f"rule {topic.rule}", f"topic {topic.value}")
    for field in ("department", "priority"):
        if setting := by_field.get(field):
            _set(draft, number, field, setting.value, f"rule {setting.rule}", setting.because)
    if assignee := by_field.get("assignee"):
        assign(draft, number, assignee.value, f"rule {assignee.rule}", assignee.because)
    if new := tuple(t for t in tags if t.value not in draft.ticket(number).tags):
        value = (*draft.ticket(number).tags, *(t.value for t in new))
        _set(draft, number, "tag", value, f"rule {new[0].rule}", new[0].because)


def _set(draft: Draft, number: int, field: str, value: object, actor: str, why: str) -> None:
    if getattr(draft.ticket(number), "tags" if field == "tag" else field) != value:
        draft.apply(Set(number, field, value, draft.now, actor, why))


def _apply_form(draft: Draft, who: Contribution, number: int) -> None:
    """What a visitor chose in a form; rules that set the same come after it and win."""
    found = who.reading.behind if who.reading else None
    if found is None:
        return
    if found.topic:
        set_topic(draft, number, found.topic, who.actor, f"chosen in {found.through}")
    topic = draft.policy.topic(found.topic)
    if priority := found.priority or (topic.priority if topic else None):
        _set(draft, number, "priority", priority, who.actor, f"chosen in {found.through}")


def open_ticket(
    draft: Draft,
    who: Contribution,
    why: str,
    link: tuple[str, int] | None = None,
    remark: str = "",
    personal: bool = False,
) -> int:
    """A new ticket, routed by the rules; its requester is acknowledged and its agents are told.

    `personal` says that an agent sent it to their personal address.
    """
    number = draft.after.free_number(who.candidates)
    # What somebody takes down at the command line is no machine's mail.
    storm = who.reading is not None and telling.too_many(draft, who.sender, personal)
    waits = OF_ONE_SENDER if storm else ""
    ticket = Ticket(
        number=number,
        subject=frozen(who.subject),
        department=who.departments[0],
        opened_by=who.opened_by,
        source=who.source,
        participants=(Participant(who.sender, who.name, "requester"),),
        created=draft.now if who.at is None else who.at,
    )
    draft.apply(Open(ticket, who.actor, why))
    if link:
        draft.apply(Link(number, link[0], link[1], "maildesk", why))
    note = f"This may belong to #{link[1]}." if link and link[0] == "possibly" else remark
    if len(ticket.subject) == LETTERS:
        # Some write all they have to say into the subject.
        note = f"{note} Its whole subject: {' '.join(who.subject.split())[:2_000]}".strip()
    add_entry(draft, who, number, EntryKind.CUSTOMER, "wrote the first mail", note)
    _join_copied(draft, who, number)
    _answer_at(draft, who, number)
    _apply_form(draft, who, number)
    _apply_rules(draft, who, number, opened=True)
    _close_imported(draft, who, number)
    routed = draft.ticket(number).department != who.departments[0]
    others = () if routed else who.departments[1:]
    telling.acknowledge(draft, who.reading, number, draft.key, proven=who.proof is not Proof.CLAIMED)
    telling.tell_agents(draft, "new_ticket", number, draft.key, others, leave_out=(who.sender,), waits=waits)
    return number


def _close_imported(draft: Draft, who: Contribution, number: int) -> None:
    if who.reading and who.reading.evidence.imported == "closed":
        set_status(draft, number, Status.CLOSED, "maildesk", "imported as closed")


def is_over(draft: Draft, number: int) -> bool:
    """Whether a mail of an archive comes too late to move a ticket: it is done, or has gone on since."""
    ticket = draft.ticket(number)
    latest = max(at or 0 for at in (ticket.created, ticket.last_customer, ticket.last_agent))
    return ticket.status in (Status.RESOLVED, Status.CLOSED) or latest > draft.now


def reply(draft: Draft, who: Contribution, found: Match) -> tuple[Disposition, int]:
    """A participant writes on their ticket; after the reopen window that makes a linked follow-up."""
    assert found.ticket is not None
    ticket = draft.ticket(found.ticket)
    if who.reading and who.reading.evidence.imported and is_over(draft, ticket.number):
        draft.because("It was imported: it moves nothing.")
        add_entry(draft, who, ticket.number, EntryKind.CUSTOMER, "wrote again", clock=False)
        _join_copied(draft, who, ticket.number)
        return Disposition.REPLY, ticket.number
    filed = who.reading is not None and any(not file.inline for file in who.reading.message.attachments)
    people = (*(p.name for p in ticket.participants), *(agent.name for agent in draft.policy.agents))
    if not filed and thanks(who.new_text, people):
        draft.because("It only says thank you: it moves nothing.")
        add_entry(draft, who, ticket.number, EntryKind.CUSTOMER, "said thank you", clock=False)
        telling.tell_agents(draft, "customer_reply", ticket.number, draft.key, leave_out=(who.sender,))
        return Disposition.REPLY, ticket.number
    window = draft.policy.reopen_days * DAY
    # By when they wrote: that the mail was fetched late, or held, is no fault of theirs.
    at = draft.now if who.at is None else who.at
    if ticket.status is Status.CLOSED and ticket.closed is not None and at - ticket.closed > window:
        draft.because(
            f"#{ticket.number} was closed more than {draft.policy.reopen_days} days ago: a follow-up is opened."
        )
        number = open_ticket(draft, who, f"follow-up of #{ticket.number}", ("follow-up", ticket.number))
        return Disposition.NEW_TICKET, number
    add_entry(draft, who, ticket.number, EntryKind.CUSTOMER, "wrote again")
    _join_copied(draft, who, ticket.number)
    _answer_at(draft, who, ticket.number)
    move(draft, ticket.number, Move.CUSTOMER_REPLY, who.actor)
    _apply_rules(draft, who, ticket.number, opened=False)
    telling.tell_agents(draft, "customer_reply", ticket.number, draft.key, leave_out=(who.sender,))
    return Disposition.REPLY, ticket.number
