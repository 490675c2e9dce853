"""`maildesk mailbox`, `status` and `check --online` on a mailbox of a server in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from maildesk.config.load import load
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor
from maildesk.store import mailboxes
from maildesk.store.db import Database, local_now
from maildesk.store.mailboxes import Folder
from maildesk.store.store import Store
from tests.cli.conftest import MAIL, Desk
from tests.servers.imap import ImapServer
from tests.servers.tokens import TokenServer

BOX = """
[[imap]]
name = "support"
host = "127.0.0.1"
port = {port}
tls = "none"
user = "support@desk.example"
password_env = "IMAP_PASSWORD"
address = "support@desk.example"
"""


@pytest.fixture
def server() -> Iterator[ImapServer]:
    """The server."""
    one = ImapServer()
    yield one
    one.close()


@pytest.fixture
def boxed(fresh: Desk, server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with a mailbox."""
    monkeypatch.setenv("IMAP_PASSWORD", "geheim")
    with fresh.config.open("a") as file:
        file.write(BOX.format(port=server.port))
    fresh.ok("run", "--once")
    return fresh


def opened(desk: Desk) -> Store:
    """Its store."""
    store = Store(Database(load(desk.config).settings.store.url), "test")
    store.open()
    return store


def test_check_says_what_is_there_and_what_is_missing(boxed: Desk, server: ImapServer) -> None:
    server.put(b"Subject: one\r\n\r\nHello\r\n")
    told = " ".join(boxed.ok("check", "--online").split())
    assert "INBOX has 1 mail, 1 unread" in told
    assert "the server can IDLE, MOVE, UIDPLUS" in told
    server.capabilities[:] = ["IMAP4rev1"]
    told = " ".join(boxed.ok("check", "--online").split())
    assert "without UIDPLUS mails are only marked as deleted" in told
    assert "without IDLE new mail is seen every 60 s" in told
    assert server.lying("Done") == []
    assert "Done" not in server.folders  # a check changes nothing


def test_check_says_what_is_wrong(boxed: Desk, server: ImapServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.refuse = lambda command: command == "LOGIN"
    done = boxed.run("check", "--online")
    assert done.exit_code == 1
    assert "refused the login of support@desk.example" in done.stderr
    assert "check user and password" in done.stderr
    server.refuse = lambda command: command in ("SELECT", "EXAMINE")
    assert "the folder 'INBOX' cannot be opened" in boxed.run("check", "--online").stderr
    server.close()
    assert "does not answer" in boxed.run("check", "--online").stderr
    monkeypatch.delenv("IMAP_PASSWORD")
    assert "mailbox support: the environment has no IMAP_PASSWORD" in boxed.run("check").stderr


def test_check_keeps_a_refresh_token_that_is_replaced(
    boxed: Desk, server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TokenServer("access", rotate=True) as tokens:
        monkeypatch.setenv("FIRST", tokens.refresh_token)
        text = boxed.config.read_text().replace('password_env = "IMAP_PASSWORD"\n', "")
        oauth = f'token_url = "{tokens.url}", client_id = "desk", refresh_token_env = "FIRST"'
        boxed.config.write_text(f"{text}oauth = {{ {oauth} }}\n")
        for _ in range(2):
            boxed.run("check", "--online")
        assert [form["refresh_token"] for form in tokens.asked] == ["refresh-0", "refresh-1"]


def test_status_tells_of_the_mailbox(boxed: Desk) -> None:
    assert "not read yet" in boxed.ok("status")
    store = opened(boxed)
    at = Folder("support", "INBOX", 1, 5, left_unread=3, messages=9)
    store.write("work", lambda conn: mailboxes.hold(conn, store.db, "support", "me", local_now()))
    store.write("work", lambda conn: mailboxes.begin(conn, at))
    store.write("work", lambda conn: mailboxes.polled(conn, "support", "me", local_now() - 60_000_000, True))
    store.write("work", lambda conn: mailboxes.failed(conn, "support", "it is down", local_now()))
    store.close()
    told = " ".join(boxed.ok("status").split())
    for words in (
        "mailbox support",
        "read 1 min ago",
        "it is down",
        "3 unread from before the start are left",
    ):
        assert words in told
    box = boxed.json("status")["mailboxes"]["support"]
    assert (box["error"], box["left_unread"], box["folders"]["INBOX"]["last_uid"]) == ("it is down", 3, 5)
    assert "9 mails, read up to UID 5" in boxed.ok("mailbox", "list")


def test_a_stopped_mailbox_goes_on(boxed: Desk) -> None:
    assert "has not stopped" in boxed.run("mailbox", "resume", "support").stderr
    assert "known: support" in boxed.run("mailbox", "resume", "sport").stderr
    store = opened(boxed)
    at = Folder("support", "INBOX", 1, 5, stopped="2,000 new mails", stopped_to=2_005)
    store.write("work", lambda conn: mailboxes.hold(conn, store.db, "support", "me", local_now()))
    store.write("work", lambda conn: mailboxes.begin(conn, at))
    assert "stopped: 2,000 new mails" in " ".join(boxed.ok("status").split())
    boxed.ok("mailbox", "resume", "support", "--held")
    with store.db.reading() as conn:
        found = mailboxes.folder(conn, "support", "INBOX")
    store.close()
    assert found
    assert (found.stopped, found.let_in_to, found.rescan_to, found.reason) == ("", 2_005, 2_005, "flood")


def test_held_mails_of_a_mailbox_are_let_in_together(boxed: Desk) -> None:
    store = opened(boxed)
    accept = Acceptor(store, local_now)
    for n, reason in enumerate(("restored", "flood", "junk")):
        raw = MAIL.replace(b"first@", b"m%d@" % n)
        accept(raw, Envelope("imap", None, (), "support/INBOX"), Evidence(parked=reason)).result()
    store.close()
    boxed.ok("run", "--once")
    assert boxed.json("ticket", "list") == []
    assert "2 mails" in boxed.ok("mailbox", "release", "support")
    boxed.ok("run", "--once")
    assert len(boxed.json("ticket", "list")) == 2
    boxed.ok("mailbox", "release", "support", "--junk")
    boxed.ok("run", "--once")
    assert len(boxed.json("ticket", "list")) == 3
    assert "No such mails" in boxed.run("mailbox", "release", "support").stderr
