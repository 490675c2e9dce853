"""No statement of the daily work reads a whole table: the desk is as fast after years as on its first day."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import event

from maildesk.core.model import DAY
from maildesk.work.chores import Chores
from tests.desk import Desk, a_desk, a_mail, an_answer

GROWING = (
    "raw",
    "inbox",
    "ticket",
    "participant",
    "entry",
    "attachment",
    "event",
    "mid",
    "outbox",
    "sent_line",
)
SCAN = re.compile(
    rf"^SCAN (?:{'|'.join(GROWING)})\b(?! USING (?:COVERING )?INDEX (?:inbox_open|outbox_open|outbox_bodies))"
    rf"|Seq Scan on (?:{'|'.join(GROWING)})\b"
)


ALL_EVER = "INDEX outbox_times (kind=? AND at<?)"
LIMITED = "inbox_mid (mid=? AND sender=?)", "inbox_sha256 (sha256=? AND received>? AND received<?)"


def test_daily_work_reads_by_index(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        desk.handle(a_mail())
        seen: dict[str, Any] = {}
        note_to_alice = desk.mails("alice@desk.example", "new_ticket")[0]

        @event.listens_for(desk.store.db.engine, "before_cursor_execute")
        def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                seen[statement] = parameters[0] if many else parameters

        desk.deliver(
            an_answer(note_to_alice, "alice@desk.example", "Ink?\n\n#priority high", "<a@desk.example>")
        )
        desk.deliver(a_mail(message_id=None, subject="Another"))
        desk.deliver(
            a_mail(message_id="<c@customer.example>", headers={"In-Reply-To": "<first@customer.example>"})
        )
        desk.run()
        Chores(desk.store, lambda: desk.live).step(desk.now + 40 * DAY)
        event.remove(desk.store.db.engine, "before_cursor_execute", note)

        assert len(seen) > 20
        if desk.store.db.is_sqlite:
            plans = _sqlite_plans(desk, seen)
            told = "\n".join(plans.values())
            assert ALL_EVER not in told, "late answers are looked for among those that are not out"
            assert all(step in told for step in LIMITED), "copies of a mail are found by their limits"
        else:
            plans = _postgres_plans(desk, seen)
        for statement, plan in plans.items():
            scans = [step for step in plan.split("\n") if SCAN.search(step)]
            assert not scans, f"{scans}\n{statement}\n{plan}"


def _sqlite_plans(desk: Desk, seen: dict[str, Any]) -> dict[str, str]:
    with desk.store.db.reading() as conn:
        return {
            statement: "\n".join(
                row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            )
            for statement, values in seen.items()
        }


def _postgres_plans(desk: Desk, seen: dict[str, Any]) -> dict[str, str]:
    """The plans if tables were large: then a whole table is read only where nothing else is possible."""
    plans = {}
    with desk.store.db.connect() as conn:
        conn.exec_driver_sql("SET enable_seqscan = off")
        for statement, values in seen.items():
            if "FROM" in statement or statement.startswith("UPDATE"):
                found = conn.exec_driver_sql(f"EXPLAIN {statement}", values)
                plans[statement] = "\n".join(row[0] for row in found)
    return plans
