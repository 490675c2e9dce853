"""Threads: the entries of tickets, with their attachments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, select

from maildesk.core.message import Attachment
from maildesk.core.model import Entry, EntryKind
from maildesk.store.db import parts
from maildesk.store.schema import attachment, entry


def whole(conn: Connection, number: int) -> list[Entry]:
    """All entries of a ticket, oldest first."""
    return _entries(conn, entry.c.ticket == number, entry.c.ticket == number)


def by_ids(conn: Connection, ids: Iterable[int], with_files: Iterable[int]) -> list[Entry]:
    """The entries of these rows, oldest first; those in `with_files` with their attachments."""
    files = set(with_files)
    return [
        one
        for part in parts(ids)
        for one in _entries(conn, entry.c.id.in_(part), entry.c.id.in_(sorted(files.intersection(part))))
    ]


def _entries(conn: Connection, which: ColumnElement[bool], with_files: ColumnElement[bool]) -> list[Entry]:
    files: dict[str, list[Attachment]] = defaultdict(list)
    joined = select(attachment).join(entry, entry.c.key == attachment.c.entry).where(with_files)
    for a in conn.execute(joined.order_by(attachment.c.id)):
        files[a.entry].append(Attachment(a.part, a.name, a.type, a.size, a.sha256, a.cid, a.inline))
    return [
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
        for e in conn.execute(select(entry).where(which).order_by(entry.c.id))
    ]


def answers(conn: Connection, number: int, without: str) -> tuple[int, ...]:
    """When each answer to a ticket was given, but for the one of this key."""
    query = select(entry.c.at).where(
        entry.c.ticket == number, entry.c.kind == EntryKind.AGENT_REPLY.value, entry.c.key != without
    )
    return tuple(conn.execute(query).scalars())
