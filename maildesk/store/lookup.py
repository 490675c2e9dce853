"""Look-ups of the command line: rows by the start of their key, and how the desk stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table, func, select

from maildesk.store import schema
from maildesk.store.nodes import is_alive

MANY = 6


def inbox_keys(conn: Connection, start: str, state: str = "") -> list[str]:
    """The keys of the mails that came which begin so; six at most, none for an empty start."""
    return _keys(conn, schema.inbox, schema.inbox.c.key, start, state)


def outbox_keys(conn: Connection, start: str, state: str = "") -> list[str]:
    """The once-keys of the outgoing mails which begin so; six at most, none for an empty start."""
    return _keys(conn, schema.outbox, schema.outbox.c.once, start, state)


def _keys(conn: Connection, table: Table, column: Column[str], start: str, state: str) -> list[str]:
    if not start:
        return []
    query = select(column).where(column.startswith(start, autoescape=True)).order_by(column).limit(MANY)
    return list(conn.execute(query.where(table.c.state == state) if state else query).scalars())


def causes(conn: Connection, message_id: str) -> list[str]:
    """The keys of the mails from which those of ours with this Message-ID, or start of a once-key, follow."""
    clean, outbox = message_id.strip().strip("<>"), schema.outbox
    ours = (outbox.c.message_id == clean) | outbox.c.once.startswith(clean, autoescape=True)
    return list(dict.fromkeys(conn.execute(select(outbox.c.cause).where(ours).limit(MANY)).scalars()))


def oldest_undecided(conn: Connection) -> int | None:
    """When the oldest mail came that still waits for its decision; None if none waits."""
    oldest = select(func.min(schema.inbox.c.received)).where(schema.INBOX_OPEN)
    found: int | None = conn.execute(oldest).scalar_one()
    return found


def unsent(conn: Connection) -> dict[str, Any]:
    """The mails that wait to go out: how many, since when, when the next is due, and the trouble of the newest."""
    outbox = schema.outbox
    row = conn.execute(
        select(
            func.count().label("n"),
            func.min(outbox.c.at).label("at"),
            func.min(outbox.c.not_before).label("due"),
        )
        .select_from(outbox)
        .where(schema.OUTBOX_OPEN)
    ).one()
    trouble = conn.execute(
        select(outbox.c.trouble)
        .where(schema.OUTBOX_OPEN, outbox.c.trouble.is_not(None))
        .order_by(outbox.c.id.desc())
        .limit(1)
    ).scalar()
    return {"count": row.n, "oldest": row.at, "next": row.due or 0, "trouble": trouble}


def nodes(conn: Connection, now: int) -> list[dict[str, Any]]:
    """The processes that have taken mail or may take it; `now` is the clock that nodes live by."""
    found = conn.execute(select(schema.node).order_by(schema.node.c.id))
    return [{"id": n.id, "name": n.name, "until": n.until, "alive": is_alive(n, now)} for n in found]
