"""Nodes: a dead one's rows are taken over, a name has one process, a late one neither sends nor decides."""

from __future__ import annotations

import inspect
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from maildesk.core.model import SECOND
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store import inbox as inbox_rows
from maildesk.store import nodes
from maildesk.store import outbox as outbox_rows
from maildesk.store.db import Database, NotCommitted, StoreError
from maildesk.store.nodes import DEAD_SECONDS
from maildesk.store.schema import attempt, inbox, outbox
from maildesk.store.store import Store
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from maildesk.work.outbound import Outbound
from tests.crash import story
from tests.crash.killpoints import KILLED, forked
from tests.crash.place import database
from tests.desk import START, Desk, expire


@contextmanager
def a_node(name: str, url: str, folder: Path, live: Live, now: int = START) -> Iterator[Desk]:
    """A desk that is one of several on a database."""
    store = Store(database(url), name)
    store.open()
    try:
        store.node.lock()
        desk = Desk(folder, store, live, now)
        store.beat(desk.now)
        yield desk
    finally:
        store.close()


@pytest.fixture
def first(database_url: str, tmp_path: Path, live: Live) -> Iterator[Desk]:
    with a_node("first", database_url, tmp_path, live) as found:
        yield found


@pytest.fixture
def second(database_url: str, tmp_path: Path, live: Live) -> Iterator[Desk]:
    with a_node("second", database_url, tmp_path, live) as found:
        yield found


def dies(desk: Desk) -> None:
    """The others come to take a node for dead."""
    expire(desk.store)


def once_each(desk: Desk, mails: int) -> None:
    """Each mail is one ticket with three notices, and each notice was sent in one attempt on record."""
    with desk.store.db.reading() as conn:
        came, went = list(conn.execute(select(inbox))), list(conn.execute(select(outbox)))
        attempts = Counter(row.outbox for row in conn.execute(select(attempt)))
    assert Counter((row.state, row.disposition) for row in came) == {("done", "new-ticket"): mails}
    assert Counter(row.state for row in went) == {"sent": 3 * mails}
    assert attempts == {row.id: 1 for row in went}
    assert len(list((desk.folder / "outgoing" / "new").iterdir())) == 3 * mails
    assert {(row.errors, row.deaths) for row in (*came, *went)} == {(0, 0)}


def take_mail(desk: Desk) -> list[str]:
    """Takes mails, and does nothing with them."""
    store = desk.store
    return store.write("work", lambda conn: inbox_rows.take(conn, store.db, store.node.id, 50, desk.now))[0]


def take_sends(desk: Desk) -> list[outbox_rows.Row]:
    """Takes mails that are to go out, and does nothing with them."""
    store = desk.store
    return store.write("work", lambda conn: outbox_rows.take(conn, store.db, store.node.id, 50, desk.now))[0]


def test_the_rows_of_a_dead_node_are_taken_over(first: Desk, second: Desk) -> None:
    for n in range(5):
        first.deliver(story.new(n).raw)
    assert len(take_mail(first)) == 5
    assert take_mail(second) == []
    dies(first)
    while second.inbound.step(second.now):
        pass
    second.run()
    once_each(second, 5)


def test_a_node_is_dead_after_thirty_seconds_of_silence(tmp_path: Path, live: Live) -> None:
    url = f"sqlite:///{tmp_path}/desk.db"  # whose clock is ours; PostgreSQL's own goes on by itself
    with a_node("first", url, tmp_path, live) as first, a_node("second", url, tmp_path, live) as second:
        first.deliver(story.new(1).raw)
        assert len(take_mail(first)) == 1
        second.now += (DEAD_SECONDS - 1) * SECOND
        assert take_mail(second) == []
        second.now += 2 * SECOND
        assert len(take_mail(second)) == 1


def test_a_dead_nodes_sends_are_taken_over(first: Desk, second: Desk) -> None:
    first.deliver(story.new(1).raw)
    first.inbound.step(first.now)
    assert len(take_sends(first)) == 3
    assert take_sends(second) == []
    dies(first)
    second.run()
    once_each(second, 1)


def test_a_name_has_one_process(database_url: str, tmp_path: Path, live: Live) -> None:
    def start(name: str) -> None:
        with a_node(name, database_url, tmp_path, live):
            pass

    with a_node("first", database_url, tmp_path, live):

        def refused() -> None:
            with pytest.raises(StoreError, match="another maildesk runs as node 'first'"):
                start("first")

        assert forked(refused) == 0
        assert forked(lambda: start("second")) == 0
    assert forked(lambda: start("first")) == 0


def test_a_restart_frees_what_its_earlier_life_held(database_url: str, tmp_path: Path, live: Live) -> None:
    def life() -> None:
        with a_node("first", database_url, tmp_path, live) as desk:
            desk.deliver(story.new(1).raw)
            assert len(take_mail(desk)) == 1
            os._exit(KILLED)

    assert forked(life) == KILLED
    with a_node("first", database_url, tmp_path, live) as again:
        again.run()
        once_each(again, 1)


def sleeps(desk: Desk, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of a node sleeps, and wakes up again."""
    clock = desk.store.node.clock
    monkeypatch.setattr(desk.store.node, "clock", lambda: clock() + seconds)


def test_a_node_is_late_before_others_take_it_for_dead(first: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps(first, DEAD_SECONDS - 10, monkeypatch)
    assert not first.store.node.late()
    sleeps(first, 9, monkeypatch)
    assert first.store.node.late()
    first.store.beat(first.now)
    assert not first.store.node.late()


def test_the_clock_of_a_node_goes_on_while_the_machine_sleeps() -> None:
    assert nodes.elapsed() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=5)
    assert inspect.signature(nodes.Node).parameters["clock"].default is nodes.elapsed


def test_a_beat_counts_once_it_is_committed(first: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_conn: object) -> None:
        raise NotCommitted

    sleeps(first, DEAD_SECONDS, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(first.store.db, "commit", fails)
        with pytest.raises(NotCommitted):
            first.store.beat(first.now)
    assert first.store.node.late()


def test_a_late_node_neither_takes_nor_sends(
    first: Desk, second: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        first.deliver(story.new(n).raw)
    first.inbound = Inbound(first.store, lambda: first.live, batch=1)
    assert first.inbound.step(first.now) == 1
    sleeps(first, DEAD_SECONDS, monkeypatch)
    assert first.inbound.step(first.now) == 0
    assert first.outbound.step(first.now) == 0
    assert not (first.folder / "outgoing").exists()
    with first.store.db.reading() as conn:
        assert [row.state for row in conn.execute(select(inbox.c.state).order_by(inbox.c.id))] == [
            "done",
            "new",
        ]
    second.run()
    once_each(second, 2)


def test_a_node_that_became_late_while_it_read_decides_nothing(first: Desk, second: Desk) -> None:
    """Its rows are another's by then, who has not decided them yet."""

    def overtaken(_raw: bytes) -> None:
        dies(first)
        assert len(take_mail(second)) == 1

    first.deliver(story.new(1).raw)
    first.inbound = Inbound(first.store, lambda: first.live, testing_before_read=overtaken)
    first.inbound.step(first.now)
    with first.store.db.reading() as conn:
        (row,) = conn.execute(select(inbox))
        assert list(conn.execute(select(outbox))) == []
    assert (row.state, row.holder) == ("taken", second.store.node.id)
    second.run()
    once_each(second, 1)


def test_what_another_node_has_decided_meanwhile_stays_decided(first: Desk, second: Desk) -> None:
    def overtaken(_raw: bytes) -> None:
        dies(first)
        while second.inbound.step(second.now):
            pass

    for n in range(2):
        first.deliver(story.new(n).raw)
    first.inbound = Inbound(first.store, lambda: first.live, testing_before_read=overtaken)
    first.inbound.step(first.now)
    second.run()
    once_each(second, 2)


def test_what_another_node_has_sent_meanwhile_is_recorded_once(first: Desk, second: Desk) -> None:
    def overtaken(_row: outbox_rows.Row) -> None:
        dies(first)
        second.run()

    first.deliver(story.new(1).raw)
    first.inbound.step(first.now)
    sender = MaildirSender(first.folder / "outgoing")
    first.outbound = Outbound(first.store, lambda: first.live, sender, testing_around_send=overtaken)
    first.outbound.step(first.now)
    second.run()
    once_each(second, 1)


def test_a_node_whose_lock_broke_wins_it_again_or_stands_back(postgres_url: str) -> None:
    first, second = Store(Database(postgres_url), "main"), Store(Database(postgres_url), "main")
    try:
        first.open()
        first.node.lock()
        first.beat(START)
        _cut_connections(postgres_url)
        first.node.hold()
        with pytest.raises(StoreError, match="another maildesk runs as node 'main'"):
            second.node.lock()
        _cut_connections(postgres_url)
        second.node.lock()
        with pytest.raises(StoreError, match="another maildesk runs as node 'main'"):
            first.node.hold()
        assert first.node.late(), "who lost the name sends nothing"
    finally:
        first.close()
        second.close()


def _cut_connections(url: str) -> None:
    """What a restart of the server does to those who are connected."""
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with other.connect() as conn:
        conn.exec_driver_sql(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.dispose()
