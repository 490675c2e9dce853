"""What every way in promises, whatever its protocol; each door has its own test that inherits from `Contract`.

A mail is acknowledged to the other side only after its commit. Until then the other side keeps it and offers it again;
after a cut between commit and acknowledgment it does so, too, and that makes no second ticket. Bytes are stored
exactly as they came, with an envelope, and with the time at which the mail came.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import select

from maildesk.edges.accept import Acceptor
from maildesk.store import schema
from maildesk.store.db import local_now
from maildesk.store.store import Store
from tests.desk import DESK, Desk, a_desk
from tests.waiting import until

SECONDS = 20
NAME = "contract@customer.example"


def a_mail(body: bytes = b"Hello!\r\n") -> bytes:
    """A mail to the desk."""
    return (
        b"From: Jane <jane@customer.example>\r\nTo: %s\r\nSubject: broken\r\nMessage-ID: <%s>\r\n\r\n%s"
        % (DESK.encode(), NAME.encode(), body)
    )


class Door(Protocol):
    """A way in, open, with somebody on the other side who has mail for the desk and does not give up."""

    def offer(self, raw: bytes) -> None:
        """The other side has a mail for the desk from now on; returns at once."""

    def acknowledged(self) -> bool:
        """Whether the other side takes its mail for delivered, and keeps it no more."""

    def cut(self) -> None:
        """The way to the other side breaks, and nothing more goes over it; the other side notices."""

    def mend(self) -> None:
        """The way is open again."""

    def close(self) -> None:
        """Ends both sides."""


class Gate:
    """Stands between a door and its store: it can hold commits back, let them pass unseen, or break them."""

    def __init__(self, store: Store) -> None:
        self._submit = store.submit
        self.error: Exception | None = None
        self.asked = threading.Event()
        self.may_commit = threading.Event()
        self.may_tell = threading.Event()
        self.committed = threading.Event()
        self.may_commit.set()
        self.may_tell.set()

    def submit(self, lane: Any, work: Callable[[Any], Any]) -> Future[Any]:
        """Takes the place of `Store.submit` for mail that comes in."""
        if lane != "accept":
            return self._submit(lane, work)
        done: Future[Any] = Future()
        threading.Thread(target=self._pass, args=(work, done), daemon=True).start()
        return done

    def _pass(self, work: Callable[[Any], Any], done: Future[Any]) -> None:
        self.asked.set()
        assert self.may_commit.wait(SECONDS)
        if self.error:
            done.set_exception(self.error)
            return
        try:
            result = self._submit("accept", work).result()
        except Exception as error:
            done.set_exception(error)
            return
        self.committed.set()
        assert self.may_tell.wait(SECONDS)
        done.set_result(result)


class Contract:
    """The promises. A subclass has a fixture `door`, which opens a door onto `desk` and `accept`."""

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Iterator[Desk]:
        """A desk with a store of its own."""
        with a_desk(tmp_path) as desk:
            desk.store.write("work", lambda conn: desk.store.node.beat(conn, local_now()))
            yield desk

    @pytest.fixture
    def gate(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Gate:
        """What stands before its store."""
        gate = Gate(desk.store)
        monkeypatch.setattr(desk.store, "submit", gate.submit)
        return gate

    @pytest.fixture
    def accept(self, desk: Desk, gate: Gate) -> Acceptor:
        """The way into it."""
        return Acceptor(desk.store, local_now)

    def rows(self, desk: Desk) -> list[Any]:
        """The mails that are stored, with their bytes."""
        with desk.store.db.reading() as conn:
            query = select(schema.inbox, schema.raw.c.z).join(
                schema.raw, schema.raw.c.key == schema.inbox.c.key
            )
            return list(conn.execute(query.order_by(schema.inbox.c.id)))

    def tickets(self, desk: Desk) -> int:
        """How many tickets there are once all is decided."""
        desk.now = local_now()
        desk.run()
        return len(desk.tickets())

    def test_it_is_acknowledged_only_after_the_commit(self, desk: Desk, gate: Gate, door: Door) -> None:
        gate.may_commit.clear()
        door.offer(a_mail())
        assert gate.asked.wait(SECONDS)
        assert not door.acknowledged()
        assert self.rows(desk) == []
        gate.may_commit.set()
        until(door.acknowledged)
        assert len(self.rows(desk)) == 1

    def test_a_cut_between_commit_and_acknowledgment_makes_no_second_ticket(
        self, desk: Desk, gate: Gate, door: Door
    ) -> None:
        gate.may_tell.clear()
        door.offer(a_mail())
        assert gate.committed.wait(SECONDS)
        door.cut()
        gate.may_tell.set()
        assert not door.acknowledged()
        door.mend()
        until(door.acknowledged)
        assert self.tickets(desk) == 1

    def test_a_store_that_fails_leaves_the_mail_with_its_sender(
        self, desk: Desk, gate: Gate, door: Door
    ) -> None:
        gate.error = OSError(28, "No space left on device")
        door.offer(a_mail())
        assert gate.asked.wait(SECONDS)
        assert not door.acknowledged()
        assert self.rows(desk) == []
        gate.error = None
        until(door.acknowledged)
        assert self.tickets(desk) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"caf\xe9 and caf\xc3\xa9\r\n",
            b"\x00 nothing, \x1b[31m red, lone \xff\r\n",
            b".one dot\r\n..two\r\n.\x20\r\n",
            b"a long line " + b"x" * 5_000 + b"\r\n",
            b"From here\r\nno line end",
        ],
    )  # fmt: skip
    def test_bytes_are_stored_exactly(self, desk: Desk, door: Door, body: bytes) -> None:
        raw = a_mail(body)
        door.offer(raw)
        until(door.acknowledged)
        [row] = self.rows(desk)
        stored = zlib.decompress(row.z)
        assert stored.removesuffix(b"\r\n") == raw.removesuffix(b"\r\n")

    def test_envelope_and_time_are_right(self, desk: Desk, door: Door) -> None:
        before = local_now() // 1_000_000 * 1_000_000
        door.offer(a_mail())
        until(door.acknowledged)
        [row] = self.rows(desk)
        assert before <= row.received <= local_now()
        assert DESK in row.envelope
        assert row.state == "new"
