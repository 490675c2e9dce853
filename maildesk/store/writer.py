"""A writer owns one writing connection. Calls that wait together share a commit (group commit); threads hand work in,
or run it inline.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection

from maildesk.store.db import Database, operational
from maildesk.store.pulse import Pulse

T = TypeVar("T")
# `accept` and `decide` never share a transaction: a decision that fails must not take accepted mail with it.
Lane = Literal["accept", "work", "decide"]
GROUP = 50
WAITING = 2_000


class Busy(Exception):
    """Too much waits to be written; the other side should come again."""


@dataclass(slots=True)
class _Job:
    lane: Lane
    work: Callable[[Connection], Any]
    future: Future[Any]


class Writer:
    """Owns one writing connection. Without `start` every call runs at once, in the caller's thread."""

    def __init__(self, db: Database, name: str = "writer") -> None:
        self._db = db
        self._name = name
        self._conn: Connection | None = None
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._inline = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.pulse = Pulse(name)
        self.pulse.rest()

    def start(self) -> None:
        """From now on one thread writes."""
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes what waits, then ends the thread and closes the connection."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join()
            self._thread = None
        self._drop()

    def submit(self, lane: Lane, work: Callable[[Connection], T]) -> Future[T]:
        """Queues work; the future has its result after the COMMIT. Raises Busy where too much waits."""
        job = _Job(lane, work, Future())
        if self._thread is None:
            with self._inline:
                self._group([job])
            return job.future
        with self._wake:
            if self._stopping or len(self._jobs) >= WAITING:
                raise Busy("too much waits to be written")
            self._jobs.append(job)
            self._wake.notify()
        return job.future

    def _loop(self) -> None:
        while True:
            with self._wake:
                self.pulse.rest()
                self._wake.wait_for(lambda: self._jobs or self._stopping)
                self.pulse.beat()
                if not self._jobs:
                    return
                group = [self._jobs.popleft()]
                while self._jobs and len(group) < GROUP and group[0].lane == self._jobs[0].lane != "decide":
                    group.append(self._jobs.popleft())
            self._group(group)

    def _group(self, group: list[_Job]) -> None:
        try:
            results = self._transaction(group)
        except BaseException as error:
            # The group is void. The world's errors are told to all of it; a bad value costs only its own mail.
            if len(group) == 1 or operational(error) or not isinstance(error, Exception):
                for job in group:
                    job.future.set_exception(error)
            else:
                for job in group:
                    self._group([job])
            if not isinstance(error, Exception):
                raise
            return
        for job, result in zip(group, results, strict=True):
            job.future.set_result(result)

    def _transaction(self, group: list[_Job]) -> list[Any]:
        # A group that failed is done again one by one, and each takes its time.
        self.pulse.beat()
        if self._conn is None or self._conn.closed:
            self._conn = self._db.connect()
        conn = self._conn
        try:
            self._db.begin(conn, "decide" if group[0].lane == "decide" else "write")
            results = [job.work(conn) for job in group]
            self._db.commit(conn)
        except BaseException:
            self._db.rollback(conn)
            if conn.invalidated:
                self._drop()
            raise
        return results

    def _drop(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
