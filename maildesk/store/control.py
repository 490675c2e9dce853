"""Control: what the operator wants of all nodes, kept in the store so that each of them obeys."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from maildesk.core.model import DAY
from maildesk.store.db import insert
from maildesk.store.schema import OUTBOX_OPEN, control, outbox

ALL = "all"
KINDS: Mapping[str, Sequence[str]] = {ALL: (), "acknowledgments": ("acknowledgment",)}
"""What can be paused, with the kinds of mail that it is."""

_PAUSE = "pause."
_RELOAD = "reload"
LATE = DAY
"""An acknowledgment that a pause held back for longer is of no use to anybody."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What waits, since when, and who said so."""

    what: str
    at: int
    actor: str


def put(conn: Connection, name: str, value: str, now: int, actor: str) -> None:
    """Writes a row, over the one of that name."""
    values = {"value": value, "at": now, "actor": actor}
    conn.execute(
        insert(conn, control)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def get(conn: Connection, name: str) -> Any:
    """The row of a name, None if there is none."""
    return conn.execute(select(control).where(control.c.name == name)).first()


def pauses(conn: Connection) -> list[Pause]:
    """What waits until somebody resumes it."""
    rows = conn.execute(select(control).where(control.c.name.startswith(_PAUSE)).order_by(control.c.name))
    return [Pause(row.name.removeprefix(_PAUSE), row.at, row.actor) for row in rows]


def paused(conn: Connection) -> set[str]:
    """The names of what waits."""
    return {pause.what for pause in pauses(conn)}


def pause(conn: Connection, what: str, now: int, actor: str) -> bool:
    """From now on no node sends this. False if that is so already."""
    if what in paused(conn):
        return False
    put(conn, _PAUSE + what, "", now, actor)
    return True


def resume(conn: Connection, what: str, now: int) -> int | None:
    """It is sent again; None if it was not paused, else how many acknowledgments are too late and only recorded."""
    if not conn.execute(delete(control).where(control.c.name == _PAUSE + what)).rowcount:
        return None
    late = conn.execute(
        update(outbox)
        .where(
            OUTBOX_OPEN,
            outbox.c.kind == "acknowledgment",
            outbox.c.holder.is_(None),
            outbox.c["try"] == 0,
            outbox.c.at < now - LATE,
            # One that somebody has asked for since is not late.
            outbox.c.not_before < now - LATE,
        )
        .values(state="late", trouble="It waited for more than a day while sending was paused.")
    )
    return int(late.rowcount)


def wish_reload(conn: Connection, now: int, actor: str) -> str:
    """Every node is to read its configuration anew; the wish's name, by which nodes say that they have done it."""
    wish = secrets.token_hex(8)
    put(conn, _RELOAD, wish, now, actor)
    return wish


def forget_reload(conn: Connection) -> None:
    """Nobody wishes a reload any more."""
    conn.execute(delete(control).where(control.c.name == _RELOAD))


def wished_reload(conn: Connection) -> str:
    """The newest wish to reload; "" if there never was one."""
    row = get(conn, _RELOAD)
    return str(row.value) if row else ""
