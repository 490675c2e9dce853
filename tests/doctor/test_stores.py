"""`doctor` on PostgreSQL, and on stores that cannot be opened."""

from __future__ import annotations

import re

import pytest

from maildesk import configured
from maildesk.app import App
from maildesk.edges import machine
from maildesk.store import examine
from tests.doctor.conftest import Healthy, good_dns


def pointed(desk: Healthy, url: str) -> None:
    """Names another store, and ends the daemon of the one before."""
    desk.end()
    desk.app.store.close()
    text = desk.main.read_text()
    desk.main.write_text(re.sub('^url = "sqlite.*', f'url = "{url}"', text, flags=re.MULTILINE))


def test_a_healthy_desk_on_postgresql(healthy: Healthy, postgres_url: str) -> None:
    pointed(healthy, postgres_url)
    app = App(configured.read(healthy.main), "main", healthy.main)
    try:
        app.store.open()
        app.enter()
        app.keep()
        desk = Healthy(healthy.folder, app, healthy.relay, good_dns())
        desk.take()
        assert desk.findings("--deep") == []
        with app.store.db.connect() as conn:
            conn.exec_driver_sql("update event set at = at + 1 where seq = 1")
            conn.exec_driver_sql(
                "update outbox set state = 'ready', holder = 'gone#1', not_before = 4000000000000000"
            )
        assert {one["check"] for one in desk.findings()} == {"chains", "departures"}
    finally:
        app.store.close()


@pytest.mark.parametrize(
    ("url", "what", "do"),
    [
        ("sqlite:///var/other.db", "there is no store yet", "`maildesk run` makes it"),
        (
            "postgresql+psycopg://x@127.0.0.1:1/desk",
            "cannot be opened",
            "check that it runs and that store.url",
        ),
    ],
)
def test_a_store_that_is_not_there(healthy: Healthy, url: str, what: str, do: str) -> None:
    pointed(healthy, url)
    done = healthy.run("doctor")
    assert done.exit_code == 1
    [fault] = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
    assert "schema: " in fault
    assert what in fault
    assert do in fault
    # All that needs no store is looked at nevertheless.
    assert "SPF record" in done.stdout


def test_a_disk_without_room_for_files(healthy: Healthy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_files", lambda folder: 0.01)
    [found] = healthy.findings()
    assert (found["check"], found["level"]) == ("files", "fault")
    assert "hardly any more files (1.0% left)" in found["what"]
    assert found["do"].startswith("Delete files there")
    monkeypatch.undo()
    assert 0 < machine.free_files(healthy.folder / "not" / "there") <= 1


def test_a_check_that_fails_is_a_fault_and_the_others_go_on(
    healthy: Healthy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(conn: object) -> list[str]:
        raise KeyError("a page")

    monkeypatch.setattr(examine, "damage", broken)
    (healthy.folder / "relay-password").chmod(0o644)
    first, second = healthy.findings()
    assert "integrity could not be looked at (KeyError: 'a page')" in first["what"]
    assert "maildesk restore" in first["do"]
    assert second["check"] == "rights"


def test_a_file_that_is_no_database(healthy: Healthy) -> None:
    pointed(healthy, "sqlite:///other.db")
    (healthy.folder / "other.db").write_text("not a database " * 100)
    done = healthy.run("doctor")
    assert done.exit_code == 1
    assert "is not a maildesk database. Restore it from a backup" in done.stdout


def test_a_configuration_that_cannot_be_read_at_all(healthy: Healthy) -> None:
    pointed(healthy, "sqlite:///var/other.db")
    healthy.main.write_text("[desk\n")
    done = healthy.run("doctor")
    assert done.exit_code == 1
    assert re.search(r"^FAULT +configuration: maildesk.toml:1", done.stdout, re.MULTILINE)
    assert "`maildesk check` says when it is right" in done.stdout
