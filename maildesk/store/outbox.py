"""The outbox: every mail to be sent, who holds it, and its bytes. What becomes of it is in `attempts`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, false, func, or_, select, update

from maildesk.core.changes import Notice
from maildesk.core.identity import mid_hash
from maildesk.core.material import Composed
from maildesk.core.notices import KINDS
from maildesk.store import control, nodes, skeleton
from maildesk.store.db import Database, insert
from maildesk.store.inbox import TRIES
from maildesk.store.schema import OUTBOX_BODIES, OUTBOX_OPEN, attempt, outbox, sent_line

ANSWERS = tuple(kind.name for kind in KINDS if kind.audience == "customer" and not kind.automatic)
"""What people wrote to customers."""

RETRIED = (
    *("failed", "undelivered", "quarantined", "maybe-sent", "todo", "ready"),
    *("shadow", "late", "restored", "waiting"),
)
"""The states from which a mail is sent (again) when the operator wants it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A mail that this node holds for sending. `try_` is the ordinal of this attempt, from 1; `unknown` is how many
    earlier ones may have sent it without a record of that, `first` when the first recorded one was; what was before
    somebody asked for it anew (up to the attempt `settled`) does not count.
    `sha256` is the digest of the skeleton, `sender` the address in From, both "" while there is none."""

    id: int
    notice: Notice
    cause: str
    message_id: str
    state: str
    try_: int
    skeleton: bytes | None
    unknown: int = 0
    first: int | None = None
    sha256: str = ""
    settled: int = 0
    sender: str = ""

    @property
    def once(self) -> str:
        """The once-key."""
        return self.notice.once


def notice_of(row: Any) -> Notice:
    """The notice in an outbox row."""
    return Notice(
        once=row.once,
        kind=row.kind,
        to=row.to,
        ticket=row.ticket,
        at=row.at,
        entry=row.entry,
        person=row.person,
        token=row.token,
        generation=row.generation,
        not_before=row.not_before,
        unproven=row.unproven,
        facts=json.loads(row.facts),
    )


def new_row(notice: Notice, cause: str, message_id: str) -> dict[str, Any]:
    """The row of a mail that is to be sent."""
    return {
        "once": notice.once,
        "cause": cause,
        "kind": notice.kind,
        "channel": "mail",
        "ticket": notice.ticket,
        "entry": notice.entry,
        "to": notice.to,
        "domain": notice.to.rpartition("@")[2],
        "person": notice.person,
        "token": notice.token,
        "generation": notice.generation,
        "unproven": notice.unproven,
        "facts": json.dumps(notice.facts, sort_keys=True),
        "at": notice.at,
        "not_before": notice.not_before,
        "state": "waiting" if notice.waits else "todo",
        "trouble": notice.waits or None,
        "try": 0,
        "errors": 0,
        "message_id": message_id,
    }


def add(conn: Connection, notice: Notice, cause: str, message_id: str) -> None:
    """A mail that follows from no decision, such as an alarm; once, however often it is added."""
    statement = insert(conn, outbox).on_conflict_do_nothing(index_elements=["once"])
    conn.execute(statement, [new_row(notice, cause, message_id)])


def take(
    conn: Connection, db: Database, holder: str, limit: int, now: int, keep: Iterable[int] = ()
) -> tuple[list[Row], list[str]]:
    """Takes mails that are due, up to `limit`, or one alone that failed before. Also returns those given up.

    `keep` are rows that this node is busy with at this moment.
    """
    others = sorted(nodes.alive(conn, db, now) - {holder})
    # The rows of dead nodes, and what a failed step of our own left behind.
    conn.execute(
        update(outbox)
        .where(
            OUTBOX_OPEN,
            outbox.c.holder.is_not(None),
            outbox.c.holder.not_in(others),
            outbox.c.id.not_in(sorted(keep)),
        )
        .values(
            holder=None,
            deaths=outbox.c.deaths + case((and_(outbox.c.alone, outbox.c.holder != holder), 1), else_=0),
            alone=case((outbox.c.holder == holder, outbox.c.alone), else_=True),
        )
    )
    given_up = conn.execute(
        update(outbox)
        .where(
            OUTBOX_OPEN,
            outbox.c.holder.is_(None),
            or_(outbox.c.deaths >= TRIES, outbox.c.errors >= TRIES),
        )
        .values(state="quarantined")
        .returning(outbox.c.once)
    )
    quarantined = [row.once for row in given_up]
    found = conn.execute(
        select(outbox)
        .where(OUTBOX_OPEN, outbox.c.holder.is_(None), outbox.c.not_before <= now, _may_go(conn))
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    chosen = found[:1] if found and found[0].alone else [row for row in found if not row.alone]
    if chosen:
        conn.execute(update(outbox).where(outbox.c.id.in_([row.id for row in chosen])).values(holder=holder))
    known = _recorded(conn, [row.id for row in chosen if row._mapping["try"]])
    return [_row(row, *known.get(row.id, (0, None))) for row in chosen], quarantined


def _may_go(conn: Connection) -> Any:
    """What the operator has not paused."""
    paused = control.paused(conn)
    if control.ALL in paused:
        return false()
    return outbox.c.kind.not_in([kind for what in paused for kind in control.KINDS[what]])


def _row(row: Any, known: int, first: int | None) -> Row:
    tries = row._mapping["try"]
    return Row(
        id=row.id,
        notice=notice_of(row),
        cause=row.cause,
        message_id=row.message_id,
        state=row.state,
        try_=tries + 1,
        skeleton=row.skeleton,
        unknown=tries - row.settled - known,
        first=first,
        sha256=row.sha256 or "",
        settled=row.settled,
        sender=row.sender,
    )


def _recorded(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many attempts of each of these mails ended in a way that is known, and when the first was."""
    if not ids:
        return {}
    found = conn.execute(
        select(attempt.c.outbox, func.count().label("n"), func.min(attempt.c.at).label("first"))
        .join(outbox, outbox.c.id == attempt.c.outbox)
        .where(attempt.c.outbox.in_(ids), attempt.c.outcome != "unknown", attempt.c["try"] > outbox.c.settled)
        .group_by(attempt.c.outbox)
    )
    return {row.outbox: (row.n, row.first) for row in found}


def held(holder: str) -> Any:
    """The row of `b_id`, as long as this node holds it."""
    return and_(outbox.c.id == bindparam("b_id"), outbox.c.holder == holder)


def composed(conn: Connection, rows: Sequence[tuple[Row, Composed]], holder: str) -> None:
    """Commits the bytes of mails before they are sent; from now on they never change. No attempt has begun yet."""
    if not rows:
        return
    packed = [(row, mail, skeleton.pack(mail.segments)) for row, mail in rows]
    conn.execute(
        update(outbox)
        .where(held(holder), outbox.c["try"] == bindparam("b_before"))
        .values(
            state="ready",
            skeleton=bindparam("b_skeleton"),
            sha256=bindparam("b_sha256"),
            subject=bindparam("b_subject"),
            sender=bindparam("b_sender"),
        ),
        [
            {
                "b_id": row.id,
                "b_before": row.try_ - 1,
                "b_skeleton": data,
                "b_sha256": skeleton.digest(data),
                "b_subject": mail.subject,
                "b_sender": mail.sender,
            }
            for row, mail, data in packed
        ],
    )
    conn.execute(
        insert(conn, sent_line).on_conflict_do_nothing(index_elements=["mid"]),
        [{"mid": mid_hash(mail.message_id), "lines": " ".join(mail.lines)} for _, mail, _ in packed],
    )


def shadowed(conn: Connection, rows: Iterable[Row], holder: str) -> None:
    """Mails that were composed and are not sent: the desk runs in the shadow of another system."""
    values = [{"b_id": row.id} for row in rows]
    if values:
        kept = {"state": "shadow", "holder": None, "alone": False}
        conn.execute(update(outbox).where(held(holder)).values(kept), values)


def failed(conn: Connection, row: Row, holder: str, trouble: str) -> None:
    """Counts an error of our own against a row; it is taken alone from now on."""
    conn.execute(
        update(outbox)
        .where(held(holder))
        .values(holder=None, alone=True, errors=outbox.c.errors + 1, trouble=trouble),
        {"b_id": row.id},
    )


def put_back(conn: Connection, rows: Iterable[Row], holder: str, alone: bool = False) -> None:
    """Frees rows; `alone` has each taken by itself from now on."""
    values = [{"b_id": row.id} for row in rows]
    if values:
        also = {"alone": True} if alone else {}
        conn.execute(update(outbox).where(held(holder)).values(holder=None, **also), values)


def retry(conn: Connection, once: str, now: int) -> bool:
    """Sends a mail again that was given up, or that waits. False if there is none.

    One that the last gate stopped is none: its agent has it back, and sends it again mended.
    """
    done = conn.execute(
        update(outbox)
        .where(
            outbox.c.once == once,
            outbox.c.state.in_(RETRIED),
            outbox.c.holder.is_(None),
        )
        .values(
            state=case((outbox.c.skeleton.is_(None), "todo"), else_="ready"),
            not_before=now,
            deaths=0,
            errors=0,
            settled=outbox.c["try"],
        )
    )
    return done.rowcount == 1


def late(conn: Connection, made: int, limit: int) -> list[tuple[Row, str]]:
    """Answers that were made before this instant and are not sent yet, with their last trouble; each given once."""
    # Said in this way, so that the index of open rows is used: those of kinds and times know all answers ever given.
    answers, then = (outbox.c.kind + "").in_(ANSWERS), outbox.c.at + 0 <= made
    open_ = select(outbox.c.id).where(OUTBOX_OPEN, answers, then, ~outbox.c.told_late)
    found = conn.execute(
        update(outbox)
        .where(outbox.c.id.in_(open_.order_by(outbox.c.id).limit(limit)))
        .values(told_late=True)
        .returning(*outbox.c)
    ).all()
    return [(_row(row, 0, None), row.trouble or "") for row in sorted(found, key=lambda row: int(row.id))]


def let_go(conn: Connection, before: int, limit: int) -> int:
    """Forgets the bodies of mails that went out before this instant, up to `limit`; how many."""
    went = (
        select(attempt.c.outbox)
        .where(attempt.c.outbox == outbox.c.id, attempt.c.outcome == "sent", attempt.c.at <= before)
        .exists()
    )
    found = (
        select(outbox.c.id)
        .where(OUTBOX_BODIES, outbox.c.at <= before, went)
        .order_by(outbox.c.at)
        .limit(limit)
    )
    ids = list(conn.execute(found).scalars())
    if ids:
        conn.execute(update(outbox).where(outbox.c.id.in_(ids)).values(skeleton=None))
    return len(ids)


def counts(conn: Connection) -> dict[str, int]:
    """How many mails are in each state."""
    found = conn.execute(select(outbox.c.state, func.count().label("n")).group_by(outbox.c.state))
    return {row.state: row.n for row in found}
