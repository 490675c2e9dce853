"""Held mails: what a confirmation asked about, and of which ones somebody is to be reminded."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, select

from maildesk.core.matching import Wanted
from maildesk.core.model import Asked, Disposition, HeldMail
from maildesk.core.parking import parked
from maildesk.core.reading import Evidence
from maildesk.store import control
from maildesk.store.db import among
from maildesk.store.schema import inbox, outbox

CONFIRMATIONS = ("held", "held_list")
COLUMNS = ("key", "sha256", "sender", "subject", "ticket", "decided", "evidence", "facts")

_HELD = (inbox.c.state == "done", inbox.c.disposition == Disposition.HELD.value)
_TOLD = {"unasked": "held.listed", "long": "held.told"}


def asked(conn: Connection, wanted: Wanted) -> dict[str, Asked]:
    """The confirmations that are answered, by their Message-ID up to the @."""
    query = select(outbox).where(outbox.c.kind.in_(CONFIRMATIONS))
    rows = list(among(conn, query, outbox.c.message_id, wanted.asked))
    facts = {row.id: json.loads(row.facts).get("mails", []) for row in rows}
    keys = {one["key"] for mails in facts.values() for one in mails}
    still = {(row.key, row.sha256) for row in _held(conn, keys)}
    return {
        row.message_id.partition("@")[0]: Asked(
            person=row.person,
            at=row.at,
            mails=tuple(
                HeldMail(m["key"], m["sha256"], is_held=(m["key"], m["sha256"]) in still)
                for m in facts[row.id]
            ),
            listed=row.kind == "held_list",
        )
        for row in rows
    }


def _held(conn: Connection, keys: Iterable[str]) -> Iterator[Any]:
    return among(conn, select(inbox.c.key, inbox.c.sha256).where(*_HELD), inbox.c.key, keys)


def unasked(conn: Connection, until: int) -> list[HeldMail]:
    """Mails in agents' names that their agents were not asked about, nor told of in a list; up to this instant."""
    found = _decided(conn, _cursor(conn, "unasked"), until)
    return [
        _mail(row) for row in found if row.facts and json.loads(zlib.decompress(row.facts)).get("unasked")
    ]


def long(conn: Connection, until: int) -> list[HeldMail]:
    """Mails that were held for what they claim before this instant, of which nobody was reminded yet."""
    found = _decided(conn, _cursor(conn, "long"), until)
    return [_mail(row) for row in found if not parked(Evidence(**json.loads(row.evidence)))]


def told(conn: Connection, of: str, until: int, now: int) -> None:
    """Nobody is reminded again of what was decided up to this instant; `of` is "unasked" or "long"."""
    control.put(conn, _TOLD[of], str(until), now, "maildesk")


def _cursor(conn: Connection, of: str) -> int:
    row = control.get(conn, _TOLD[of])
    return int(row.value) if row else 0


def _decided(conn: Connection, since: int, until: int) -> list[Any]:
    columns = (inbox.c[name] for name in COLUMNS)
    wanted = select(*columns).where(*_HELD, inbox.c.decided > since, inbox.c.decided <= until)
    return list(conn.execute(wanted.order_by(inbox.c.decided, inbox.c.id)))


def _mail(row: Any) -> HeldMail:
    return HeldMail(row.key, row.sha256, row.sender or "", row.subject or "", row.ticket, row.decided)
