"""The ways in at the command line: `deliver` to a running desk, `import`, `password`, `link`, and what `check` says."""

from __future__ import annotations

import mailbox
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from maildesk.config import door
from maildesk.core.password import fits
from tests.cli.conftest import MAIL, ROOT, Desk, maildesk
from tests.cli.test_run import running
from tests.servers import certificates

OLD = MAIL.replace(b"Mon, 10 Mar 2025 09:00:00", b"Tue, 11 Mar 2025 10:00:00").replace(
    b"Message-ID: <first@", b"In-Reply-To: <first@customer.example>\nMessage-ID: <second@"
)

DECIDED = "What was imported is decided by the next `maildesk run`.\n"

# deliver


def test_deliver_hands_over_to_a_running_desk(fresh: Desk, tmp_path: Path) -> None:
    raw = MAIL + b"\n.\nno end"
    with running(fresh, tmp_path / "log"):
        told = (
            "--recipient",
            "Support@desk.example",
            "--recipient",
            "nobody@elsewhere.example",
            "--sender",
            "",
        )
        fresh.ok("deliver", *told, given=raw)
        assert fresh.no("deliver", code=75) == "There is no mail on standard input.\n"
        large = fresh.no("deliver", given=raw.ljust(25_000_001, b"."))
        assert large == "The mail is larger than 25.0 MB, which is all that this desk takes.\n"
    [found] = fresh.json("inbox", "list")
    assert found["envelope"] == {
        "channel": "pipe",
        "sender": "",
        "recipients": ["support@desk.example", "nobody@elsewhere.example"],
        "peer": "",
        "helo": "",
    }
    done = maildesk("--config", str(fresh.config), "inbox", "show", found["key"], "--raw")
    assert done.stdout == raw
    assert f"mail {found['key']} received by pipe" in (tmp_path / "log").read_text()
    # The desk was killed and its socket is left: now the mail goes straight to the store.
    assert (fresh.folder / "run/deliver.sock").exists()
    fresh.ok("deliver", given=OLD)
    assert len(fresh.json("inbox", "list")) == 2


HEAVY = """
import sys
from maildesk.cli import app
try:
    app(["--config", sys.argv[1], "deliver"])
except SystemExit as end:
    assert end.code == 0, end.code
print(*(name for name in ("sqlalchemy", "mailparser", "lxml", "maildesk.config.settings") if name in sys.modules))
"""


def test_deliver_imports_little(fresh: Desk, tmp_path: Path) -> None:
    """A pipe starts a process for each mail."""
    with running(fresh, tmp_path / "log"):
        done = subprocess.run(
            [sys.executable, "-c", HEAVY, str(fresh.config)],
            input=MAIL,
            capture_output=True,
            cwd=ROOT,
            check=True,
        )
    assert done.stdout.strip() == b""


def test_another_user_than_the_owner_needs_the_socket(fresh: Desk, tmp_path: Path, monkeypatch: Any) -> None:
    fresh.ok("deliver", given=MAIL)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert "belongs to" in fresh.no("deliver", given=MAIL, code=75)
    with running(fresh, tmp_path / "log"):
        fresh.ok("deliver", given=OLD)
    monkeypatch.undo()
    assert len(fresh.json("inbox", "list")) == 2


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "run/deliver.sock"),
        ("[deliver]\nmode = '0600'", "run/deliver.sock"),
        ("[deliver]\nsocket = '/run/x.sock'", "/run/x.sock"),
        ("[deliver]\nsocket = ''", None),
        ("[deliver]\nsocket = 3", None),
        ("deliver = 3", None),
        ("not toml", None),
    ],
)
def test_the_socket_is_found_without_the_rest(tmp_path: Path, text: str, where: str | None) -> None:
    config = tmp_path / "maildesk.toml"
    config.write_text(text)
    assert door.socket(config) == (tmp_path / where if where else None)
    config.unlink()
    assert door.socket(config) is None


def test_no_socket_is_opened_where_none_is_wanted(fresh: Desk, tmp_path: Path) -> None:
    fresh.edit("^#socket = .*", 'socket = ""')
    with running(fresh, tmp_path / "log"):
        fresh.ok("deliver", given=MAIL)
        assert not (fresh.folder / "run").exists()


# import


def an_mbox(path: Path, *mails: bytes) -> Path:
    box = mailbox.mbox(path)
    for mail in mails:
        box.add(mail)
    box.close()
    return path


def a_maildir(path: Path, *mails: bytes) -> Path:
    box = mailbox.Maildir(path)
    for mail in mails:
        box.add(mail)
    return path


def some_files(path: Path, *mails: bytes) -> Path:
    (path / "deep").mkdir(parents=True)
    for number, mail in enumerate(mails):
        (path / f"deep/{number}.EML").write_bytes(mail)
    (path / "readme.txt").write_text("no mail")
    return path


@pytest.mark.parametrize(("kind", "make"), [("mbox", an_mbox), ("maildir", a_maildir), ("eml", some_files)])
def test_an_archive_is_taken_once(fresh: Desk, tmp_path: Path, kind: str, make: Any) -> None:
    path = make(tmp_path / "archive", OLD, MAIL, b"\n", OLD)  # the answer first
    done = fresh.run("import", kind, str(path), "--closed")
    assert done.exit_code == 1
    assert done.stdout == f"2 mails imported, 1 already there, 1 unreadable.\n{DECIDED}"
    assert done.stderr.endswith(": it is no mail: it has no header\n")
    assert str(path) in done.stderr
    done = fresh.run("import", kind, str(make(tmp_path / "copy", MAIL, OLD)))
    assert (done.exit_code, done.stdout) == (0, "0 mails imported, 2 already there, 0 unreadable.\n")
    fresh.ok("run", "--once")
    [ticket] = fresh.json("ticket", "list", "--status", "closed")
    assert (ticket["status"], ticket["source"], ticket["requester"]) == (
        "closed",
        "import",
        "jane@customer.example",
    )
    entries = fresh.json("ticket", "show", str(ticket["number"]))["entries"]
    assert [entry["at"] for entry in entries] == [1741597200000000, 1741687200000000]
    assert fresh.json("outbox", "list") == []
    [first, second] = fresh.json("inbox", "list")
    assert first["envelope"]["peer"].startswith(str(path))
    assert {first["channel"], second["channel"]} == {"import"}


def test_a_large_archive_shows_progress(fresh: Desk, tmp_path: Path) -> None:
    mails = [MAIL.replace(b"first@", b"%d@" % n) for n in range(1001)]
    done = fresh.run("import", "mbox", str(an_mbox(tmp_path / "box", *mails)))
    assert done.stderr == "500 of 1001\n1000 of 1001\n"
    assert done.stdout == f"1001 mails imported, 0 already there, 0 unreadable.\n{DECIDED}"


@pytest.mark.parametrize(
    ("kind", "told"),
    [("mbox", 'does not begin with "From "'), ("maildir", "no folders cur and new"), ("mbox", "mbox is one")],
)
def test_what_is_no_archive(fresh: Desk, tmp_path: Path, kind: str, told: str) -> None:
    path = tmp_path / "archive"
    if "begin" in told:
        path.write_bytes(MAIL)
    else:
        path.mkdir()
    assert told in fresh.no("import", kind, str(path))
    assert (
        fresh.no("import", "eml", str(tmp_path / "none")) == f"There is no file or folder {tmp_path}/none.\n"
    )


def test_what_cannot_be_read_is_named(fresh: Desk, tmp_path: Path) -> None:
    fresh.edit("^#mail_bytes = .*", "mail_bytes = 10_000")
    path = some_files(tmp_path / "files", MAIL, MAIL.ljust(10_001, b"."), bytes(100))
    done = fresh.run("import", "eml", str(path))
    assert done.stdout == f"1 mail imported, 0 already there, 2 unreadable.\n{DECIDED}"
    assert "1.EML: it is larger than 10000 bytes" in done.stderr
    assert "2.EML: it is no mail: it has no header" in done.stderr


# password, link


def test_a_password_is_hashed(fresh: Desk) -> None:
    first = fresh.ok("password", given=b"correct horse\n").strip()
    assert fits(b"correct horse", first)
    assert first != fresh.ok("password", given=b"correct horse\n").strip()
    assert fresh.no("password", given=b"short\n") == "A password needs at least 8 letters.\n"


def test_a_link_opens_a_mail_to_the_right_department(fresh: Desk) -> None:
    assert fresh.ok("link", "billing") == "mailto:billing@desk.example?subject=Invoices%20and%20payments\n"
    asked = fresh.ok("link", "outage", "--subject", "a&b?", "--body", "Grüße\nhere")
    assert asked == "mailto:support@desk.example?subject=a%26b%3F&body=Gr%C3%BC%C3%9Fe%0D%0Ahere\n"
    assert fresh.no("link", "nothing") == "There is no help topic nothing; known: outage, billing.\n"


# check, explain


@pytest.fixture
def doors(fresh: Desk, tmp_path: Path) -> Desk:
    """A desk with every kind of door."""
    certificate, key = certificates.make(tmp_path)
    hash_ = fresh.ok("password", given=b"correct horse\n").strip()
    fresh.edit("^#certificate = .*", f'certificate = "{certificate}"')
    fresh.edit("^#key = .*", f'key = "{key}"')
    with fresh.config.open("a") as file:
        file.write('\n[[lmtp]]\n[[smtp]]\nlisten = "127.0.0.1:0"\n')
    (fresh.folder / "config/logins.toml").write_text(
        f'[[login]]\nname = "alice"\nhash = "{hash_}"\naddresses = ["alice@desk.example"]\n'
    )
    (fresh.folder / "config/forms.toml").write_text('[[form]]\nfrom = "noreply@shop.example"\n')
    (fresh.folder / "config/lists.toml").write_text('[[list]]\naddress = "support@lists.example"\n')
    return fresh


def test_check_says_what_each_door_proves(doors: Desk) -> None:
    said = doors.ok("check")
    assert "; a login proves alice@desk.example\n" in said
    assert "SMTP on 127.0.0.1:0; a login from this machine, as there is no certificate, proves alice@" in said
    assert f"LMTP on {doors.folder}/run/lmtp.sock; reply addresses alone prove who writes\n" in said
    assert f"by the socket {doors.folder}/run/deliver.sock" in said
    assert "form      noreply@shop.example\n" in said
    assert "list      support@lists.example\n" in said


def test_check_says_which_certificate_cannot_be_used(doors: Desk, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("no key")
    told = doors.no("check")
    assert "smtp.1.certificate: " in told
    assert f"{tmp_path}/key.pem are no certificate and key: " in told
    (tmp_path / "key.pem").unlink()
    assert f"{tmp_path}/key.pem cannot be read: No such file or directory" in doors.no("check")
    assert "maildesk.toml" in maildesk("--config", str(doors.config), "run").stderr.decode()


def test_explain_knows_logins_forms_and_lists(doors: Desk) -> None:
    doors.ok("run", "--once")
    mail = MAIL.replace(b"Jane Doe <jane@customer.example>", b"alice@desk.example")
    assert doors.json("explain", "-", given=mail)["proof"] == "claimed"
    assert doors.json("explain", "-", "--login", "alice", given=mail)["proof"] == "authenticated"
    assert (
        doors.no("explain", "-", "--login", "bob", given=mail)
        == "There is no login bob in config/logins.toml.\n"
    )
    form = b"Reply-To: jane@customer.example\n" + MAIL.replace(b"jane@customer", b"noreply@shop")
    said = doors.ok("explain", "-", "--channel", "lmtp", "--recipient", "x@y.example", given=form)
    assert "from   jane@customer.example, as the form of noreply@shop.example says" in said
    assert said.startswith("It would be refused to the recipient x@y.example")
    assert "acknowledgment to jane@customer.example" in said


def test_a_login_over_the_wire_lets_an_agent_act(doors: Desk, tmp_path: Path) -> None:
    import re
    import smtplib
    import ssl

    number = doors.ticket()
    with running(doors, tmp_path / "log"):
        found = re.search(r"SMTP on 127\.0\.0\.1:(\d+)", (tmp_path / "log").read_text())
        assert found
        with smtplib.SMTP("localhost", int(found[1]), timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=tmp_path / "certificate.pem"))
            client.login("alice", "correct horse")
            mail = f"From: alice@desk.example\nTo: support@desk.example\nSubject: [#{number}]\n\nDone.\n\n#resolve\n"
            client.sendmail("alice@desk.example", "support@desk.example", mail)
    doors.ok("run", "--once")
    shown = doors.json("ticket", "show", number)
    assert shown["status"] == "resolved"
    key = shown["entries"][-1]["key"]
    assert doors.json("inbox", "show", key)["login"] == "alice"
    assert "login       alice" in doors.ok("inbox", "show", key)
