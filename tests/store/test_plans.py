"""No statement of the daily work reads a whole table: the desk is as fast after years as on its first day."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sqlalchemy import event

from tests.desk import a_desk, a_mail, an_answer

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
SCAN = re.compile(rf"SCAN (?:{'|'.join(GROWING)})\b(?! USING (?:COVERING )?INDEX (?:inbox|outbox)_open)")


def test_daily_work_reads_by_index(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
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
        event.remove(desk.store.db.engine, "before_cursor_execute", note)

        assert len(seen) > 20
        with desk.store.db.reading() as conn:
            for statement, parameters in seen.items():
                plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                scans = [step for step in plan if SCAN.match(step)]
                assert not scans, f"{scans}\n{statement}"
