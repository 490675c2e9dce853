"""Control: what the operator wants of all nodes, kept in the store so that each of them obeys."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from maildesk.core.model import DAY
from maildesk.store.db import insert
from maildesk.store.schema import OUTBOX_OPEN, control, inbox, outbox

ALL = "all"
KINDS: Mapping[str, Sequence[str]] = {ALL: (), "acknowledgments": ("acknowledgment",)}
"""What can be paused, with the kinds of mail that it is."""

_PAUSE = "pause."
_RELOAD = "reload"
_RESTORED = "restored"
LATE = DAY
"""An acknowledgment that a pause held back for longer is of no use to anybody."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What waits, since when, and who said so."""

    what: str
    at: int
    actor: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that was put back from a backup: when that was made, and when it was put back. `acknowledge`: whether
    mails of the time between, when they come again, are acknowledged."""

    backup: int
    at: int
    acknowledge: bool


def _put(conn: Connection, name: str, value: str, now: int, actor: str) -> None:
    values = {"value": value, "at": now, "actor": actor}
    conn.execute(
        insert(conn, control)
        .values(name=name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def _get(conn: Connection, name: str) -> Any:
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
    _put(conn, _PAUSE + what, "", now, actor)
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
        )
        .values(state="late", trouble="It waited for more than a day while sending was paused.")
    )
    return int(late.rowcount)


def wish_reload(conn: Connection, now: int, actor: str) -> str:
    """Every node is to read its configuration anew; the wish's name, by which nodes say that they have done it."""
    wish = secrets.token_hex(8)
    _put(conn, _RELOAD, wish, now, actor)
    return wish


def wished_reload(conn: Connection) -> str:
    """The newest wish to reload; "" if there never was one."""
    row = _get(conn, _RELOAD)
    return str(row.value) if row else ""


def put_restored(conn: Connection, restored: Restored, actor: str) -> None:
    """Remembers that the store is one from a backup."""
    value = json.dumps({"backup": restored.backup, "acknowledge": restored.acknowledge})
    _put(conn, _RESTORED, value, restored.at, actor)


def restored(conn: Connection) -> Restored | None:
    """Whether the store was put back from a backup: mailboxes are read again since `backup`, and what is sent
    because of mails from before `at` was probably sent before."""
    row = _get(conn, _RESTORED)
    return Restored(at=row.at, **json.loads(row.value)) if row else None


def set_apart(conn: Connection, causes: Sequence[str]) -> None:
    """After a restore: mails that follow from mails of the time before it have probably gone out then. They are kept
    and shown, and not sent unless somebody wants it. `causes` are the row keys of mails just decided."""
    found = restored(conn)
    if found is None:
        return
    old = select(inbox.c.key).where(inbox.c.key.in_(causes), inbox.c.received < found.at)
    again = outbox.c.kind != "acknowledgment" if found.acknowledge else outbox.c.kind.is_not(None)
    conn.execute(
        update(outbox)
        .where(outbox.c.cause.in_(old), outbox.c.state == "todo", again)
        .values(state="restored")
    )
