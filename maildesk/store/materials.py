"""Materials: what mails show is loaded, and no more than that, however long a ticket has become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, func, or_, select

from maildesk.core import notices, showing
from maildesk.core.changes import Append, Decision
from maildesk.core.compose import REFERENCES
from maildesk.core.identity import person_of_address
from maildesk.core.material import Material
from maildesk.core.model import Entry, EntryKind
from maildesk.store import threads
from maildesk.store.outbox import Row
from maildesk.store.schema import entry, outbox
from maildesk.store.tickets import tickets

_NEWEST = 2**62
_SAID = tuple(kind.value for kind in (EntryKind.NOTE, *showing.PUBLIC))


def materials(conn: Connection, rows: Sequence[Row], decided: Decision | None = None) -> dict[str, Material]:
    """What each of these mails (by once-key) shows; `decided` is a decision that is not stored yet."""
    about = [row for row in rows if row.notice.ticket is not None]
    found = tickets(conn, {row.notice.ticket for row in about if row.notice.ticket is not None})
    fresh: list[Entry] = []
    if decided:
        found |= decided.after.tickets
        fresh = [change.entry for change in decided.changes if isinstance(change, Append)]
    stored = _stored(conn, about)
    shows = {one.key: one for one in (*stored, *fresh)}
    until = {row.once: _until(row, shows.get(row.notice.entry)) for row in about}
    got, wrote = _got(conn, about), _wrote(conn, about, until.values())
    for one in fresh:
        if one.message_id:
            wrote[one.ticket].append((one.at, one.message_id, one.author, one.kind))
    shown: dict[str, Material] = {row.once: Material() for row in rows}
    for row in about:
        notice = row.notice
        thread = [one for one in shows.values() if one.ticket == notice.ticket]
        known = [(at, 0, mid) for at, id_, mid in got[notice.ticket, notice.to] if id_ < row.id]
        # Their own mail sorts after our answer of the same instant: that is what the next mail answers.
        known += [
            (at, 1, mid)
            for at, mid, author, kind in wrote[notice.ticket]
            if at <= until[row.once] and _cites(row, author, kind)
        ]
        shown[row.once] = Material(
            ticket=found.get(notice.ticket) if notice.ticket is not None else None,
            entry=shows.get(notice.entry),
            thread=tuple(thread),
            references=tuple(mid for _, _, mid in sorted(known)[-REFERENCES:]),
        )
    return shown


def _stored(conn: Connection, rows: Sequence[Row]) -> list[Entry]:
    """The stored entries that these mails show or that the last gate compares them with, oldest first."""
    ids: dict[str, int] = {}
    if keys := sorted({row.notice.entry for row in rows if row.notice.entry}):
        query = select(entry.c.key, entry.c.id).where(entry.c.key.in_(keys))
        ids = {row.key: row.id for row in conn.execute(query)}
    shown = set(ids.values())
    for row in rows:
        shown |= _beside(conn, row, ids.get(row.notice.entry, _NEWEST))
    return threads.by_ids(conn, shown | _compared(conn, rows), with_files=shown)


def _compared(conn: Connection, rows: Iterable[Row]) -> set[int]:
    """What the last gate compares mails to customers with: notes, and what was said in public beside them."""
    numbers = sorted(
        {row.notice.ticket for row in rows if row.notice.ticket is not None and _to_customer(row)}
    )
    if not numbers:
        return set()
    noted = select(entry.c.ticket).where(entry.c.ticket.in_(numbers), entry.c.kind == EntryKind.NOTE.value)
    with_notes = sorted(set(conn.execute(noted.distinct()).scalars()))
    if not with_notes:
        return set()
    said = select(entry.c.id).where(entry.c.ticket.in_(with_notes), entry.c.kind.in_(_SAID))
    return set(conn.execute(said).scalars())


def _beside(conn: Connection, row: Row, before: int) -> set[int]:
    """What a mail to an agent shows beside its own entry (`before` is that one's row), as `showing` picks it."""
    notice, number = row.notice, row.notice.ticket

    def last(kinds: Iterable[EntryKind], before: int, count: int = 1) -> list[int]:
        query = (
            select(entry.c.id)
            .where(entry.c.ticket == number, entry.c.id < before, entry.c.kind.in_([k.value for k in kinds]))
            .order_by(entry.c.id.desc())
            .limit(count)
        )
        return list(conn.execute(query).scalars())

    kinds = showing.BEFORE.get(notice.kind)
    if kinds is None:
        return set()
    found = last(kinds, before)
    if notice.kind == "handoff":
        found += last((EntryKind.NOTE,), _NEWEST, showing.NOTES + 1)
        if not notice.entry:
            # It shows the customer's last entry as its own.
            shown = last((EntryKind.CUSTOMER,), before)
            found += shown + [one for own in shown for one in last(kinds, own)]
    return set(found)


def _got(conn: Connection, rows: Sequence[Row]) -> dict[tuple[int | None, str], list[tuple[int, int, str]]]:
    """The newest mails before these that their recipients got, by ticket and address: when, row, Message-ID."""
    found: dict[tuple[int | None, str], list[tuple[int, int, str]]] = defaultdict(list)
    if not rows:
        return found
    first, last = min(row.id for row in rows), max(row.id for row in rows)
    older = outbox.c.id < first
    nth = func.row_number().over(
        partition_by=(outbox.c.ticket, outbox.c.to, older), order_by=outbox.c.id.desc()
    )
    known = (
        select(outbox.c.ticket, outbox.c.to, outbox.c.at, outbox.c.id, outbox.c.message_id, nth.label("nth"))
        .where(
            outbox.c.ticket.in_(sorted({row.notice.ticket for row in rows if row.notice.ticket is not None})),
            outbox.c.to.in_(sorted({row.notice.to for row in rows})),
            outbox.c.id < last,
        )
        .subquery()
    )
    # Of what stands between the first and the last of these mails, each shows what stands before it.
    newest = select(known).where(or_(known.c.nth <= REFERENCES, known.c.id >= first))
    for one in conn.execute(newest):
        found[one.ticket, one.to].append((one.at, one.id, one.message_id))
    return found


def _authors(row: Row) -> tuple[str, ...]:
    """The addresses under which a recipient may have written."""
    return tuple(dict.fromkeys((row.notice.to, row.notice.person.removeprefix(person_of_address("")))))


def _cites(row: Row, author: str, kind: str) -> bool:
    """Whether a mail refers to an entry of its ticket: its recipient wrote it, or customers wrote it to each other.

    A customer's mail may have gone to the others directly. What colleagues wrote stays among them.
    """
    return author in _authors(row) or (_to_customer(row) and kind == EntryKind.CUSTOMER)


def _to_customer(row: Row) -> bool:
    return notices.BY_NAME[row.notice.kind].audience == "customer"


def _until(row: Row, shown: Entry | None) -> int:
    """The instant of the newest mail that this one can answer, however late it is composed."""
    return shown.at if shown and shown.author in _authors(row) else row.notice.at


def _wrote(
    conn: Connection, rows: Sequence[Row], until: Collection[int]
) -> dict[int | None, list[tuple[int, str, str, str]]]:
    """The newest mails that these may refer to, by ticket: when, Message-ID, author, kind of entry."""
    found: dict[int | None, list[tuple[int, str, str, str]]] = defaultdict(list)
    if not rows:
        return found
    first, last = min(until), max(until)
    older = entry.c.at <= first
    nth = func.row_number().over(
        partition_by=(entry.c.ticket, entry.c.author, older), order_by=(entry.c.at.desc(), entry.c.id.desc())
    )
    who: ColumnElement[bool] = entry.c.author.in_(
        sorted({author for row in rows for author in _authors(row)})
    )
    if any(map(_to_customer, rows)):
        who |= entry.c.kind == EntryKind.CUSTOMER.value
    ids = (
        select(entry.c.id, entry.c.at, nth.label("nth"))
        .where(
            entry.c.ticket.in_(sorted({row.notice.ticket for row in rows if row.notice.ticket is not None})),
            who,
            entry.c.at <= last,
            entry.c.message_id != "",
        )
        .subquery()
    )
    # Of what was written between the first and the last of these mails, each refers to what was before it.
    newest = (
        select(entry.c.ticket, entry.c.author, entry.c.kind, entry.c.at, entry.c.message_id)
        .join(ids, ids.c.id == entry.c.id)
        .where(or_(ids.c.nth <= REFERENCES, ids.c.at > first))
    )
    for one in conn.execute(newest):
        found[one.ticket].append((one.at, one.message_id, one.author, one.kind))
    return found
