"""Connections and transactions on SQLite and PostgreSQL; together with `insert` the only place that tells them apart.

Drivers run in autocommit mode and transactions are plain statements: an explicit COMMIT fails where the database
has rolled back by itself (SQLite does on a full disk), so nothing is ever taken for committed that is not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, Table, create_engine, event, exc
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from maildesk.store.schema import VERSION, meta, metadata

Mode = Literal["read", "write", "decide"]

# Every decision of every node takes this lock; on SQLite the write lock is it.
_DECIDE_LOCK = 0x6D64_6B31
BUSY_MS = 10_000
IDLE_MS = 180_000
"""After so long in a transaction without a word PostgreSQL ends it. A node that is frozen, or cut off from the network,
would else keep its locks, and with them all other nodes from deciding, for hours."""
# libpq's PQTRANS_INTRANS: in a transaction in which nothing has failed.
_IN_TRANSACTION = 2
# The class of PostgreSQL's errors for a value beyond its limits. psycopg counts it among those of the connection, but
# a mail with such a value would be tried for ever, and all others behind it.
_LIMIT = "54"
# One statement takes 32,766 values on SQLite and 65,535 on PostgreSQL; a batch of mails may name more.
AT_ONCE = 1_000
# An error's text goes into logs and tracebacks; the values of its statement are mails, tokens and keys.
HIDDEN = True


class StoreError(Exception):
    """The store cannot be used; the sentence says what to do."""


class NotCommitted(Exception):
    """A COMMIT found no transaction: the database had rolled back. Nothing of it is stored."""


def operational(error: BaseException) -> bool:
    """Whether an error is the world's (disk, lock, connection), so that trying again later may help.

    Too little memory is not: a mail that needs more than there is would be tried for ever.
    """
    if isinstance(error, NotCommitted | OSError):
        return True
    if isinstance(error, exc.IntegrityError | exc.DataError | exc.ProgrammingError | exc.NotSupportedError):
        return False
    if isinstance(error, exc.DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith(_LIMIT):
        return False
    return isinstance(error, exc.DBAPIError | exc.TimeoutError)


class Database:
    """One database by its URL. Thread-safe; connections are not."""

    def __init__(self, url: str, busy_ms: int = BUSY_MS) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if not self.url.database or self.url.database == ":memory:":
                raise StoreError("store.url names no file; write it like sqlite:///var/maildesk.db")
            self.path: Path | None = Path(self.url.database)
        else:
            self.path = None
        self.engine = self._engine(busy_ms)

    def _engine(self, busy_ms: int) -> Engine:
        if not self.is_sqlite:
            server = create_engine(
                self.url,
                isolation_level="AUTOCOMMIT",
                pool_pre_ping=True,
                pool_size=20,
                hide_parameters=HIDDEN,
            )

            @event.listens_for(server, "connect")
            def _limits(connection: Any, record: Any) -> None:
                connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_MS}")

            return server
        engine = create_engine(
            self.url,
            isolation_level="AUTOCOMMIT",
            connect_args={"check_same_thread": False},
            hide_parameters=HIDDEN,
        )

        @event.listens_for(engine, "connect")
        def _pragmas(connection: Any, record: Any) -> None:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                f"busy_timeout={busy_ms}",
                "foreign_keys=ON",
            ):
                connection.execute(f"PRAGMA {pragma}").close()

        return engine

    @property
    def missing(self) -> bool:
        """Whether the file of a SQLite store is not there yet; False for PostgreSQL."""
        return self.path is not None and not self.path.exists()

    def connect(self) -> Connection:
        """A new connection outside any transaction."""
        return self.engine.connect()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which writing is an error, inside one transaction that sees one state."""
        with self.connect() as conn:
            if self.is_sqlite:
                conn.exec_driver_sql("PRAGMA query_only=ON")
            self.begin(conn, "read")
            try:
                yield conn
            finally:
                self.rollback(conn)
                if self.is_sqlite:
                    conn.exec_driver_sql("PRAGMA query_only=OFF")

    def begin(self, conn: Connection, mode: Mode) -> None:
        """Starts a transaction. `decide` waits for the one lock under which all decisions are made."""
        if self.is_sqlite:
            conn.exec_driver_sql("BEGIN" if mode == "read" else "BEGIN IMMEDIATE")
        elif mode == "read":
            conn.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            conn.exec_driver_sql("BEGIN")
            if mode == "decide":
                conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_DECIDE_LOCK})")

    def commit(self, conn: Connection) -> None:
        """Ends a transaction for good. Raises NotCommitted where the database had given it up before."""
        driver: Any = conn.connection.dbapi_connection
        # PostgreSQL answers COMMIT in a failed transaction with ROLLBACK, and without one with a warning; both are
        # no error, so the state is asked for before.
        sound = driver.in_transaction if self.is_sqlite else driver.info.transaction_status == _IN_TRANSACTION
        if not sound:
            raise NotCommitted("the database rolled the transaction back")
        conn.exec_driver_sql("COMMIT")

    def rollback(self, conn: Connection) -> None:
        """Gives a transaction up, if one is open. A connection that cannot even do that is thrown away."""
        if conn.closed or conn.invalidated:
            return
        try:
            driver: Any = conn.connection.dbapi_connection
            if not self.is_sqlite or driver.in_transaction:
                conn.exec_driver_sql("ROLLBACK")
        except exc.DBAPIError:
            conn.invalidate()

    def server_now(self, conn: Connection, now: int) -> int:
        """The instant by which nodes live: the server's clock, which all nodes share; ours on SQLite."""
        if self.is_sqlite:
            return now
        return int(
            conn.exec_driver_sql(
                "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
            ).scalar_one()
        )

    def create(self, fill: Callable[[Connection], object] = lambda _conn: None) -> None:
        """Creates the tables of a fresh store, fills and stamps them, all in one transaction. Leaves a store that is
        there as it is, but for one of an older version, which becomes one of this. Raises StoreError for a newer one.
        """
        if self.path is not None:
            # It holds everybody's mail, and the keys of the tokens by which agents act.
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        with self.connect() as conn:
            version = self.version(conn)
        if 0 < version < VERSION:
            # Late: Alembic alone takes half a second to import.
            from maildesk.store.migrations import migrate

            migrate(self, local_now())
        with self.connect() as conn:
            self.begin(conn, "decide")
            try:
                if not self.version(conn):
                    metadata.create_all(conn)
                    fill(conn)
                    conn.execute(meta.insert(), [{"name": "version", "value": str(VERSION)}])
                self.check_version(conn)
                self.commit(conn)
            finally:
                self.rollback(conn)

    def version(self, conn: Connection) -> int:
        """The version of the store's tables; 0 where there are none."""
        if not self.engine.dialect.has_table(conn, "meta"):
            return 0
        found = conn.execute(meta.select().where(meta.c.name == "version")).first()
        return int(found.value) if found else 0

    def check_version(self, conn: Connection) -> None:
        """Raises StoreError unless the store has the version that this maildesk knows."""
        version = self.version(conn)
        if version == 0:
            raise StoreError(f"the store {self.shown} has no tables yet; `maildesk run` makes them")
        if version < VERSION:
            raise StoreError(
                f"the store {self.shown} has the older version {version}; `maildesk run` upgrades it to {VERSION}, "
                "after copying a SQLite file"
            )
        if version > VERSION:
            raise StoreError(
                f"the store {self.shown} has version {version}, this maildesk knows {VERSION}; upgrade this maildesk"
            )

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Closes all connections that are not in use."""
        self.engine.dispose()


def insert(on: Connection | str, table: Table) -> Any:
    """An INSERT that can say ON CONFLICT, for a connection, or for a dialect by its name."""
    dialect = on if isinstance(on, str) else on.dialect.name
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    """The values in order, each once, in lists that one statement can take."""
    wanted = sorted(set(values))
    for at in range(0, len(wanted), AT_ONCE):
        yield wanted[at : at + AT_ONCE]


def among(
    conn: Connection, query: Select[Any], column: ColumnElement[Any], values: Iterable[Any]
) -> Iterator[Row[Any]]:
    """The rows of a query in which a column has one of these values, however many: asked in parts, none for none.

    An order holds among the rows of one value.
    """
    for part in parts(values):
        yield from conn.execute(query.where(column.in_(part)))


def local_now() -> int:
    """This machine's clock, microseconds UTC. For composition roots; everything else gets the instant passed."""
    return time.time_ns() // 1_000
