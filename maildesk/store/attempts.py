"""Attempts to send: each is counted before it is made, and recorded with what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update

from maildesk.store.outbox import Row, held
from maildesk.store.schema import attempt, outbox


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt, and what follows from it."""

    row: Row
    outcome: str
    answer: str
    state: str
    not_before: int


def _mine(holder: str) -> Any:
    """The row of `b_id`, in the attempt of `b_try`, as long as this node holds it."""
    return and_(held(holder), outbox.c["try"] == bindparam("b_try"))


def begin(conn: Connection, rows: Iterable[Row], holder: str) -> set[int]:
    """Counts an attempt of each of these mails, before it is made; the ids of those that this node still holds."""
    ids = [row.id for row in rows]
    begun = conn.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids), outbox.c.holder == holder)
        .values({"try": outbox.c["try"] + 1})
        .returning(outbox.c.id)
    )
    return {row.id for row in begun}


def unbegin(conn: Connection, rows: Iterable[Row], holder: str) -> None:
    """Takes back the attempts of mails that were not handed to the sender; the rows stay held."""
    values = [{"b_id": row.id, "b_try": row.try_} for row in rows]
    if values:
        conn.execute(update(outbox).where(_mine(holder)).values({"try": outbox.c["try"] - 1}), values)


def record(conn: Connection, results: Sequence[Result], holder: str, now: int) -> list[Result]:
    """Writes attempts and what follows; nothing for a row that this node does not hold any more. Those written."""
    ids = [result.row.id for result in results]
    rows = conn.execute(
        select(outbox.c.id, outbox.c["try"]).where(outbox.c.id.in_(ids), outbox.c.holder == holder)
    )
    mine = {(id_, try_) for id_, try_ in rows}
    ours = [result for result in results if (result.row.id, result.row.try_) in mine]
    if not ours:
        return []
    conn.execute(
        update(outbox)
        .where(_mine(holder))
        .values(
            state=bindparam("b_state"),
            holder=None,
            alone=False,
            not_before=bindparam("b_not_before"),
            trouble=bindparam("b_trouble"),
        ),
        [
            {
                "b_id": r.row.id,
                "b_try": r.row.try_,
                "b_state": r.state,
                "b_not_before": r.not_before,
                "b_trouble": None if r.state == "sent" else r.answer[:1_000],
            }
            for r in ours
        ],
    )
    conn.execute(
        attempt.insert(),
        [
            {"outbox": r.row.id, "try": r.row.try_, "at": now, "outcome": r.outcome, "answer": r.answer}
            for r in ours
        ],
    )
    return ours


def bar(conn: Connection, row: Row, holder: str, until: int, trouble: str) -> None:
    """Takes back the attempt of a mail that could not be made for its sender, and lets it wait."""
    waits = {"holder": None, "try": outbox.c["try"] - 1, "not_before": until, "trouble": trouble[:1_000]}
    conn.execute(update(outbox).where(_mine(holder)).values(waits), {"b_id": row.id, "b_try": row.try_})
