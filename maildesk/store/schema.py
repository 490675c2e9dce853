"""The tables. Instants are integers, microseconds UTC. A fresh store is created from this and stamped."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from maildesk.store import mailbox_tables as mailbox_tables
from maildesk.store import search_tables as search_tables
from maildesk.store.metadata import Serial, bare
from maildesk.store.metadata import metadata as metadata

VERSION = 3

# A query finds few open rows among many done ones only by the partial index, and SQLite takes a partial index only
# where the query repeats its condition to the letter, not with bound values.
INBOX_OPEN = text("inbox.state in ('new', 'taken')")
OUTBOX_OPEN = text("outbox.state in ('todo', 'ready')")
# Mails that went out and whose bodies are still kept.
OUTBOX_BODIES = text("outbox.state = 'sent' and outbox.skeleton is not null")
INBOX_QUARANTINED = text("inbox.state = 'quarantined'")
OUTBOX_QUARANTINED = text("outbox.state = 'quarantined'")


meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

node = Table(
    "node",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("home", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    # The configuration it goes by, why it does not go by a newer one, and the last wish to reload that it carried out.
    Column("policy", Text),
    Column("trouble", Text),
    Column("reloaded", Text),
)

raw = Table(
    "raw",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("z", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("source_key", Text, unique=True),
    Column("channel", Text, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    # When we took it, where that is later than the server's time of it.
    Column("accepted", BigInteger),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("mid", Text, nullable=False),
    Column("refs", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text),
    Column("alone", Boolean, nullable=False, default=False),
    Column("takes", Integer, nullable=False, default=0),
    Column("deaths", Integer, nullable=False, default=0),
    Column("errors", Integer, nullable=False, default=0),
    Column("trouble", Text),
    Column("waits_for", Text),
    Column("disposition", Text),
    Column("why", Text),
    Column("ticket", BigInteger),
    Column("decided", BigInteger),
    Column("policy", Text),
    Column("facts", LargeBinary),
    Column("sender", Text),
    Column("subject", Text),
    Column("lines", Text),
    Column("attachments", Text),
    Index("inbox_open", "id", sqlite_where=bare(INBOX_OPEN), postgresql_where=bare(INBOX_OPEN)),
    Index("inbox_mid", "mid", "sender", "id"),
    Index("inbox_sha256", "sha256", "received"),
    Index(
        "inbox_quarantined",
        "id",
        sqlite_where=bare(INBOX_QUARANTINED),
        postgresql_where=bare(INBOX_QUARANTINED),
    ),
    Index("inbox_ticket", "ticket"),
    Index("inbox_disposition", "disposition"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("assignee", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("first_response", BigInteger),
    Column("last_customer", BigInteger),
    Column("last_agent", BigInteger),
    Column("resolved", BigInteger),
    Column("closed", BigInteger),
    Column("seq", Integer, nullable=False),
    Column("head", Text, nullable=False),
    # When its last event was.
    Column("updated", BigInteger, nullable=False, server_default="0"),
    Index(
        "ticket_open",
        "department",
        "assignee",
        sqlite_where=text("status <> 'closed'"),
        postgresql_where=text("status <> 'closed'"),
    ),
    Index("ticket_created", "created"),
    Index("ticket_updated", "updated"),
)

alias = Table(
    "alias",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
)

participant = Table(
    "participant",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("answer_at", Text, nullable=False),
    UniqueConstraint("ticket", "address"),
    Index("participant_address", "address"),
)

tag = Table(
    "tag",
    metadata,
    Column("ticket", BigInteger, ForeignKey("ticket.number"), primary_key=True),
    Column("tag", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

link = Table(
    "link",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("other", BigInteger, nullable=False),
    Index("link_ticket", "ticket"),
)

generation = Table(
    "generation",
    metadata,
    Column("ticket", BigInteger, ForeignKey("ticket.number"), primary_key=True),
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
)

entry = Table(
    "entry",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("new_text", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("proof", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Index("entry_ticket", "ticket", "id"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("entry", Text, ForeignKey("entry.key"), nullable=False),
    Column("part", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("cid", Text, nullable=False),
    Column("inline", Boolean, nullable=False),
    Index("attachment_entry", "entry"),
)

event = Table(
    "event",
    metadata,
    Column("ticket", BigInteger, ForeignKey("ticket.number"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("data", Text),
    Column("salt", Text),
    Column("digest", Text, nullable=False),
    Column("prev", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

mid = Table(
    "mid",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("ticket.number"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("person", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("once", Text, nullable=False, unique=True),
    Column("cause", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ticket", BigInteger),
    Column("entry", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("domain", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("unproven", Boolean, nullable=False),
    Column("facts", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", Text),
    Column("alone", Boolean, nullable=False, default=False),
    Column("try", Integer, nullable=False),
    Column("deaths", Integer, nullable=False, default=0),
    Column("errors", Integer, nullable=False),
    Column("trouble", Text),
    Column("message_id", Text, nullable=False),
    Column("subject", Text),
    Column("skeleton", LargeBinary),
    Column("sha256", Text),
    Column("sender", Text, nullable=False, default="", server_default=""),
    Column("settled", Integer, nullable=False, default=0, server_default="0"),
    Column("told_late", Boolean, nullable=False, default=False, server_default=false()),
    Index("outbox_open", "id", sqlite_where=bare(OUTBOX_OPEN), postgresql_where=bare(OUTBOX_OPEN)),
    Index(
        "outbox_quarantined",
        "id",
        sqlite_where=bare(OUTBOX_QUARANTINED),
        postgresql_where=bare(OUTBOX_QUARANTINED),
    ),
    Index("outbox_limits", "kind", "to", "at"),
    Index("outbox_domains", "kind", "domain", "at"),
    Index("outbox_times", "kind", "at"),
    Index("outbox_ticket", "ticket"),
    Index("outbox_cause", "cause"),
    Index("outbox_message_id", "message_id"),
    Index(
        "outbox_bodies",
        "at",
        sqlite_where=bare(OUTBOX_BODIES),
        postgresql_where=bare(OUTBOX_BODIES),
    ),
)

sent_line = Table(
    "sent_line",
    metadata,
    Column("mid", Text, primary_key=True),
    Column("lines", Text, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("outbox", BigInteger, ForeignKey("outbox.id"), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("answer", Text, nullable=False),
)

# The newest refresh token where the provider hands out a new one with each use; `key` is a hash of what it replaces.
oauth_token = Table(
    "oauth_token",
    metadata,
    Column("key", Text, primary_key=True),
    Column("refresh_token", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Why a node sends nothing now: the way out is closed to all mail. What the operator has paused is in `control`.
pause = Table(
    "pause",
    metadata,
    Column("node", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("trouble", Text, nullable=False),
)

person = Table(
    "person",
    metadata,
    Column("address", Text, primary_key=True),
    Column("bad_since", BigInteger),
    Column("bad_why", Text, nullable=False, default="", server_default=""),
)

# What the operator wants of all nodes: a reload, pauses, what a restore leaves to be heeded.
control = Table(
    "control",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)

# Every configuration that a node has run with: its files, compressed. The one used last is its last good one.
configuration = Table(
    "configuration",
    metadata,
    Column("node", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("policy", Text, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("z", LargeBinary, nullable=False),
)

# `node` is "" where an alarm belongs to the whole desk.
alarm = Table(
    "alarm",
    metadata,
    Column("name", Text, primary_key=True),
    Column("node", Text, primary_key=True),
    Column("sentence", Text, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("cleared", BigInteger),
    Column("told", BigInteger),
    Column("over", BigInteger),
)
