"""Figures of the desk for monitoring. Each is found by an index or a small table, so that asking often does no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from sqlalchemy import Connection, Table, TextClause, func, select, text

from maildesk.core.alarm import KINDS
from maildesk.core.metric import Samples
from maildesk.core.model import SECOND, Status
from maildesk.store import alarms, control, lookup, mailboxes, schema, ways_out
from maildesk.store.db import Database

# To the letter the condition of the index `ticket_open`.
_NOT_CLOSED = text("status <> 'closed'")


def read(conn: Connection, db: Database, boxes: Collection[str], now: int) -> Samples:
    """The figures of METRICS that the whole desk has; `boxes` are the mailboxes that are configured."""
    nodes = Counter[str]()
    refused = 0
    for node in lookup.daemons(conn, db, now):
        nodes["alive" if node["alive"] else "dead"] += 1
        refused += bool(node["alive"] and node["trouble"])
    standing = Counter(one.name.partition(":")[0] for one in alarms.standing(conn))
    due, oldest_due = lookup.overdue(conn, now)
    undecided, arrival = lookup.oldest_undecided(conn), lookup.newest_arrival(conn)
    paused = control.paused(conn)
    known = mailboxes.overview(conn)
    there = {name: known[name] for name in boxes if name in known}
    return {
        "maildesk_inbox_mails": _inbox(conn),
        "maildesk_inbox_oldest_seconds": {(): _since(undecided, now)},
        "maildesk_outbox_mails": _outbox(conn),
        "maildesk_outbox_due_mails": {(): due},
        "maildesk_outbox_oldest_seconds": {(): _since(oldest_due if due else None, now)},
        "maildesk_tickets": _tickets(conn),
        "maildesk_last_mail_seconds": {} if arrival is None else {(): _since(arrival, now)},
        "maildesk_alarms": {(kind.name,): standing[kind.name] for kind in KINDS},
        "maildesk_nodes": {(state,): nodes[state] for state in ("alive", "dead")},
        "maildesk_configuration_refused": {(): refused},
        "maildesk_paused": {(what,): what in paused for what in control.KINDS},
        "maildesk_sending_closed": {(): len(ways_out.closed(conn, now))},
        "maildesk_mailbox_poll_seconds": {
            (name,): _since(box["polled"], now) for name, box in there.items() if box["polled"] is not None
        },
        "maildesk_mailbox_failing": {(name,): bool(box["error"]) for name, box in there.items()},
    }


def _since(at: int | None, now: int) -> float:
    return 0.0 if at is None else max(0, now - at) / SECOND


def _inbox(conn: Connection) -> dict[tuple[str, ...], float]:
    found = _by_state(conn, schema.inbox, schema.INBOX_OPEN, schema.INBOX_QUARANTINED)
    found["held"] = lookup.held(conn)
    return {(state,): found.get(state, 0) for state in ("new", "taken", "held", "quarantined")}


def _outbox(conn: Connection) -> dict[tuple[str, ...], float]:
    found = _by_state(conn, schema.outbox, schema.OUTBOX_OPEN, schema.OUTBOX_QUARANTINED)
    return {(state,): found.get(state, 0) for state in ("todo", "ready", "quarantined")}


def _by_state(conn: Connection, table: Table, *conditions: TextClause) -> dict[str, int]:
    """How many rows are in which state; each condition is that of a partial index."""
    state, found = table.c.state, dict[str, int]()
    for condition in conditions:
        rows = conn.execute(select(state, func.count()).where(condition).group_by(state))
        found |= {row[0]: row[1] for row in rows}
    return found


def _tickets(conn: Connection) -> dict[tuple[str, ...], float]:
    """Closed ones are the rest of all: years of them are not looked at one by one."""
    ticket = schema.ticket
    count = select(ticket.c.status, func.count()).where(_NOT_CLOSED).group_by(ticket.c.status)
    found = {row[0]: row[1] for row in conn.execute(count)}
    everything = int(conn.execute(select(func.count()).select_from(ticket)).scalar_one())
    found[Status.CLOSED.value] = everything - sum(found.values())
    return {(status.value,): found.get(status.value, 0) for status in Status}
