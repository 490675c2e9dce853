"""Tests of the test: each way of doing it wrong is found by the kill test's own judgement."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from maildesk.core.changes import Decision
from maildesk.store import decisions, inbox
from maildesk.store.inbox import Incoming
from tests.crash.conftest import Theatre
from tests.crash.killpoints import forked
from tests.crash.life import Change, Scene, Step, a_life, dry_run, judged, killed_at, unchanged
from tests.crash.place import Place
from tests.desk import Desk

PAGES_LEFT = 5
_replace = pytest.MonkeyPatch().setattr
"""Nothing is put back: it is done in processes that end soon."""


def acknowledge_before_commit(desk: Desk) -> None:
    """The client hears of success when the mail is handed to the writer."""

    def submit(mail: Incoming, done: Future[str], _again: bool) -> None:
        done.set_result(mail.key)
        desk.store.submit("accept", lambda conn: inbox.accept(conn, mail))

    _replace(desk.accept, "_submit", submit)


def done_before_save(desk: Desk) -> None:
    """The mail is marked as done, and then its decision is saved."""
    save, done = decisions.save, decisions._done

    def mutant(conn: Connection, before: Any, decided: Any, policy: Any, digest: str, now: int) -> None:
        done(conn, decided, digest, now)
        desk.store.db.commit(conn)
        desk.store.db.begin(conn, "decide")
        save(conn, before, decided, policy, digest, now)

    _replace(decisions, "save", mutant)


def done_after_save(desk: Desk) -> None:
    """The decision is saved, and then the mail is marked as done."""
    done = decisions._done

    def mutant(conn: Connection, decided: Sequence[tuple[str, str, Decision]], digest: str, now: int) -> None:
        desk.store.db.commit(conn)
        desk.store.db.begin(conn, "decide")
        done(conn, decided, digest, now)

    _replace(decisions, "_done", mutant)


def found_out(place: Place, scene: Scene, change: Change) -> bool:
    """Whether a kill at some COMMIT shows that something is wrong."""
    commits = [n for n, label in enumerate(scene.points) if label.endswith("COMMIT")]
    return any(killed_at(place, scene, point, change) for point in commits)


def test_without_a_mutant_nothing_is_found(theatre: Theatre) -> None:
    for name in ("accepting fifty", "agent reply"):
        assert not found_out(theatre.place, theatre.scene(name), unchanged)


def test_acknowledging_before_the_commit_is_found(theatre: Theatre) -> None:
    assert found_out(theatre.place, theatre.scene("accepting fifty"), acknowledge_before_commit)


def test_marking_as_done_before_saving_is_found(theatre: Theatre) -> None:
    scene = theatre.scene("agent reply")
    mutated = dry_run(theatre.place, scene.step, scene.before, done_before_save)
    assert found_out(theatre.place, mutated, done_before_save)


def test_saving_and_marking_as_done_in_two_transactions_is_found(theatre: Theatre) -> None:
    scene = theatre.scene("agent reply")
    mutated = dry_run(theatre.place, scene.step, scene.before, done_after_save)
    assert found_out(theatre.place, mutated, done_after_save)


def full_disk(desk: Desk) -> None:
    """The disk is full after a few more mails."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("VACUUM").close()  # no free pages within the file
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + PAGES_LEFT}").close()

    desk.store.close()
    event.listen(desk.store.db.engine, "connect", limit)
    desk.store.node.lock()


def savepoint_per_mail(desk: Desk) -> None:
    """Each mail of a group is written under a savepoint of its own, and what fails is left out."""
    full_disk(desk)
    writer, db = desk.store._writer, desk.store.db

    def group(jobs: Sequence[Any]) -> None:
        conn = writer._conn = writer._conn or db.connect()
        db.begin(conn, "write")
        failed: dict[int, DBAPIError] = {}
        for n, job in enumerate(jobs):
            conn.exec_driver_sql("SAVEPOINT mail")
            try:
                job.work(conn)
                conn.exec_driver_sql("RELEASE mail")
            except DBAPIError as error:
                failed[n] = error
                with suppress(DBAPIError):
                    conn.exec_driver_sql("ROLLBACK TO mail")
                    conn.exec_driver_sql("RELEASE mail")
        driver: Any = conn.connection.dbapi_connection
        driver.commit()
        for n, job in enumerate(jobs):
            if n in failed:
                job.future.set_exception(failed[n])
            else:
                job.future.set_result("")

    _replace(writer, "_group", group)


def after_a_full_disk(theatre: Theatre, change: Change) -> list[str]:
    """What is wrong after mails met a full disk, there was room again, and the clients came back."""
    place, scene = theatre.place, theatre.scene("accepting fifty")
    step = Step("accepting on a full disk", theatre.fifty, loops=(), together=True)
    place.restore(scene.before)
    assert forked(partial(a_life, place, step, change=change)) == 0
    acknowledged = {name for (name,) in place.journal.told("acknowledged")}
    assert len(acknowledged) < len(theatre.fifty), "the disk was not full"
    assert forked(partial(a_life, place, step)) == 0
    return judged(place, scene, {mail.name for mail in theatre.fifty} - acknowledged)


def test_a_full_disk_loses_nothing(sqlite_theatre: Theatre) -> None:
    assert not after_a_full_disk(sqlite_theatre, full_disk)


def test_a_savepoint_per_mail_on_a_full_disk_is_found(sqlite_theatre: Theatre) -> None:
    assert after_a_full_disk(sqlite_theatre, savepoint_per_mail)
