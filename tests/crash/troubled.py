"""A desk whose database can be given trouble: on SQLite and on PostgreSQL, each by the database's own refusals."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from maildesk.store.db import Database
from maildesk.store.schema import inbox, metadata, outbox
from maildesk.store.store import Store
from maildesk.work.live import Live
from tests.crash.place import NODE, database
from tests.desk import Desk

BUSY_MS = 50


class Troubled:
    """A desk that can get into trouble, and what must be true when that is over."""

    ADVICE: Mapping[str, str]
    """What the log must tell the operator in each kind of trouble."""

    def __init__(self, url: str, folder: Path, live: Live) -> None:
        db = database(url, BUSY_MS)
        self._opened: list[Any] = []
        event.listen(db.engine, "connect", lambda connection, _record: self._opened.append(connection))
        store = Store(db, NODE)
        store.open()
        store.node.lock()
        self.desk = Desk(folder, store, live)
        store.beat(self.desk.now)

    def close(self) -> None:
        """Ends it."""
        self.desk.store.close()

    def inbox(self) -> list[Any]:
        """The rows of the inbox."""
        with self.desk.store.db.reading() as conn:
            return list(conn.execute(select(inbox).order_by(inbox.c.id)))

    def outbox(self) -> list[Any]:
        """The rows of the outbox."""
        with self.desk.store.db.reading() as conn:
            return list(conn.execute(select(outbox).order_by(outbox.c.id)))

    def all_is_well(self, mails: int) -> None:
        """Every mail is one ticket with three notices, each sent once; nothing counts against any."""
        done = Counter((row.state, row.disposition) for row in self.inbox())
        assert done == {("done", "new-ticket"): mails}
        assert Counter((row.kind, row.state) for row in self.outbox()) == {
            ("acknowledgment", "sent"): mails,
            ("new_ticket", "sent"): 2 * mails,
        }
        files = [path for part in ("new", "cur") for path in (self.desk.folder / "outgoing" / part).iterdir()]
        assert sorted(p.name.partition(".")[0] for p in files) == sorted(row.once for row in self.outbox())
        self.nothing_counts()

    def nothing_counts(self) -> None:
        """No row has an error or a death to its name."""
        assert {(row.errors, row.deaths) for row in (*self.inbox(), *self.outbox())} <= {(0, 0)}


class OnSqlite(Troubled):
    """Trouble of a file."""

    ADVICE: Mapping[str, str] = {
        "full": "make room",
        "locked": "Another program holds the database",
        "read_only": "check the owner and rights of its file",
    }

    def __init__(self, url: str, folder: Path, live: Live) -> None:
        super().__init__(url, folder, live)
        assert self.desk.store.db.path
        self._path = self.desk.store.db.path

    def _pragma(self, words: str) -> int:
        found = [connection.execute(f"PRAGMA {words}").fetchone() for connection in self._opened]
        return int((found[0] or [0])[0])

    @contextmanager
    def full(self) -> Iterator[None]:
        """The disk is full; what still fits into pages that are there succeeds."""
        self._pragma(f"max_page_count={self._pragma('page_count')}")
        yield
        self._pragma("max_page_count=1073741823")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program writes, and does not come to an end."""
        other = sqlite3.connect(self._path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """The database refuses every write; file rights would not stop root, SQLite's own refusal does."""
        self._pragma("query_only=ON")
        yield
        self._pragma("query_only=OFF")


FULL = """
CREATE TABLE disk (room bigint NOT NULL);
INSERT INTO disk VALUES (1000000);
CREATE FUNCTION write_on_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE disk SET room = room - 1 WHERE room > 0;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '53100', HINT = 'Check free disk space.',
      MESSAGE = 'could not extend file "base/16384/16397": No space left on device';
  END IF;
  RETURN NEW;
END $$;
"""


class OnPostgres(Troubled):
    """Trouble of a server."""

    ADVICE: Mapping[str, str] = {"full": "make room", "read_only": "default_transaction_read_only"}

    def __init__(self, url: str, folder: Path, live: Live) -> None:
        super().__init__(url, folder, live)
        self._server = Database(url)
        self._do(FULL)
        for table in metadata.sorted_tables:
            name = f'"{table.name}"'
            self._do(
                f"CREATE TRIGGER disk BEFORE INSERT OR UPDATE ON {name} FOR EACH ROW EXECUTE FUNCTION write_on_disk()"
            )

    def close(self) -> None:
        """Ends it, and the operator's connections."""
        super().close()
        self._server.close()

    def _do(self, statement: str) -> None:
        with self._server.connect() as conn:
            # What the operator does must not be refused itself.
            conn.exec_driver_sql("SET default_transaction_read_only = off")
            conn.exec_driver_sql(statement)

    @contextmanager
    def full(self) -> Iterator[None]:
        """The server's disk is full after a few more rows, which a rollback gives back: its own error, in mid-group."""
        self._do("UPDATE disk SET room = 15")  # fewer rows than a group has
        yield
        self._do("UPDATE disk SET room = 1000000")

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Somebody set the server to read-only, as providers do when a disk runs full; sessions notice at once."""
        self._switch("on")
        yield
        self._switch("off")

    def _switch(self, value: str) -> None:
        name = self._server.url.database
        self._do(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        for connection in self._opened:
            if not connection.closed:
                connection.execute(f"SET default_transaction_read_only = {value}")
