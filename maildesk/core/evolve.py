"""Evolve: the only interpreter of changes. What a decision has brought about so far is what it goes on from."""

from __future__ import annotations

from dataclasses import replace

from maildesk.core.changes import (
    OF_ONE_SENDER,
    AnswerAt,
    Append,
    Burn,
    Change,
    Join,
    Learn,
    Link,
    Mark,
    Notice,
    Notify,
    Open,
    Release,
    Remember,
    Renew,
    Set,
    Snapshot,
    Stop,
    Supersede,
    Unreached,
    Wait,
)
from maildesk.core.model import Disposition, Entry, EntryKind, Status, Ticket
from maildesk.core.notices import BY_NAME


def _with_ticket(snapshot: Snapshot, ticket: Ticket) -> Snapshot:
    return replace(snapshot, tickets={**snapshot.tickets, ticket.number: ticket})


def _appended(ticket: Ticket, entry: Entry) -> Ticket:
    # What is decided late, because it was held or read late, is not the last word.
    at, customer, agent = entry.at, ticket.last_customer or 0, ticket.last_agent or 0
    if entry.kind is EntryKind.CUSTOMER:
        return replace(ticket, last_customer=max(at, customer), answered=ticket.answered and agent > at)
    if entry.kind is EntryKind.AGENT_REPLY:
        first, answered = ticket.first_response or at, ticket.answered or at >= customer
        return replace(ticket, last_agent=max(at, agent), first_response=first, answered=answered)
    return ticket


def _stopped(ticket: Ticket, change: Stop) -> Ticket:
    if not change.entry:
        return ticket
    # An answer after the customer's last word, beside the one that was stopped, still is one.
    still = ticket.answered and (change.last_agent or 0) > (ticket.last_customer or 0)
    return replace(ticket, first_response=change.first_response, last_agent=change.last_agent, answered=still)


def _set(ticket: Ticket, change: Set) -> Ticket:
    match change.name:
        case "status":
            status = Status(str(change.value))
            return replace(
                ticket,
                status=status,
                resolved=change.at if status is Status.RESOLVED else ticket.resolved,
                closed=change.at if status is Status.CLOSED else ticket.closed,
            )
        case "tag":
            assert isinstance(change.value, tuple)
            return replace(ticket, tags=change.value)
        case "priority" | "topic" | "department" | "assignee":
            return replace(ticket, **{change.name: change.value})  # type: ignore[arg-type]
        case _:
            raise ValueError(f"no field is called {change.name!r}")


def _no_longer_held(snapshot: Snapshot, key: str) -> Snapshot:
    """No confirmation releases this mail any more."""
    if not any(one.key == key for asked in snapshot.asked.values() for one in asked.mails):
        return snapshot
    found = {
        name: replace(asked, mails=tuple(replace(m, is_held=m.is_held and m.key != key) for m in asked.mails))
        for name, asked in snapshot.asked.items()
    }
    return replace(snapshot, asked=found)


def _without(snapshot: Snapshot, key: str) -> dict[str, str]:
    return {mid: row for mid, row in snapshot.pending.items() if row != key}


def _counted(snapshot: Snapshot, notice: Notice) -> Snapshot:
    key = (notice.kind, notice.to)
    times = (*snapshot.notice_times.get(key, ()), notice.at)
    snapshot = replace(snapshot, notice_times={**snapshot.notice_times, key: times})
    if notice.ticket is not None and BY_NAME[notice.kind].automatic:
        about = (notice.ticket, notice.to)
        hour, day = snapshot.ticket_mails.get(about, (0, 0))
        snapshot = replace(snapshot, ticket_mails={**snapshot.ticket_mails, about: (hour + 1, day + 1)})
    if BY_NAME[notice.kind].audience == "agent" and notice.waits != OF_ONE_SENDER:
        snapshot = replace(
            snapshot, agent_mails={**snapshot.agent_mails, key: snapshot.agent_mails.get(key, 0) + 1}
        )
    if notice.kind == "unreachable" and notice.ticket is not None:
        told = snapshot.told_unreached | {(notice.ticket, notice.to)}
        return replace(snapshot, told_unreached=told)
    if notice.kind != "acknowledgment":
        return snapshot
    domain = notice.to.rpartition("@")[2]
    return replace(
        snapshot,
        domain_acks={**snapshot.domain_acks, domain: snapshot.domain_acks.get(domain, 0) + 1},
        unproven_acks=snapshot.unproven_acks + (notice.unproven and not notice.waits),
    )


def evolve(snapshot: Snapshot, change: Change) -> Snapshot:
    """The snapshot after one change. Raises KeyError for a ticket that was not loaded."""
    match change:
        case Open(ticket=ticket):
            who = ticket.requester.address
            opened = {**snapshot.opened, who: (*snapshot.opened.get(who, ()), ticket.created)}
            return _with_ticket(replace(snapshot, opened=opened), ticket)
        case Append(entry=entry, clock=clock):
            ticket = snapshot.tickets[entry.ticket]
            return _with_ticket(snapshot, _appended(ticket, entry) if clock else ticket)
        case Set():
            return _with_ticket(snapshot, _set(snapshot.tickets[change.number], change))
        case Join():
            ticket = snapshot.tickets[change.number]
            return _with_ticket(
                snapshot, replace(ticket, participants=(*ticket.participants, change.participant))
            )
        case AnswerAt(address=address, to=to):
            ticket = snapshot.tickets[change.number]
            people = tuple(
                replace(p, answer_at=to) if p.address == address else p for p in ticket.participants
            )
            return _with_ticket(snapshot, replace(ticket, participants=people))
        case Link():
            ticket = snapshot.tickets[change.number]
            return _with_ticket(snapshot, replace(ticket, links=(*ticket.links, (change.kind, change.other))))
        case Burn(person=person, kind=kind):
            ticket = snapshot.tickets[change.number]
            kept = tuple(g for g in ticket.generations if g[:2] != (person, kind))
            burnt = (person, kind, ticket.generation(person, kind) + 1)
            return _with_ticket(snapshot, replace(ticket, generations=(*kept, burnt)))
        case Unreached():
            return snapshot
        case Stop():
            return _with_ticket(snapshot, _stopped(snapshot.tickets[change.number], change))
        case Mark(address=address, why=why):
            reachable = snapshot.unreachable - {address}
            return replace(snapshot, unreachable=reachable | {address} if why else reachable)
        case Learn(mid=mid, ref=ref):
            known = snapshot.mids.get(mid, ())
            return replace(snapshot, mids={**snapshot.mids, mid: known if ref in known else (*known, ref)})
        case Remember(seen=seen):
            found = dict(snapshot.seen)
            for key in (seen.mid, seen.sha256):
                if key:
                    others = tuple(s for s in found.get(key, ()) if s.key != seen.key)
                    found[key] = (*others, seen)
            return replace(snapshot, seen=found, pending=_without(snapshot, seen.key))
        case Supersede(key=key):
            found = {
                look_up: tuple(
                    replace(s, disposition=Disposition.DUPLICATE.value) if s.key == key else s for s in known
                )
                for look_up, known in snapshot.seen.items()
            }
            return _no_longer_held(replace(snapshot, seen=found), key)
        case Release(key=key):
            return _no_longer_held(snapshot, key)
        case Renew(agent=agent, generation=generation):
            return replace(snapshot, personal={**snapshot.personal, agent: generation})
        case Wait(key=key):
            return replace(snapshot, pending=_without(snapshot, key))
        case Notify(notice=notice):
            return _counted(snapshot, notice)
