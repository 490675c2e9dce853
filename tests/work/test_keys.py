"""Keys of reply addresses are replaced: new ones sign, old ones verify for a year, and then they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.core.model import DAY, SECOND
from maildesk.store import keys
from maildesk.store.db import Database, StoreError
from maildesk.store.store import Store
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.work.authority import ALICE, JANE, handled, theirs

SOON = 2 * keys.DELAY


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as one:
        yield one


def rotate(desk: Desk) -> None:
    desk.store.write("decide", lambda conn: keys.rotate(conn, desk.now))
    desk.now += SOON
    desk.run()


def ids(store: Store) -> list[int]:
    return [id_ for id_, _ in store.keys.tokens]


def again(desk: Desk, n: int) -> None:
    handled(desk, a_mail(subject=f"Again {n}", message_id=f"<again{n}@customer.example>"))


def test_the_new_key_signs_and_the_old_one_verifies_for_a_year(desk: Desk, number: int) -> None:
    old = desk.mails(ALICE)[0]
    personal = theirs(desk)
    rotate(desk)
    assert ids(desk.store) == [1, 2]
    row, _ = handled(desk, an_answer(old, ALICE, "Off and on.", "<a@desk.example>"))
    assert row["proof"] == "token"
    again(desk, 1)
    new = desk.mails(ALICE)[-1]
    desk.now += keys.YEAR - 10 * SOON
    desk.run()
    assert (
        handled(desk, a_mail(ALICE, personal, "Chair", message_id="<p1@desk.example>"))[0]["proof"] == "token"
    )
    assert handled(desk, an_answer(old, ALICE, "And again.", "<b@desk.example>"))[0]["proof"] == "token"
    desk.now += 10 * SOON
    desk.run()
    assert handled(desk, an_answer(old, ALICE, "Late.", "<c@desk.example>"))[0]["disposition"] == "held"
    assert (
        handled(desk, a_mail(ALICE, personal, "Desk", message_id="<p2@desk.example>"))[0]["proof"]
        == "claimed"
    )
    assert handled(desk, an_answer(new, ALICE, "In time.", "<d@desk.example>"))[0]["proof"] == "token"
    # A mail to an address of the old key still finds its ticket, by what it cites.
    row, _ = handled(desk, an_answer(desk.mails(JANE)[0], JANE, "Hello?", "<e@customer.example>"))
    assert (row["ticket"], row["proof"], row["match"]) == (number, "claimed", "anchor")


def test_the_year_of_a_key_begins_when_the_next_one_signs(desk: Desk) -> None:
    for _ in range(3):
        rotate(desk)
        desk.now += 100 * DAY
    desk.run()
    assert ids(desk.store) == [1, 2, 3, 4]
    desk.now += keys.YEAR - 250 * DAY
    desk.run()
    assert ids(desk.store) == [2, 3, 4]
    desk.chores()
    with desk.store.db.reading() as conn:
        assert [one.id for one in keys.listed(conn)] == [2, 3, 4], "the secret itself is gone"
    desk.now += 10 * keys.YEAR
    desk.run()
    assert ids(desk.store) == [4], "the last one stays"


def test_a_new_key_signs_only_when_every_node_knows_it(desk: Desk, database_url: str) -> None:
    other = Store(Database(database_url), "other")
    other.open()
    other.node.lock()
    try:
        other.beat(desk.now)
        desk.store.write("decide", lambda conn: keys.rotate(conn, desk.now))
        desk.store.beat(desk.now)
        other.beat(desk.now + keys.DELAY - SECOND)
        for store in (desk.store, other):
            assert ids(store) == [2, 1], "both verify by it, and sign with the old one"
        desk.store.beat(desk.now + keys.DELAY)
        assert ids(desk.store) == [1, 2]
    finally:
        other.close()


def test_one_rotation_at_a_time(desk: Desk) -> None:
    rotate(desk)
    desk.store.write("decide", lambda conn: keys.rotate(conn, desk.now))
    with pytest.raises(StoreError, match="a moment ago"):
        desk.store.write("decide", lambda conn: keys.rotate(conn, desk.now))


def test_ids_are_used_again_and_never_twice_at_once(desk: Desk) -> None:
    seen = []
    for n in range(2 * keys.MOST):
        desk.now += 30 * DAY
        made = desk.store.write("work", lambda conn: keys.rotate(conn, desk.now))
        assert 1 <= made.id <= keys.MOST, n
        desk.store.write("work", lambda conn: keys.forget(conn, desk.now))
        seen.append(made.id)
    assert len(set(seen[-keys.MOST :])) == keys.MOST
