"""Lanes: several threads send for one node. What they share: who is busy with which mail, and whether to send."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from maildesk.store.outbox import Row
from maildesk.store.store import Store
from maildesk.work.pause import Pause


class Lanes:
    """One for all threads of a node."""

    def __init__(self, store: Store) -> None:
        self.pause = Pause(store)
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._stopping = False

    def stop(self) -> None:
        """The mails that are being sent are the last ones."""
        self._stopping = True

    def closed(self, now: int) -> bool:
        """Whether no further mail may be sent."""
        return self._stopping or self.pause.holds(now)

    @contextmanager
    def taking(self) -> Iterator[set[int]]:
        """The rows that the other lanes are busy with; while it is held, no other lane takes any."""
        with self._lock:
            yield self._busy

    def done(self, rows: Iterable[Row]) -> None:
        """The lane is not busy with these any more."""
        with self._lock:
            self._busy.difference_update(row.id for row in rows)
