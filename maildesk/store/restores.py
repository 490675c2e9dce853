"""Restores: what a store that was put back from a backup leaves to be heeded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, or_, select, update

from maildesk.core.decide import WAIT
from maildesk.core.reading import Evidence
from maildesk.store import control
from maildesk.store.schema import INBOX_OPEN, OUTBOX_OPEN, inbox, outbox
from maildesk.store.schema import control as rows

_RESTORED = "restored"
_MAILBOX = "restored.mailbox."


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that was put back from a backup: when that was made, and when it was put back. `acknowledge`: whether
    mails of the time between, when they come again, are acknowledged."""

    backup: int
    at: int
    acknowledge: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """How far a mailbox has been read again since the backup: `done` of `mails` are taken, and `over` says that there
    are no more. `of` is the instant of the restore that it belongs to. `fewest` is the smallest number that was ever
    left to do; None before it is begun, and when nothing is left."""

    of: int
    mails: int = 0
    done: int = 0
    over: bool = False
    fewest: int | None = None


def put(conn: Connection, restored: Restored, actor: str) -> None:
    """Remembers that the store is one from a backup."""
    value = json.dumps({"backup": restored.backup, "acknowledge": restored.acknowledge})
    control.put(conn, _RESTORED, value, restored.at, actor)


def last(conn: Connection) -> Restored | None:
    """Whether the store was put back from a backup, the last time: mailboxes are read again since then."""
    row = control.get(conn, _RESTORED)
    return Restored(at=row.at, **json.loads(row.value)) if row else None


def replay(conn: Connection, mailbox: str) -> Replay | None:
    """How far a mailbox has been read again since the last restore; None if it need not be, or is not begun."""
    restored, row = last(conn), control.get(conn, _MAILBOX + mailbox)
    found = Replay(**json.loads(row.value)) if row else None
    return found if restored and found and found.of == restored.at else None


def put_replay(conn: Connection, mailbox: str, how_far: Replay, now: int) -> None:
    """Remembers how far a mailbox has been read again, and when it last made progress.

    To begin again is no progress, nor is to come as far as before: some mail may break it off each time.
    """
    name, todo = _MAILBOX + mailbox, how_far.mails - how_far.done
    before, at = replay(conn, mailbox), now
    if before and before.fewest is not None and todo >= before.fewest:
        todo, at = before.fewest, control.get(conn, name).at
    control.put(conn, name, json.dumps(asdict(replace(how_far, fewest=todo or None))), at, "maildesk")


def expect(conn: Connection, mailboxes: Sequence[str], restored: Restored) -> None:
    """These mailboxes are to be read again."""
    for name in mailboxes:
        put_replay(conn, name, Replay(restored.at), restored.at)


def started(conn: Connection, mailboxes: Sequence[str], now: int) -> None:
    """A daemon that reads these mailboxes has started: those that nothing has begun to read yet are waited for from
    now on, however long ago the restore was. Only once: one that starts again and again lets mail be decided."""
    restored = last(conn)
    for name in mailboxes if restored else ():
        row = control.get(conn, _MAILBOX + name)
        if restored and row and row.at == restored.at and replay(conn, name) == Replay(restored.at):
            put_replay(conn, name, Replay(restored.at), now)


def replaying(conn: Connection, restored: Restored, now: int) -> bool:
    """Whether mailboxes are being read again at this moment, so that mails of before may still come, in any order.

    One that has made no progress for ten minutes is not waited for: it cannot be read, or is read no more. Nor is one
    whose progress lies in the future: a clock was set back.
    """
    c = rows.c
    lately = c.at.between(now - WAIT, now + WAIT)
    values = conn.execute(select(c.value).where(c.name.startswith(_MAILBOX), lately)).scalars()
    found = [Replay(**json.loads(value)) for value in values]
    return any(one.of == restored.at and not one.over for one in found)


def overview(conn: Connection, mailboxes: Sequence[str]) -> dict[str, Replay]:
    """The mailboxes among these that are yet to be read again, or are being read, and how far they are."""
    restored = last(conn)
    if restored is None:
        return {}
    found = {name: replay(conn, name) or Replay(restored.at) for name in mailboxes}
    return {name: how_far for name, how_far in found.items() if not how_far.over}


def set_apart(conn: Connection, causes: Sequence[str], now: int) -> None:
    """Mails that follow from mails of the time before the restore have probably gone out then. They are kept and
    shown, and not sent unless somebody wants it. `causes` are the row keys of mails just decided."""
    restored = last(conn)
    if restored is None:
        return
    rows = conn.execute(select(inbox.c.key, inbox.c.evidence).where(inbox.c.key.in_(causes)))
    old = [row.key for row in rows if Evidence(**json.loads(row.evidence)).replayed]
    if not old:
        return
    todo = (outbox.c.cause.in_(old), outbox.c.state.in_(("todo", "waiting")))
    acknowledged = outbox.c.kind == "acknowledgment"
    if restored.acknowledge:
        conn.execute(update(outbox).where(*todo, acknowledged).values(not_before=now))
    apart = ~acknowledged if restored.acknowledge else outbox.c.kind.is_not(None)
    told = "It follows from a mail of before the restore, and has probably been sent then."
    conn.execute(update(outbox).where(*todo, apart).values(state="restored", trouble=told))


def begin(conn: Connection) -> int:
    """Sets apart what a store from a backup has begun, and what may have been finished since the backup.

    Mails that waited to be sent are kept and shown, and not sent unless somebody wants it; how many. Mails that waited
    for their decision are decided as mails of the time before. Rows that nodes held are free.
    """
    told = "It waited to be sent when the backup was made, and may have been sent since."
    apart = conn.execute(
        update(outbox)
        .where(or_(OUTBOX_OPEN, outbox.c.state == "waiting"))
        .values(state="restored", holder=None, trouble=told)
    )
    waiting = conn.execute(select(inbox.c.key, inbox.c.evidence).where(INBOX_OPEN)).all()
    for row in waiting:
        evidence = {**json.loads(row.evidence), "replayed": True}
        free = {"state": "new", "holder": None, "evidence": json.dumps(evidence)}
        conn.execute(update(inbox).where(inbox.c.key == row.key).values(free))
    control.forget_reload(conn)
    return int(apart.rowcount)
