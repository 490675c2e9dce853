"""Materials: what mails show is loaded, and no more than that, however long a ticket has become."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, or_, select

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
    got, wrote = _got(conn, about), _wrote(conn, about)
    shown: dict[str, Material] = {row.once: Material() for row in rows}
    for row in about:
        notice = row.notice
        thread = [one for one in (*stored, *fresh) if one.ticket == notice.ticket]
        known = [(at, 0, mid) for at, id_, mid in got[notice.ticket, notice.to] if id_ < row.id]
        # Their own mail sorts after our answer of the same instant: that is what the next mail answers.
        for author in _authors(row):
            known += [(at, 1, mid) for at, mid in wrote[notice.ticket, author]]
            known += [
                (one.at, 1, one.message_id)
                for one in fresh
                if one.ticket == notice.ticket and one.author == author and one.message_id
            ]
        shown[row.once] = Material(
            ticket=found.get(notice.ticket) if notice.ticket is not None else None,
            entry=next((one for one in thread if one.key == notice.entry), None),
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
        {
            row.notice.ticket
            for row in rows
            if row.notice.ticket is not None and notices.BY_NAME[row.notice.kind].audience == "customer"
        }
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


def _wrote(conn: Connection, rows: Sequence[Row]) -> dict[tuple[int | None, str], list[tuple[int, str]]]:
    """The newest mails that the recipients wrote, by ticket and address: when, Message-ID."""
    found: dict[tuple[int | None, str], list[tuple[int, str]]] = defaultdict(list)
    if not rows:
        return found
    nth = func.row_number().over(partition_by=(entry.c.ticket, entry.c.author), order_by=entry.c.id.desc())
    ids = (
        select(entry.c.id, nth.label("nth"))
        .where(
            entry.c.ticket.in_(sorted({row.notice.ticket for row in rows if row.notice.ticket is not None})),
            entry.c.author.in_(sorted({author for row in rows for author in _authors(row)})),
        )
        .subquery()
    )
    newest = (
        select(entry.c.ticket, entry.c.author, entry.c.at, entry.c.message_id)
        .join(ids, ids.c.id == entry.c.id)
        .where(ids.c.nth <= REFERENCES, entry.c.message_id != "")
    )
    for one in conn.execute(newest):
        found[one.ticket, one.author].append((one.at, one.message_id))
    return found
