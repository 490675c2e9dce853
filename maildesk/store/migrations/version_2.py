"""Version 2: alarms, pauses and reloads, and the configurations that nodes have run with."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, LargeBinary, Text, text


def upgrade(op: Operations) -> None:
    """From version 1."""
    for name in ("policy", "trouble", "reloaded"):
        op.add_column("node", Column(name, Text))
    for table in ("inbox", "outbox"):
        _partial_index(op, f"{table}_quarantined", table, ["id"], "state = 'quarantined'")
    op.create_table(
        "control",
        Column("name", Text, primary_key=True),
        Column("value", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
    )
    op.create_table(
        "configuration",
        Column("node", Text, primary_key=True),
        Column("sha256", Text, primary_key=True),
        Column("policy", Text, nullable=False),
        Column("used", BigInteger, nullable=False),
        Column("z", LargeBinary, nullable=False),
    )
    op.create_table(
        "alarm",
        Column("name", Text, primary_key=True),
        Column("node", Text, primary_key=True),
        Column("sentence", Text, nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("last", BigInteger, nullable=False),
        Column("cleared", BigInteger),
        Column("told", BigInteger),
        Column("over", BigInteger),
    )


def _partial_index(op: Operations, name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(condition), postgresql_where=text(condition))
