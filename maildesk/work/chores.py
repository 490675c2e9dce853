"""Chores: what is due by the clock alone.

Late answers are told, people are reminded of held mail, and what is too old is let go: mails that nobody released,
keys that verify nothing any more, and bodies that went out long ago.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from maildesk import log
from maildesk.core.changes import Snapshot
from maildesk.core.decide import decide
from maildesk.core.held import LISTED, LONG, SETTLED, Reminder
from maildesk.core.identity import once_key
from maildesk.core.model import DAY, HOUR, HeldMail
from maildesk.core.undelivered import Delivery
from maildesk.store import decisions, held, keys, outbox, waiting, ways_out
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
        self._expired = 0

    def step(self, now: int) -> int:
        """The number of mails that were told of or whose body was let go."""
        late = self._store.write("decide", lambda conn: self._late(conn, now))
        for row in late:
            log.late(row.once, row.notice.to)
        held = self._store.write("decide", lambda conn: self._remind(conn, now))
        for mail in held:
            log.still_held(mail.key, mail.sender)
        if expired := self._store.write("work", lambda conn: waiting.expire(conn, now, self._expired)):
            log.expired(expired)
        # An hour is looked over again: clocks are set back, and other nodes write with theirs.
        self._expired = now - HOUR
        for id_ in self._store.write("work", lambda conn: keys.forget(conn, now)):
            log.key_forgotten(id_)
        return (
            len(late)
            + len(held)
            + self._store.write("work", lambda conn: outbox.let_go(conn, now - KEPT, BODIES))
        )

    def _remind(self, conn: Connection, now: int) -> tuple[HeldMail, ...]:
        """Agents get a list of the held mails that they were not asked about, and the admin hears of what is held for
        days; those mails."""
        unasked = held.unasked(conn, now - SETTLED)
        if unasked and now - unasked[0].at < LISTED:
            unasked = []
        long = held.long(conn, now - LONG)
        if not unasked and not long:
            return ()
        first = (*unasked, *long)[0]
        cause = Reminder(once_key(first.key, "reminder", str(now), None), tuple(unasked), tuple(long))
        live, before = self._live(), Snapshot(self._store.keys)
        decision = decide(cause, before, live.policy, now)
        decisions.save(conn, before, [(cause.key, "", decision)], live.policy, live.digest, now)
        if unasked:
            held.told(conn, "unasked", now - SETTLED, now)
        if long:
            held.told(conn, "long", now - LONG, now)
        return (*unasked, *long)

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
