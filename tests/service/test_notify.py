"""A real daemon under systemd, played by a socket: ready, reload, watchdog, stop."""

from __future__ import annotations

import logging
import os
import re
import signal
import smtplib
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.cli.run import _may_upgrade
from maildesk.edges.systemd import Manager
from tests.cli.conftest import MAIL, Desk
from tests.service.systemd import DEADLINE, Systemd, service


def port_of(desk: Desk) -> int:
    found = re.search(r'^listen = "127\.0\.0\.1:(\d+)"', desk.config.read_text(), re.MULTILINE)
    assert found
    return int(found[1])


@pytest.fixture
def abstract() -> Iterator[Systemd]:
    """systemd with a socket that has no file."""
    found = Systemd()
    yield found
    found.socket.close()


def test_from_start_to_stop(fresh: Desk, abstract: Systemd, tmp_path: Path) -> None:
    manager = abstract
    log = tmp_path / "log"
    with service(
        manager, "-m", "maildesk", "--config", str(fresh.config), "run", log=log, watchdog=1.0
    ) as daemon:
        ready = manager.expect(lambda told: "READY" in told)
        # It is ready when it takes mail, not before.
        with socket.create_connection(("127.0.0.1", port_of(fresh)), timeout=DEADLINE) as peer:
            assert peer.recv(200).startswith(b"220")
        assert re.fullmatch(
            r"Example Support <support@desk.example> is at work with .* \w{12}", ready["STATUS"]
        )
        for _ in range(3):
            manager.expect(lambda told: told == {"WATCHDOG": "1"})

        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
        daemon.send_signal(signal.SIGHUP)
        reloading = manager.expect(lambda told: "RELOADING" in told)
        assert (
            before <= int(reloading["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
        )
        assert manager.expect(lambda told: "READY" in told)["STATUS"] == ready["STATUS"]

        fresh.edit('^zone = "UTC"', 'zone = "Nowhere"')
        daemon.send_signal(signal.SIGHUP)
        manager.expect(lambda told: "RELOADING" in told)
        refused = manager.expect(lambda told: "READY" in told)["STATUS"]
        assert refused == f"{ready['STATUS']}; a newer one is refused, see `maildesk status`"

        daemon.send_signal(signal.SIGTERM)
        stopping = manager.expect(lambda told: "STOPPING" in told)
        # A mail that is being sent may take its deadline; systemd's own patience is 90 s.
        assert int(stopping["EXTEND_TIMEOUT_USEC"]) > 300_000_000
        assert daemon.wait(DEADLINE) == 0
    assert "Traceback" not in log.read_text()


HANGING = """
import sys, time
from pathlib import Path
from maildesk.app import App
from maildesk.configured import read
from maildesk.daemon import Daemon
from maildesk.edges.systemd import Manager
from maildesk.work.inbound import Inbound

path = Path(sys.argv[1])
app = App(read(path), "main", path)
app.store.open()
app.inbound = Inbound(app.store, lambda: app.live, testing_before_read=lambda raw: time.sleep(10 * 60))
Daemon(app, Manager(), patience=2.0).run()
"""


def test_a_loop_that_hangs_stops_the_watchdog(fresh: Desk, manager: Systemd, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with service(manager, "-c", HANGING, str(fresh.config), log=log, watchdog=1.0) as daemon:
        manager.expect(lambda told: "WATCHDOG" in told)
        with smtplib.SMTP("127.0.0.1", port_of(fresh), timeout=DEADLINE) as client:
            client.sendmail("jane@customer.example", ["support@desk.example"], MAIL)
        manager.expect(lambda told: "inbound" in told.get("STATUS", ""))
        # The other loops, and the writer, go on; that is not enough.
        end = time.monotonic() + 3
        while (left := end - time.monotonic()) > 0:
            assert "WATCHDOG" not in (manager.hear(left) or {})
        assert daemon.poll() is None
    assert "inbound has not moved for" in log.read_text()


def test_an_upgrade_of_the_store_may_take_its_time(manager: Systemd, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/maildesk.db"
    _may_upgrade(url, Manager(manager.environment()))
    assert manager.hear(0.05) is None
    assert not (tmp_path / "maildesk.db").exists()
    for version, told in (("1", {"STATUS", "EXTEND_TIMEOUT_USEC"}), ("999", set[str]())):
        with sqlite3.connect(tmp_path / "maildesk.db") as store:
            store.execute("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT)")
            store.execute("REPLACE INTO meta VALUES ('version', ?)", (version,))
        store.close()
        _may_upgrade(url, Manager(manager.environment()))
        assert (manager.hear(0.05) or {}).keys() == told


def test_without_a_manager_nothing_is_told() -> None:
    nobody = Manager({})
    nobody.ready("at work")
    nobody.alive()
    assert nobody.watchdog == 0.0


def test_a_watchdog_for_another_process_is_none_of_ours(manager: Systemd) -> None:
    asked = {**manager.environment(watchdog=30.0), "WATCHDOG_PID": str(os.getpid())}
    assert Manager(asked).watchdog == 30.0
    assert Manager(asked | {"WATCHDOG_PID": "1"}).watchdog == 0.0


def test_the_desk_goes_on_where_the_manager_does_not_hear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        Manager({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready("at work")
    assert "the service manager could not be told READY=1" in caplog.text


def test_a_status_is_one_line(manager: Systemd, tmp_path: Path) -> None:
    Manager(manager.environment()).status("a\nREADY=1\x1b")
    assert manager.hear(DEADLINE) == {"STATUS": "a READY=1 "}
