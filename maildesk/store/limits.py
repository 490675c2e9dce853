"""Limits: what the limits of automatic mail count, as a decision needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, func, or_, select

from maildesk.core.changes import OF_ONE_SENDER
from maildesk.core.matching import Wanted
from maildesk.core.model import DAY, HOUR
from maildesk.core.notices import KINDS
from maildesk.core.policy import MOST_TICKETS
from maildesk.store.arms import newest
from maildesk.store.db import among
from maildesk.store.schema import outbox, participant, ticket

LIMITED = ("acknowledgment", "held", "error")
AUTOMATIC = tuple(kind.name for kind in KINDS if kind.automatic)
TO_AGENTS = tuple(kind.name for kind in KINDS if kind.audience == "agent")


def load(conn: Connection, wanted: Wanted, numbers: Iterable[int], now: int) -> dict[str, Any]:
    """The fields of a snapshot that count mails and tickets of the last hour and day; `numbers` are its tickets."""
    recent = and_(outbox.c.kind == "acknowledgment", outbox.c.at > now - HOUR)
    domains = {a.rpartition("@")[2] for a in wanted.addresses}
    counts = select(outbox.c.domain, func.count().label("n")).where(recent).group_by(outbox.c.domain)
    counted = among(conn, counts, outbox.c.domain, domains)
    unproven = conn.execute(
        select(func.count()).select_from(outbox).where(recent, outbox.c.unproven, outbox.c.state != "waiting")
    )
    return {
        "ticket_mails": _ticket_mails(conn, numbers, now),
        "agent_mails": _agent_mails(conn, wanted, now),
        "opened": _opened(conn, wanted, now),
        "told_unreached": _told_unreached(conn, numbers, now),
        "notice_times": _notice_times(conn, wanted, now),
        "domain_acks": {row.domain: row.n for row in counted},
        "unproven_acks": unproven.scalar_one(),
    }


def _ticket_mails(
    conn: Connection, numbers: Iterable[int], now: int
) -> dict[tuple[int, str], tuple[int, int]]:
    of_the_hour = func.sum(case((outbox.c.at > now - HOUR, 1), else_=0)).label("hour")
    counted = (
        select(outbox.c.ticket, outbox.c.to, of_the_hour, func.count().label("day"))
        .where(outbox.c.at > now - DAY, outbox.c.kind.in_(AUTOMATIC))
        .group_by(outbox.c.ticket, outbox.c.to)
    )
    found = among(conn, counted, outbox.c.ticket, numbers)
    return {(row.ticket, row.to): (row.hour, row.day) for row in found}


def _agent_mails(conn: Connection, wanted: Wanted, now: int) -> dict[tuple[str, str], int]:
    """What waits to be released counts, too: so a storm that goes on sends nothing more, and comes to rest.

    What waits because of its sender does not: else one machine would keep agents from hearing of all others.
    """
    others = or_(outbox.c.state != "waiting", func.coalesce(outbox.c.trouble, "") != OF_ONE_SENDER)
    counted = (
        select(outbox.c.kind, outbox.c.to, func.count().label("n"))
        .where(outbox.c.kind.in_(TO_AGENTS), outbox.c.at > now - HOUR, others)
        .group_by(outbox.c.kind, outbox.c.to)
    )
    return {(row.kind, row.to): row.n for row in among(conn, counted, outbox.c.to, wanted.agents)}


def _opened(conn: Connection, wanted: Wanted, now: int) -> dict[str, tuple[int, ...]]:
    """Also of those who name no address, whose tickets count together."""
    found: dict[str, list[int]] = defaultdict(list)
    asked = [{"who": address, "since": now - DAY} for address in sorted({"", *wanted.addresses})]
    for row in {row.number: row for row in newest(conn, _of_requester, asked)}.values():
        found[row.address].append(row.created)
    return {address: tuple(times) for address, times in found.items()}


def _of_requester(n: int) -> Select[Any]:
    # Cut before the join: somebody may have opened a hundred thousand over the years.
    mine = and_(participant.c.address == bindparam(f"who{n}"), participant.c.role == "requester")
    last = select(participant.c.address, participant.c.ticket).where(mine)
    last_ = last.order_by(participant.c.id.desc()).limit(MOST_TICKETS).subquery()
    return (
        select(last_.c.address, ticket.c.number, ticket.c.created)
        .join(ticket, ticket.c.number == last_.c.ticket)
        .where(ticket.c.created > bindparam(f"since{n}"))
    )


def _told_unreached(conn: Connection, numbers: Iterable[int], now: int) -> frozenset[tuple[int, str]]:
    told = select(outbox.c.ticket, outbox.c.to).where(outbox.c.kind == "unreachable", outbox.c.at > now - DAY)
    return frozenset((row.ticket, row.to) for row in among(conn, told, outbox.c.ticket, numbers))


def _notice_times(conn: Connection, wanted: Wanted, now: int) -> dict[tuple[str, str], tuple[int, ...]]:
    times: dict[tuple[str, str], tuple[int, ...]] = {}
    query = (
        select(outbox.c.kind, outbox.c.to, outbox.c.at)
        .where(outbox.c.kind.in_(LIMITED), outbox.c.at > now - DAY)
        .order_by(outbox.c.at)
    )
    for row in among(conn, query, outbox.c.to, wanted.addresses):
        times[row.kind, row.to] = (*times.get((row.kind, row.to), ()), row.at)
    return times
