"""Mailboxes in the store: one holder, and nothing stored by any other, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor, Offer
from maildesk.store import mailboxes, oauth
from maildesk.store.db import Database, local_now
from maildesk.store.mailbox_tables import server_copy
from maildesk.store.mailboxes import Copy, Folder, NotHeld
from maildesk.store.schema import inbox, raw
from maildesk.store.store import Store
from tests.desk import expire

NOW = 1_790_000_000_000_000
AT = Folder("support", "INBOX", uidvalidity=1, last_uid=5)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with a node that is alive, and a folder that it reads."""
    one = Store(Database(database_url), "main")
    one.open()
    one.write("work", lambda conn: one.node.beat(conn, NOW))
    assert one.write("work", lambda conn: mailboxes.hold(conn, one.db, "support", one.node.id, NOW))
    one.write("work", lambda conn: mailboxes.begin(conn, AT))
    yield one
    one.close()


def take(store: Store, holder: str, uid: int = 6) -> None:
    """Stores a mail as this holder."""
    offer = Offer(b"Subject: %d\r\n\r\nHello\r\n" % uid, Envelope("imap"), Evidence(), f"imap:{uid}", NOW)
    copy = Copy(uid, 100, NOW)
    Acceptor(store, local_now).together(
        [offer],
        lambda conn, mails: mailboxes.take(
            conn, AT, holder, [(mail, copy, "todo") for mail in mails], [], uid, NOW
        ),
    ).result()


def test_mails_and_cursor_are_stored_together_or_not_at_all(store: Store) -> None:
    with pytest.raises(NotHeld):
        take(store, "somebody else")
    for _ in range(2):  # doing it again changes nothing
        take(store, store.node.id)
    with store.db.reading() as conn:
        found = mailboxes.folder(conn, "support", "INBOX")
        assert found
        assert found.last_uid == 6
        assert [len(conn.execute(select(table)).all()) for table in (inbox, raw, server_copy)] == [1, 1, 1]


def test_a_mailbox_is_taken_over_only_from_the_dead(store: Store) -> None:
    other = "other#1"

    def hold() -> bool:
        return store.write("work", lambda conn: mailboxes.hold(conn, store.db, "support", other, NOW))

    assert not hold()
    expire(store)
    assert hold()
    with pytest.raises(NotHeld):
        take(store, store.node.id)
    store.write("work", lambda conn: mailboxes.let_go(conn, "support", store.node.id))  # is not ours any more
    take(store, other)


def test_errors_remember_since_when(store: Store) -> None:
    for n in range(2):
        store.write("work", lambda conn, n=n: mailboxes.failed(conn, "support", f"error {n}", NOW + n))  # type: ignore[misc]
    with store.db.reading() as conn:
        box = mailboxes.overview(conn)["support"]
    assert (box["error"], box["error_since"]) == ("error 1", NOW)
    store.write("work", lambda conn: mailboxes.polled(conn, "support", store.node.id, NOW + 5, True))
    with store.db.reading() as conn:
        box = mailboxes.overview(conn)["support"]
    assert (box["error"], box["error_since"], box["polled"]) == ("", None, NOW + 5)


def test_refresh_tokens_are_replaced(store: Store) -> None:
    for token in ("one", "two"):
        store.write("work", lambda conn, token=token: oauth.save(conn, "key", token, NOW))  # type: ignore[misc]
    with store.db.reading() as conn:
        assert (oauth.load(conn, "key"), oauth.load(conn, "other")) == ("two", "")
