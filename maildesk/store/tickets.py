"""Tickets: loading what a decision needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Connection,
    and_,
    exists,
    func,
    or_,
    select,
    union_all,
)

from maildesk.core.changes import (
    Snapshot,
)
from maildesk.core.identity import Keys
from maildesk.core.matching import Wanted
from maildesk.core.model import DAY, HOUR, MidRef, Participant, Seen, Status, Ticket
from maildesk.core.notices import KINDS
from maildesk.store.inbox import OPEN
from maildesk.store.schema import (
    INBOX_OPEN,
    alias,
    generation,
    inbox,
    link,
    mid,
    outbox,
    participant,
    tag,
    ticket,
)

REFS = 20
LIMITED = ("acknowledgment", "held", "error")
AUTOMATIC = tuple(kind.name for kind in KINDS if kind.automatic)
FIELDS = tuple(c.name for c in ticket.c if c.name not in ("number", "status"))


def tickets(conn: Connection, numbers: Iterable[int]) -> dict[int, Ticket]:
    """The tickets of these numbers, whole."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    rows = conn.execute(select(ticket).where(ticket.c.number.in_(wanted))).all()
    if not rows:
        return {}
    people: dict[int, list[Participant]] = defaultdict(list)
    for p in conn.execute(
        select(participant).where(participant.c.ticket.in_(wanted)).order_by(participant.c.id)
    ):
        people[p.ticket].append(Participant(p.address, p.name, p.role, p.answer_at))
    tags: dict[int, list[str]] = defaultdict(list)
    for t in conn.execute(select(tag).where(tag.c.ticket.in_(wanted)).order_by(tag.c.position)):
        tags[t.ticket].append(t.tag)
    links: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for li in conn.execute(select(link).where(link.c.ticket.in_(wanted)).order_by(link.c.id)):
        links[li.ticket].append((li.kind, li.other))
    burnt: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for g in conn.execute(select(generation).where(generation.c.ticket.in_(wanted))):
        burnt[g.ticket].append((g.person, g.kind, g.generation))
    return {
        row.number: Ticket(
            number=row.number,
            status=Status(row.status),
            participants=tuple(people[row.number]),
            tags=tuple(tags[row.number]),
            links=tuple(links[row.number]),
            generations=tuple(sorted(burnt[row.number])),
            **{name: row._mapping[name] for name in FIELDS},
        )
        for row in rows
    }


def load(conn: Connection, wanted: Wanted, keys: Keys, now: int) -> Snapshot:
    """The snapshot for a batch of decisions, in two hops: keys to tickets, tickets to what belongs to them."""
    numbers = wanted.numbers | wanted.candidates
    aliases = (
        {
            row.number: row.ticket
            for row in conn.execute(select(alias).where(alias.c.number.in_(sorted(numbers))))
        }
        if numbers
        else {}
    )
    taken = set(aliases)
    if wanted.candidates:
        known = select(ticket.c.number).where(ticket.c.number.in_(sorted(wanted.candidates)))
        taken |= {row.number for row in conn.execute(known)}
    mids: dict[str, tuple[MidRef, ...]] = {}
    if wanted.mids:
        rows = conn.execute(
            # What a mail cites is found on tickets that have it or sent it; who cites it is asked of its own id alone.
            select(mid)
            .where(
                or_(
                    and_(mid.c.hash.in_(sorted(wanted.mids)), mid.c.role != "cited"),
                    and_(mid.c.hash.in_(sorted(wanted.own)), mid.c.role == "cited"),
                )
            )
            .order_by(mid.c.ticket, mid.c.role)
        )
        for row in rows:
            refs = mids.get(row.hash, ())
            # An id that many tickets know (a newsletter's, a machine's only one) must not load them all.
            if len(refs) < REFS:
                mids[row.hash] = (*refs, MidRef(row.ticket, row.role, row.person))
    referred = {ref.ticket for refs in mids.values() for ref in refs}
    found = tickets(conn, wanted.numbers | set(aliases.values()) | referred)
    return Snapshot(
        keys=keys,
        tickets=found,
        taken=frozenset(taken),
        aliases=aliases,
        mids=mids,
        seen=_seen(conn, wanted),
        pending=_pending(conn, wanted),
        ticket_mails=_ticket_mails(conn, found, now),
        told_unreached=_told_unreached(conn, found, now),
        **_limits(conn, wanted, now),
    )


def _seen(conn: Connection, wanted: Wanted) -> dict[str, tuple[Seen, ...]]:
    if not wanted.seen:
        return {}
    columns = (
        inbox.c.key,
        inbox.c.mid,
        inbox.c.sha256,
        inbox.c.sender,
        inbox.c.lines,
        inbox.c.attachments,
        inbox.c.received,
        inbox.c.disposition,
        inbox.c.ticket,
        inbox.c.id,
    )
    keys = sorted(wanted.seen)
    rows = conn.execute(
        union_all(
            select(*columns).where(inbox.c.state == "done", inbox.c.mid.in_(keys)),
            select(*columns).where(inbox.c.state == "done", inbox.c.mid == "", inbox.c.sha256.in_(keys)),
        ).order_by("id")
    )
    found: dict[str, tuple[Seen, ...]] = {}
    for row in rows:
        seen = Seen(
            key=row.key,
            mid=row.mid,
            sha256=row.sha256,
            sender=row.sender,
            lines=tuple(row.lines.split()),
            attachments=tuple(row.attachments.split()),
            received=row.received,
            disposition=row.disposition,
            ticket=row.ticket,
        )
        key = row.mid or row.sha256
        found[key] = (*found.get(key, ()), seen)
    return found


def _pending(conn: Connection, wanted: Wanted) -> dict[str, str]:
    if not wanted.mids:
        return {}
    other = inbox.alias()
    waiting = and_(
        inbox.c.waits_for.is_not(None),
        exists().where(other.c.key == inbox.c.waits_for, other.c.state.in_(OPEN)),
    )
    rows = conn.execute(
        select(inbox.c.mid, inbox.c.key)
        .where(INBOX_OPEN, inbox.c.mid.in_(sorted(wanted.mids)), ~waiting)
        .order_by(inbox.c.id.desc())
    )
    return {row.mid: row.key for row in rows}


def _ticket_mails(conn: Connection, numbers: Iterable[int], now: int) -> dict[tuple[int, str], int]:
    wanted = sorted(numbers)
    if not wanted:
        return {}
    counted = conn.execute(
        select(outbox.c.ticket, outbox.c.to, func.count().label("n"))
        .where(outbox.c.ticket.in_(wanted), outbox.c.at > now - HOUR, outbox.c.kind.in_(AUTOMATIC))
        .group_by(outbox.c.ticket, outbox.c.to)
    )
    return {(row.ticket, row.to): row.n for row in counted}


def _told_unreached(conn: Connection, numbers: Iterable[int], now: int) -> frozenset[tuple[int, str]]:
    wanted = sorted(numbers)
    if not wanted:
        return frozenset()
    rows = conn.execute(
        select(outbox.c.ticket, outbox.c.to).where(
            outbox.c.ticket.in_(wanted), outbox.c.kind == "unreachable", outbox.c.at > now - DAY
        )
    )
    return frozenset((row.ticket, row.to) for row in rows)


def _limits(conn: Connection, wanted: Wanted, now: int) -> dict[str, Any]:
    addresses = sorted(wanted.addresses)
    times: dict[tuple[str, str], tuple[int, ...]] = {}
    rows = conn.execute(
        select(outbox.c.kind, outbox.c.to, outbox.c.at)
        .where(outbox.c.kind.in_(LIMITED), outbox.c.to.in_(addresses), outbox.c.at > now - DAY)
        .order_by(outbox.c.at)
    )
    for row in rows:
        times[row.kind, row.to] = (*times.get((row.kind, row.to), ()), row.at)
    recent = and_(outbox.c.kind == "acknowledgment", outbox.c.at > now - HOUR)
    domains = sorted({a.rpartition("@")[2] for a in addresses})
    counted = conn.execute(
        select(outbox.c.domain, func.count().label("n"))
        .where(recent, outbox.c.domain.in_(domains))
        .group_by(outbox.c.domain)
    )
    unproven = conn.execute(select(func.count()).select_from(outbox).where(recent, outbox.c.unproven))
    return {
        "notice_times": times,
        "domain_acks": {row.domain: row.n for row in counted},
        "unproven_acks": unproven.scalar_one(),
    }
