"""THE decision: what a mail, a request, a reminder, or a mail of ours that was stopped brings about.

Data in, `Decision` out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from maildesk.core import (
    acting,
    aliases,
    by_hand,
    commands,
    held,
    identity,
    imported,
    parking,
    personal,
    probe,
    requesting,
    rules,
    same,
    stopped,
    telling,
    undelivered,
)
from maildesk.core.changes import Burn, Decision, Mark, Remember, Snapshot, Supersede, Wait
from maildesk.core.commands import Parsed
from maildesk.core.draft import Draft, sentence
from maildesk.core.held import Reminder
from maildesk.core.matching import Match, another_matter, cites_ours, match
from maildesk.core.model import SECOND, Disposition, EntryKind, Proof
from maildesk.core.personal import Welcome
from maildesk.core.policy import Agent, Policy
from maildesk.core.proof import Standing, assess, exposed
from maildesk.core.reading import Reading
from maildesk.core.stopped import Stopped
from maildesk.core.undelivered import Delivery

WAIT = 600 * SECOND
UNCLEAR = (
    "It answers a mail that the desk does not know, perhaps one for colleagues alone, so nothing was sent. Send it"
    " again with #note on a line of its own to keep it internal, or with #public for the customer."
)
NO_TICKET = (
    "It has commands, but names no ticket. Answer a mail of the ticket; or leave the commands out, and a new ticket is"
    " opened."
)
NO_TEXT = "No new text was found in it, so nothing was sent. Write above the quoted mail."


class Refused(Exception):
    """A request that cannot be carried out; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail that came. `key` is its row's key, `received` the server's time, `accepted` ours if that is later."""

    key: str
    received: int
    reading: Reading
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for at the command line: commands and a text on a ticket, or a new ticket (None)."""

    key: str
    actor: str
    agent: Agent | None
    ticket: int | None
    lines: tuple[str, ...] = ()
    text: str = ""
    internal: bool = False
    requester: str = ""
    requester_name: str = ""
    subject: str = ""


Cause = Arrival | Request | Stopped | Delivery | Reminder | Welcome


def decide(cause: Cause, snapshot: Snapshot, policy: Policy, now: int) -> Decision:
    """Decides a cause on what was loaded for it. Raises Refused for a request that cannot be carried out."""
    draft = Draft(cause.key, snapshot, policy, now)
    match cause:
        case Arrival():
            return _mail(cause, snapshot, policy, now)
        case Request():
            return _request(draft, cause)
        case Stopped():
            return stopped.decided(draft, cause)
        case Delivery():
            return undelivered.decided(draft, cause)
        case Welcome():
            return personal.welcomed(draft, cause)
        case Reminder():
            return held.reminded(draft, cause)


def _mail(cause: Arrival, snapshot: Snapshot, policy: Policy, now: int) -> Decision:
    history = bool(cause.reading.evidence.imported)
    # What comes again is decided as of when it came. An import is told of as it was, and nobody hears of it now.
    then = min(now, cause.received) if history or cause.reading.evidence.replayed else now
    draft = Draft(cause.key, snapshot, policy, then, silent=history)
    if cause.reading.evidence.replayed:
        draft.because("It came before the desk was restored from a backup, and is decided as of then.")
    if (waits_for := _waits(cause, draft)) and now - max(cause.received, cause.accepted) < WAIT:
        draft.because("It answers a mail that is not decided yet, and waits for it.")
        draft.apply(Wait(cause.key))
        return draft.done(None, waits_for=waits_for)
    standing = assess(cause.reading, snapshot, policy)
    draft.proof = standing.proof
    if standing.sender in draft.after.unreachable:
        draft.apply(Mark(standing.sender, now, ""))
    disposition, ticket = _arrival(draft, cause, standing)
    draft.apply(Remember(same.remembered(cause.reading, cause.key, cause.received, disposition, ticket)))
    return draft.done(disposition, ticket)


def _waits(cause: Arrival, draft: Draft) -> str:
    for mid in cause.reading.cited:
        key = draft.after.pending.get(identity.mid_hash(mid), "")
        if key and key != cause.key:
            return key
    return ""


def _arrival(draft: Draft, cause: Arrival, standing: Standing) -> tuple[Disposition, int | None]:
    reading, keys = cause.reading, draft.after.keys
    message = reading.message
    if why := probe.why(reading, draft.after.keys):
        draft.because(why)
        return Disposition.IGNORED, None
    if aliases.ours(draft, reading):
        draft.because("It is a mail of this desk that came back.")
        return Disposition.DUPLICATE, None
    old, why = same.earlier(reading, draft.after, cause.key, cause.received, standing.proof)
    if old:
        draft.because(sentence(why))
        draft.because(f"It came first as mail {old.key}.")
        return Disposition.DUPLICATE, old.ticket
    if why := parking.parked(reading.evidence):
        draft.because(why)
        return Disposition.HELD, None
    for weaker in same.superseded(reading, draft.after, cause.key, cause.received):
        draft.apply(Supersede(weaker.key, "a copy with better proof was decided"))
    if (confirmed := held.answered(draft, reading, standing)) is not None:
        return confirmed
    personal.burn(draft, reading, standing)
    found = match(reading, standing, draft.after)
    if not found.ticket:
        found = _first_copy(draft, cause, standing) or found
    draft.match = found.how
    draft.because(sentence(found.why))
    copy = by_hand.is_copy(draft, reading, standing, found)
    if copy and not parking.vouched(reading):
        draft.because(by_hand.COPY)
        return Disposition.HELD, found.ticket
    if reading.evidence.sent or (copy and found.ticket):
        return by_hand.written(draft, reading, standing, found, cause.received)
    if reading.kind.kind == "bounce" and reading.evidence.imported:
        draft.because("It was imported: it moves nothing.")
        return Disposition.BOUNCE, None
    if reading.kind.kind == "bounce":
        return Disposition.BOUNCE, undelivered.report(draft, reading, cause.received, standing, found)
    # What a machine writes by itself is a machine's answer where it answers us, or comes from another desk.
    ours = found.how in ("token", "return-path", "anchor") or cites_ours(reading, keys)
    participant = draft.ticket(found.ticket).participant(standing.sender) if found.ticket else None
    known = participant or standing.agent
    answered = ours or message.header(aliases.TRACE) or (found.how == "subject" and known)
    if reading.kind.kind == "auto-replied" or (answered and reading.kind.kind == "auto-generated"):
        return _automatic(draft, cause, standing, found)
    if reading.evidence.imported and not participant and imported.is_ours(standing, draft.policy):
        return imported.written(draft, reading, standing, found)
    if standing.agent and not participant:
        return _agent(draft, cause, standing, standing.agent, found)
    return _customer(draft, cause, standing, found)


def _first_copy(draft: Draft, cause: Arrival, standing: Standing) -> Match | None:
    old = same.shorter(cause.reading, draft.after, cause.key, cause.received)
    ticket = draft.after.ticket(old.ticket) if old and old.ticket else None
    # Anybody may have brought the first copy to a ticket of theirs: what an agent writes would go to them as an answer.
    if old is None or ticket is None or not ticket.participant(standing.sender):
        return None
    return Match(ticket.number, "same", f"a mail with its Message-ID and fewer lines is on #{ticket.number}")


def _automatic(
    draft: Draft, cause: Arrival, standing: Standing, found: Match
) -> tuple[Disposition, int | None]:
    draft.because(f"A machine wrote it: it is not answered and moves nothing. {cause.reading.kind.because}")
    ticket = draft.ticket(found.ticket) if found.ticket else None
    proven_agent = standing.agent is not None and standing.proof is not Proof.CLAIMED
    if ticket is None or not (ticket.participant(standing.sender) or proven_agent):
        return Disposition.AUTO_REPLY, None
    who = requesting.from_mail(cause.reading, standing, draft, cause.received)
    requesting.add_entry(draft, who, ticket.number, EntryKind.AUTO_REPLY, "a machine answered")
    return Disposition.AUTO_REPLY, ticket.number


def _agent(
    draft: Draft, cause: Arrival, standing: Standing, agent: Agent, found: Match
) -> tuple[Disposition, int | None]:
    reading = cause.reading
    released = parking.vouched(reading)
    draft.because(sentence(standing.why))
    if standing.proof is Proof.CLAIMED:
        if found.ticket or _has_command(reading) or held.answers_held(draft, reading, found):
            return held.hold(draft, reading, agent, found, standing)
        return _customer(draft, cause, standing, found)
    if found.ticket:
        # Before anything else: a mail that is returned or held has shown its token all the same.
        _burn(draft, reading, standing, found.ticket)
    if not released and another_matter(reading, found, draft.after):
        draft.because("It went to a reply address, but it answers none of our mails and has another subject.")
        return held.hold(draft, reading, agent, found, standing)
    if found.ticket is None and standing.personal:
        return personal.opened(draft, reading, standing, agent, cause.received)
    if found.ticket is None:
        if _has_command(reading):
            parsed = Parsed("", (), (NO_TICKET,))
            return telling.give_back(draft, reading, agent, None, parsed)
        return _customer(draft, cause, standing, found)
    parsed = commands.parse(reading.new_text, draft.policy)
    parsed = replace(parsed, errors=(*parsed.errors, *commands.strays(reading.cut)))
    if standing.others:
        named = ", ".join(f"#{number}" for number in (found.ticket, *standing.others))
        parsed = Parsed(
            "", (), (f"It was sent to the reply addresses of several tickets: {named}. Send it to one.",)
        )
    if not parsed.text and not parsed.effects and not parsed.errors and not _files(reading):
        parsed = Parsed("", (), (requesting.too_large(reading) or NO_TEXT,))
    own = standing.token if standing.whose == "own" else None
    noted = parsed.internal or commands.says_note(reading.message.text)
    unknown = own is None and _answers_unknown(draft, reading)
    if unknown and not noted and not parsed.public and not parsed.errors:
        parsed = Parsed("", (), (UNCLEAR,))
    if parsed.errors:
        return telling.give_back(draft, reading, agent, found.ticket, parsed)
    internal = own.kind == "internal" if own else _answers_internal(draft, reading)
    request = acting.Act(
        ticket=found.ticket,
        agent=agent,
        actor=agent.name,
        parsed=parsed,
        internal=(internal and not parsed.public) or commands.says_note(reading.message.text),
        text=reading.message.text,
        message_id=reading.message.message_id,
        proof=standing.proof,
        attachments=reading.message.attachments,
        copied=(*reading.message.to, *reading.message.cc),
    )
    disposition = acting.act(draft, request)
    # Nobody can say whether what it answers was for colleagues: the next answer to it is asked, too.
    note = disposition is Disposition.NOTE
    requesting.learn_ids(draft, reading, found.ticket, None if unknown else internal, note)
    return disposition, found.ticket


def _has_command(reading: Reading) -> bool:
    return commands.has_command(reading.new_text) or bool(commands.strays(reading.cut))


def _files(reading: Reading) -> bool:
    """Whether it brings a file; a logo in a signature is none."""
    return any(not file.inline for file in reading.message.attachments)


def _answers_unknown(draft: Draft, reading: Reading) -> bool:
    """Whether the desk does not know the mail that it answers: a relay may have renamed one of ours.

    That the desk knows earlier mails of the thread tells nothing of this one.
    """
    parent = identity.mid_hash(reading.cited[0]) if reading.cited else ""
    return bool(parent) and not any(ref.role != "cited" for ref in draft.after.mids.get(parent, ()))


def _answers_internal(draft: Draft, reading: Reading) -> bool:
    """Whether it answers a mail that was for colleagues only: then it is, too, whatever address it went to."""
    known = [draft.after.mids.get(identity.mid_hash(mid), ()) for mid in reading.cited]
    # Of notes only the one that it answers: an agent's thread with the customer has their own in it, too.
    note = any(ref.role == "own-internal" for refs in known[:1] for ref in refs)
    return note or any(ref.role == "sent-internal" for refs in known for ref in refs)


def _burn(draft: Draft, reading: Reading, standing: Standing, number: int) -> None:
    if standing.proof is not Proof.TOKEN or standing.token is None or standing.whose != "own":
        return
    known = frozenset(p.address for p in draft.ticket(number).participants)
    if shown := exposed(reading, draft.policy, known):
        why = f"shown to {', '.join(shown[:5])}"
        draft.apply(Burn(number, standing.person, standing.token.kind, "maildesk", why))
        draft.because(f"Its reply address was {why}: it proves nothing from now on.")


def _customer(
    draft: Draft, cause: Arrival, standing: Standing, found: Match
) -> tuple[Disposition, int | None]:
    reading = cause.reading
    who = requesting.from_mail(reading, standing, draft, cause.received)
    ticket = draft.ticket(found.ticket) if found.ticket else None
    if ticket and ticket.participant(standing.sender):
        _burn(draft, reading, standing, ticket.number)
    if ticket and another_matter(reading, found, draft.after):
        draft.because("It went to a reply address, but it answers none of our mails and has another subject.")
        kind = "related" if ticket.participant(standing.sender) else "possibly"
        return Disposition.NEW_TICKET, requesting.open_ticket(
            draft, who, "another matter", (kind, ticket.number)
        )
    if ticket and ticket.participant(standing.sender):
        return requesting.reply(draft, who, found)
    if ticket and found.how == "token" and standing.whose == "foreign":
        owner = _owner_name(draft, standing, ticket.number)
        note = f"{who.name} <{who.sender}> wrote this with {owner}'s reply address and takes no part in the ticket."
        draft.because(note)
        requesting.add_entry(
            draft, who, ticket.number, EntryKind.THIRD_PARTY, "wrote with another's reply address", note
        )
        telling.tell_agents(draft, "customer_reply", ticket.number, draft.key, leave_out=(who.sender,))
        return Disposition.THIRD_PARTY, ticket.number
    if ticket:
        draft.because(
            f"{standing.sender or 'The sender'} takes no part in #{ticket.number}: a new ticket is opened."
        )
        link = ("possibly", ticket.number)
        return Disposition.NEW_TICKET, requesting.open_ticket(draft, who, "a stranger's mail", link)
    return Disposition.NEW_TICKET, requesting.open_ticket(draft, who, "a new mail")


def _owner_name(draft: Draft, standing: Standing, number: int) -> str:
    assert standing.token is not None
    keys, ticket = draft.after.keys, draft.ticket(number)
    for participant in ticket.participants:
        person = identity.person_of_address(participant.address)
        if identity.person_ref(keys, person) == standing.token.person:
            return participant.name
    for agent in draft.policy.agents:
        if identity.person_ref(keys, identity.person_of_agent(agent.id)) == standing.token.person:
            return agent.name
    return "somebody"


def _request(draft: Draft, cause: Request) -> Decision:
    if cause.ticket is None:
        who = requesting.Contribution(
            sender=cause.requester,
            name=cause.requester_name or cause.requester,
            subject=cause.subject,
            text=cause.text,
            new_text=cause.text,
            proof=Proof.AUTHENTICATED,
            source="api",
            departments=(draft.policy.departments[0].name,),
            opened_by=draft.policy.address,
            candidates=identity.candidates(draft.after.keys, cause.key, cause.requester, "", draft.now),
            leaves=rules.leaves(
                draft.policy,
                {
                    "from_": (cause.requester,),
                    "to": (draft.policy.address,),
                    "subject": (cause.subject,),
                    "body": (cause.text,),
                },
            ),
        )
        number = requesting.open_ticket(draft, who, f"taken down by {cause.actor}")
        return draft.done(Disposition.NEW_TICKET, number)
    ticket = draft.after.ticket(cause.ticket)
    if ticket is None:
        raise Refused(f"there is no ticket #{cause.ticket}; `maildesk ticket list` shows those there are")
    lines = commands.parse("\n".join(cause.lines), draft.policy)
    if lines.errors:
        raise Refused(" ".join(lines.errors))
    parsed = Parsed(cause.text.strip(), lines.effects, ())
    act = acting.Act(ticket.number, cause.agent, cause.actor, parsed, cause.internal, cause.text)
    return draft.done(acting.act(draft, act), ticket.number)
