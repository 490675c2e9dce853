"""The alarms as they are stored: one row for each condition, by its name and the node that reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, select, update

from maildesk.core.alarm import STALE, Alarm, kind_of
from maildesk.store.db import insert
from maildesk.store.schema import alarm


def known(conn: Connection) -> list[Alarm]:
    """Every alarm that was ever raised, as it stands now; the oldest first."""
    return [
        Alarm(**row._mapping) for row in conn.execute(select(alarm).order_by(alarm.c.first, alarm.c.name))
    ]


def standing(conn: Connection) -> list[Alarm]:
    """The alarms that stand."""
    return [one for one in known(conn) if one.stands]


def report(conn: Connection, found: Mapping[str, str], node: str, now: int) -> None:
    """Writes down which conditions hold (a sentence) and which do not (""), as this node sees it.

    What nobody reports any more is taken for gone.
    """
    before = {(one.name, one.node): one for one in known(conn)}
    for name, sentence in sorted(found.items()):
        where = node if kind_of(name).local else ""
        old = before.get((name, where))
        if sentence:
            put(conn, _raised(old, name, where, sentence, now))
        elif old and old.stands:
            _clear(conn, old, now)
    reported = {(name, node if kind_of(name).local else "") for name in found}
    for key, old in before.items():
        # Another node may report its own alarm of the same name.
        if old.stands and key not in reported and now - old.last >= STALE:
            _clear(conn, old, now)


def _raised(old: Alarm | None, name: str, node: str, sentence: str, now: int) -> Alarm:
    if old is None or old.gone:
        return Alarm(name, node, sentence, first=now, last=now)
    return Alarm(name, node, sentence, first=old.first, last=now, told=old.told)


def _clear(conn: Connection, one: Alarm, now: int) -> None:
    conn.execute(update(alarm).where(alarm.c.name == one.name, alarm.c.node == one.node).values(cleared=now))


def put(conn: Connection, one: Alarm) -> None:
    """Writes an alarm down."""
    values = asdict(one)
    rest = {name: value for name, value in values.items() if name not in ("name", "node")}
    conn.execute(
        insert(conn, alarm).values(values).on_conflict_do_update(index_elements=["name", "node"], set_=rest)
    )
