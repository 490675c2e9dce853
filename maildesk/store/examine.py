"""Examine: reads a store through from one end to the other, in bounded memory, and yields what is not whole.

Long tables are read in pieces, each in a transaction of its own, so that a running desk is not held up.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Column, Connection, Table, and_, func, or_, select
from sqlalchemy.exc import DatabaseError

from maildesk.store import decisions, nodes, schema, skeleton
from maildesk.store.db import Database
from maildesk.store.schema import INBOX_OPEN, OUTBOX_OPEN, entry, event, inbox, outbox, raw, ticket
from maildesk.store.search_tables import search

PIECE = 500
Progress = Callable[[str, int], None]
"""Told of a piece: what is read, and how much of it has been."""

# References that no foreign key guards: where the value stands, and where it must be found.
_ALSO: tuple[tuple[Column[Any], Column[Any]], ...] = (
    (inbox.c.key, raw.c.key),
    (raw.c.key, inbox.c.key),
    (inbox.c.ticket, ticket.c.number),
    (outbox.c.ticket, ticket.c.number),
    (schema.attachment.c.entry, raw.c.key),
    (schema.link.c.other, ticket.c.number),
)


def damage(conn: Connection) -> list[str]:
    """What the database itself finds wrong with its file, at most ten sentences. PostgreSQL has no such look."""
    if conn.dialect.name != "sqlite":
        return []
    found = [str(row[0]) for row in conn.exec_driver_sql("PRAGMA integrity_check(10)")]
    return [] if found == ["ok"] else found


def unfindable(conn: Connection) -> int:
    """How many tickets and entries are not in the index of words."""
    words = search.c
    tickets = select(words.id).where(words.ticket == ticket.c.number, words.entry == "").exists()
    entries = select(words.id).where(words.ticket == entry.c.ticket, words.entry == entry.c.key).exists()
    return sum(
        conn.execute(select(func.count()).select_from(table).where(~there)).scalar_one()
        for table, there in ((ticket, tickets), (entry, entries))
    )


def index_damage(db: Database) -> str:
    """What SQLite finds wrong with its index of words, which `damage` does not look into; "" for nothing.

    It holds up all who write: for a second where there are some 100,000 entries.
    """
    if not db.is_sqlite:
        return ""
    with db.connect() as conn:
        # FTS5 takes its commands as rows to be written. This one writes nothing.
        db.begin(conn, "write")
        try:
            conn.exec_driver_sql("INSERT INTO search_fts (search_fts, rank) VALUES ('integrity-check', 1)")
        except DatabaseError as error:
            return str(error.orig)
        finally:
            db.rollback(conn)
    return ""


def orphans(conn: Connection) -> Iterator[tuple[str, str, int, str]]:
    """Rows that refer to a row which is not there: their table and column, how many, and one value of them."""
    guarded = [
        (key.parent, key.column)
        for table in schema.metadata.sorted_tables
        for key in sorted(table.foreign_keys, key=lambda key: str(key.parent))
    ]
    for from_, to in (*guarded, *_ALSO):
        target = to.table.alias("target")
        found = select(func.count(), func.min(from_)).where(
            from_.is_not(None), ~select(target.c[to.name]).where(target.c[to.name] == from_).exists()
        )
        number, value = conn.execute(found).one()
        if number:
            yield from_.table.name, from_.name, number, str(value)


def chains(db: Database, progress: Progress) -> Iterator[tuple[int, str]]:
    """The tickets whose history is not what was written, by number, each with what is wrong first."""
    last, done = -1, 0
    while True:
        with db.reading() as conn:
            heads = conn.execute(
                select(ticket.c.number, ticket.c.seq, ticket.c.head)
                .where(ticket.c.number > last)
                .order_by(ticket.c.number)
                .limit(PIECE)
            ).all()
            if not heads:
                return
            yield from _broken(conn, {row.number: (row.seq, row.head) for row in heads})
        last, done = heads[-1].number, done + len(heads)
        progress("tickets", done)


def _broken(conn: Connection, heads: dict[int, tuple[int, str]]) -> Iterator[tuple[int, str]]:
    numbers = sorted(heads)
    rows = conn.execution_options(stream_results=True, yield_per=PIECE).execute(
        select(event)
        .where(event.c.ticket.between(numbers[0], numbers[-1]))
        .order_by(event.c.ticket, event.c.seq)
    )
    ends: dict[int, tuple[int, str]] = {}
    wrong: dict[int, str] = {}
    for row in rows:
        seq, prev = ends.get(row.ticket, (0, ""))
        if row.ticket in heads and row.ticket not in wrong and (why := altered(row, seq + 1, prev)):
            wrong[row.ticket] = why
        ends[row.ticket] = (row.seq, row.hash)
    for number in numbers:
        if number not in wrong and ends.get(number, (0, "")) != heads[number]:
            wrong[number] = "its last event is not the one that the ticket names"
    yield from sorted(wrong.items())


def altered(row: Any, seq: int, prev: str) -> str:
    """What shows that somebody changed an event after it was written; "" if nothing does. `seq` and `prev` are its
    due place and the hash of the event before. Data that was erased is covered by its digest alone."""
    if row.seq != seq:
        return f"event {seq} is missing"
    if row.prev != prev:
        return f"event {seq} does not follow the one before it"
    if (
        row.data is not None
        and row.salt is not None
        and decisions.digest_of(row.salt, row.data) != row.digest
    ):
        return f"the data of event {seq} was changed"
    if decisions.link_hash(prev, row.ticket, seq, row.cause, row.kind, row.at, row.digest) != row.hash:
        return f"event {seq} was changed"
    return ""


def mails(db: Database, progress: Progress, newest: int | None) -> Iterator[tuple[str, str]]:
    """The mails that are not what they were when they came, by key, each with what is wrong: the `newest` so many, or
    all of them."""
    last, done = 2**62, 0
    while newest is None or done < newest:
        with db.reading() as conn:
            rows = conn.execution_options(stream_results=True, yield_per=20).execute(
                select(raw.c.id, raw.c.key, raw.c.z, raw.c.size, raw.c.sha256)
                .where(raw.c.id < last)
                .order_by(raw.c.id.desc())
                .limit(PIECE)
            )
            before = done
            for row in rows:
                last, done = row.id, done + 1
                if why := _changed(row.z, row.size, row.sha256):
                    yield row.key, why
        if done == before:
            return
        progress("mails", done)


def _changed(z: bytes, size: int, sha256: str) -> str:
    found, unpacker = hashlib.sha256(), zlib.decompressobj()
    length, rest = 0, z
    try:
        # A large mail is not held in memory a second time.
        while rest and not unpacker.eof:
            piece = unpacker.decompress(rest, 1 << 20)
            rest = unpacker.unconsumed_tail
            found.update(piece)
            length += len(piece)
    except zlib.error:
        return "its compressed bytes are damaged"
    if not unpacker.eof:
        return "its compressed bytes are cut"
    return "" if (length, found.hexdigest()) == (size, sha256) else "its bytes are not those that came"


def bodies(db: Database, deep: bool) -> Iterator[tuple[str, str]]:
    """Composed mails whose stored bytes are not those that were composed, by once-key: those that wait to be sent, or
    (`deep`) all that are kept."""
    last = 0
    while True:
        with db.reading() as conn:
            rows = conn.execute(
                select(outbox.c.id, outbox.c.once, outbox.c.skeleton, outbox.c.sha256, outbox.c.state)
                .where(outbox.c.id > last, *(() if deep else (OUTBOX_OPEN,)))
                .where(or_(outbox.c.skeleton.is_not(None), outbox.c.state == "ready"))
                .order_by(outbox.c.id)
                .limit(50)
            ).all()
        for row in rows:
            if row.skeleton is None:
                yield row.once, "it is ready to be sent, and its bytes are not there"
            elif skeleton.digest(row.skeleton) != row.sha256:
                yield row.once, "its bytes are not those that were composed"
        if not rows:
            return
        last = rows[-1].id


def lost(conn: Connection, db: Database, table: Table, now: int) -> list[tuple[str, str]]:
    """Rows of the inbox or outbox that a process holds which is dead: their key and its name, at most six."""
    alive = sorted(nodes.alive(conn, db, now))
    key = table.c.key if table is inbox else table.c.once
    open_ = INBOX_OPEN if table is inbox else OUTBOX_OPEN
    held = and_(open_, table.c.holder.is_not(None), table.c.holder.not_in(alive))
    return [(row[0], row[1]) for row in conn.execute(select(key, table.c.holder).where(held).limit(6))]


def undecided(conn: Connection) -> list[str]:
    """Mails that count as done and have no disposition, or stand in no state that there is; at most six keys."""
    states = ("new", "taken", "done", "quarantined")
    odd = or_(and_(inbox.c.state == "done", inbox.c.disposition.is_(None)), inbox.c.state.not_in(states))
    return list(conn.execute(select(inbox.c.key).where(odd).order_by(inbox.c.id).limit(6)).scalars())


def newest(conn: Connection) -> int:
    """The latest instant that the newest rows bear, mails and tickets; 0 in an empty store."""
    came = select(func.coalesce(inbox.c.accepted, inbox.c.received).label("at"))
    latest = came.order_by(inbox.c.id.desc()).limit(100).subquery()
    mail = conn.execute(select(func.max(latest.c.at))).scalar() or 0
    return max(mail, conn.execute(select(func.max(ticket.c.created))).scalar() or 0)


def oldest_held(conn: Connection) -> tuple[int, int]:
    """How many mails are held, and when the oldest of them came; 0 for none."""
    row = conn.execute(
        select(func.count(), func.min(inbox.c.received)).where(inbox.c.disposition == "held")
    ).one()
    return row[0], row[1] or 0


def apart(conn: Connection) -> int:
    """How many outgoing mails a restore has set apart."""
    query = select(func.count()).select_from(outbox).where(outbox.c.state == "restored")
    return int(conn.execute(query).scalar_one())


def evidence(conn: Connection, channel: str, start: str, limit: int) -> list[dict[str, Any]]:
    """What was recorded of who wrote the newest mails of a channel, of those whose peer begins so. Mail that came by a
    login, and our own folder of sent mail, is left out."""
    columns = (inbox.c.envelope, inbox.c.evidence)
    newest = select(*columns).where(inbox.c.channel == channel).order_by(inbox.c.id.desc()).limit(10 * limit)
    found = []
    for row in conn.execute(newest):
        one = json.loads(row.evidence)
        if (
            json.loads(row.envelope)["peer"].startswith(start)
            and not one.get("login")
            and not one.get("sent")
        ):
            found.append(one)
    return found[:limit]


def last_arrival(conn: Connection) -> int:
    """The number of the newest mail that came; 0 for none."""
    return int(conn.execute(select(func.max(inbox.c.id))).scalar() or 0)


def arrived(conn: Connection, since: int) -> list[Any]:
    """The mails that came after the one of this number, in their order: what their rows say without their content."""
    told = ("key", "channel", "source_key", "envelope", "evidence", "received", "accepted")
    columns = [inbox.c[name] for name in (*told, "message_id", "subject", "disposition")]
    return list(conn.execute(select(*columns).where(inbox.c.id > since).order_by(inbox.c.id)))
