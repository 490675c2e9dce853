"""init, check, status, and what hinders every command."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maildesk.cli import app, errors
from maildesk.cli.errors import Again, No, tell
from maildesk.core.decide import Refused
from maildesk.store.db import Database
from tests.cli.conftest import MAIL, Desk, maildesk


def test_init_makes_a_desk_that_is_right(tmp_path: Path) -> None:
    done = maildesk("init", str(tmp_path / "desk"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "maildesk.toml run" in done.stdout.decode()
    done = maildesk("check", MAILDESK_CONFIG=str(tmp_path / "desk/maildesk.toml"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().endswith("maildesk.toml is right.\n")


def test_init_overwrites_nothing(fresh: Desk) -> None:
    fresh.edit("Example Support", "Ours")
    assert "exists already" in fresh.no("init", str(fresh.folder))
    assert "Ours" in fresh.config.read_text()


def test_check_says_what_the_desk_will_do_and_makes_nothing(fresh: Desk) -> None:
    shown = fresh.ok("check")
    for word in ("support@desk.example", "Alice Agent", "SMTP on 127.0.0.1:", "outgoing", "first run"):
        assert word in shown
    assert not (fresh.folder / "var").exists()
    fresh.deliver()
    assert "mails that came: 1 done" in fresh.ok("check")


def test_check_says_who_hears_of_alarms(fresh: Desk) -> None:
    assert "alarms    told to nobody; write admin below [desk]" in fresh.ok("check")
    config = fresh.folder / "maildesk.toml"
    config.write_text(
        config.read_text()
        .replace('# admin = "you@example.com"', 'admin = "boss@desk.example"')
        .replace("#command = []", 'command = ["/usr/local/bin/page"]')
    )
    assert "told to boss@desk.example and the program /usr/local/bin/page" in fresh.ok("check")


def test_check_on_a_database_without_tables(fresh: Desk, postgres_url: str) -> None:
    fresh.edit("^url = .*", f'url = "{postgres_url}"')
    assert "its tables are made on the first run" in fresh.ok("check")
    assert "has no tables yet" in fresh.no("ticket", "list")


def test_check_tells_all_problems_at_once(fresh: Desk) -> None:
    fresh.edit("^zone = .*", 'zone = "Mars"')
    fresh.edit("^address =", "adress =")
    told = fresh.no("check").splitlines()
    assert len(told) == 4
    assert all(line.startswith("maildesk.toml:") for line in told[:3])
    assert told[3] == f"{fresh.config}: 3 problems; mend them and check again."


def test_check_tries_the_templates(fresh: Desk) -> None:
    (fresh.folder / "templates/en/acknowledgment.txt").write_text("Hello {{ nobody_knows_this }}\n")
    assert fresh.no("check").startswith("templates/en/acknowledgment.txt:1: ")


def test_a_broken_configuration_is_told_by_every_command(fresh: Desk) -> None:
    fresh.config.write_text("[desk\n")
    for command in (["status"], ["ticket", "list"], ["run"], ["run", "--once"], ["held", "list"]):
        assert "maildesk.toml:1" in fresh.no(*command)


def test_a_desk_that_is_not_there(tmp_path: Path) -> None:
    done = maildesk("--config", str(tmp_path / "maildesk.toml"), "status")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"`maildesk init DIR`" in done.stderr


def test_reading_makes_no_store(fresh: Desk) -> None:
    (fresh.folder / "a.eml").write_bytes(MAIL)
    for command in (["ticket", "list"], ["status"], ["trace", "x"], ["explain", str(fresh.folder / "a.eml")]):
        assert "there is no store yet" in fresh.no(*command).lower()
    assert not (fresh.folder / "var").exists()


def test_status(fresh: Desk) -> None:
    fresh.deliver()
    fresh.ok("deliver", given=MAIL.replace(b"first@", b"second@"))
    found = fresh.json("status")
    assert found["inbox"] == {"new": 1, "taken": 0, "done": 1, "held": 0, "quarantined": 0}
    assert found["outbox"] == {"todo": 0, "ready": 0, "sent": 3}
    assert (found["held"], found["quarantine"]) == (0, {"inbox": 0, "outbox": 0})
    assert (found["nodes"], found["mailboxes"]) == ([], {})
    assert 0 < found["lag"] < 60
    assert "1 done, 1 new" in fresh.ok("status")


def test_another_users_store_is_left_alone(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.deliver()
    before = sorted((fresh.folder / "var").iterdir())
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    for command in (
        ["ticket", "list"],
        ["status"],
        ["run"],
        ["run", "--once"],
        ["check"],
        ["held", "release", "a"],
    ):
        assert "belongs to" in fresh.no(*command)
    assert "belongs to" in fresh.no("deliver", given=MAIL, code=75)
    assert sorted((fresh.folder / "var").iterdir()) == before


def test_a_locked_database_is_a_reason_to_try_again(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = fresh.ticket()
    made = Database.__init__
    monkeypatch.setattr(Database, "__init__", lambda self, url: made(self, url, busy_ms=1))
    lock = sqlite3.connect(fresh.folder / "var/maildesk.db", isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        told = fresh.no("ticket", "set", number, "--priority", "high", code=75)
        assert told.startswith("Database is locked. Another program holds the database: stop it, ")
        assert told.count("\n") == 1
        assert "locked" in fresh.no("deliver", given=MAIL, code=75)
    finally:
        lock.close()


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (No("there is none"), "There is none.", 1),
        (Again("come again."), "Come again.", 75),
        (Refused("write #close (alone.)"), "Write #close (alone.)", 1),
        (No("desk/maildesk.toml: 3 problems."), "desk/maildesk.toml: 3 problems.", 1),
        (PermissionError(13, "Permission denied", "/var/x"), "/var/x: Permission denied.", 75),
        (KeyError("\x1b[31mx"), "maildesk itself failed: KeyError: 'x'", 1),
    ],
)  # fmt: skip
def test_errors_are_sentences(error: Exception, sentence: str, code: int) -> None:
    told = tell(error)
    assert told.sentence.replace("\\x1b[31m", "").startswith(sentence)
    assert "\x1b" not in told.sentence
    assert told.code == code


def test_a_traceback_only_where_it_is_asked_for(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("maildesk.cli.desk.loaded", fails)
    assert fresh.no("status").startswith(
        "maildesk itself failed: RuntimeError: a bug (set MAILDESK_TRACEBACK=1"
    )
    done = CliRunner(env={errors.TRACEBACK: "1"}).invoke(app, ["status"])
    assert done.exit_code == 1
    assert "Traceback" in done.stderr


def test_check_says_where_nothing_can_be_written(fresh: Desk) -> None:
    fresh.edit(r"var/outgoing", "/proc/none/outgoing")
    assert "send.path: nothing can be written below /proc" in fresh.no("check")


def test_a_ticket_cannot_come_from_the_desk_itself(fresh: Desk) -> None:
    words = ("--from", "support@desk.example", "--subject", "x", "--text", "y")
    done = maildesk("--config", str(fresh.config), "ticket", "new", *words)
    assert done.returncode == 2
    assert b"is an address of this desk" in done.stderr


def test_status_tells_of_mails_that_do_not_go_out(fresh: Desk) -> None:
    fresh.edit(r"var/outgoing", "/proc/none/outgoing")
    fresh.deliver()
    assert "waits to be sent" in fresh.ok("status")
    fresh.ok("run", "--once")
    shown = fresh.ok("status")
    assert "next try" in shown
    assert "last error: /proc/none" in shown
    assert "Errno" not in shown


def test_status_tells_of_mails_that_were_given_up(fresh: Desk) -> None:
    fresh.deliver()
    with sqlite3.connect(fresh.folder / "var/maildesk.db") as store:
        store.execute("UPDATE outbox SET state = 'maybe-sent' WHERE kind = 'acknowledgment'")
        store.execute("UPDATE outbox SET state = 'quarantined' WHERE kind <> 'acknowledgment'")
    store.close()
    shown = fresh.ok("status")
    assert "1; see `maildesk outbox list --state maybe-sent`" in shown
    assert "2; see `maildesk quarantine list`" in shown
    assert fresh.json("status")["unsent"]["lag"] == 0


def test_a_file_that_is_no_database(fresh: Desk) -> None:
    store = fresh.folder / "var/maildesk.db"
    store.parent.mkdir()
    store.write_bytes(b"garbage " * 1000)
    for command in (["status"], ["check"], ["run", "--once"], ["ticket", "list"]):
        assert fresh.no(*command) == (
            f"{store} is not a maildesk database; restore it from a backup, or name another file in store.url.\n"
        )
    assert "is not a maildesk database" in fresh.no("deliver", given=MAIL, code=75)


def test_a_folder_that_cannot_be_made() -> None:
    done = maildesk("init", "/proc/none")
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "/proc/none cannot be made: No such file or directory; name a folder that you may write to.\n"
    )


def test_a_configuration_that_is_not_there_has_its_whole_path(tmp_path: Path) -> None:
    done = maildesk("--config", str(tmp_path / "nope"), "check")
    assert done.stderr.decode().startswith(
        f"{tmp_path / 'nope'}: there is no such file; name the desk's folder with"
    )
    assert done.stderr.decode().endswith("nope: 1 problem; mend it and check again.\n")


def test_check_names_the_file_of_a_folder(fresh: Desk) -> None:
    done = maildesk("--config", str(fresh.folder), "check")
    assert done.stdout.decode().endswith(f"{fresh.config} is right.\n")


def test_check_says_where_no_store_can_be_made(fresh: Desk) -> None:
    fresh.edit("^url = .*", 'url = "sqlite:////proc/none/maildesk.db"')
    assert "store.url: nothing can be written below /proc" in fresh.no("check")
    told = fresh.no("run", "--once", code=75)
    assert told == "/proc/none: No such file or directory.\n"
