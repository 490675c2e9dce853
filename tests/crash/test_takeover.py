"""Take-over on one machine: what a dead process held is free at once, what a living one holds is its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from maildesk.core.model import SECOND
from maildesk.store import lookup
from maildesk.store.nodes import DEAD_SECONDS
from maildesk.store.schema import node
from maildesk.work.live import Live
from tests.crash import story
from tests.crash.test_nodes import a_node, once_each, take_mail
from tests.desk import ROOT, START, Desk

TAKER = """
import sys
from maildesk.store import inbox
from maildesk.store.db import Database
from maildesk.store.store import Store

url, name, limit, now = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = Store(Database(url), name)
store.open()
store.node.lock()
store.beat(now)
print(*store.write("work", lambda conn: inbox.take(conn, store.db, store.node.id, limit, now))[0], flush=True)
input()
"""


class Taker:
    """A node in a process of its own that takes mails once, and then holds them."""

    def __init__(self, url: str, name: str, limit: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", TAKER, url, name, str(limit), str(START)],
            cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout
        self.keys = self._process.stdout.readline().split()

    def kill(self) -> None:
        """Ends it, uncleaned."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def takers(url: str, *limits: int) -> Iterator[list[Taker]]:
    """Nodes that took so many mails, one after the other."""
    found: list[Taker] = []
    try:
        for limit in limits:
            found.append(Taker(url, f"taker{len(found)}", limit))
        yield found
    finally:
        for taker in found:
            taker.kill()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, live: Live) -> Iterator[Desk]:
    with a_node("second", database_url, tmp_path, live) as found:
        yield found


def test_nobody_takes_what_a_living_process_holds(desk: Desk, database_url: str) -> None:
    keys = [desk.deliver(story.new(n).raw) for n in range(60)]
    with takers(database_url, 20, 20) as (one, other):
        assert (one.keys, other.keys) == (keys[:20], keys[20:40])
        assert take_mail(desk) == keys[40:]
        assert take_mail(desk) == keys[40:], "its own it may take again"
        with desk.store.db.reading() as conn:
            standing = {n["name"]: n["alive"] for n in lookup.nodes(conn, desk.store.db, desk.now)}
        assert standing == {"second": True, "taker0": True, "taker1": True}


def test_what_a_killed_process_held_is_free_at_once(desk: Desk, database_url: str) -> None:
    for n in range(3):
        desk.deliver(story.new(n).raw)
    with takers(database_url, 3) as (taker,):
        assert len(taker.keys) == 3
        assert take_mail(desk) == []
        taker.kill()
        with desk.store.db.reading() as conn:
            standing = {n["name"]: n["alive"] for n in lookup.nodes(conn, desk.store.db, desk.now)}
        assert standing == {"second": True, "taker0": False}
        desk.run()
    once_each(desk, 3)


def test_of_a_process_on_another_machine_only_silence_tells(tmp_path: Path, live: Live) -> None:
    url = f"sqlite:///{tmp_path}/desk.db"  # whose clock is ours
    with a_node("second", url, tmp_path, live) as desk:
        desk.deliver(story.new(1).raw)
        with takers(url, 1) as (taker,):
            elsewhere = update(node).where(node.c.name == "taker0").values(home="another machine")
            desk.store.write("work", lambda conn: conn.execute(elsewhere))
            taker.kill()
            assert take_mail(desk) == []
            desk.now += (DEAD_SECONDS + 1) * SECOND
            assert take_mail(desk) == taker.keys
