"""Reads: what mails show, and what the command line lists."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from maildesk.core.changes import Append, Decision
from maildesk.core.identity import mid_hash, person_of_address
from maildesk.core.material import Material
from maildesk.core.message import Attachment
from maildesk.core.model import Entry, EntryKind
from maildesk.store import inbox as inbox_rows
from maildesk.store import outbox as outbox_rows
from maildesk.store.db import among
from maildesk.store.schema import attachment, attempt, entry, event, inbox, outbox, raw, sent_line, ticket
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


def entries(conn: Connection, numbers: Iterable[int]) -> defaultdict[int, list[Entry]]:
    """The entries of these tickets, oldest first, with their attachments."""
    wanted = set(numbers)
    found: defaultdict[int, list[Entry]] = defaultdict(list)
    files: dict[str, list[Attachment]] = defaultdict(list)
    joined = select(attachment).join(entry, entry.c.key == attachment.c.entry).order_by(attachment.c.id)
    for a in among(conn, joined, entry.c.ticket, wanted):
        files[a.entry].append(Attachment(a.part, a.name, a.type, a.size, a.sha256, a.cid, a.inline))
    for e in among(conn, select(entry).order_by(entry.c.id), entry.c.ticket, wanted):
        found[e.ticket].append(
            Entry(
                key=e.key,
                ticket=e.ticket,
                kind=EntryKind(e.kind),
                author=e.author,
                author_name=e.author_name,
                at=e.at,
                text=e.text,
                new_text=e.new_text,
                message_id=e.message_id,
                proof=e.proof,
                attachments=tuple(files[e.key]),
                remark=e.remark,
            )
        )
    return found


def materials(
    conn: Connection, rows: Sequence[outbox_rows.Row], decided: Decision | None = None
) -> dict[str, Material]:
    """What each of these mails (by once-key) shows; `decided` is a decision that is not stored yet."""
    numbers = {row.notice.ticket for row in rows if row.notice.ticket is not None}
    found = tickets(conn, numbers)
    threads = entries(conn, numbers)
    if decided:
        found |= decided.after.tickets
        for change in decided.changes:
            if isinstance(change, Append):
                threads[change.entry.ticket].append(change.entry)
    sent: dict[tuple[int, str], list[tuple[int, int, str]]] = defaultdict(list)
    query = select(outbox.c.ticket, outbox.c.to, outbox.c.at, outbox.c.id, outbox.c.message_id)
    # The recipients of one batch of mails.
    to_them = query.where(outbox.c.to.in_(sorted({row.notice.to for row in rows})))
    for row in among(conn, to_them, outbox.c.ticket, numbers):
        sent[row.ticket, row.to].append((row.at, row.id, row.message_id))
    return {row.once: _material(row, found, threads, sent) for row in rows}


def _material(
    row: outbox_rows.Row,
    found: Mapping[int, Any],
    threads: Mapping[int, list[Entry]],
    sent: Mapping[tuple[int, str], list[tuple[int, int, str]]],
) -> Material:
    notice = row.notice
    if notice.ticket is None:
        return Material()
    thread = threads.get(notice.ticket, [])
    ours = [(at, 0, mid) for at, id_, mid in sent.get((notice.ticket, notice.to), ()) if id_ < row.id]
    # Their own mail sorts after our answer of the same instant: that is what the next mail answers.
    author = (notice.to, notice.person.removeprefix(person_of_address("")))
    theirs = [(e.at, 1, e.message_id) for e in thread if e.author in author and e.message_id]
    return Material(
        ticket=found.get(notice.ticket),
        entry=next((e for e in thread if e.key == notice.entry), None),
        thread=tuple(thread),
        references=tuple(mid for _, _, mid in sorted(ours + theirs)),
    )


def raw_mail(conn: Connection, key: str) -> bytes:
    """A mail as it came. Raises KeyError for an unknown row key."""
    row = conn.execute(select(raw.c.z).where(raw.c.key == key)).first()
    if row is None:
        raise KeyError(key)
    return zlib.decompress(row.z)


def ticket_list(
    conn: Connection, status: str = "", assignee: str = "", limit: int = 100
) -> list[dict[str, Any]]:
    """The tickets, newest first; closed ones only where asked for, by status or as "all"."""
    query = select(ticket.c.number).order_by(ticket.c.created.desc(), ticket.c.number).limit(limit)
    if status != "all":
        query = query.where(ticket.c.status == status if status else ticket.c.status != "closed")
    if assignee:
        query = query.where(ticket.c.assignee == ("" if assignee == "none" else assignee))
    numbers = [row.number for row in conn.execute(query)]
    found = tickets(conn, numbers)
    return [fields(found[number]) for number in numbers]


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
            for e in entries(conn, [number])[number]
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
    """Outgoing mails, newest first."""
    query = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    return [mail(row) for row in conn.execute(query.where(outbox.c.state == state) if state else query)]


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
