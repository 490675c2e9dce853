"""Waiting: automatic mails beyond a limit. The operator releases them, or they come too late.

They are acknowledgments to unproven senders, and mails that tell agents of tickets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from maildesk.core.model import DAY
from maildesk.store import control
from maildesk.store.limits import TO_AGENTS
from maildesk.store.schema import outbox, participant

CUSTOMERS, AGENTS = "customers", "agents"
WHOM: Mapping[str, Sequence[str]] = {
    CUSTOMERS: ("acknowledgment",),
    AGENTS: TO_AGENTS,
}
"""To whom mails wait, with the kinds of mail that they are."""
LATE: Mapping[str, int] = {CUSTOMERS: control.LATE, AGENTS: 3 * DAY}
"""So long they wait: an acknowledgment is of no use then, and agents are told of tickets even after a weekend."""


def _since(to: str, at: int) -> Any:
    return and_(outbox.c.kind.in_(WHOM[to]), outbox.c.at > at, outbox.c.state == "waiting")


def count(conn: Connection, to: str, now: int) -> int:
    """How many wait and are not too late."""
    return int(
        conn.execute(select(func.count()).select_from(outbox).where(_since(to, now - LATE[to]))).scalar_one()
    )


def most(conn: Connection, now: int) -> tuple[str, int]:
    """On whose tickets the most of the mails to agents are that wait, and how many; ("", 0) if none is on a ticket."""
    counted = (
        select(participant.c.address, func.count().label("n"))
        .join(outbox, outbox.c.ticket == participant.c.ticket)
        .where(_since(AGENTS, now - LATE[AGENTS]), participant.c.role == "requester")
        .group_by(participant.c.address)
        .order_by(func.count().desc(), participant.c.address)
        .limit(1)
    )
    row = conn.execute(counted).first()
    return (row.address, row.n) if row else ("", 0)


def release(conn: Connection, to: Iterable[str], now: int) -> int:
    """Lets go out what waits; how many mails."""
    return sum(
        conn.execute(
            update(outbox)
            .where(_since(one, now - LATE[one]))
            .values(state="todo", not_before=now, trouble=None)
        ).rowcount
        for one in to
    )


def expire(conn: Connection, now: int, since: int) -> int:
    """Records what nobody released in time as too late; how many mails.

    It is looked for among those that came to be too late after `since`, 0 for all: this runs every minute.
    """
    return sum(
        conn.execute(
            update(outbox)
            .where(_since(to, since - late), outbox.c.at <= now - late)
            .values(state="late", trouble=f"It waited for more than {late // DAY} d, and nobody released it.")
        ).rowcount
        for to, late in LATE.items()
    )
