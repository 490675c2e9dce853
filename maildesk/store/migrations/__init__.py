"""Migrations: an older store becomes one of this version, in one transaction. Imported only where one is needed.

To add one: raise `schema.VERSION`, copy the newest file of this folder, name it below. A file says what changed when
it was written and never changes again, so it names no table of `schema`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, exc, select, text

from maildesk import log
from maildesk.store import search
from maildesk.store.db import Database, StoreError
from maildesk.store.migrations import version_2, version_3
from maildesk.store.nodes import is_alive
from maildesk.store.schema import VERSION, meta, node

STEPS: Mapping[int, Callable[[Operations], None]] = {2: version_2.upgrade, 3: version_3.upgrade}
"""What leads to each version from the one before it."""
LOCK_MS = 30_000
"""How long PostgreSQL may wait for a table that another program uses."""
_LOCKED = "55P03"  # lock_not_available


def migrate(db: Database, now: int) -> None:
    """Brings the store to `VERSION`. A SQLite file is copied first; on any error the store is as it was.

    Raises StoreError while a daemon runs on the store or another program has its tables open, and the database's
    errors.
    """
    with db.connect() as conn:
        before = db.version(conn)
        _nobody_runs(db, conn, now)
        copy = _copied(db, conn, before)
        if db.is_sqlite:
            # Where a table is built anew, deleting the old one would take along the rows that refer to it.
            conn.exec_driver_sql("PRAGMA foreign_keys=OFF")
        try:
            db.begin(conn, "decide")
            if not db.is_sqlite:
                conn.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS}")
            # Another process may have done it meanwhile.
            old = db.version(conn)
            for version in range(old + 1, VERSION + 1):
                _step(db, conn, version)
            if old < search.SINCE:
                search.fill(conn)
            # A daemon of the older version may have started while the file was copied.
            _nobody_runs(db, conn, now)
            db.commit(conn)
        except exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _LOCKED:
                raise
            raise StoreError(
                f"the store {db.shown} must be upgraded, and another program has its tables open; end it (a pg_dump, a "
                "psql), then start maildesk again"
            ) from error
        finally:
            db.rollback(conn)
            if db.is_sqlite:
                conn.exec_driver_sql("PRAGMA foreign_keys=ON")
    log.migrated(db.shown, before, VERSION, str(copy) if copy else "")


def _step(db: Database, conn: Connection, version: int) -> None:
    context = MigrationContext.configure(conn, opts={"render_as_batch": db.is_sqlite})
    STEPS[version](Operations(context))
    if db.is_sqlite and (broken := conn.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise StoreError(
            f"the store {db.shown} has rows that refer to nothing ({broken[0][0]}); nothing is changed"
        )
    conn.execute(meta.update().where(meta.c.name == "version").values(value=str(version)))


def _nobody_runs(db: Database, conn: Connection, now: int) -> None:
    columns = (node.c.name, node.c.until, node.c.home, node.c.pid, node.c.started)
    clock = db.server_now(conn, now)
    for row in conn.execute(select(*columns)):
        if is_alive(row, clock):
            raise StoreError(
                f"the store {db.shown} must be upgraded, and the node {row.name!r} still runs on it; stop every "
                "maildesk of this store first"
            )


def _copied(db: Database, conn: Connection, version: int) -> Path | None:
    """A copy of a SQLite file as it was, beside it; only its owner may read it."""
    if db.path is None:
        return None
    copy = db.path.with_name(f"{db.path.name}.version-{version}")
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        conn.execute(text("VACUUM INTO :file"), {"file": str(part)})
        os.replace(part, copy)
    finally:
        # On a full disk half a copy would only be in the way.
        part.unlink(missing_ok=True)
    return copy
