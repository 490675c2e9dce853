"""Look-ups of the command line: rows by the start of their key, and how the desk stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, case, func, select

from maildesk.core.model import Disposition, Status
from maildesk.core.probe import NAME as PROBE
from maildesk.store import schema
from maildesk.store.db import Database
from maildesk.store.nodes import CLI, is_alive

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
    taken = func.coalesce(schema.inbox.c.accepted, schema.inbox.c.received)
    oldest = select(func.min(taken)).where(schema.INBOX_OPEN)
    found: int | None = conn.execute(oldest).scalar_one()
    return found


def newest_arrival(conn: Connection) -> int | None:
    """When the newest mail came; None if none ever did. What was imported did not come, and a probe says nothing."""
    inbox = schema.inbox
    ignored = func.coalesce(inbox.c.disposition, "") == Disposition.IGNORED.value
    probe = and_(ignored, func.coalesce(inbox.c.why, "").contains(PROBE))
    came = select(func.coalesce(inbox.c.accepted, inbox.c.received)).where(
        inbox.c.channel != "import", ~probe
    )
    found: int | None = conn.execute(came.order_by(inbox.c.id.desc()).limit(1)).scalar()
    return found


def held(conn: Connection) -> int:
    """How many mails are held."""
    inbox = schema.inbox
    query = select(func.count()).select_from(inbox).where(inbox.c.disposition == Disposition.HELD.value)
    return int(conn.execute(query).scalar_one())


def quarantined(conn: Connection) -> int:
    """How many mails, in and out, are in quarantine."""
    return sum(
        conn.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
        for table, condition in (
            (schema.inbox, schema.INBOX_QUARANTINED),
            (schema.outbox, schema.OUTBOX_QUARANTINED),
        )
    )


def overdue(conn: Connection, since: int, waiting: Sequence[str] = ()) -> tuple[int, int]:
    """How many mails should have been sent before this instant, and the oldest time at which one should have been.
    The kinds that are `waiting` may wait."""
    outbox = schema.outbox
    due = case((outbox.c.not_before > outbox.c.at, outbox.c.not_before), else_=outbox.c.at)
    row = conn.execute(
        select(func.count().label("n"), func.min(due).label("oldest"))
        .select_from(outbox)
        .where(schema.OUTBOX_OPEN, due < since, outbox.c.kind.not_in(waiting))
    ).one()
    return row.n, row.oldest or 0


def in_vain(conn: Connection, since: int) -> tuple[int, str]:
    """How many mails from before this instant have been tried and wait for their next try, and the newest's trouble."""
    outbox = schema.outbox
    wanted = (schema.OUTBOX_OPEN, outbox.c.at < since, outbox.c["try"] > 0, outbox.c.trouble.is_not(None))
    count = conn.execute(select(func.count()).select_from(outbox).where(*wanted)).scalar_one()
    newest = select(outbox.c.trouble).where(*wanted).order_by(outbox.c.id.desc()).limit(1)
    lines = (conn.execute(newest).scalar() or "").rstrip().splitlines()
    return count, lines[-1].rstrip(".") if lines else ""


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


def in_use(conn: Connection) -> dict[str, dict[str, int]]:
    """How many tickets that are not closed have which department, topic and assignee."""
    ticket = schema.ticket
    found = {}
    for column in (ticket.c.department, ticket.c.topic, ticket.c.assignee):
        query = select(column, func.count()).where(ticket.c.status != Status.CLOSED.value).group_by(column)
        found[column.name] = {name: count for name, count in conn.execute(query) if name}
    return found


def nodes(conn: Connection, db: Database, now: int) -> list[dict[str, Any]]:
    """The processes that have taken mail or may take it."""
    clock = db.server_now(conn, now)
    found = conn.execute(select(schema.node).order_by(schema.node.c.id))
    return [
        {
            "id": n.id,
            "name": n.name,
            "until": n.until,
            "alive": is_alive(n, clock),
            "policy": n.policy,
            "trouble": n.trouble,
            "reloaded": n.reloaded,
        }
        for n in found
    ]


def daemons(conn: Connection, db: Database, now: int) -> list[dict[str, Any]]:
    """The nodes that are daemons, alive or dead; the others are runs of the command line, which end by themselves."""
    return [node for node in nodes(conn, db, now) if not node["name"].startswith(CLI)]
