"""Where a killed desk lives: its database and its folder, which can be put back to an earlier state."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event

from maildesk.store.db import Database
from maildesk.store.schema import metadata
from maildesk.work.live import Live
from tests.crash.killpoints import Journal
from tests.waiting import until

Rows = dict[str, list[dict[str, Any]]]
"""Everything in a database: rows by table."""
NODE = "main"


def database(url: str, busy_ms: int = 10_000) -> Database:
    """A database that does not wait for the disk: a process that dies takes nothing of it along."""
    db = Database(url, busy_ms)
    if db.is_sqlite:

        @event.listens_for(db.engine, "connect")
        def hasty(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF").close()

    return db


@dataclass(frozen=True)
class Place:
    """A desk's database, folder and configuration."""

    url: str
    folder: Path
    live: Live

    @property
    def journal(self) -> Journal:
        """What the world outside saw."""
        return Journal(self.folder / "journal")

    @property
    def outgoing(self) -> Path:
        """Where the desk's mails go."""
        return self.folder / "outgoing"

    @cached_property
    def db(self) -> Database:
        """The database. Children inherit its compiled statements; no connection of it is open over a fork."""
        return database(self.url)

    @cached_property
    def _observer(self) -> Connection:
        """On PostgreSQL, a connection that stays; it belongs to this process alone."""
        return database(self.url).connect()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end."""
        conn = self.db.connect() if self.db.is_sqlite else self._observer
        try:
            self.db.begin(conn, "write")
            yield conn
            self.db.commit(conn)
        finally:
            self.db.rollback(conn)
            if self.db.is_sqlite:
                conn.close()
                self.db.close()

    def settle(self) -> None:
        """Waits until the server has seen that a process died: its transaction lives on for a moment."""
        if not self.db.is_sqlite:
            # Outside a transaction: within one the server shows the same list again and again.
            until(lambda: others(self._observer) == 0)

    def close(self) -> None:
        """Gives the connection that stays back."""
        if not self.db.is_sqlite:
            self._observer.close()
            self._observer.engine.dispose()

    def rows(self) -> Rows:
        """What is in the database."""
        with self.connection() as conn:
            found = {}
            for table in metadata.sorted_tables:
                ordered = table.select().order_by(*table.primary_key.columns)
                found[table.name] = [dict(row._mapping) for row in conn.execute(ordered)]
            return found

    def restore(self, rows: Rows) -> None:
        """Puts the database back, and empties the folder."""
        if self.folder.exists():
            for path in self.folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.name == "journal":
                    path.unlink()
        self.settle()
        with self.connection() as conn:
            for table in reversed(metadata.sorted_tables):
                conn.execute(table.delete())
            for table in metadata.sorted_tables:
                if rows[table.name]:
                    conn.execute(table.insert(), rows[table.name])


def others(conn: Connection) -> int:
    """How many other processes are connected to the database."""
    return int(
        conn.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).scalar_one()
    )
