"""The tables in which words are looked up. They are made from other tables, so a backup leaves them out."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint, event
from sqlalchemy.dialects.postgresql import TSVECTOR

from maildesk.store.metadata import Serial, metadata

# One row for each entry, and one for each ticket itself, whose `entry` is "". On SQLite `words` are words with spaces
# between them; on PostgreSQL the database's own type, with the place of each.
search = Table(
    "search",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
    Column("entry", Text, nullable=False),
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("ticket", "entry"),
    Index("search_gin", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
)

FTS = (
    # Words are made in maildesk.core.search. This tokenizer leaves them as they are: it cuts at spaces, and takes all
    # that is beyond ASCII for letters.
    "CREATE VIRTUAL TABLE search_fts USING fts5(words, content='search', content_rowid='id', tokenize='ascii')",
    "CREATE TRIGGER search_added AFTER INSERT ON search BEGIN "
    "INSERT INTO search_fts (rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER search_removed AFTER DELETE ON search BEGIN "
    "INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER search_changed AFTER UPDATE ON search BEGIN "
    "INSERT INTO search_fts (search_fts, rowid, words) VALUES ('delete', old.id, old.words); "
    "INSERT INTO search_fts (rowid, words) VALUES (new.id, new.words); END",
)
"""SQLite's index over `search`; the triggers keep it."""

for _statement in FTS:
    event.listen(
        search,
        "after_create",
        DDL(_statement).execute_if(dialect="sqlite"),  # type: ignore[no-untyped-call]
    )
