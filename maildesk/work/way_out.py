"""The way out: while it is closed to all mail, no mail is tried and none is given up."""

from __future__ import annotations

import threading

from maildesk import log
from maildesk.core.retry import pause
from maildesk.store import ways_out
from maildesk.store.store import Store


class WayOut:
    """Shared by all that send for one node. What it says outlives the process in the store, for `status`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._since: int | None = None
        self._until = 0
        self._failures = 0
        self._known = False

    def closed(self, now: int) -> bool:
        """Whether nothing may be tried yet."""
        return now < self._until

    def close(self, trouble: str, now: int) -> None:
        """It is closed, and will be tried again after a while, longer each time."""
        with self._lock:
            if self.closed(now):
                return
            self._failures += 1
            self._since = now if self._since is None else self._since
            self._until = until = now + pause(self._failures)
            since = self._since
            self._known = True
        name = self._store.node.name
        self._store.write("work", lambda conn: ways_out.close(conn, name, since, until, trouble))
        log.relay_closed(trouble, (until - now) // 1_000_000)

    def reopen(self) -> None:
        """It is open. Costs nothing where it was open before."""
        if self._known and self._since is None:
            return
        with self._lock:
            was, self._since = self._since, None
            self._until = self._failures = 0
            self._known = True
        self._store.write("work", lambda conn: ways_out.reopen(conn, self._store.node.name))
        if was is not None:
            log.relay_open()
