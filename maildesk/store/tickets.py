"""Tickets: loading what a decision needs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
)

from maildesk.core.changes import Snapshot
from maildesk.core.identity import Keys
from maildesk.core.matching import Wanted
from maildesk.core.model import Disposition, Mailed, MidRef, Participant, Seen, Status, Ticket
from maildesk.core.parking import parked
from maildesk.core.reading import Evidence
from maildesk.core.same import DATED
from maildesk.store import held, limits, personal
from maildesk.store.arms import newest
from maildesk.store.db import among, parts
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
    person,
    tag,
    ticket,
)

# Of what one Message-ID is known by. Senders that use one for all their mails must not load all of them each time.
REFS = 20
COPIES = 20
SEEN = (
    "id", "key", "mid", "sha256", "sender", "subject", "lines", "attachments", "received", "disposition", "ticket",
    "evidence",
)  # fmt: skip
FIELDS = tuple(c.name for c in ticket.c if c.name not in ("number", "status", "updated"))


def tickets(conn: Connection, numbers: Iterable[int]) -> dict[int, Ticket]:
    """The tickets of these numbers, whole."""
    rows = list(among(conn, select(ticket), ticket.c.number, numbers))
    known = [row.number for row in rows]
    people: dict[int, list[Participant]] = defaultdict(list)
    for p in among(conn, select(participant).order_by(participant.c.id), participant.c.ticket, known):
        people[p.ticket].append(Participant(p.address, p.name, p.role, p.answer_at))
    tags: dict[int, list[str]] = defaultdict(list)
    for t in among(conn, select(tag).order_by(tag.c.position), tag.c.ticket, known):
        tags[t.ticket].append(t.tag)
    links: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for li in among(conn, select(link).order_by(link.c.id), link.c.ticket, known):
        links[li.ticket].append((li.kind, li.other))
    burnt: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
    for g in among(conn, select(generation), generation.c.ticket, known):
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
    returns = _returns(conn, wanted)
    asked = wanted.numbers | {mailed.ticket for mailed in returns.values() if mailed.ticket is not None}
    numbers = asked | wanted.candidates
    aliases = {row.number: row.ticket for row in among(conn, select(alias), alias.c.number, numbers)}
    known = among(conn, select(ticket.c.number), ticket.c.number, wanted.candidates)
    taken = set(aliases) | {row.number for row in known}
    mids = _mids(conn, wanted)
    referred = {ref.ticket for refs in mids.values() for ref in refs}
    found = tickets(conn, asked | set(aliases.values()) | referred)
    return Snapshot(
        keys=keys,
        tickets=found,
        taken=frozenset(taken),
        aliases=aliases,
        mids=mids,
        seen=_seen(conn, wanted),
        pending=_pending(conn, wanted),
        returns=returns,
        asked=held.asked(conn, wanted),
        personal=personal.generations(conn) if wanted.personal else {},
        unreachable=_unreachable(conn, wanted, found.values(), returns.values()),
        **limits.load(conn, wanted, found, now),
    )


def _returns(conn: Connection, wanted: Wanted) -> dict[str, Mailed]:
    query = select(outbox.c.message_id, outbox.c.ticket, outbox.c.person, outbox.c.to)
    rows = among(conn, query, outbox.c.message_id, wanted.returns)
    return {row.message_id.partition("@")[0]: Mailed(row.ticket, row.person, row.to) for row in rows}


def _unreachable(
    conn: Connection, wanted: Wanted, loaded: Iterable[Ticket], returns: Iterable[Mailed]
) -> frozenset[str]:
    addresses = {a for one in loaded for p in one.participants for a in (p.address, p.answer_at) if a}
    addresses |= wanted.addresses | {mailed.to for mailed in returns}
    bad = select(person.c.address).where(person.c.bad_since.is_not(None))
    return frozenset(row.address for row in among(conn, bad, person.c.address, addresses))


def _mids(conn: Connection, wanted: Wanted) -> dict[str, tuple[MidRef, ...]]:
    mids: dict[str, tuple[MidRef, ...]] = {}
    # What a mail cites is found on tickets that have it or sent it; who cites it is asked of its own id alone.
    for hashes, role in ((wanted.mids, mid.c.role != "cited"), (wanted.own, mid.c.role == "cited")):
        nth = (
            func.row_number().over(partition_by=mid.c.hash, order_by=(mid.c.ticket, mid.c.role)).label("nth")
        )
        for part in parts(hashes):
            first = select(mid, nth).where(role, mid.c.hash.in_(part)).subquery("first")
            for row in conn.execute(select(first).where(first.c.nth <= REFS).order_by(first.c.nth)):
                mids[row.hash] = (*mids.get(row.hash, ()), MidRef(row.ticket, row.role, row.person))
    return mids


def _seen(conn: Connection, wanted: Wanted) -> dict[str, tuple[Seen, ...]]:
    named = [{"mid": copy.mid, "sender": copy.sender} for copy in sorted(wanted.seen) if copy.mid]
    unnamed = [
        {"sha256": copy.sha256, "since": copy.received - DATED, "until": copy.received + DATED}
        for copy in sorted(wanted.seen)
        if not copy.mid
    ]
    found: dict[str, tuple[Seen, ...]] = {}
    # The same row may be an earlier copy of two mails of the batch.
    rows = {row.id: row for row in (*newest(conn, _by_id, named), *newest(conn, _by_bytes, unnamed))}
    for _, row in sorted(rows.items()):
        evidence = Evidence(**json.loads(row.evidence))
        seen = Seen(
            key=row.key,
            mid=row.mid,
            sha256=row.sha256,
            sender=row.sender,
            subject=row.subject,
            lines=tuple(row.lines.split()),
            attachments=tuple(row.attachments.split()),
            received=row.received,
            disposition=row.disposition,
            ticket=row.ticket,
            parked=bool(parked(evidence)),
            sent=evidence.sent,
        )
        key = row.mid or row.sha256
        found[key] = (*found.get(key, ()), seen)
    return found


# The decided mails that one may repeat. Of duplicates nothing was carried out: they do not count.
_EARLIER = select(*(inbox.c[name] for name in SEEN)).where(
    inbox.c.state == "done", inbox.c.disposition != Disposition.DUPLICATE.value
)


def _by_id(n: int) -> Select[Any]:
    same = and_(inbox.c.mid == bindparam(f"mid{n}"), inbox.c.sender == bindparam(f"sender{n}"))
    return _EARLIER.where(same).order_by(inbox.c.id.desc()).limit(COPIES)


def _by_bytes(n: int) -> Select[Any]:
    same = and_(inbox.c.mid == "", inbox.c.sha256 == bindparam(f"sha256{n}"))
    near = inbox.c.received.between(bindparam(f"since{n}"), bindparam(f"until{n}"))
    return _EARLIER.where(same, near).order_by(inbox.c.received.desc(), inbox.c.id.desc()).limit(COPIES)


def _pending(conn: Connection, wanted: Wanted) -> dict[str, str]:
    other = inbox.alias()
    waiting = and_(
        inbox.c.waits_for.is_not(None),
        exists().where(other.c.key == inbox.c.waits_for, other.c.state.in_(OPEN)),
    )
    open_ = select(inbox.c.mid, inbox.c.key).where(INBOX_OPEN, ~waiting).order_by(inbox.c.id.desc())
    return {row.mid: row.key for row in among(conn, open_, inbox.c.mid, wanted.mids)}
