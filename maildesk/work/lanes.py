"""Lanes: several threads send for one node. What they share: who is busy with which mail, and whether to send."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from maildesk.store.store import Store
from maildesk.work.way_out import WayOut


class Lanes:
    """One for all threads of a node."""

    def __init__(self, store: Store) -> None:
        self.way_out = WayOut(store)
        self._busy: dict[int, object] = {}
        self._lock = threading.Lock()
        self._stopping = False

    def stop(self) -> None:
        """The mails that are being sent are the last ones."""
        self._stopping = True

    def closed(self, now: int) -> bool:
        """Whether no further mail may be sent."""
        return self._stopping or self.way_out.closed(now)

    @contextmanager
    def taking(self, lane: object) -> Iterator[set[int]]:
        """The rows that the other lanes are busy with; while it is held, no other lane takes any."""
        with self._lock:
            yield {row for row, whose in self._busy.items() if whose is not lane}

    def busy(self, lane: object, rows: Iterable[int]) -> None:
        """The lane is busy with these rows from now on, and with no others.

        A row whose attempt is recorded is free, and may be another lane's before this one has ended its step.
        """
        with self._lock:
            others = {row: whose for row, whose in self._busy.items() if whose is not lane}
            self._busy = others | {row: lane for row in rows if row not in others}

    def claim(self, lane: object, rows: Iterable[int]) -> None:
        """The lane has just taken these rows, while it was `taking`: whoever had them has them no more."""
        self._busy |= dict.fromkeys(rows, lane)
