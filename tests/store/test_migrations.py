"""Migrations: a store of the first version, with data in it, becomes one of this version."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, exc, inspect, text

from maildesk.core.model import SECOND
from maildesk.core.search import parse
from maildesk.core.selection import Selection
from maildesk.store import migrations
from maildesk.store.db import Database, StoreError, local_now
from maildesk.store.schema import VERSION
from maildesk.store.selecting import selected
from maildesk.store.store import Store
from tests.cli.conftest import ROOT

V1 = Path(__file__).parent / "v1"
ROWS: dict[str, list[dict[str, Any]]] = json.loads((V1 / "rows.json").read_text())
STEPS = migrations.STEPS
Rows = dict[str, list[dict[str, Any]]]


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _stored(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def changed(db: Database, work: Callable[[Connection], Any]) -> None:
    """Something is done to a database, and committed."""
    with db.connect() as conn:
        db.begin(conn, "write")
        work(conn)
        db.commit(conn)


@pytest.fixture
def old(database_url: str) -> Iterator[Database]:
    """A store of the first version, as its maildesk left it: two tickets, held mail, mail that waits to be sent."""
    db = Database(database_url)

    def fill(conn: Connection) -> None:
        for statement in (V1 / f"{db.engine.dialect.name}.sql").read_text().split(";\n"):
            if statement.strip():
                conn.exec_driver_sql(statement)
        tables = MetaData()
        tables.reflect(conn)
        for table in tables.sorted_tables:
            if ROWS[table.name]:
                rows = [{name: _stored(value) for name, value in row.items()} for row in ROWS[table.name]]
                conn.execute(table.insert(), rows)

    changed(db, fill)
    yield db
    db.close()


def rows(db: Database) -> Rows:
    """Everything in a database, by table."""
    tables = MetaData()
    with db.connect() as conn:
        tables.reflect(conn)
        return {
            table.name: [
                {name: _plain(value) for name, value in row._mapping.items()}
                for row in conn.execute(table.select().order_by(*table.primary_key.columns))
            ]
            for table in tables.sorted_tables
        }


def shape(db: Database) -> dict[str, Any]:
    """Tables with columns, keys and indexes, whatever the order in which they were made."""
    with db.connect() as conn:
        seen = inspect(conn)
        return {
            table: (
                sorted(
                    (c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table)
                ),
                seen.get_pk_constraint(table)["constrained_columns"],
                sorted(str(key["constrained_columns"]) for key in seen.get_foreign_keys(table)),
                sorted(str(key["column_names"]) for key in seen.get_unique_constraints(table)),
                sorted(
                    (
                        index["name"],
                        index["column_names"],
                        sorted(map(str, index.get("dialect_options", {}).values())),
                    )
                    for index in seen.get_indexes(table)
                    if not index.get("duplicates_constraint")
                ),
            )
            for table in sorted(seen.get_table_names())
        }


def test_all_is_there_and_it_is_as_if_fresh(old: Database, tmp_path: Path, request: Any) -> None:
    before = rows(old)
    assert before == {**ROWS, "raw": before["raw"]}
    store = Store(old, "main")
    store.open()
    after = rows(old)
    for table, found in before.items():
        kept = [{name: row[name] for name in found[0]} for row in after[table]] if found else after[table]
        if table == "meta":
            found = [row if row["name"] != "version" else {**row, "value": str(VERSION)} for row in found]
        assert kept == found, table
    if old.is_sqlite:
        fresh = Database(f"sqlite:///{tmp_path}/fresh.db")
        fresh.create()
        assert shape(old) == shape(fresh)
        fresh.close()
    with store.db.reading() as conn:
        listed = selected(conn, Selection()).tickets
        assert {ticket["subject"] for ticket in listed} == {"My printer is broken", "Another"}
        last = {event["ticket"]: event["at"] for event in sorted(ROWS["event"], key=lambda row: row["seq"])}
        assert {ticket["number"]: ticket["updated"] for ticket in listed} == last
    store.close()


def test_what_was_written_before_is_found(old: Database) -> None:
    old.create()
    with old.reading() as conn:
        for words, subject in (("put ink", "My printer is broken"), ("jane another", "Another")):
            [found] = selected(conn, Selection(query=parse(words))).tickets
            assert found["subject"] == subject


def test_postgresql_is_as_if_fresh(postgres_cluster: Any, postgres_url: str) -> None:
    db = Database(postgres_url)

    def make(conn: Connection) -> None:
        conn.exec_driver_sql((V1 / "postgresql.sql").read_text())
        conn.exec_driver_sql("INSERT INTO meta VALUES ('version', '1')")

    changed(db, make)
    db.create()
    with postgres_cluster.database() as url:
        fresh = Database(url)
        fresh.create()
        assert shape(db) == shape(fresh)
        fresh.close()
    db.close()


def test_the_old_file_is_kept(old: Database) -> None:
    before = rows(old)
    old.create()
    if old.path is None:
        return  # PostgreSQL takes it back as a whole, and has backups of its own
    copy = old.path.with_name(f"{old.path.name}.version-1")
    assert os.stat(copy).st_mode & 0o077 == 0
    kept = Database(f"sqlite:///{copy}")
    assert rows(kept) == before
    kept.close()


def test_a_step_that_fails_changes_nothing(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    before, tables = rows(old), shape(old)

    def fails(op: Any) -> None:
        STEPS[VERSION](op)
        op.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(migrations, "STEPS", {**STEPS, VERSION: fails})
    with pytest.raises(exc.DBAPIError):
        old.create()
    assert (rows(old), shape(old)) == (before, tables)
    if old.is_sqlite:
        with old.connect() as conn:
            assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_rows_survive_a_table_that_is_built_anew(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic's batch mode drops the old table: with foreign keys on, the tickets' participants would go with it."""
    before = rows(old)

    def rebuilds(op: Any) -> None:
        STEPS[2](op)
        with op.batch_alter_table("ticket", recreate="always" if old.is_sqlite else "auto") as batch:
            batch.alter_column("subject", nullable=True)

    monkeypatch.setattr(migrations, "STEPS", {**STEPS, 2: rebuilds})
    old.create()
    after = rows(old)
    assert {t: len(found) for t, found in after.items() if t in before} == {
        table: len(found) for table, found in before.items()
    }


def test_a_daemon_that_runs_is_in_the_way(old: Database) -> None:
    until = local_now() + 20 * SECOND
    values = f"('main#1', 'main', {until}, 'elsewhere', 1, 1)"
    changed(old, lambda conn: conn.exec_driver_sql(f"INSERT INTO node VALUES {values}"))  # noqa: S608
    with pytest.raises(StoreError, match="the node 'main' still runs on it"):
        old.create()
    changed(old, lambda conn: conn.exec_driver_sql("DELETE FROM node"))
    old.create()


def test_a_daemon_that_starts_while_the_file_is_copied_is_in_the_way(
    old: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    until, copied = local_now() + 20 * SECOND, migrations._copied
    values = f"('main#1', 'main', {until}, 'elsewhere', 1, 1)"

    def starts(db: Database, *rest: Any) -> Path | None:
        changed(old, lambda conn: conn.exec_driver_sql(f"INSERT INTO node VALUES {values}"))  # noqa: S608
        return copied(db, *rest)

    monkeypatch.setattr(migrations, "_copied", starts)
    with pytest.raises(StoreError, match="the node 'main' still runs on it"):
        old.create()
    with old.connect() as conn:
        assert old.version(conn) == 1


def test_half_a_copy_is_not_left_behind(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if old.path is None:
        return
    before = rows(old)
    monkeypatch.setattr(migrations, "text", lambda _: text("VACUUM INTO '/absent/folder/' || :file"))
    with pytest.raises(exc.OperationalError):
        old.create()
    assert sorted(path.name for path in old.path.parent.iterdir()) == [
        "desk.db",
        "desk.db-shm",
        "desk.db-wal",
    ]
    assert rows(old) == before


def test_a_program_that_has_a_table_open_is_named(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(postgres_url)

    def make(conn: Connection) -> None:
        conn.exec_driver_sql((V1 / "postgresql.sql").read_text())
        conn.exec_driver_sql("INSERT INTO meta VALUES ('version', '1')")

    changed(db, make)
    monkeypatch.setattr(migrations, "LOCK_MS", 100)
    with db.reading() as dumping:
        dumping.exec_driver_sql("SELECT * FROM node")
        with pytest.raises(StoreError, match="another program has its tables open; end it"):
            db.create()
    db.create()
    with db.connect() as conn:
        assert db.version(conn) == VERSION
    db.close()


def test_who_only_reads_upgrades_nothing(old: Database) -> None:
    with pytest.raises(StoreError, match="has the older version 1; `maildesk run` upgrades it"):
        Store(old, "main").open(create=False)
    with old.connect() as conn:
        assert old.version(conn) == 1


def test_a_newer_store_is_refused(old: Database) -> None:
    changed(old, lambda conn: conn.exec_driver_sql("UPDATE meta SET value = '99' WHERE name = 'version'"))
    for create in (True, False):
        with pytest.raises(StoreError, match="upgrade this maildesk"):
            Store(old, "main").open(create)


def test_there_is_a_step_to_each_version() -> None:
    assert sorted(migrations.STEPS) == list(range(2, VERSION + 1))


def test_alembic_is_imported_only_where_it_is_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from maildesk.store.db import Database; from maildesk.store.store import Store; "
        f"Store(Database('sqlite:///{tmp_path}/a.db'), 'main').open(); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
