"""One store: its database, its keys, its writer, and this process's node."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from sqlalchemy import Connection

from maildesk.core.identity import Keys
from maildesk.store import keys as store_keys
from maildesk.store.db import Database, StoreError, local_now
from maildesk.store.nodes import Node
from maildesk.store.pulse import Pulse
from maildesk.store.writer import Lane, Writer

T = TypeVar("T")


class Store:
    """Everything that a process does with the store goes through here."""

    def __init__(self, db: Database, node_name: str) -> None:
        self.db = db
        self.node = Node(db, node_name)
        self._writer = Writer(db)
        # Accepting has its own connection where the database lets two write at once, so that it never waits for
        # a decision; SQLite has one writer at a time, and two would only wait for each other.
        self._accepting = self._writer if db.is_sqlite else Writer(db, "writer-accept")
        self._keys: Keys | None = None

    def open(self, create: bool = True) -> None:
        """Creates a fresh store where there is none (with `create`), checks the version, reads the keys.

        Raises StoreError.
        """
        if create:
            self.db.create(store_keys.make)
        with self.db.reading() as conn:
            self.db.check_version(conn)
            self._keys = store_keys.read(conn, local_now())

    @property
    def keys(self) -> Keys:
        """The store's secrets, as they counted at the last beat."""
        if self._keys is None:
            raise StoreError("the store is not open")
        return self._keys

    def start(self) -> None:
        """Writes on threads of its own from now on."""
        self._writer.start()
        if self._accepting is not self._writer:
            self._accepting.start()

    @property
    def pulses(self) -> list[Pulse]:
        """The pulses of the writing threads."""
        return [writer.pulse for writer in dict.fromkeys((self._writer, self._accepting))]

    def submit(self, lane: Lane, work: Callable[[Connection], T]) -> Future[T]:
        """Queues work for a transaction; see Writer."""
        return (self._accepting if lane == "accept" else self._writer).submit(lane, work)

    def write(self, lane: Lane, work: Callable[[Connection], T]) -> T:
        """Runs work in a transaction and returns its result once that is committed."""
        return self.submit(lane, work).result()

    def beat(self, now: int) -> None:
        """Keeps this process's node alive for another 30 s; once that is committed, it counts on it.

        Keys that were made or ended since the last beat count from now on.
        """
        began = self.node.clock()

        def work(conn: Connection) -> Keys:
            self.node.beat(conn, now)
            return store_keys.read(conn, now)

        self._keys = self.write("work", work)
        self.node.lives(began)

    def close(self) -> None:
        """Writes what waits and closes everything."""
        if self._accepting is not self._writer:
            self._accepting.stop()
        self._writer.stop()
        self.node.unlock()
        self.db.close()
