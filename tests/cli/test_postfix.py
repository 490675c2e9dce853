"""A real Postfix in front of a running desk: by LMTP, by SMTP, and by a pipe that runs as nobody."""

from __future__ import annotations

import pwd
import re
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import MAIL, ROOT, Desk
from tests.cli.test_run import running
from tests.servers import postfix_front
from tests.servers.postfix_front import Postfix
from tests.waiting import until

SECONDS = 40
LMTP, PIPE, SMTP = "support+reply@desk.example", "help+reply@mail.example", "billing@desk.example"
JANE = "jane@customer.example"


NEEDED = """
import sys
from maildesk.__main__ import main
sys.argv = ["maildesk", "deliver", "--help"]
try:
    main()
except SystemExit:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), sep="\\n")
"""


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that everybody may read: a checkout may lie where nobody else may enter."""
    folder = Path(tempfile.mkdtemp(prefix="maildesk-pipe-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def pipes_python(folder: Path) -> list[str]:
    """A Python that nobody may run, with a copy of what `maildesk deliver` needs in its environment."""
    libraries = Path(sysconfig.get_path("purelib"))
    shutil.copytree(ROOT / "maildesk", folder / "maildesk")
    found = subprocess.run(
        [sys.executable, "-c", NEEDED], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in found.stdout.split():
        if (libraries / name / "__init__.py").exists():
            shutil.copytree(libraries / name, folder / name, dirs_exist_ok=True)
        elif (libraries / f"{name}.py").exists():
            shutil.copyfile(libraries / f"{name}.py", folder / f"{name}.py")
    nobody = pwd.getpwnam("nobody")
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        words = ["env", f"PYTHONPATH={folder}", python, "-m", "maildesk", "deliver"]
        try:
            done = subprocess.run(
                [*words, "--help"],
                capture_output=True,
                cwd="/",
                user=nobody.pw_uid,
                group=nobody.pw_gid,
                extra_groups=[],
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return words
    return pytest.skip("there is no Python that the user nobody may run")


@pytest.fixture
def front(fresh: Desk, readable: Path, tmp_path: Path) -> Iterator[Postfix]:
    """Postfix, and behind it the desk of `fresh`, at work."""
    if why := postfix_front.missing():
        pytest.skip(why)
    port = re.search(r'^listen = "127\.0\.0\.1:(\d+)"', fresh.config.read_text(), re.MULTILINE)
    assert port
    pipe = f"#!/bin/sh\nexec {' '.join(pipes_python(readable))} --socket {{folder}}/run/deliver.sock"
    files = {
        "transport": f"support@desk.example lmtp:unix:{{folder}}/run/lmtp.sock\n{SMTP} smtp:[127.0.0.1]:{port[1]}\n",
        "aliases": 'help "|{folder}/pipe --sender \\"$SENDER\\" --recipient \\"$ORIGINAL_RECIPIENT\\""\n',
        "pipe": pipe + ' "$@"\n',
    }
    settings = {
        "relay_domains": "desk.example",
        "recipient_delimiter": "+",
        "transport_maps": "texthash:{folder}/transport",
        "alias_maps": "texthash:{folder}/aliases",
    }
    with postfix_front.start(settings, files=files) as mta:
        with fresh.config.open("a") as file:
            file.write(f'\n[[lmtp]]\nlisten = "unix:{mta.folder}/run/lmtp.sock"\nmode = "0666"\n')
        fresh.edit("^#socket = .*", f'socket = "{mta.folder}/run/deliver.sock"')
        fresh.edit("^#mail_bytes = .*", "mail_bytes = 100_000")
        with running(fresh, tmp_path / "log"):
            yield mta


def arrivals(desk: Desk) -> list[tuple[str, str, str]]:
    """Channel, envelope sender and disposition of all mails, in their order."""
    found = reversed(desk.json("inbox", "list"))
    return [(one["channel"], one["envelope"]["sender"], one["disposition"]) for one in found]


def settled(desk: Desk, count: int) -> bool:
    found = arrivals(desk)
    return len(found) == count and all(disposition for _, _, disposition in found)


def test_mail_comes_by_every_door_and_the_same_mail_is_one_ticket(fresh: Desk, front: Postfix) -> None:
    front.send(MAIL, JANE, LMTP, PIPE, SMTP)
    until(lambda: settled(fresh, 3), told=lambda: front.log)
    assert sorted((channel, sender) for channel, sender, _ in arrivals(fresh)) == [
        ("lmtp", JANE), ("pipe", JANE), ("smtp", JANE),
    ]  # fmt: skip
    assert sorted(disposition for *_, disposition in arrivals(fresh)) == [
        "duplicate",
        "duplicate",
        "new-ticket",
    ]
    assert len(fresh.json("ticket", "list")) == 1
    # Reply addresses come through whole.
    recipients = {one["channel"]: one["envelope"]["recipients"] for one in fresh.json("inbox", "list")}
    assert recipients == {"lmtp": [LMTP], "pipe": [PIPE], "smtp": [SMTP]}
    other = MAIL.replace(b"first@", b"second@")
    front.send(other, "", LMTP, PIPE)
    until(lambda: settled(fresh, 5), told=lambda: front.log)
    assert {(c, s) for c, s, _ in arrivals(fresh)[3:]} == {("lmtp", ""), ("pipe", "")}
    until(lambda: front.queued() == 0, told=lambda: front.log)


def test_a_locked_store_keeps_mail_in_postfix_until_it_is_free(fresh: Desk, front: Postfix) -> None:
    lock = sqlite3.connect(fresh.folder / "var/maildesk.db", isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        front.send(MAIL, JANE, LMTP)
        front.send(MAIL.replace(b"first@", b"second@"), JANE, PIPE)
        until(lambda: front.log.count("status=deferred") >= 2, told=lambda: front.log)
        assert "451 4.3.0 The mail could not be stored" in front.log
        assert "The desk says: " in front.log
        assert front.queued() == 2
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    until(lambda: settled(fresh, 2), told=lambda: front.log)
    until(lambda: front.queued() == 0, told=lambda: front.log)
    assert sorted(channel for channel, *_ in arrivals(fresh)) == ["lmtp", "pipe"]
    assert "status=bounced" not in front.log
    assert len(fresh.json("ticket", "list")) == 2


def test_what_is_refused_for_good_goes_back_to_its_sender(fresh: Desk, front: Postfix) -> None:
    front.send(MAIL + b"x\n" * 100_000, JANE, PIPE)
    until(lambda: "status=bounced" in front.log, told=lambda: front.log)
    assert "which is all that this desk takes" in front.log
    assert arrivals(fresh) == []


def test_without_a_daemon_a_pipe_is_told_to_come_again(fresh: Desk, tmp_path: Path) -> None:
    fresh.ok("deliver", given=MAIL)
    told = fresh.no("deliver", "--socket", str(tmp_path / "none.sock"), given=MAIL, code=75)
    assert told == f"Nobody answers at {tmp_path}/none.sock: No such file or directory.\n"
