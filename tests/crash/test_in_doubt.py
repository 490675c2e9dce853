"""A COMMIT in doubt: the connection to PostgreSQL breaks around it; nobody says whether it went through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event, select, text

from maildesk.core.reading import Evidence
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store.db import operational
from maildesk.store.schema import inbox, outbox
from maildesk.store.store import Store
from maildesk.store.writer import Busy, Lane
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from maildesk.work.outbound import Outbound
from tests.crash import story
from tests.crash.place import NODE, database
from tests.desk import Desk
from tests.waiting import until


class Breaker:
    """Breaks the connection of the next COMMIT: before the server hears of it, or before we hear of it."""

    def __init__(self, url: str, committed: bool) -> None:
        self._server = create_engine(url, isolation_level="AUTOCOMMIT")
        self._committed = committed
        self.armed = False
        self.broken = 0

    def before(self, _conn: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        """Stands at `before_cursor_execute`."""
        if not self.armed or statement != "COMMIT":
            return
        self.armed = False
        self.broken += 1
        pid = cursor.connection.info.backend_pid
        if self._committed:
            cursor.execute("COMMIT")
        with self._server.connect() as server:
            server.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            there = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
            until(lambda: server.execute(there, {"pid": pid}).scalar_one() == 0)

    def arm(self, _what: object = None) -> None:
        """The next COMMIT breaks; a hook, too."""
        if not self.broken:
            self.armed = True

    def close(self) -> None:
        """Ends its own connections."""
        self._server.dispose()


@pytest.fixture(params=[False, True], ids=["not committed", "committed"])
def breaker(postgres_url: str, request: pytest.FixtureRequest) -> Iterator[Breaker]:
    found = Breaker(postgres_url, request.param)
    yield found
    found.close()


@pytest.fixture
def desk(postgres_url: str, breaker: Breaker, tmp_path: Path, live: Live) -> Iterator[Desk]:
    store = Store(database(postgres_url), NODE)
    event.listen(store.db.engine, "before_cursor_execute", breaker.before)
    store.open()
    store.node.lock()
    found = Desk(tmp_path, store, live)
    store.beat(found.now)
    yield found
    store.close()


def once_each(desk: Desk, mails: int) -> None:
    """Each mail is one ticket with three notices, each of them sent once; nothing counts against anything."""
    with desk.store.db.reading() as conn:
        came, went = list(conn.execute(select(inbox))), list(conn.execute(select(outbox)))
    assert Counter((row.state, row.disposition) for row in came) == {("done", "new-ticket"): mails}
    assert Counter(row.state for row in went) == {"sent": 3 * mails}
    assert {(row.errors, row.deaths) for row in (*came, *went)} == {(0, 0)}
    assert len(list((desk.folder / "outgoing" / "new").iterdir())) == 3 * mails


def run_in_spite_of_it(desk: Desk) -> None:
    """What the loops do: they try again after an error of the world."""
    for _ in range(2):
        try:
            desk.run()
        except Exception as error:
            if not operational(error):
                raise
    desk.run()


@pytest.mark.parametrize("threads", [False, True], ids=["inline", "on a thread"])
def test_a_mail_is_stored_once(desk: Desk, breaker: Breaker, threads: bool) -> None:
    if threads:
        desk.store.start()
    desk.deliver(story.new(1).raw)
    breaker.arm()
    desk.deliver(story.new(2).raw)
    assert breaker.broken
    desk.deliver(story.new(3).raw)
    desk.run()
    once_each(desk, 3)


def test_a_client_is_answered_where_too_much_waits_to_ask_again(
    desk: Desk, breaker: Breaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, submitted = desk.store.submit, []

    def submit(lane: Lane, work: Callable[[Connection], Any]) -> Future[Any]:
        submitted.append(lane)
        if len(submitted) > 1:
            raise Busy("too much waits to be written")
        return real(lane, work)

    monkeypatch.setattr(desk.store, "submit", submit)
    breaker.arm()
    mail = story.new(1)
    assert isinstance(desk.accept(mail.raw, mail.envelope, Evidence()).exception(5), Busy)


def test_a_mail_is_decided_once(desk: Desk, breaker: Breaker) -> None:
    desk.inbound = Inbound(desk.store, lambda: desk.live, testing_before_read=breaker.arm)
    for n in range(3):
        desk.deliver(story.new(n).raw)
    run_in_spite_of_it(desk)
    assert breaker.broken
    once_each(desk, 3)


def test_a_mail_is_sent_once(desk: Desk, breaker: Breaker) -> None:
    sender = MaildirSender(desk.folder / "outgoing")
    desk.outbound = Outbound(desk.store, lambda: desk.live, sender, testing_around_send=breaker.arm)
    for n in range(3):
        desk.deliver(story.new(n).raw)
    run_in_spite_of_it(desk)
    assert breaker.broken
    once_each(desk, 3)
