"""Version 2: alarms, pauses and reloads, the configurations that nodes have run with, mailboxes, and a relay."""

from __future__ import annotations

from alembic.operations import Operations
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Text, false, text


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
    _relay(op)
    _mailboxes(op)


def _relay(op: Operations) -> None:
    """What sending by SMTP needs."""
    op.add_column("outbox", Column("sender", Text, nullable=False, server_default=""))
    op.add_column("outbox", Column("settled", Integer, nullable=False, server_default="0"))
    op.add_column("outbox", Column("told_late", Boolean, nullable=False, server_default=false()))
    op.create_index("outbox_message_id", "outbox", ["message_id"])
    _partial_index(op, "outbox_bodies", "outbox", ["at"], "state = 'sent' and skeleton is not null")
    op.create_table(
        "oauth_token",
        Column("key", Text, primary_key=True),
        Column("refresh_token", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
    )
    op.create_table(
        "pause",
        Column("node", Text, primary_key=True),
        Column("since", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=False),
        Column("trouble", Text, nullable=False),
    )
    op.create_table(
        "person",
        Column("address", Text, primary_key=True),
        Column("bad_since", BigInteger),
        Column("bad_why", Text, nullable=False, server_default=""),
    )


def _mailboxes(op: Operations) -> None:
    """What reading by IMAP needs."""
    op.add_column("inbox", Column("accepted", BigInteger))
    op.create_table(
        "mailbox",
        Column("name", Text, primary_key=True),
        Column("holder", Text),
        Column("polled", BigInteger),
        Column("error", Text, nullable=False),
        Column("error_since", BigInteger),
    )
    numbers = ("uidvalidity", "last_uid", "first_uid", "started", "newest", "rescan_to", "mark", "let_in_to")
    op.create_table(
        "mailbox_folder",
        Column("mailbox", Text, ForeignKey("mailbox.name"), primary_key=True),
        Column("folder", Text, primary_key=True),
        *(Column(name, BigInteger, nullable=False) for name in (*numbers, "messages", "stopped_to")),
        Column("epoch", Integer, nullable=False),
        Column("reason", Text, nullable=False),
        Column("left_unread", Integer, nullable=False),
        Column("stopped", Text, nullable=False),
    )
    op.create_table(
        "server_copy",
        Column("key", Text, ForeignKey("inbox.key"), primary_key=True),
        *(Column(name, Text, nullable=False) for name in ("mailbox", "folder", "state", "trouble")),
        *(
            Column(name, BigInteger, nullable=False)
            for name in ("uidvalidity", "uid", "size", "internaldate", "at")
        ),
        Column("tries", Integer, nullable=False),
        Column("not_before", BigInteger, nullable=False),
    )
    op.create_index("server_copy_place", "server_copy", ["mailbox", "folder", "uid"])
    op.create_index("server_copy_time", "server_copy", ["mailbox", "folder", "at"])
    _partial_index(op, "server_copy_open", "server_copy", ["mailbox"], "state in ('todo', 'copied')")


def _partial_index(op: Operations, name: str, table: str, columns: list[str], condition: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(condition), postgresql_where=text(condition))
