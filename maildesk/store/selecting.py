"""Lists of tickets. Every one is read here, so that who may see what is asked in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, not_, or_, select

from maildesk.core.identity import mid_hash
from maildesk.core.model import PRIORITIES
from maildesk.core.search import Query, Snippet, Term, snippet
from maildesk.core.selection import Selection, Span
from maildesk.store.db import among
from maildesk.store.schema import alias, entry, mid, participant, tag, ticket
from maildesk.store.search import has
from maildesk.store.search_tables import search
from maildesk.store.tickets import tickets
from maildesk.store.views import fields

LOOKED_AT = 5
"""Newest entries with a hit, of each ticket, among which a snippet is chosen."""
READ = 100_000
"""Letters of an entry that are looked through for a snippet."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Selected:
    """The tickets that are shown, as they are listed, and how many there are."""

    tickets: list[dict[str, Any]]
    total: int


def selected(conn: Connection, selection: Selection) -> Selected:
    """The tickets of a selection in its order."""
    where = list(_conditions(conn, selection))
    query = select(ticket.c.number, ticket.c.updated).where(*where)
    rows = conn.execute(query.order_by(*_order(conn, selection)).limit(selection.limit + 1)).all()
    total = len(rows)
    if total > selection.limit:
        total = int(conn.execute(select(func.count()).select_from(ticket).where(*where)).scalar_one())
        rows = rows[: selection.limit]
    whole = tickets(conn, [row.number for row in rows])
    return Selected([fields(whole[row.number]) | {"updated": row.updated} for row in rows], total)


def _conditions(conn: Connection, selection: Selection) -> Iterable[Condition]:
    for name, wanted in selection.values.items():
        yield _VALUES[name](wanted) if name in _VALUES else ticket.c[name].in_(wanted)
    yield from _within(ticket.c.created, selection.opened)
    yield from _within(ticket.c.updated, selection.updated)
    if selection.unanswered:
        yield ticket.c.answered.is_(False)
    if selection.query:
        yield from (_has(conn, term) for term in selection.query.wanted)
        yield from (not_(_has(conn, term)) for term in selection.query.unwanted)


def _tagged(wanted: Sequence[str]) -> Condition:
    return ticket.c.number.in_(select(tag.c.ticket).where(tag.c.tag.in_(wanted)))


def _asked_by(wanted: Sequence[str]) -> Condition:
    whose = or_(
        participant.c.address.in_([one for one in wanted if not one.startswith("@")]),
        *(participant.c.address.endswith(one, autoescape=True) for one in wanted if one.startswith("@")),
    )
    return ticket.c.number.in_(
        select(participant.c.ticket).where(participant.c.role == "requester").where(whose)
    )


_VALUES: Mapping[str, Callable[[Sequence[str]], Condition]] = {"tag": _tagged, "requester": _asked_by}
"""The filters that are not a column of their name."""


def _within(column: ColumnElement[int], span: Span) -> Iterable[Condition]:
    if span.since is not None:
        yield column >= span.since
    if span.until is not None:
        yield column < span.until


def _has(conn: Connection, term: Term, whole: bool = True) -> Condition:
    """A ticket has a term in its own words, or with `whole` anywhere; or the term is a number or a Message-ID of it."""
    rows = select(search.c.ticket).where(has(conn, [term]))
    found: list[Condition] = [ticket.c.number.in_(rows if whole else rows.where(search.c.entry == ""))]
    number = term.asked.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 19:
        # A ticket that was merged into another is found by the number that it had.
        found += [
            ticket.c.number == int(number),
            ticket.c.number.in_(select(alias.c.ticket).where(alias.c.number == int(number))),
        ]
    if "@" in term.asked:
        known = mid_hash(term.asked.strip("<>"))
        found.append(ticket.c.number.in_(select(mid.c.ticket).where(mid.c.hash == known)))
    return or_(*found)


def _order(conn: Connection, selection: Selection) -> list[ColumnElement[Any]]:
    number = ticket.c.number.asc()
    if selection.order == "oldest":
        return [ticket.c.created.asc(), number]
    if selection.order == "updated":
        return [ticket.c.updated.desc(), number]
    if selection.order == "priority":
        urgency = case(
            {name: place for place, name in enumerate(reversed(PRIORITIES))}, value=ticket.c.priority
        )
        return [urgency.asc(), ticket.c.created.asc(), number]
    if selection.order == "best" and selection.query:
        own = and_(*(_has(conn, term, whole=False) for term in selection.query.wanted))
        return [case((own, 0), else_=1), ticket.c.updated.desc(), number]
    return [ticket.c.created.desc(), number]


def snippets(
    conn: Connection, numbers: Iterable[int], query: Query, width: int, clean: Callable[[str], str] = str
) -> dict[int, tuple[str, Snippet]]:
    """For each of these tickets the entry that shows best what was looked for, by its key, with a piece of its text.

    A ticket that was found by its subject, its people or its number has none. `clean` makes texts fit to be shown.
    """
    newest: dict[int, list[int]] = defaultdict(list)
    # Entries are numbered as they come, and those of a ticket come in their order.
    hits = select(search.c.ticket, entry.c.id).join(entry, entry.c.key == search.c.entry)
    hits = hits.where(has(conn, query.wanted)).order_by(entry.c.id.desc())
    for row in among(conn, hits, search.c.ticket, numbers):
        if len(newest[row.ticket]) < LOOKED_AT:
            newest[row.ticket].append(row.id)
    texts = select(entry.c.ticket, entry.c.key, func.substr(entry.c.new_text, 1, READ).label("text"))
    ids = [one for few in newest.values() for one in few]
    best: dict[int, tuple[str, Snippet]] = {}
    for row in sorted(among(conn, texts.add_columns(entry.c.id), entry.c.id, ids), key=lambda row: -row.id):
        found = snippet(clean(row.text), query.wanted, width)
        if row.ticket not in best or found.terms > best[row.ticket][1].terms:
            best[row.ticket] = (row.key, found)
    return best
