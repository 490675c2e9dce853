"""Backup: everything in a store as it is at one instant, as rows that either kind of database takes back."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, func, select, text

from maildesk.store.db import Database, StoreError
from maildesk.store.schema import VERSION, alarm, metadata, node
from maildesk.store.search_tables import search

BATCH = 500
LARGE_BATCH = 10
"""How many rows with bytes in them, which may be whole mails, are read at one time."""
HELD = 16_000_000
"""How many such bytes are written at one time, and the row that passes it."""
LEFT_OUT = (node, alarm, search)
"""What belongs to the processes of the moment, and the index of words, which is made anew."""

TABLES: tuple[Table, ...] = tuple(table for table in metadata.sorted_tables if table not in LEFT_OUT)
_BYTES = "base64"


def unhurried(conn: Connection) -> None:
    """Lets this transaction stand still for as long as it likes, on PostgreSQL too: it only reads and holds up
    nobody, and the disk that the backup goes to may be slow."""
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def dump(conn: Connection, table: Table) -> Iterator[bytes]:
    """Every row of a table as a line of JSON, in the order of its key. The connection must be reading()."""
    ordered = table.select().order_by(*table.primary_key.columns)
    at_once = LARGE_BATCH if any(isinstance(column.type, LargeBinary) for column in table.columns) else BATCH
    for row in conn.execution_options(stream_results=True, yield_per=at_once).execute(ordered):
        yield json.dumps([_plain(value) for value in row], ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    return {_BYTES: base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def parsed(line: bytes, columns: list[str]) -> dict[str, Any]:
    """The row of a line. Raises ValueError where it is none."""
    values = json.loads(line)
    if len(values) != len(columns):
        raise ValueError("a row has another number of values than its table has columns")
    return {
        name: base64.b64decode(value[_BYTES], validate=True) if isinstance(value, dict) else value
        for name, value in zip(columns, values, strict=True)
    }


def check_empty(db: Database) -> None:
    """Raises StoreError where there is a store already."""
    if db.path is not None and db.path.exists():
        raise StoreError(
            f"there is a store at {db.path} already; move it away, or restore into another folder"
        )
    if db.path is None:
        with db.connect() as conn:
            if db.version(conn):
                raise StoreError(
                    f"there are tables in {db.shown} already; give the restored desk an empty database"
                )


def load(conn: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> int:
    """Fills a table of a fresh store; how many rows it has then."""
    count = held = 0
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        count += 1
        held += sum(len(value) for value in row.values() if isinstance(value, bytes))
        if len(batch) == BATCH or held > HELD:
            conn.execute(table.insert(), batch)
            batch, held = [], 0
    if batch:
        conn.execute(table.insert(), batch)
    return count


def count_on(conn: Connection, table: Table) -> None:
    """Lets a table's own numbers go on where the restored rows end."""
    column = table.primary_key.columns[0]
    if conn.dialect.name == "postgresql" and column.autoincrement is not False and column.name == "id":
        largest = conn.execute(select(func.max(column))).scalar() or 0
        conn.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :next, false)"),
            {"table": table.name, "column": column.name, "next": largest + 1},
        )


def check_version(version: object) -> None:
    """Raises StoreError where the backup is of a store of another version."""
    if version != VERSION:
        raise StoreError(
            f"the backup holds a store of version {version}, this maildesk knows {VERSION}; restore it with "
            "the maildesk that made it, then upgrade"
        )
