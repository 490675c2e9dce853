"""The database file: for its owner alone, and nothing is taken for committed that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import exc

from maildesk.store import db as dbs
from maildesk.store.db import Database, NotCommitted, operational
from maildesk.store.nodes import cli_name
from maildesk.store.store import Store


def test_nobody_else_may_read_the_store(tmp_path: Path) -> None:
    store = Store(Database(f"sqlite:///{tmp_path}/var/maildesk.db"), "main")
    store.open()
    store.write("work", lambda conn: None)
    try:
        assert (tmp_path / "var").stat().st_mode & 0o077 == 0
        modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "var").iterdir()}
        assert "maildesk.db" in modes
        assert not any(modes.values()), modes
    finally:
        store.close()


def test_a_command_leaves_no_lock_file(tmp_path: Path) -> None:
    for name, left in ((cli_name(), 0), ("main", 1)):
        store = Store(Database(f"sqlite:///{tmp_path}/maildesk.db"), name)
        store.open()
        store.node.lock()
        store.close()
        assert len(list(tmp_path.glob("*.lock"))) == left


def test_a_commit_without_a_transaction_is_an_error(database_url: str) -> None:
    db = Database(database_url)
    with db.connect() as conn:
        db.begin(conn, "write")
        db.rollback(conn)
        with pytest.raises(NotCommitted) as caught:
            db.commit(conn)
        assert operational(caught.value), "the mails of such a group are tried again"
    db.close()


def test_a_value_beyond_the_limits_is_no_error_of_the_world(database_url: str) -> None:
    """A mail that has such a value must not hold up all others."""
    db = Database(database_url)
    too_much = "zeroblob(2000000000)" if db.is_sqlite else "repeat('a', 3000)::tsvector"
    with db.connect() as conn, pytest.raises(exc.DBAPIError) as caught:
        conn.exec_driver_sql(f"SELECT {too_much}")
    assert not operational(caught.value)
    db.close()


def test_a_failed_transaction_does_not_commit(database_url: str) -> None:
    db = Database(database_url)
    with db.connect() as conn:
        db.begin(conn, "write")
        with pytest.raises(Exception, match="no_such_table"):
            conn.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")
        if db.is_sqlite:
            db.commit(conn)  # SQLite fails the statement alone; the transaction is still sound
        else:
            with pytest.raises(NotCommitted):
                db.commit(conn)
    db.close()


def test_a_node_that_is_frozen_holds_nobody_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It holds the lock of decisions, and says no more. Nothing of what it had begun is stored."""
    monkeypatch.setattr(dbs, "IDLE_MS", 500)
    db = Database(postgres_url)
    with db.connect() as frozen, db.connect() as other:
        db.begin(frozen, "decide")
        other.exec_driver_sql("SET lock_timeout = '60s'")  # a deadline, never a wait
        db.begin(other, "decide")
        db.rollback(other)
        with pytest.raises((exc.DBAPIError, NotCommitted)) as caught:
            db.commit(frozen)
        assert operational(caught.value), "its mails are tried again"
    db.close()
