"""Version 3: the index of words, and when a ticket's last event was. `maildesk.store.search` fills the index."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR

_REMOVE = "INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.id, old.words);"
_ADD = "INSERT INTO search_fts (rowid, words) VALUES (new.id, new.words);"
_FTS = (
    "CREATE VIRTUAL TABLE search_fts USING fts5(words, content='search', content_rowid='id', tokenize='ascii')",
    f"CREATE TRIGGER search_added AFTER INSERT ON search BEGIN {_ADD} END",
    f"CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN {_REMOVE} END",
    f"CREATE TRIGGER search_changed AFTER UPDATE ON search BEGIN {_REMOVE} {_ADD} END",
)


def upgrade(op: Operations) -> None:
    """From version 2."""
    op.add_column("ticket", Column("updated", BigInteger, nullable=False, server_default="0"))
    op.execute(
        "UPDATE ticket SET updated = coalesce((SELECT max(at) FROM event WHERE event.ticket = ticket.number), created)"
    )
    op.create_index("ticket_updated", "ticket", ["updated"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search",
        Column("id", Integer() if sqlite else BigInteger(), primary_key=True),
        Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
        Column("entry", Text, nullable=False),
        Column("words", Text() if sqlite else TSVECTOR(), nullable=False),
        UniqueConstraint("ticket", "entry"),
    )
    if not sqlite:
        op.create_index("search_gin", "search", ["words"], postgresql_using="gin")
        return
    for statement in _FTS:
        op.execute(statement)
