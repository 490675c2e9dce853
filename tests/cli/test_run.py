"""`run`: the daemon as a process."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import MAIL, ROOT, Desk, maildesk
from tests.servers.ports import free_port

DEADLINE = 30.0


@contextmanager
def running(desk: Desk, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, from the moment that it says that it is at work."""
    with log.open("wb") as errors:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "maildesk", "--config", str(desk.config), "run"], cwd=ROOT, stderr=errors
        )
    try:
        wait_for(lambda: "is at work" in log.read_text() and "  store " in log.read_text(), daemon)
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def wait_for(condition: object, daemon: subprocess.Popen[bytes], seconds: float = DEADLINE) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        assert daemon.poll() is None
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_works_until_it_is_told_to_stop(fresh: Desk, tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    with running(fresh, log) as daemon:
        said = log.read_text()
        found = re.search(r"mail in   SMTP on 127\.0\.0\.1:(\d+)", said)
        assert found
        assert f"mail out  into the folder {fresh.folder}/var/outgoing" in said
        with smtplib.SMTP("127.0.0.1", int(found[1]), timeout=DEADLINE) as client:
            client.sendmail("jane@customer.example", ["support@desk.example"], MAIL)
        wait_for(lambda: fresh.json("status")["outbox"]["sent"] == 3, daemon)
        [node] = fresh.json("status")["nodes"]
        assert (node["name"], node["alive"]) == ("main", True)
        assert "running  " in fresh.ok("status")
        told = fresh.ok("ticket", "new", "--from", "a@b.example", "--subject", "x", "--text", "y")
        assert told.endswith("3 mails will be sent by the running daemon.\n")
        wait_for(lambda: fresh.json("status")["outbox"]["sent"] == 6, daemon)
        daemon.send_signal(number)
        assert daemon.wait(DEADLINE) == 0
    said = log.read_text()
    assert "Traceback" not in said
    assert "received by smtp" in said
    assert fresh.json("status")["nodes"] == []


def test_a_second_one_is_refused(fresh: Desk, tmp_path: Path) -> None:
    with running(fresh, tmp_path / "log"):
        done = maildesk("--config", str(fresh.config), "run")
        assert (done.returncode, done.stdout) == (1, b"")
        assert done.stderr.startswith(b"Another maildesk runs as node 'main'")
        assert done.stderr.count(b"\n") == 1
        # Work at the command line goes on beside it.
        assert fresh.ok("run", "--once").startswith("0 mails handled.")


def test_a_port_that_is_taken(fresh: Desk) -> None:
    port = free_port()
    fresh.edit(r"^listen = .*", f'listen = "127.0.0.1:{port}"')
    with socket.create_server(("127.0.0.1", port)):
        done = maildesk("--config", str(fresh.config), "run")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(f"Cannot take mail by SMTP on 127.0.0.1:{port}: ".encode())
    assert done.stderr.count(b"\n") == 1
    assert fresh.json("status")["nodes"] == []


HOLDER = """
import sys
from maildesk.app import App
from maildesk.configured import read
from maildesk.store import inbox
from pathlib import Path

path = Path(sys.argv[1])
app = App(read(path), "main", path)
app.store.open()
app.enter()
work = lambda conn: inbox.take(conn, app.store.db, app.store.node.id, 50, app.clock())
print(len(app.store.write("work", work)[0]), flush=True)
input()
"""


def test_once_takes_over_from_a_daemon_that_was_killed(fresh: Desk) -> None:
    fresh.ok("deliver", given=MAIL)
    daemon = subprocess.Popen(
        [sys.executable, "-c", HOLDER, fresh.config], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert daemon.stdout
        assert daemon.stdout.readline() == b"1\n"
        assert fresh.ok("run", "--once") == "0 mails handled. In: 1 taken. Out: none.\n"
        assert fresh.json("status")["nodes"][0]["alive"]
    finally:
        daemon.kill()
        daemon.communicate()
    assert [(node["name"], node["alive"]) for node in fresh.json("status")["nodes"]] == [("main", False)]
    assert fresh.ok("run", "--once") == "4 mails handled. In: 1 done. Out: 3 sent.\n"


def test_once_ends_when_nothing_waits(fresh: Desk) -> None:
    fresh.ok("deliver", given=MAIL)
    done = maildesk("--config", str(fresh.config), "run", "--once")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"4 mails handled. In: 1 done. Out: 3 sent.\n"
    assert len(list((fresh.folder / "var/outgoing/new").iterdir())) == 3
    assert fresh.json("status")["nodes"] == []
