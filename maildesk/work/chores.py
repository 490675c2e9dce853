"""Chores: what is due by the clock alone. Late answers are told, and bodies that went out long ago are let go."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from maildesk import log
from maildesk.core.identity import once_key
from maildesk.core.model import DAY, HOUR
from maildesk.core.undelivered import Delivery
from maildesk.store import outbox, ways_out
from maildesk.store.outbox import Row
from maildesk.store.store import Store
from maildesk.work.live import Live
from maildesk.work.outbound import tell

LATE = 4 * HOUR
KEPT = 30 * DAY
BATCH = 50
BODIES = 500


class Chores:
    """Does what is due."""

    def __init__(self, store: Store, live: Callable[[], Live]) -> None:
        self._store = store
        self._live = live

    def step(self, now: int) -> int:
        """The number of mails that were told of or whose body was let go."""
        late = self._store.write("decide", lambda conn: self._late(conn, now))
        for row in late:
            log.late(row.once, row.notice.to)
        return len(late) + self._store.write("work", lambda conn: outbox.let_go(conn, now - KEPT, BODIES))

    def _late(self, conn: Connection, now: int) -> list[Row]:
        """Agents hear of answers that are still on their way after four hours, each once."""
        rows = outbox.late(conn, now - LATE, BATCH)
        if not rows:
            return []
        closed = next((one["trouble"] for one in ways_out.closed(conn, now)), "")
        causes = [
            Delivery(
                key=once_key(row.once, "late", row.notice.to, None),
                notice=row.notice,
                late=True,
                answer=trouble or closed or "nothing was sent yet",
            )
            for row, trouble in rows
        ]
        tell(conn, causes, self._store, self._live(), now)
        return [row for row, _ in rows]
