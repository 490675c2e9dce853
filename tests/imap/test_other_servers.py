"""Servers that can do less than Dovecot, or refuse what they can; played by a small one in this process."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from maildesk.config.settings import Mailbox
from maildesk.edges.accept import Acceptor
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.store import mailbox_tables, schema
from maildesk.store.db import local_now
from tests.desk import DESK, Desk, a_desk
from tests.imap.box import mail
from tests.servers.imap import ImapServer
from tests.waiting import until

Start = Callable[..., None]


@pytest.fixture
def server() -> Iterator[ImapServer]:
    """The server."""
    one = ImapServer()
    yield one
    one.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk."""
    with a_desk(tmp_path) as one:
        one.store.write("work", lambda conn: one.store.node.beat(conn, local_now()))
        yield one


@pytest.fixture
def start(server: ImapServer, desk: Desk) -> Iterator[Start]:
    """Begins to read the server's INBOX."""
    intakes: list[ImapIntake] = []

    def begin(**changes: Any) -> None:
        settings = {
            "name": "support", "host": "127.0.0.1", "port": server.port, "tls": "none", "user": "u",
            "password_env": "HOME", "address": DESK, "poll": 1, "start": "all", **changes,
        }  # fmt: skip
        intake = ImapIntake(
            Mailbox.model_validate(settings),
            desk.store,
            Acceptor(desk.store, local_now),
            lambda _: False,
            lambda: 1_000_000,
            local_now,
            lambda: 0.0,
        )
        intakes.append(intake)
        intake.start()

    yield begin
    for intake in intakes:
        intake.stop(20)


def copies(desk: Desk) -> list[Any]:
    """The copies on the server."""
    with desk.store.db.reading() as conn:
        return list(
            conn.execute(select(mailbox_tables.server_copy).order_by(mailbox_tables.server_copy.c.uid))
        )


def stored(desk: Desk) -> list[bytes]:
    """The mails that came."""
    with desk.store.db.reading() as conn:
        return [
            zlib.decompress(z)
            for z in conn.execute(select(schema.raw.c.z).order_by(schema.raw.c.id)).scalars()
        ]


def test_without_move_it_copies_and_removes_that_mail_alone(
    server: ImapServer, desk: Desk, start: Start
) -> None:
    server.capabilities.remove("MOVE")
    server.put(mail("a"))
    server.put(mail("marked by somebody else"))
    server.folders["INBOX"].mails[1].flags |= {rb"\Deleted", rb"\Seen"}
    start(start="unseen")
    until(lambda: [one.state for one in copies(desk)] == ["done"])
    assert server.lying("Done") == [mail("a")]
    assert [one.raw for one in server.folders["INBOX"].mails] == [mail("marked by somebody else")]
    assert "EXPUNGE" not in server.commands


@pytest.mark.parametrize("after", ["move:Done", "delete"])
def test_without_uidplus_nothing_is_expunged(
    server: ImapServer, desk: Desk, start: Start, after: str
) -> None:
    server.capabilities[:] = ["IMAP4rev1"]
    server.put(mail("a"))
    start(after=after)
    until(lambda: [one.state for one in copies(desk)] == ["done"])
    assert [one.flags for one in server.folders["INBOX"].mails] == [{rb"\Deleted"}]
    assert not any("EXPUNGE" in command for command in server.commands)
    server.put(mail("b"))  # without IDLE it is found by a poll
    until(lambda: stored(desk) == [mail("a"), mail("b")])
    assert "IDLE" not in server.commands


def test_a_cut_after_the_copy_makes_no_second_copy(server: ImapServer, desk: Desk, start: Start) -> None:
    server.capabilities.remove("MOVE")
    server.put(mail("a"))
    cuts = ["UID STORE"]
    server.cut = lambda command: bool(cuts) and command == cuts[0] and bool(cuts.pop())
    start()
    until(lambda: [one.state for one in copies(desk)] == ["done"])
    assert server.lying() == []
    assert server.lying("Done") == [mail("a")]


def test_a_refused_move_is_tried_again_and_hinders_no_new_mail(
    server: ImapServer, desk: Desk, start: Start
) -> None:
    server.refuse = lambda command: command == "UID MOVE"
    server.put(mail("a"))
    start()
    until(lambda: [one.tries for one in copies(desk)] == [1])
    server.put(mail("b"))
    until(lambda: len(stored(desk)) == 2)
    assert len(server.lying()) == 2
    server.refuse = lambda _command: False
    with desk.store.db.connect() as conn:
        conn.exec_driver_sql("UPDATE server_copy SET not_before = 0")
    until(lambda: [one.state for one in copies(desk)] == ["done", "done"])
    assert sorted(server.lying("Done")) == [mail("a"), mail("b")]


def test_a_mail_that_the_server_does_not_give_is_told_of(
    server: ImapServer, desk: Desk, start: Start
) -> None:
    server.put(mail("a"))
    fetches = [0]

    def refuse(command: str) -> bool:
        fetches[0] += command == "UID FETCH"
        return command == "UID FETCH" and fetches[0] % 2 == 0  # sizes are given, bodies are not

    server.refuse = refuse
    start()

    def error() -> str:
        with desk.store.db.reading() as conn:
            return str(conn.execute(select(mailbox_tables.mailbox.c.error)).scalar() or "")

    until(lambda: "not now" in error())
    assert server.lying() == [mail("a")]
    assert stored(desk) == []
    server.refuse = lambda _command: False
    until(lambda: stored(desk) == [mail("a")])
