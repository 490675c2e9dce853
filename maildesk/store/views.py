"""Reads: what the command line lists, and mails as they came."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, or_, select

from maildesk.core.identity import mid_hash
from maildesk.core.material import PartRef
from maildesk.core.message import part_bytes
from maildesk.core.proof import findings
from maildesk.core.reading import Evidence
from maildesk.core.subject import tagged
from maildesk.store import inbox as inbox_rows
from maildesk.store import threads
from maildesk.store.db import among
from maildesk.store.schema import attempt, event, inbox, outbox, raw, sent_line, ticket
from maildesk.store.skeleton import Changed
from maildesk.store.tickets import tickets


def sent_lines(conn: Connection, rows: Iterable[inbox_rows.Row]) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """For each mail (by row key) the line hashes of our mails that it answers, mail by mail."""
    by_key = {row.key: [mid_hash(ref) for ref in row.refs] for row in rows}
    wanted = {mid for mids in by_key.values() for mid in mids}
    lines = among(conn, select(sent_line), sent_line.c.mid, wanted)
    found = {row.mid: tuple(row.lines.split()) for row in lines}
    return {
        key: tuple(found[mid] for mid in dict.fromkeys(mids) if mid in found) for key, mids in by_key.items()
    }


def raw_mail(conn: Connection, key: str) -> bytes:
    """A mail as it came. Raises KeyError for an unknown row key."""
    row = conn.execute(select(raw.c.z).where(raw.c.key == key)).first()
    if row is None:
        raise KeyError(key)
    return zlib.decompress(row.z)


def parts(conn: Connection, entry: str, refs: Iterable[PartRef]) -> dict[PartRef, bytes]:
    """The decoded content of attachments of one mail. Raises Changed where the mail or a part is not there."""
    part = ""
    try:
        raw = raw_mail(conn, entry)
        found: dict[PartRef, bytes] = {}
        for ref in refs:
            part = ref.part
            found[ref] = part_bytes(raw, part)
    except KeyError as error:
        raise Changed(f"the attachment {part} of the mail {entry} is not in the store") from error
    return found


def part(conn: Connection, ref: PartRef) -> bytes:
    """The decoded content of an attachment. Raises Changed where the mail or the part is not there."""
    return parts(conn, ref.entry, [ref])[ref]


def fields(found: Any) -> dict[str, Any]:
    """A ticket's fields as they are shown."""
    return {
        "number": found.number,
        "subject": found.subject,
        "status": found.status.value,
        "priority": found.priority,
        "topic": found.topic,
        "department": found.department,
        "assignee": found.assignee,
        "requester": found.requester.address,
        "requester_name": found.requester.name,
        "participants": [p.address for p in found.participants],
        "tags": list(found.tags),
        "links": [[kind, other] for kind, other in found.links],
        "source": found.source,
        "answered": found.answered,
        "created": found.created,
        "first_response": found.first_response,
        "last_customer": found.last_customer,
        "last_agent": found.last_agent,
        "resolved": found.resolved,
        "closed": found.closed,
    }


def ticket_show(conn: Connection, number: int) -> dict[str, Any] | None:
    """Everything about one ticket: fields, entries, events, mails."""
    found = tickets(conn, [number]).get(number)
    if found is None:
        return None
    return {
        **fields(found),
        "entries": [
            {
                "key": e.key,
                "kind": e.kind.value,
                "author": e.author,
                "author_name": e.author_name,
                "at": e.at,
                "text": e.new_text,
                "message_id": e.message_id,
                "proof": e.proof,
                "remark": e.remark,
                "attachments": [{"name": a.name, "type": a.type, "size": a.size} for a in e.attachments],
            }
            for e in threads.whole(conn, number)
        ],
        "events": _events(conn, number),
        "mails": [mail(row) for row in conn.execute(_mails().where(outbox.c.ticket == number))],
    }


def _events(conn: Connection, number: int, cause: str = "") -> list[dict[str, Any]]:
    """A ticket's events in their order, all of them or only those of one cause."""
    query = select(event).where(event.c.ticket == number).order_by(event.c.seq)
    return [
        {
            "seq": e.seq,
            "kind": e.kind,
            "at": e.at,
            "cause": e.cause,
            **json.loads(e.data or "{}"),
            "hash": e.hash,
        }
        for e in conn.execute(query.where(event.c.cause == cause) if cause else query)
    ]


def _mails() -> Any:
    return select(outbox).order_by(outbox.c.id)


def mail(row: Any) -> dict[str, Any]:
    """An outgoing mail as it is listed."""
    return {
        "once": row.once,
        "kind": row.kind,
        "to": row.to,
        "ticket": row.ticket,
        "state": row.state,
        "subject": row.subject,
        "at": row.at,
        "not_before": row.not_before,
        "tries": row._mapping["try"],
        "message_id": row.message_id,
        "trouble": row.trouble,
        "cause": row.cause,
    }


def outbox_list(conn: Connection, state: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Outgoing mails, newest first. One that is not composed yet has the subject that its ticket gives it."""
    query = (
        select(outbox, ticket.c.subject.label("matter"))
        .outerjoin(ticket, ticket.c.number == outbox.c.ticket)
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    found = conn.execute(query.where(outbox.c.state == state) if state else query).all()
    given = (tagged(row.matter, row.ticket) if row.matter is not None else None for row in found)
    return [
        {**mail(row), "subject": row.subject or subject} for row, subject in zip(found, given, strict=True)
    ]


def outbox_show(conn: Connection, once: str) -> dict[str, Any] | None:
    """One outgoing mail (by its once-key or the start of it) with its attempts."""
    row = conn.execute(select(outbox).where(outbox.c.once.startswith(once, autoescape=True)).limit(1)).first()
    if row is None:
        return None
    tries = conn.execute(select(attempt).where(attempt.c.outbox == row.id).order_by(attempt.c["try"]))
    attempts = [{"at": t.at, "outcome": t.outcome, "answer": t.answer} for t in tries]
    return {**mail(row), "attempts": attempts, "skeleton": row.skeleton}


def arrival(row: Any) -> dict[str, Any]:
    """A mail that came, as it is listed."""
    facts = json.loads(zlib.decompress(row.facts)) if row.facts else {}
    return {
        "key": row.key,
        "channel": row.channel,
        "received": row.received,
        "size": row.size,
        "message_id": row.message_id,
        "sender": row.sender,
        "subject": row.subject,
        "state": row.state,
        "disposition": row.disposition,
        "ticket": row.ticket,
        "why": json.loads(row.why) if row.why else [],
        "proof": facts.get("proof"),
        "released_by": json.loads(row.evidence)["released_by"],
        "login": json.loads(row.evidence).get("login", ""),
        "parked": json.loads(row.evidence).get("parked", ""),
        "evidence": list(findings(Evidence(**json.loads(row.evidence)))),
        "match": facts.get("match"),
        "rules": [{"name": n, "hit": h, "because": b} for n, h, b in facts.get("rules", [])],
        "envelope": json.loads(row.envelope),
        "takes": row.takes,
        "deaths": row.deaths,
        "errors": row.errors,
        "trouble": row.trouble,
        "sha256": row.sha256,
    }


def arrivals(
    conn: Connection, state: str = "", disposition: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """Mails that came, newest first."""
    query = select(inbox).order_by(inbox.c.id.desc()).limit(limit)
    if state:
        query = query.where(inbox.c.state == state)
    if disposition:
        query = query.where(inbox.c.disposition == disposition)
    return [arrival(row) for row in conn.execute(query)]


def trace(conn: Connection, wanted: str) -> list[dict[str, Any]]:
    """Every mail with this Message-ID or row key (or the start of one), with the changes and mails that followed."""
    clean = wanted.strip().strip("<>")
    rows = conn.execute(
        select(inbox)
        .where(or_(inbox.c.mid == mid_hash(clean), inbox.c.key.startswith(clean, autoescape=True)))
        .order_by(inbox.c.id)
        .limit(20)
    ).all()
    return [
        {
            **arrival(row),
            "changes": _events(conn, row.ticket, row.key) if row.ticket else [],
            "mails": [mail(m) for m in conn.execute(_mails().where(outbox.c.cause == row.key))],
        }
        for row in rows
    ]
