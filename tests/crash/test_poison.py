"""A mail, in or out, that kills its process: it alone is quarantined, after three deaths alone."""

from __future__ import annotations

import os
from functools import partial

import pytest

from maildesk.store.outbox import Row
from maildesk.work.outbound import Outbound
from tests.crash.conftest import Theatre
from tests.crash.killpoints import KILLED, WatchedSender, forked
from tests.crash.life import Step, a_life, dry_run, judged
from tests.crash.picture import unsent
from tests.crash.story import POISON
from tests.desk import Desk

LIVES = 5
"""The death among others, three deaths alone, and the life that gives the mail up."""


def deadly(raw: bytes) -> None:
    """The hook that makes a mail kill its reader."""
    if POISON in raw:
        os._exit(KILLED)


def test_a_mail_that_kills_its_reader(theatre: Theatre) -> None:
    # A release has another mail decided after the batch, or in its midst once it has to be taken one by one.
    kinds = [mail for mail in theatre.kinds if mail.name != "release"]
    place, step = theatre.place, Step("all kinds together", kinds, together=True)
    # What must become of the others is what becomes of them beside a mail that merely fails.
    scene = dry_run(place, step, theatre.first)
    place.restore(theatre.first)
    ends = []
    for _ in range(LIVES):
        ends.append(forked(partial(a_life, place, step, hook=deadly)))
        place.settle()
    assert ends == [KILLED] * (LIVES - 1) + [0]
    assert not judged(place, scene, set())
    (poison,) = (row for row in place.rows()["inbox"] if row["state"] == "quarantined")
    assert (poison["deaths"], poison["errors"]) == (3, 0)


def test_a_mail_that_kills_its_sender(theatre: Theatre) -> None:
    place, step = theatre.place, Step("sending", loops=("outbound",))
    decided = dry_run(place, Step("deciding", theatre.kinds[:2], loops=("inbound",)), theatre.first).after
    place.restore(decided)
    victim = next(row["once"] for row in decided["outbox"] if row["state"] == "todo")

    def break_it(desk: Desk) -> None:
        def hook(row: Row) -> None:
            if row.once == victim:
                os._exit(KILLED)

        sender = desk.outbound._sender
        assert isinstance(sender, WatchedSender)
        desk.outbound = Outbound(desk.store, lambda: place.live, sender, testing_around_send=hook)

    ends = []
    for _ in range(LIVES):
        ends.append(forked(partial(a_life, place, step, change=break_it)))
        place.settle()
    assert ends == [KILLED] * (LIVES - 1) + [0]
    rows = place.rows()["outbox"]
    (given_up,) = (row for row in rows if row["once"] == victim)
    assert (given_up["state"], given_up["deaths"], given_up["errors"]) == ("quarantined", 3, 0)
    assert len(unsent(place.rows())) == 1
    due = sum(row["state"] == "todo" for row in decided["outbox"])
    assert len(list((place.outgoing / "new").iterdir())) == due - 1


@pytest.mark.parametrize("point", range(3))
def test_a_death_among_others_counts_against_nobody(theatre: Theatre, point: int) -> None:
    place, step = theatre.place, Step("deciding", theatre.kinds[:3], loops=("inbound",))
    place.restore(theatre.first)
    reached = []

    def dies_at(raw: bytes) -> None:
        reached.append(raw)
        if len(reached) == point + 1:
            os._exit(KILLED)

    assert forked(partial(a_life, place, step, hook=dies_at)) == KILLED
    place.settle()
    assert forked(partial(a_life, place, step)) == 0
    assert {(row["deaths"], row["errors"]) for row in place.rows()["inbox"]} == {(0, 0)}
