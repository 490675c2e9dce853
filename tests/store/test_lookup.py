"""Who is there: daemons, and runs of the command line, which come and go."""

from __future__ import annotations

from pathlib import Path

from maildesk.store import figures, lookup
from maildesk.store.db import Database
from maildesk.store.nodes import cli_name
from maildesk.store.store import Store
from tests.desk import Desk, a_desk, expire


def names(desk: Desk) -> tuple[list[str], list[str]]:
    """The names of all nodes, and of the daemons among them."""
    with desk.store.db.reading() as conn:
        found = [
            [node["name"] for node in known(conn, desk.store.db, desk.now)]
            for known in (lookup.nodes, lookup.daemons)
        ]
    return found[0], found[1]


def daemons_told(desk: Desk) -> dict[tuple[str, ...], float]:
    """What the metrics say of daemons."""
    with desk.store.db.reading() as conn:
        return dict(figures.read(conn, desk.store.db, [], desk.now)["maildesk_nodes"])


def test_a_killed_run_of_the_command_line_is_no_dead_daemon(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        run = Store(Database(database_url), cli_name())
        try:
            run.open()
            run.beat(desk.now)
            assert names(desk) == ([run.node.name, "main"], ["main"])
            assert daemons_told(desk) == {("alive",): 1, ("dead",): 0}
            expire(run)
            assert daemons_told(desk) == {("alive",): 1, ("dead",): 0}
            # Nobody ever comes again under its name, so the next beat of anybody clears it away.
            desk.store.beat(desk.now)
            assert names(desk) == (["main"], ["main"])
        finally:
            run.close()


def test_a_dead_daemon_is_told_of_until_it_comes_again(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk, a_desk(tmp_path, database_url, name="second") as other:
        expire(other.store)
        desk.store.beat(desk.now)
        assert daemons_told(desk) == {("alive",): 1, ("dead",): 1}
        other.store.beat(desk.now)
        assert daemons_told(desk) == {("alive",): 2, ("dead",): 0}
