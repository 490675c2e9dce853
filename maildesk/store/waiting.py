"""Waiting: acknowledgments beyond the limit to unproven senders. The operator releases them, or they come too late."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, select, update

from maildesk.store.control import LATE
from maildesk.store.schema import outbox


def _since(at: int) -> Any:
    return and_(outbox.c.kind == "acknowledgment", outbox.c.at > at, outbox.c.state == "waiting")


def count(conn: Connection, now: int) -> int:
    """How many wait and are not too late."""
    return int(conn.execute(select(func.count()).select_from(outbox).where(_since(now - LATE))).scalar_one())


def release(conn: Connection, now: int) -> int:
    """Lets go out what waits; how many mails."""
    done = conn.execute(update(outbox).where(_since(now - LATE)).values(state="todo", not_before=now))
    return int(done.rowcount)


def expire(conn: Connection, now: int) -> int:
    """Records what nobody released within a day as too late; how many mails."""
    # Looked for among two days, so that the index of times is used: this runs every minute.
    gone = and_(_since(now - 2 * LATE), outbox.c.at <= now - LATE)
    trouble = "It waited for more than a day, and nobody released it."
    return int(conn.execute(update(outbox).where(gone).values(state="late", trouble=trouble)).rowcount)
