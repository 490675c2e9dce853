"""The first start dies at any statement: there is no store then or a whole one, and the next start makes it whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select

from maildesk.store.db import Database, StoreError
from maildesk.store.schema import meta
from maildesk.store.store import Store
from maildesk.work.live import Live
from tests.crash import story
from tests.crash.killpoints import KILLED, Points, forked
from tests.crash.place import NODE, database, others
from tests.crash.test_kill import LONG, chosen
from tests.desk import Desk
from tests.waiting import until

Fresh = Callable[[], AbstractContextManager[str]]


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """Gives the URL of a place where no store has ever been, as often as it is called."""
    if request.param == "postgresql":
        found: Fresh = request.getfixturevalue("postgres_cluster").database
        return found

    @contextmanager
    def folder() -> Iterator[str]:
        place = tmp_path / str(len(list(tmp_path.iterdir())))
        yield f"sqlite:///{place}/var/desk.db"

    return folder


def start(url: str, points: Points) -> None:
    """The first start of a desk, up to where its store is open."""
    points.watch_statements()
    store = Store(database(url), NODE)
    store.open()
    store.close()


def build(conn: Connection) -> Any:
    """All tables with their columns, keys and indexes, and the names of what a store begins with."""
    asked = inspect(conn)
    of = (asked.get_columns, asked.get_foreign_keys, asked.get_indexes, asked.get_unique_constraints)
    found = {
        (table, str(sorted((name, str(value)) for name, value in one.items() if name != "dialect_options")))
        for table in asked.get_table_names()
        for ask in of
        for one in ask(table)
    }
    return found, sorted(conn.execute(select(meta.c.name)).scalars())


def settle(url: str) -> None:
    """Waits until the server has seen that the process died."""
    db = Database(url)
    if not db.is_sqlite:
        with db.connect() as conn:
            until(lambda: others(conn) == 0)
    db.close()


def is_whole_or_nothing(url: str, whole: Any) -> None:
    """What a command finds that makes no store."""
    db = Database(url)
    if db.path is not None and not db.path.exists():
        return
    store = Store(db, NODE)
    with db.reading() as conn:
        there = bool(inspect(conn).get_table_names())
        assert not there or build(conn) == whole
    with nullcontext() if there else pytest.raises(StoreError, match="has no tables yet"):
        store.open(create=False)
    store.close()


def starts_again(url: str, folder: Path, live: Live, whole: Any) -> None:
    """The next start has a whole store, and decides a mail."""
    store = Store(database(url), NODE)
    try:
        store.open()
        with store.db.reading() as conn:
            assert build(conn) == whole
        store.node.lock()
        assert Desk(folder, store, live).handle(story.new(1).raw)["disposition"] == "new-ticket"
    finally:
        store.close()


def test_a_first_start_that_is_killed_leaves_no_half_store(fresh: Fresh, tmp_path: Path, live: Live) -> None:
    listing = tmp_path / "points"

    def undisturbed(url: str) -> None:
        points = Points()
        start(url, points)
        listing.write_text(json.dumps(points.seen), "utf-8")

    with fresh() as url:
        assert forked(partial(undisturbed, url)) == 0
        db = Database(url)
        with db.reading() as conn:
            whole = build(conn)
        db.close()
    assert whole[1] == ["desk", "key.root", "key.token.1", "version"]
    labels = json.loads(listing.read_text("utf-8"))
    assert sum(label.startswith("before CREATE TABLE") for label in labels) > 15
    assert sum(label == "after COMMIT" for label in labels) == 1
    for point in range(len(labels)) if LONG else chosen("creation", labels):
        with fresh() as url:
            assert forked(partial(start, url, Points(point))) == KILLED
            settle(url)
            is_whole_or_nothing(url, whole)
            starts_again(url, tmp_path, live, whole)


def test_a_store_that_has_lost_its_keys_gets_no_new_ones(database_url: str) -> None:
    """With other keys every reply address that is out would be void, and nobody would know why."""
    for name in ("desk", "key.root", "key.token.1"):
        store = Store(Database(database_url), NODE)
        store.open()
        lose = meta.update().where(meta.c.name == name).values(name=f"lost {name}")
        store.write("work", partial(Connection.execute, statement=lose))
        with pytest.raises(StoreError, match="restore it from a backup"):
            store.open()
        find = meta.update().where(meta.c.name == f"lost {name}").values(name=name)
        store.write("work", partial(Connection.execute, statement=find))
        store.open()
        store.close()
