"""The tables of mailboxes that are read by IMAP. Instants are integers, microseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from maildesk.store.metadata import bare, metadata

COPY_OPEN = text("server_copy.state in ('todo', 'copied')")

# A mailbox that is read by IMAP. One node at a time holds it.
mailbox = Table(
    "mailbox",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("polled", BigInteger),
    Column("error", Text, nullable=False, default=""),
    Column("error_since", BigInteger),
)

# A folder of it, and how far it has been read: `last_uid` under `uidvalidity`. `epoch` counts how often it was built
# anew; mails up to `rescan_to` are read again since, and those unknown and older than `mark` are held.
mailbox_folder = Table(
    "mailbox_folder",
    metadata,
    Column("mailbox", Text, ForeignKey("mailbox.name"), primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("first_uid", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("rescan_to", BigInteger, nullable=False),
    Column("mark", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("let_in_to", BigInteger, nullable=False),
    Column("messages", BigInteger, nullable=False),
    Column("left_unread", Integer, nullable=False),
    Column("stopped", Text, nullable=False),
    Column("stopped_to", BigInteger, nullable=False),
)

# The copy of a mail that lies on its IMAP server, and what is yet to be done with it there.
server_copy = Table(
    "server_copy",
    metadata,
    Column("key", Text, ForeignKey("inbox.key"), primary_key=True),
    Column("mailbox", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("internaldate", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("not_before", BigInteger, nullable=False, default=0),
    Column("trouble", Text, nullable=False, default=""),
    Index("server_copy_place", "mailbox", "folder", "uid"),
    Index("server_copy_time", "mailbox", "folder", "at"),
    Index("server_copy_open", "mailbox", sqlite_where=bare(COPY_OPEN), postgresql_where=bare(COPY_OPEN)),
)
