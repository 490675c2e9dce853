"""The log: one line an event whatever strangers wrote, and none is lost when the file is rotated."""

from __future__ import annotations

import json
import logging
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc, text

from maildesk import log
from maildesk.config.telemetry import Log
from maildesk.edges import logs
from maildesk.store.db import Database
from tests.cli.conftest import ROOT, Desk, maildesk
from tests.cli.test_run import DEADLINE, wait_for

HOSTILE = "a\r\n2026-01-01 00:00:00,000 INFO node main stopped\x1b[2J\x00\u2028\u202e"


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Puts pytest's handlers back."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


def begin(folder: Path, form: Any) -> Callable[[], list[str]]:
    """Logs to a file; what gives its lines."""
    file = folder / "maildesk.log"
    logs.start(Log(format=form, file=str(file)), "main")
    return lambda: file.read_text("utf-8").split("\n")[:-1]


def failed() -> Exception:
    """An error with a traceback, whose text a stranger wrote."""
    with pytest.raises(ValueError, match="stopped") as error:
        raise ValueError(HOSTILE)
    return error.value


def test_json_has_the_ids_apart(tmp_path: Path) -> None:
    lines = begin(tmp_path, "json")
    log.received("k1", "smtp", 2_048, "a@b.example", "jane@customer.example")
    log.decided("k1", "new-ticket", 482913, ["It is new."])
    received, decided = map(json.loads, lines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", received.pop("time"))
    assert received == {
        "level": "info",
        "node": "main",
        "key": "k1",
        "message_id": "a@b.example",
        "channel": "smtp",
        "size": 2_048,
        "event": "received",
        "message": "mail k1 received by smtp size=2048 message-id=a@b.example from=jane@customer.example",
    }
    assert (decided["key"], decided["ticket"], decided["disposition"]) == ("k1", 482913, "new-ticket")


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_strangers_wrote_makes_no_line(tmp_path: Path, form: str) -> None:
    lines = begin(tmp_path, form)
    log.received("k1", "smtp", 1, HOSTILE, HOSTILE)
    log.stumbled("mail", "k1", failed())
    logging.getLogger("some.library").warning("it said %s", HOSTILE)
    found = lines()
    assert all(line.isprintable() for line in found)
    if form == "json":
        received, stumbled, library = map(json.loads, found)
        assert received["message_id"].isprintable()
        assert stumbled["traceback"].startswith("Traceback (most recent call last):\n")
        assert library["event"] == "some.library"
        values = [value for entry in map(json.loads, found) for value in entry.values()]
        assert all(part.isprintable() for value in values for part in str(value).split("\n"))
    else:
        assert [line for line in found if re.match(r"\d{4}-\d\d-\d\d ", line)] == [
            found[0],
            found[1],
            found[-1],
        ]
        assert all(line.startswith("  ") for line in found[2:-1])
        assert found[2] == "  Traceback (most recent call last):"


@pytest.mark.parametrize("form", ["json", "text"])
def test_rotation_loses_no_line(tmp_path: Path, form: str) -> None:
    lines = begin(tmp_path, form)
    writes = 3_000

    def write() -> None:
        for n in range(writes):
            log.waits(f"k{n}", "other")

    thread = threading.Thread(target=write)
    thread.start()
    file, old = tmp_path / "maildesk.log", 0
    while thread.is_alive():
        if file.exists():  # as logrotate does without copytruncate
            file.rename(tmp_path / f"maildesk.log.{old}")
            old += 1
    thread.join()
    log.waits("last", "other")
    assert old > 3
    kept = [line for n in range(old) for line in (tmp_path / f"maildesk.log.{n}").read_text().splitlines()]
    keys = [found[1] for line in [*kept, *lines()] if (found := re.search(r"mail (\w+) waits", line))]
    assert keys == [*(f"k{n}" for n in range(writes)), "last"]


def test_trouble_with_the_file_is_not_the_trouble_of_who_logs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path / "logs", "text")
    (tmp_path / "logs/maildesk.log").unlink()
    (tmp_path / "logs").rmdir()
    log.waits("k1", "k2")
    assert "Logging error" in capsys.readouterr().err
    (tmp_path / "logs").mkdir()
    log.waits("k3", "k4")
    assert "k3" in (tmp_path / "logs/maildesk.log").read_text()


def test_a_database_error_does_not_repeat_the_values(database_url: str) -> None:
    db = Database(database_url)
    with db.connect() as conn, pytest.raises(exc.DBAPIError) as error:
        conn.execute(text("SELECT nothing FROM nowhere WHERE token = :token"), {"token": "very-secret"})
    assert "very-secret" not in str(error.value)
    db.close()


def test_a_daemon_logs_to_its_file(fresh: Desk, tmp_path: Path) -> None:
    fresh.edit(r'^#format = "text"', 'format = "json"')
    fresh.edit(r'^#file = ""', 'file = "var/log/maildesk.log"')
    file = fresh.folder / "var/log/maildesk.log"
    assert f"log       as JSON to {file}\n" in fresh.ok("check")
    with (tmp_path / "errors").open("wb") as errors:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "maildesk", "--config", str(fresh.config), "run"], cwd=ROOT, stderr=errors
        )
    try:
        wait_for(lambda: file.exists() and '"started"' in file.read_text(), daemon)
        file.rename(file.with_suffix(".1"))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(DEADLINE) == 0
    finally:
        daemon.kill()
        daemon.wait()
    first, last = (json.loads(path.read_text().splitlines()[-1]) for path in (file.with_suffix(".1"), file))
    assert (first["event"], last["event"], last["node"]) == ("started", "stopped", "main")
    # What an operator at a terminal is told stays there.
    assert "is at work" in (tmp_path / "errors").read_text()


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(fresh: Desk) -> None:
    (fresh.folder / "var").mkdir()
    (fresh.folder / "var/logs").write_text("not a folder")
    fresh.edit(r'^#file = ""', 'file = "var/logs/maildesk.log"')
    done = maildesk("--config", str(fresh.config), "run")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"The log cannot be written to ")
    assert done.stderr.count(b"\n") == 1
