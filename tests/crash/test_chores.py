"""Chores and the operator's commands die at any statement, or two nodes do them at once: each thing happens once."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maildesk.core.model import DAY, HOUR, MINUTE
from maildesk.edges import templates
from maildesk.store import keys, outbox, waiting
from maildesk.work.live import Live
from maildesk.work.requests import welcome
from tests.crash.killpoints import KILLED, Points, forked
from tests.crash.place import NODE, Place, Rows
from tests.crash.test_nodes import a_node
from tests.desk import ROOT, START, Desk, a_mail, a_policy
from tests.work.authority import ALICE, spoofed

LONG = bool(os.environ.get("MAILDESK_LONG"))
SOME = 6
"""Points of a chore at which a short run kills, beside its COMMITs."""
LATER = START + 4 * DAY
LIMITS = {"acks_unproven_hour": 1, "held_notices_hour": 1}


@pytest.fixture(scope="module")
def live() -> Live:
    policy = a_policy(admin="admin@desk.example", limits=LIMITS)
    return Live(policy, templates.load(ROOT / "templates", "en"), "test")


@pytest.fixture
def place(database_url: str, tmp_path: Path, live: Live) -> Iterator[Place]:
    """A desk where held mail was told to nobody, acknowledgments wait, and a key is too old."""
    found = Place(database_url, tmp_path, live)
    with a_node(NODE, database_url, tmp_path, live) as desk:
        number = desk.handle(a_mail())["ticket"]
        for n in range(3):
            mail = spoofed(number)
            mail.replace_header("Message-ID", f"<spoof{n}@evil.example>")
            mail.replace_header("Subject", f"Number {n} [#{number}]")
            desk.handle(mail)
            desk.handle(a_mail(f"p{n}@d{n}.example", message_id=f"<{n}@d.example>"))
        desk.store.write("decide", lambda conn: keys.rotate(conn, LATER - 2 * keys.YEAR))
    yield found
    found.close()


def run(place: Place, work: Callable[[Desk], object], points: Points | None = None, now: int = LATER) -> None:
    """Does work in a process that begins anew, and dies where the points say."""

    def life() -> None:
        with a_node(NODE, place.url, place.folder, place.live, now) as desk:
            if points:
                points.watch_statements()
            work(desk)
            if points:
                (place.folder / "points").write_text("\n".join(points.seen))

    assert forked(life) == (KILLED if points and points._deadly >= 0 else 0)
    place.settle()


def release(desk: Desk) -> None:
    desk.store.write("work", lambda conn: waiting.release(conn, waiting.WHOM, START + HOUR))


def rotate(desk: Desk) -> None:
    desk.store.write("decide", lambda conn: keys.rotate(conn, desk.now))


def new_address(desk: Desk) -> None:
    alice = desk.policy.agent("alice")
    assert alice
    welcome(alice, True, "admin", "the-request", desk.store, desk.live, desk.now)


def picture(rows: Rows) -> dict[str, object]:
    """What is to be the same, however often a process died before."""
    return {
        "mails": Counter((row["kind"], row["to"], row["state"]) for row in rows["outbox"]),
        "keys": sum(row["name"].startswith("key.") for row in rows["meta"]),
        "told": sorted(row["name"] for row in rows["control"]),
        "held": Counter(row["disposition"] for row in rows["inbox"]),
    }


@pytest.mark.parametrize("work", [Desk.chores, release, rotate, new_address])
def test_a_process_that_dies_in_the_middle(place: Place, work: Callable[[Desk], object]) -> None:
    """Either nothing has happened, and doing it again does it, or all has."""
    before = place.rows()
    run(place, work, Points())
    labels = (place.folder / "points").read_text().splitlines()
    after = place.rows()
    assert picture(after) != picture(before)
    commits = [n for n, label in enumerate(labels) if label.endswith("COMMIT")]
    others = [n for n in range(len(labels)) if n not in commits]
    chance = random.Random(work.__name__)
    some = others if LONG else chance.sample(others, min(SOME, len(others)))
    for point in sorted((*commits, *some)):
        place.restore(before)
        run(place, work, Points(point))
        if work is Desk.chores or picture(place.rows()) == picture(before):
            run(place, work, now=LATER + MINUTE)
        assert picture(place.rows()) == picture(after), labels[point]


def test_two_nodes_do_the_same_chores_at_once(place: Place) -> None:
    """Each hears of each thing once; neither fails."""
    troubles: list[BaseException] = []
    barrier = threading.Barrier(2)

    def work(desk: Desk) -> None:
        try:
            barrier.wait(60)
            for _ in range(3):
                desk.chores()
        except BaseException as error:
            troubles.append(error)

    with (
        a_node("first", place.url, place.folder, place.live, LATER) as first,
        a_node("second", place.url, place.folder, place.live, LATER + MINUTE) as second,
    ):
        threads = [threading.Thread(target=work, args=(desk,)) for desk in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not troubles
        with first.store.db.reading() as conn:
            assert outbox.counts(conn)["late"] == 3
    mails = picture(place.rows())["mails"]
    assert isinstance(mails, Counter)
    assert mails["held_list", ALICE, "todo"] == 1
    assert mails["held_long", "admin@desk.example", "todo"] == 1
