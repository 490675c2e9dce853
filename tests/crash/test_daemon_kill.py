"""A real daemon, killed again and again at random while clients that retry feed it.

A short run delivers 200 mails and kills 8 times; with MAILDESK_LONG=1 it is 1,000 mails and 30 kills, on both
databases. Nothing is lost, nothing doubled.
"""

from __future__ import annotations

import os
import random
import signal
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import select

from maildesk.config.load import load
from maildesk.store.db import Database
from maildesk.store.schema import inbox, outbox, ticket
from tests.bench.daemon import configure, greeting
from tests.crash import story
from tests.desk import DESK, ROOT
from tests.servers.ports import free_port

LONG = bool(os.environ.get("MAILDESK_LONG"))
MAILS, KILLS = (1_000, 30) if LONG else (200, 8)
SESSIONS = 8
SECONDS = 600 if LONG else 120
"""A deadline for the whole test."""
CUT_OFF = (OSError, smtplib.SMTPException)


class Supervised:
    """A daemon that is started again whenever it has ended."""

    def __init__(self, config: Path, log: IO[bytes]) -> None:
        self._config, self._log = config, log
        self.process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "maildesk", "--config", str(self._config), "run"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=self._config.parent,
            stdout=self._log,
            stderr=self._log,
        )

    def look_after(self) -> None:
        """Starts it again where it ended by itself: the name may still belong to the one that was killed."""
        if self.process.poll() is not None:
            self.process = self._spawn()

    def kill(self) -> None:
        """Kills it, and starts the next."""
        self.process.kill()
        self.process.wait()
        self.process = self._spawn()

    def stop(self) -> int:
        """Ends it as an operator does, once it has begun: before, nothing heeds the signal. Its exit status."""
        port = int(load(self._config).settings.smtp[0].listen.rpartition(":")[2])
        end = time.monotonic() + 60
        while not _greets(port):
            assert time.monotonic() < end, "it does not begin"
            self.look_after()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def _greets(port: int) -> bool:
    try:
        return greeting(port, 0.5).startswith(b"220")
    except TimeoutError:
        return False


class Clients:
    """Clients that deliver each of their mails until it is acknowledged."""

    def __init__(self, port: int, mails: Sequence[story.Mail], end: float) -> None:
        self._port, self._end = port, end
        self.acknowledged: list[str] = []
        parts = [mails[n::SESSIONS] for n in range(SESSIONS)]
        self._threads = [threading.Thread(target=self._deliver, args=(part,)) for part in parts]

    def start(self) -> None:
        """Begins."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Returns when all is delivered."""
        for thread in self._threads:
            thread.join()

    def _deliver(self, mails: Sequence[story.Mail]) -> None:
        left = list(reversed(mails))
        while left and time.monotonic() < self._end:
            try:
                with smtplib.SMTP("127.0.0.1", self._port, timeout=20) as smtp:
                    while left:
                        smtp.sendmail("bulk@sender.example", [DESK], left[-1].raw)
                        self.acknowledged.append(left.pop().name)
            except CUT_OFF:
                time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_a_daemon_that_is_killed_at_random(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    began, chance = time.monotonic(), random.Random(kind)
    end = began + SECONDS
    port = free_port()
    config = configure(tmp_path / "desk", port, url)
    new = config.parent / "var" / "outgoing" / "new"
    clients = Clients(port, [story.new(n) for n in range(MAILS)], end)

    def progress() -> int:
        return len(clients.acknowledged) + (len(list(new.iterdir())) if new.exists() else 0)

    def until(condition: Callable[[], bool]) -> None:
        while not condition():
            assert time.monotonic() < end, f"not done in {SECONDS} s: {progress()} of {3 * MAILS}"
            desk.look_after()
            time.sleep(0.005)

    with (tmp_path / "log").open("wb") as log:
        desk = Supervised(config, log)
        try:
            clients.start()
            # Each mail is acknowledged once and brings two mails out.
            for moment in sorted(chance.sample(range(1, 3 * MAILS - 20), KILLS)):
                until(lambda moment=moment: progress() >= moment)  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.05))  # a moment of chance, not a wait for something
                desk.kill()
            until(lambda: progress() >= 3 * MAILS)
            clients.join()
            until(lambda: idle(config))
            assert desk.stop() == 0
        finally:
            desk.process.kill()
            desk.process.wait()
            clients.join()
    print(f"{MAILS} mails, {KILLS} kills: {time.monotonic() - began:.1f} s")
    judge(config, new)


def idle(config: Path) -> bool:
    """Whether nothing is left to do."""
    db = Database(load(config).settings.store.url)
    try:
        with db.reading() as conn:
            states = {row.state for table in (inbox, outbox) for row in conn.execute(select(table.c.state))}
    finally:
        db.close()
    return not states & {"new", "taken", "todo", "ready"}


def judge(config: Path, new: Path) -> None:
    """One ticket and one acknowledgment for each mail, none twice, nothing quarantined."""
    db = Database(load(config).settings.store.url)
    try:
        with db.reading() as conn:
            came, went = list(conn.execute(select(inbox))), list(conn.execute(select(outbox)))
            tickets = {row.number for row in conn.execute(select(ticket.c.number))}
    finally:
        db.close()
    fates = Counter(row.disposition for row in came)
    assert fates["new-ticket"] == MAILS
    assert set(fates) <= {"new-ticket", "duplicate"}, fates
    assert Counter(row.message_id for row in came if row.disposition == "new-ticket") == Counter(
        f"new-{n}@new{n}.example" for n in range(MAILS)
    )
    assert len(tickets) == MAILS
    assert Counter((row.kind, row.ticket) for row in went) == Counter(
        (kind, number) for kind in ("acknowledgment", "new_ticket") for number in tickets
    )
    assert Counter(row.state for row in went) == {"sent": 2 * MAILS}
    assert sorted(path.name.partition(".")[0] for path in new.iterdir()) == sorted(row.once for row in went)
    assert len({row.message_id for row in went}) == 2 * MAILS
    print(f"{fates['duplicate']} mails came twice")
