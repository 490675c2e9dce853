"""The index of words: kept with each decision, made anew from the tables, and asked.

How the two kinds of database keep and look up words is told apart here and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, cast, column, delete, func, select, table
from sqlalchemy.dialects.postgresql import TSQUERY

from maildesk.core.model import Ticket
from maildesk.core.search import BETWEEN, MOST_LETTERS, Term, document
from maildesk.store.db import insert
from maildesk.store.schema import attachment, entry, participant, ticket
from maildesk.store.search_tables import FTS, search

SINCE = 3
"""The version of the store since which the index is as this code makes it. An upgrade from before makes it anew."""
BATCH = 50

_fts = table("search_fts", column("rowid"), column("search_fts"))
# No more of a text than can be found: a store may hold thousands of the longest.
_TEXT = func.substr(entry.c.new_text, 1, MOST_LETTERS).label("new_text")
_ENTRY = (entry.c.id, entry.c.key, entry.c.ticket, entry.c.author, entry.c.author_name, _TEXT)


def index(
    conn: Connection,
    tickets: Iterable[Ticket],
    entries: Sequence[Mapping[str, Any]],
    files: Iterable[Mapping[str, Any]],
) -> None:
    """Tickets that are new or are told otherwise, and new entries with their files, can be found from now on."""
    names = defaultdict(list)
    for file in files:
        names[file["entry"]].append(file["name"])
    _put(
        conn,
        [
            *(
                _of_ticket(t.number, t.subject, [(p.name, p.address) for p in t.participants])
                for t in tickets
            ),
            *(_of_entry(one, names[one["key"]]) for one in entries),
        ],
    )


def fill(conn: Connection) -> None:
    """Makes the index, which must be empty, from all that is in the store."""
    for tickets in _batches(conn, ticket.c.number, ticket.c.number, ticket.c.subject):
        numbers = [row.number for row in tickets]
        people = defaultdict(list)
        of = select(participant).where(participant.c.ticket.in_(numbers)).order_by(participant.c.id)
        for row in conn.execute(of):
            people[row.ticket].append((row.name, row.address))
        _put(conn, [_of_ticket(row.number, row.subject, people[row.number]) for row in tickets])
    for entries in _batches(conn, *_ENTRY):
        keys = [row.key for row in entries]
        names = defaultdict(list)
        attached = select(attachment.c.entry, attachment.c.name).where(attachment.c.entry.in_(keys))
        for row in conn.execute(attached.order_by(attachment.c.id)):
            names[row.entry].append(row.name)
        _put(conn, [_of_entry(row._asdict(), names[row.key]) for row in entries])


def renew(conn: Connection) -> None:
    """Makes the index anew from all that is in the store, whatever state it is in."""
    sqlite = conn.dialect.name == "sqlite"
    if sqlite:
        for trigger in ("search_added", "search_removed", "search_changed"):
            conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
        conn.exec_driver_sql("DROP TABLE IF EXISTS search_fts")
    conn.execute(delete(search))
    for statement in FTS if sqlite else ():
        conn.exec_driver_sql(statement)
    fill(conn)


def _batches(
    conn: Connection, key: ColumnElement[int], *columns: ColumnElement[Any]
) -> Iterator[Sequence[Row[Any]]]:
    """All rows by a number of theirs, some at a time."""
    last = -1
    while rows := conn.execute(
        select(key.label("place"), *columns).where(key > last).order_by(key).limit(BATCH)
    ).all():
        yield rows
        last = rows[-1].place


def _of_ticket(number: int, subject: str, people: Iterable[tuple[str, str]]) -> dict[str, Any]:
    found = document([str(number), subject, *(part for person in people for part in person)])
    return {"ticket": number, "entry": "", "words": found}


def _of_entry(one: Mapping[str, Any], files: Iterable[str]) -> dict[str, Any]:
    # Without quotes and signature: what is found is what `ticket show` shows.
    found = document([one["author_name"], one["author"], one["new_text"], *files])
    return {"ticket": one["ticket"], "entry": one["key"], "words": found}


def _put(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    stored = _with_places if conn.dialect.name == "postgresql" else " ".join
    statement = insert(conn, search)
    statement = statement.on_conflict_do_update(
        index_elements=["ticket", "entry"], set_={"words": statement.excluded.words}
    )
    conn.execute(statement, [{**row, "words": stored(row["words"])} for row in rows])


def _with_places(words: Iterable[str]) -> str:
    # A word is letters and digits, so there is nothing in it that would have to be escaped.
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words, 1) if word != BETWEEN)


def has(conn: Connection, terms: Iterable[Term]) -> ColumnElement[bool]:
    """The condition that a row of `search` has at least one of these terms."""
    if conn.dialect.name == "postgresql":
        return search.c.words.op("@@")(cast(" | ".join(map(_tsquery, terms)), TSQUERY))
    asked = " OR ".join(map(_fts_phrase, terms))
    return search.c.id.in_(select(_fts.c.rowid).where(_fts.c.search_fts.op("MATCH")(asked)))


def _tsquery(term: Term) -> str:
    words = " <-> ".join(f"'{word}'" for word in term.words)
    return f"({words}:*)" if term.starts else f"({words})"


def _fts_phrase(term: Term) -> str:
    return f'"{" ".join(term.words)}"{" *" if term.starts else ""}'
