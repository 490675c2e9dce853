"""Alarms: each kind is raised by what it is for, told once, and told once more when it is over."""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, exc

from maildesk.core import alarm as core
from maildesk.core.alarm import KINDS, QUIET, STALE, Alarm, Watch, kind_of
from maildesk.core.model import DAY, HOUR, MINUTE
from maildesk.edges import machine
from maildesk.edges.machine import Places
from maildesk.store import alarms as stored
from maildesk.store import control, ways_out
from maildesk.store.mailbox_tables import mailbox, mailbox_folder
from maildesk.store.schema import inbox, outbox
from maildesk.work.alarms import Alarms
from maildesk.work.checks import Checks
from tests.desk import START, a_desk, a_mail, text_of
from tests.work.watched import ADMIN, DISK, Watched


@pytest.fixture
def watched(database_url: str, tmp_path: Path) -> Iterator[Watched]:
    with a_desk(tmp_path, database_url, admin=ADMIN) as desk:
        yield Watched(desk)


def test_nothing_is_wrong(watched: Watched) -> None:
    watched.desk.handle(a_mail())
    assert watched.at(START) == []
    assert watched.after(DAY) == []
    assert (watched.subjects(), watched.heard) == ([], [])


def test_it_is_told_once_and_once_when_it_is_over(watched: Watched) -> None:
    watched.alarms.raise_("reload", "The configuration is refused.\nmaildesk.toml:3: no.")
    for _ in range(5):
        assert watched.after(MINUTE) == ["reload"]
    assert watched.subjects() == [
        "Alarm: the configuration is refused; the desk runs with an older one on main"
    ]
    [mail] = watched.desk.mails(to=ADMIN)
    assert "maildesk.toml:3: no." in text_of(mail)
    assert mail["Auto-Submitted"] == "auto-generated"
    watched.alarms.clear("reload")
    assert watched.after(MINUTE) == []
    assert len(watched.subjects()) == 1, "it may come back"
    for _ in range(3):
        watched.after(QUIET)
    assert watched.subjects()[1:] == [
        "Over: the configuration is refused; the desk runs with an older one on main"
    ]
    assert watched.heard == [("reload", "raised"), ("reload", "over")]
    watched.alarms.raise_("reload", "Again.")
    watched.after(MINUTE)
    assert len(watched.subjects()) == 3, "a new alarm"


def test_what_comes_and_goes_is_one_alarm(watched: Watched) -> None:
    for _ in range(10):
        watched.alarms.raise_("reload", "It is refused.")
        watched.after(MINUTE)
        watched.alarms.clear("reload")
        watched.after(MINUTE)
    assert watched.heard == [("reload", "raised")]


@pytest.mark.parametrize("name", ["relay:main", "mailbox:support"])
def test_what_mends_itself_wakes_nobody(watched: Watched, name: str) -> None:
    watched.alarms.raise_(name, "It does not answer.")
    watched.after(MINUTE)
    watched.alarms.clear(name)
    assert [watched.after(QUIET) for _ in range(3)] == [[], [], []]
    assert watched.heard == []
    watched.alarms.raise_(name, "It does not answer.")
    for _ in range(15):
        assert watched.after(MINUTE) == [name]
    assert watched.heard == [(name, "raised")]


def test_what_nobody_reports_any_more_is_gone(watched: Watched) -> None:
    watched.alarms.raise_("mailbox:support", "It does not answer.")
    watched.after(MINUTE)
    again = Watched(watched.desk)  # a new process, whose configuration has no such mailbox
    assert again.after(MINUTE) == ["mailbox:support"]
    assert again.after(STALE) == []


def test_what_a_node_reported_that_is_no_more_is_gone(watched: Watched) -> None:
    assert kind_of("disk").local
    left = Alarm("disk", "a-dead-node", "The disk is full.", first=START, last=START)
    watched.desk.store.write("work", lambda conn: stored.put(conn, left))
    assert watched.at(START + STALE - 1) == ["disk"], "it may still be alive"
    assert watched.at(START + STALE) == []


def test_a_kind_that_is_not_in_the_table(watched: Watched) -> None:
    with pytest.raises(KeyError):
        watched.alarms.raise_("no-such-kind", "x")


def test_mail_that_is_due_and_not_sent(watched: Watched) -> None:
    watched.desk.deliver(a_mail())
    watched.desk.inbound.step(watched.desk.now)
    assert watched.after(29 * MINUTE) == []
    assert watched.after(2 * MINUTE) == ["outbox"]
    watched.desk.store.write("work", lambda conn: control.pause(conn, "all", 0, "admin"))
    assert watched.after(MINUTE) == [], "what is paused may wait"


def test_mail_that_is_tried_in_vain(watched: Watched) -> None:
    watched.desk.deliver(a_mail())
    watched.desk.inbound.step(watched.desk.now)
    watched.change(outbox, **{"try": 5}, not_before=START + 5 * HOUR, trouble="421 come again.")
    assert watched.at(START + 3 * HOUR) == []
    assert watched.at(START + 4 * HOUR + 1) == ["outbox"]
    with watched.desk.store.db.reading() as conn:
        assert "421 come again" in stored.standing(conn)[0].sentence


def test_mail_that_is_not_decided(watched: Watched) -> None:
    watched.desk.deliver(a_mail())
    assert watched.after(29 * MINUTE) == []
    assert watched.after(2 * MINUTE) == ["inbox"]
    watched.desk.run()
    assert watched.after(1) == []


def test_old_mail_that_came_just_now_waits_since_now(watched: Watched) -> None:
    """Mail that lay in a mailbox for a day is dated by when it came there, and was accepted only now."""
    watched.desk.deliver(a_mail())
    watched.change(inbox, received=START - DAY, accepted=START)
    assert watched.after(29 * MINUTE) == []
    assert watched.after(2 * MINUTE) == ["inbox"]


def test_quarantine_and_its_growth(watched: Watched) -> None:
    watched.desk.deliver(a_mail())
    watched.change(inbox, state="quarantined")
    assert watched.after(1) == ["quarantine:1"]
    for number in range(9):
        watched.desk.deliver(a_mail(message_id=f"<{number}@x.example>"))
    watched.change(inbox, state="quarantined")
    assert watched.after(1) == ["quarantine:1", "quarantine:10"]
    assert len(watched.heard) == 2


def test_held_mail_that_grows(watched: Watched) -> None:
    watched.watch = Watch(**DISK, held=2)
    about = f"Re: [#{watched.desk.handle(a_mail())['ticket']}]"
    for text in ("close", "resolve"):
        assert watched.after(1) == []
        mail = a_mail(
            "Alice <alice@desk.example>", subject=about, text=f"#{text}", message_id=f"<{text}@x.example>"
        )
        watched.desk.handle(mail)
    assert watched.after(1) == ["held:2"]


def test_silence(watched: Watched) -> None:
    watched.watch = Watch(**DISK, silence_hours=6)
    assert watched.after(DAY) == [], "a desk that never had mail"
    watched.desk.handle(a_mail())
    assert watched.after(6 * HOUR - MINUTE) == []
    assert watched.after(MINUTE) == ["silence"]
    watched.desk.handle(a_mail(message_id="<2@x.example>"))
    assert watched.after(1) == []
    watched.change(inbox, channel="import")
    assert watched.after(6 * HOUR) == [], "what was imported did not come"


@pytest.mark.parametrize(("kind", "name"), [("acknowledgment", "acknowledgments"), ("held", "notices")])
def test_mails_that_wait_to_be_released(watched: Watched, kind: str, name: str) -> None:
    watched.desk.handle(a_mail())
    watched.change(outbox, kind=kind, state="waiting")
    assert watched.after(MINUTE) == [name]


def test_a_relay_that_takes_no_mail(watched: Watched) -> None:
    def closed(conn: Connection) -> None:
        ways_out.close(conn, "main", START, START + HOUR, "relay.example does not answer.")

    watched.desk.store.write("work", closed)
    assert watched.at(START) == ["relay:main"]
    assert watched.after(5 * MINUTE) == ["relay:main"]
    assert watched.heard == [("relay:main", "raised")]
    watched.desk.store.write("work", lambda conn: ways_out.reopen(conn, "main"))
    assert watched.after(STALE + MINUTE) == []


@pytest.mark.parametrize(("error", "stopped"), [("The password is refused.", ""), ("", "it is empty")])
def test_a_mailbox_that_is_not_read(watched: Watched, error: str, stopped: str) -> None:
    def trouble(conn: Connection, error: str, stopped: str) -> None:
        conn.execute(delete(mailbox_folder))
        conn.execute(delete(mailbox))
        conn.execute(mailbox.insert(), {"name": "support", "error": error, "error_since": START})
        row: dict[str, Any] = {c.name: 0 for c in mailbox_folder.c}
        texts = {"mailbox": "support", "folder": "INBOX", "reason": "", "stopped": stopped}
        conn.execute(mailbox_folder.insert(), row | texts)

    watched.desk.store.write("work", lambda conn: trouble(conn, error, stopped))
    assert watched.at(START) == [], "it is configured no more"
    watched.places = Places(mailboxes=("support", "new"))
    assert watched.at(START) == ["mailbox:support"]
    assert watched.after(5 * MINUTE) == ["mailbox:support"]
    assert watched.heard == [("mailbox:support", "raised")]
    watched.desk.store.write("work", lambda conn: trouble(conn, "", ""))
    watched.after(MINUTE)
    assert watched.after(QUIET) == []
    assert watched.heard == [("mailbox:support", "raised"), ("mailbox:support", "over")]


def test_a_full_disk(watched: Watched, tmp_path: Path) -> None:
    watched.watch = Watch(disk_mb=10**12)
    watched.places = Places(folders=(tmp_path, tmp_path / "not/there/yet"))
    assert watched.after(1) == [f"disk:{tmp_path}"], "once for each disk"


def certificate(file: Path, end: datetime) -> None:
    """As much of a certificate as is looked at, in DER: no key is needed to read when it ends."""

    def value(tag: int, *content: bytes) -> bytes:
        inside = b"".join(content)
        size = len(inside)
        return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + inside

    def time(at: datetime) -> bytes:
        if at.year < 2050:
            return value(0x17, f"{at:%y%m%d%H%M%SZ}".encode())
        return value(0x18, f"{at:%Y%m%d%H%M%SZ}".encode())

    name = value(0x30, value(0x0C, b"mail.desk.example" * 12))
    number, validity = value(0x02, b"\x05"), value(0x30, time(datetime(2020, 1, 1, tzinfo=UTC)), time(end))
    body = value(0x30, value(0xA0, number), number, value(0x30), name, validity, name)
    file.write_text("# ours\n" + ssl.DER_cert_to_PEM_cert(value(0x30, body)))


@pytest.mark.parametrize("year", [2049, 2051])
def test_the_end_of_a_certificate(tmp_path: Path, year: int) -> None:
    end = datetime(year, 7, 1, 12, 30, tzinfo=UTC)
    certificate(tmp_path / "cert.pem", end)
    assert machine.certificate_end(tmp_path / "cert.pem") == int(end.timestamp()) * 1_000_000


def test_a_certificate_that_ends(watched: Watched, tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    name = f"certificate:{file}"
    watched.places = Places(certificates=(file,))
    now = datetime.fromtimestamp(START / 1_000_000, UTC)
    assert watched.after(1) == [name], "it cannot be read"
    certificate(file, now + timedelta(days=15))
    assert watched.after(1) == []
    watched.desk.run()
    assert watched.after(DAY + MINUTE) == [name]
    watched.desk.run()
    certificate(file, now + timedelta(days=90))
    assert watched.after(1) == []
    watched.desk.run()
    assert watched.after(90 * DAY) == [name]
    watched.desk.run()
    for broken in ("x", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"):
        file.write_text(broken)
        assert watched.after(1) == [name]


def test_a_store_that_cannot_be_written(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    watched.at(START)
    store = watched.desk.store

    def full(lane: str, work: object) -> None:
        raise exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", full)
        for _ in range(3):
            with pytest.raises(exc.OperationalError):
                watched.after(MINUTE)
    assert watched.heard == [("store", "raised")], "by the program; no mail can be written"
    assert watched.after(MINUTE) == []
    watched.after(QUIET)
    assert watched.heard == [("store", "raised"), ("store", "over")]
    assert watched.subjects() == ["Over: the store cannot be written to on main"]


def test_two_nodes_tell_of_it_once(watched: Watched) -> None:
    other = Watched(watched.desk)
    for one in (watched, other, watched):
        one.alarms.raise_("silence", "No mail comes.")
        one.after(MINUTE)
    assert watched.heard + other.heard == [("silence", "raised")]


def test_what_is_noted_while_it_is_written(watched: Watched) -> None:
    """Another thread takes note at any moment; nothing of that is lost."""
    watched.alarms.raise_("reload", "It is refused.")
    write = watched.desk.store.write

    def slow(*arguments: Any) -> Any:
        told = write(*arguments)
        watched.alarms.clear("reload")
        watched.alarms.clear("mailbox:never-seen")
        watched.alarms.raise_("relay", "It does not answer.")
        return told

    watched.desk.store.write = slow  # type: ignore[method-assign, assignment]
    assert watched.at(START) == ["reload"]
    assert watched.after(1) == ["relay"]


def test_it_is_written_down_or_not_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail and "it is told" are one transaction."""

    def fails(*_: object) -> None:
        raise RuntimeError("no")

    watched.alarms.raise_("reload", "It is refused.")
    with monkeypatch.context() as patch:
        patch.setattr("maildesk.work.alarms.outbox.add", fails)
        with pytest.raises(RuntimeError):
            watched.after(MINUTE)
    assert watched.heard == []
    watched.after(MINUTE)
    assert (watched.heard, len(watched.subjects())) == ([("reload", "raised")], 1)


def test_every_kind_has_a_test() -> None:
    text = Path(__file__).read_text("utf-8")
    assert [kind.name for kind in KINDS if f'"{kind.name}' not in text.replace('f"', '"')] == []


def test_the_program_gets_text_and_name(tmp_path: Path) -> None:
    note = "import os, sys; open(sys.argv[1], 'w').write(os.environ['MAILDESK_ALARM'] + sys.stdin.read())"
    machine.run((sys.executable, "-c", note, str(tmp_path / "said")), "disk:/var", "raised", " is full\n")
    assert (tmp_path / "said").read_text() == "disk:/var is full\n"


@pytest.mark.parametrize("command", [("/no/such/program",), (sys.executable, "-c", "raise SystemExit(3)")])
def test_a_program_that_fails(
    watched: Watched, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    watched.watch = Watch(**DISK, command=command)
    checks = Checks(lambda: watched.watch, lambda: watched.places)
    alarms = Alarms(watched.desk.store, lambda: watched.desk.live, lambda: watched.watch, checks, machine.run)
    alarms.raise_("reload", "x")
    alarms.step(START)
    assert f"the command {command[0]} failed" in caplog.text


def test_levels() -> None:
    assert [core.level(n, 20) for n in (0, 19, 20, 199, 200, 2_000)] == [0, 0, 20, 20, 200, 2_000]
