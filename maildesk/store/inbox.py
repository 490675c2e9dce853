"""The inbox: every mail that was accepted, what holds it, and what became of it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select, update

from maildesk.core.decide import WAIT
from maildesk.core.headers import Head
from maildesk.core.model import Disposition
from maildesk.core.parking import parked as why_parked
from maildesk.core.parking import released
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import nodes, restores
from maildesk.store.db import Database, insert
from maildesk.store.schema import INBOX_OPEN, inbox, raw

OPEN = ("new", "taken")
TRIES = 3


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail on its way into the store: all the work that needs no transaction is done."""

    key: str
    source_key: str | None
    envelope: Envelope
    evidence: Evidence
    received: int
    z: bytes
    size: int
    sha256: str
    head: Head
    mid: str
    accepted: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A mail that this node holds for a decision."""

    id: int
    key: str
    envelope: Envelope
    evidence: Evidence
    received: int
    mid: str
    refs: tuple[str, ...]
    alone: bool
    z: bytes
    accepted: int = 0

    @property
    def raw(self) -> bytes:
        """The mail as it came."""
        return zlib.decompress(self.z)


def accept(conn: Connection, mail: Incoming) -> str:
    """Stores a mail. Storing the same row key or source key again changes nothing. Returns the row key."""
    new_row, new_raw = _inserts(conn.dialect.name)
    done = conn.execute(
        new_row,
        {
            "key": mail.key,
            "source_key": mail.source_key,
            "channel": mail.envelope.channel,
            "envelope": _stored(mail.envelope),
            "evidence": _stored(mail.evidence),
            "received": mail.received,
            "accepted": mail.accepted,
            "sha256": mail.sha256,
            "size": mail.size,
            "message_id": mail.head.message_id,
            "mid": mail.mid,
            "refs": " ".join(mail.head.cited),
            "sender": mail.head.sender,
            "subject": mail.head.subject,
            "state": "new",
        },
    )
    if done.rowcount == 0:
        return mail.key
    conn.execute(
        new_raw,
        {"key": mail.key, "z": mail.z, "size": mail.size, "sha256": mail.sha256},
    )
    return mail.key


@cache
def _inserts(dialect: str) -> tuple[Any, Any]:
    """The statements that store a mail, made once: their values are given beside them."""
    return (
        insert(dialect, inbox).on_conflict_do_nothing(),
        insert(dialect, raw).on_conflict_do_nothing(index_elements=["key"]),
    )


@lru_cache(maxsize=1_000)
def _stored(value: Envelope | Evidence) -> str:
    return json.dumps(asdict(value))


def known(conn: Connection, source_keys: Iterable[str]) -> set[str]:
    """Which of these source keys have a mail already."""
    found = conn.execute(select(inbox.c.source_key).where(inbox.c.source_key.in_(list(source_keys))))
    return {row.source_key for row in found}


def _mine(key: str | None, holder: str) -> Any:
    return and_(inbox.c.state == "taken", inbox.c.holder == holder, inbox.c.key == key)


def _reap(conn: Connection, db: Database, holder: str, now: int) -> None:
    """Frees the rows of dead nodes, and what a failed step of our own left behind.

    A node that died with one row alone counts against that row.
    """
    others = sorted(nodes.alive(conn, db, now) - {holder})
    conn.execute(
        update(inbox)
        .where(INBOX_OPEN, inbox.c.state == "taken", inbox.c.holder.not_in(others))
        .values(
            state="new",
            holder=None,
            deaths=inbox.c.deaths + case((and_(inbox.c.alone, inbox.c.holder != holder), 1), else_=0),
            alone=case((inbox.c.holder == holder, inbox.c.alone), else_=True),
        )
    )


def _quarantine(conn: Connection, now: int) -> list[str]:
    why = "It was tried three times: each time the process died of it, or an error of maildesk stopped it."
    done = conn.execute(
        update(inbox)
        .where(INBOX_OPEN, inbox.c.state == "new", or_(inbox.c.deaths >= TRIES, inbox.c.errors >= TRIES))
        .values(
            state="quarantined",
            disposition=Disposition.QUARANTINED.value,
            why=json.dumps([why]),
            decided=now,
        )
        .returning(inbox.c.key)
    )
    return [row.key for row in done]


def take(conn: Connection, db: Database, holder: str, limit: int, now: int) -> tuple[list[str], list[str]]:
    """Takes mails for a decision: up to `limit`, or one alone that failed before. Also returns those given up.

    In a store from a backup mails are taken in the order of their times, and none while mailboxes are being read again:
    a mail would be decided before the one that it answers.
    """
    _reap(conn, db, holder, now)
    quarantined = _quarantine(conn, now)
    restored = restores.last(conn)
    if restored and restores.replaying(conn, restored, now):
        return [], quarantined
    order = (inbox.c.received, inbox.c.id) if restored else (inbox.c.id,)
    waited_for = inbox.alias()
    free = or_(
        inbox.c.waits_for.is_(None),
        func.coalesce(inbox.c.accepted, inbox.c.received) < now - WAIT,
        ~exists().where(waited_for.c.key == inbox.c.waits_for, waited_for.c.state.in_(OPEN)),
    )
    found = conn.execute(
        select(inbox.c.key, inbox.c.alone)
        .where(INBOX_OPEN, inbox.c.state == "new", free)
        .order_by(*order)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    alone = bool(found) and found[0].alone
    chosen = [found[0].key] if alone else [row.key for row in found if not row.alone]
    if chosen:
        conn.execute(
            update(inbox)
            .where(inbox.c.key.in_(chosen))
            .values(state="taken", holder=holder, takes=inbox.c.takes + 1, waits_for=None)
        )
    return chosen, quarantined


def held_by(conn: Connection, keys: Iterable[str], holder: str) -> set[str]:
    """Which of these rows the node still holds."""
    found = conn.execute(
        select(inbox.c.key).where(
            inbox.c.key.in_(list(keys)), inbox.c.state == "taken", inbox.c.holder == holder
        )
    )
    return {row.key for row in found}


def fetch(conn: Connection, keys: Sequence[str]) -> list[Row]:
    """The rows with their bytes, in this order; what is not there is left out."""
    query = select(inbox, raw.c.z).join(raw, raw.c.key == inbox.c.key).where(inbox.c.key.in_(keys))
    found = {row.key: _row(row) for row in conn.execute(query)}
    return [found[key] for key in keys if key in found]


def _row(row: Any) -> Row:
    return Row(
        id=row.id,
        key=row.key,
        envelope=envelope(row.envelope),
        evidence=Evidence(**json.loads(row.evidence)),
        received=row.received,
        mid=row.mid,
        refs=tuple(row.refs.split()),
        alone=row.alone,
        z=row.z,
        accepted=row.accepted or row.received,
    )


def envelope(text: str) -> Envelope:
    """An envelope as it is stored."""
    data = json.loads(text)
    return Envelope(**{**data, "recipients": tuple(data["recipients"])})


def put_back(conn: Connection, keys: Iterable[str], holder: str, alone: bool = False) -> None:
    """Frees rows that were not decided, with nothing counted against them; `alone` has each taken by itself."""
    conn.execute(
        update(inbox)
        .where(inbox.c.key.in_(list(keys)), inbox.c.state == "taken", inbox.c.holder == holder)
        .values({"state": "new", "holder": None} | ({"alone": True} if alone else {}))
    )


def failed(conn: Connection, key: str, holder: str, trouble: str) -> None:
    """Counts an error of our own against a row; it is taken alone from now on."""
    conn.execute(
        update(inbox)
        .where(_mine(key, holder))
        .values(state="new", holder=None, alone=True, errors=inbox.c.errors + 1, trouble=trouble)
    )


def waits(conn: Connection, key: str, waits_for: str) -> None:
    """Frees a row until the mail that it answers is decided, or ten minutes have passed."""
    conn.execute(
        update(inbox).where(inbox.c.key == key).values(state="new", holder=None, waits_for=waits_for)
    )


def release(conn: Connection, key: str, by: str, sha256: str = "") -> bool:
    """Lets a held mail be decided again, as vouched for by somebody. False if no such mail is held.

    With `sha256` only a mail of these bytes.
    """
    held = [inbox.c.key == key, inbox.c.state == "done", inbox.c.disposition == Disposition.HELD.value]
    if sha256:
        held.append(inbox.c.sha256 == sha256)
    row = conn.execute(select(inbox.c.evidence).where(*held)).first()
    if row is None:
        return False
    evidence = asdict(released(Evidence(**json.loads(row.evidence)), by, sha256))
    done = conn.execute(
        update(inbox).where(*held).values(state="new", disposition=None, evidence=json.dumps(evidence))
    )
    return done.rowcount == 1


def parked(conn: Connection, mailbox: str, reason: str = "") -> list[str]:
    """The keys of the mails of a mailbox that are held for where they lay, oldest first."""
    rows = conn.execute(
        select(inbox.c.key, inbox.c.evidence, inbox.c.envelope)
        .where(inbox.c.disposition == Disposition.HELD.value, inbox.c.channel == "imap")
        .order_by(inbox.c.id)
    )
    return [
        row.key
        for row in rows
        if envelope(row.envelope).peer.partition("/")[0] == mailbox
        and why_parked(Evidence(**json.loads(row.evidence)))
        and reason in ("", json.loads(row.evidence)["parked"])
    ]


def retry(conn: Connection, key: str) -> bool:
    """Lets a quarantined mail be decided again. False if no such mail is quarantined."""
    done = conn.execute(
        update(inbox)
        .where(inbox.c.key == key, inbox.c.state == "quarantined")
        .values(state="new", disposition=None, deaths=0, errors=0, alone=True, why=None)
    )
    return done.rowcount == 1


def counts(conn: Connection) -> dict[str, int]:
    """How many mails are in each state, held ones apart."""
    state = case((inbox.c.disposition == Disposition.HELD.value, "held"), else_=inbox.c.state)
    found = conn.execute(select(state.label("state"), func.count().label("n")).group_by(state))
    return {row.state: row.n for row in found}
