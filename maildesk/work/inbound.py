"""Inbound: mails that were accepted are read and decided, many in one transaction."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from maildesk import log
from maildesk.core.changes import Decision
from maildesk.core.decide import Arrival, decide
from maildesk.core.identity import mid_hash
from maildesk.core.matching import Wanted, wanted
from maildesk.core.reading import Reading, read
from maildesk.store import decisions, inbox, tickets, views
from maildesk.store.db import operational
from maildesk.store.inbox import Row
from maildesk.store.store import Store
from maildesk.work.live import Live

BATCH = 50


def _no_hook(raw: bytes) -> None:
    """Stands where tests put a mail that breaks its reader."""


class Inbound:
    """Decides what was accepted."""

    def __init__(
        self,
        store: Store,
        live: Callable[[], Live],
        batch: int = BATCH,
        wake: Callable[[], None] = lambda: None,
        testing_before_read: Callable[[bytes], None] = _no_hook,
    ) -> None:
        self._store = store
        self._live = live
        self._batch = batch
        self._wake = wake
        self._before_read = testing_before_read
        self.beat: Callable[[], None] = lambda: None
        """Called for each mail of a batch: a large one takes its time, and does not hang."""
        self.decided: Counter[str] = Counter()
        """How many mails this process has decided, by disposition."""

    def step(self, now: int) -> int:
        """Takes a batch and decides it; the number of mails that were taken or given up. A late node takes none.

        Raises the world's errors (disk, lock, connection) after freeing the batch; nothing counts against it.
        """
        store, live = self._store, self._live()
        if store.node.late():
            return 0
        keys, given_up = store.write(
            "work", lambda conn: inbox.take(conn, store.db, store.node.id, self._batch, now)
        )
        for key in given_up:
            log.quarantined("mail", key)
        if not keys:
            return len(given_up)
        try:
            self._group(keys, live, now)
        except Exception as error:
            if operational(error):
                store.write("work", lambda conn: inbox.put_back(conn, keys, store.node.id))
                raise
            self._void(keys, error)
        return len(keys) + len(given_up)

    def _void(self, keys: Sequence[str], error: Exception) -> None:
        """An error of our own that belongs to no single mail of the group: each is taken alone from now on."""
        if len(keys) == 1:
            self._failed(keys[0], error)
            return
        node = self._store.node.id
        self._store.write("work", lambda conn: inbox.put_back(conn, keys, node, alone=True))
        log.stumbled("group of mails", keys[0], error)

    def _group(self, keys: Sequence[str], live: Live, now: int) -> None:
        with self._store.db.reading() as conn:
            rows = inbox.fetch(conn, keys)
            sent = views.sent_lines(conn, rows)
        readings: list[tuple[Row, Reading]] = []
        for row in rows:
            self.beat()
            try:
                raw = row.raw
                self._before_read(raw)
                readings.append((row, read(raw, row.envelope, row.evidence, live.policy, sent[row.key])))
            except Exception as error:
                self._failed(row.key, error)
        readings = _in_order(readings)
        if not readings:
            return
        try:
            self._decide(readings, live, now)
        except Exception as error:
            # Memory that a group lacks each of its mails may have alone.
            if operational(error) or isinstance(error, MemoryError):
                raise
            if len(readings) == 1:
                self._failed(readings[0][0].key, error)
                return
            # The group is void, and each mail is redone alone: only the one that fails is held up by it.
            for one in readings:
                try:
                    self._decide([one], live, now)
                except Exception as alone:
                    if operational(alone):
                        raise
                    self._failed(one[0].key, alone)

    def _failed(self, key: str, error: Exception) -> None:
        trouble = "".join(traceback.format_exception(error))[-8_000:].replace("\0", "")
        node = self._store.node.id
        self._store.write("work", lambda conn: inbox.failed(conn, key, node, trouble))
        log.stumbled("mail", key, error)

    def _decide(self, readings: Sequence[tuple[Row, Reading]], live: Live, now: int) -> None:
        decided = self._store.write("decide", lambda conn: self._transaction(conn, readings, live, now))
        for key, decision in decided:
            if decision.disposition is None:
                log.waits(key, decision.waits_for)
            else:
                self.decided[decision.disposition.value] += 1
                log.decided(key, decision.disposition.value, decision.ticket, decision.why)
        self._wake()

    def _transaction(
        self, conn: Connection, readings: Sequence[tuple[Row, Reading]], live: Live, now: int
    ) -> list[tuple[str, Decision]]:
        keys = self._store.keys
        # Another node may have taken these rows over while this one was slow; then they are not ours to decide.
        held = inbox.held_by(conn, (row.key for row, _ in readings), self._store.node.id)
        mine = [(row, reading) for row, reading in readings if row.key in held]
        look_up = Wanted()
        for row, reading in mine:
            look_up |= wanted(reading, live.policy, keys, row.received)
        before = snapshot = tickets.load(conn, look_up, keys, now)
        decided: list[tuple[str, Decision]] = []
        for row, reading in mine:
            arrival = Arrival(row.key, row.received, reading, row.accepted)
            decision = decide(arrival, snapshot, live.policy, now)
            if decision.disposition is None:
                inbox.waits(conn, row.key, decision.waits_for)
            snapshot = decision.after
            decided.append((row.key, decision))
        final = [(key, key, decision) for key, decision in decided if decision.disposition]
        if final:
            decisions.save(conn, before, final, live.policy, live.digest, now)
        return decided


def _in_order(readings: list[tuple[Row, Reading]]) -> list[tuple[Row, Reading]]:
    """Mails in the order in which they came, but each after those of the batch that it answers."""
    by_mid = {row.mid: (row, reading) for row, reading in reversed(readings) if row.mid}
    ordered: dict[str, tuple[Row, Reading]] = {}
    for start in readings:
        # A stack instead of recursion: a batch may hold a chain of fifty answers, or a circle.
        stack = [start]
        entered: set[str] = set()
        while stack:
            row, reading = stack[-1]
            first = (
                []
                if row.key in entered
                else [
                    by_mid[mid] for mid in _mids(row) if mid in by_mid and by_mid[mid][0].key not in ordered
                ]
            )
            entered.add(row.key)
            first = [one for one in first if one[0].key not in entered]
            if first:
                stack.extend(first)
                continue
            stack.pop()
            ordered.setdefault(row.key, (row, reading))
    return list(ordered.values())


def _mids(row: Row) -> tuple[str, ...]:
    return tuple(mid_hash(ref) for ref in row.refs)
