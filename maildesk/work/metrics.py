"""Metrics: the figures of the store, read now and then, and those of this daemon's own threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection

from maildesk import __version__, log
from maildesk.core.metric import Samples
from maildesk.store import figures
from maildesk.store.db import operational
from maildesk.store.store import Store

KEPT_SECONDS = 5.0


class Figures:
    """What the whole desk has to tell. Asked again within five seconds, it says the same: however many ask, and
    however often, the store is read only so often."""

    def __init__(
        self, store: Store, boxes: Collection[str], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._boxes = boxes
        self._timer = timer
        self._lock = threading.Lock()
        self._kept: Samples = {}
        self._until = 0.0

    def __call__(self, now: int) -> Samples:
        """The figures. A store that cannot be read is one of them, and no error."""
        with self._lock:
            began = self._timer()
            if not self._kept or began >= self._until:
                self._kept = self._read(began, now)
                self._until = self._timer() + KEPT_SECONDS
            return self._kept

    def _read(self, began: float, now: int) -> Samples:
        try:
            with self._store.db.reading() as conn:
                found = figures.read(conn, self._store.db, self._boxes, now)
        except Exception as error:
            if not operational(error):
                raise
            log.not_measured(error)
            return {"maildesk_store_up": {(): 0}}
        took = self._timer() - began
        return {"maildesk_store_up": {(): 1}, "maildesk_store_read_seconds": {(): took}, **found}


def counted(metric: str, *counts: Counter[str]) -> Samples:
    """Counters of one metric, added up."""
    # Copies: their threads count on meanwhile.
    total = sum((Counter(dict(one)) for one in counts), Counter[str]())
    return {metric: {(name,): n for name, n in total.items()}}


def info(node: str) -> Samples:
    """Which version this is."""
    return {"maildesk_info": {(__version__, node): 1}}
