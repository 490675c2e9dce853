"""A real daemon that reads a mailbox on Dovecot and is killed again and again while mail comes in.

A short run has 60 mails and 4 kills; with MAILDESK_LONG=1 it is 500 mails and 20 kills, on both databases. Nothing is
lost, each mail makes one ticket, and nothing leaves the mailbox that was not stored. What it sends goes to a relay, one
mail at a time: a kill between the relay's answer and its record is repeated with the same bytes, and nothing else is.
"""

from __future__ import annotations

import os
import random
import re
import smtplib
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import select

from maildesk.config.load import load
from maildesk.store.db import Database
from maildesk.store.mailbox_tables import server_copy
from maildesk.store.schema import inbox, outbox, ticket
from tests.bench.daemon import configure, greeting
from tests.crash.test_daemon_kill import LONG, Supervised, idle
from tests.desk import DESK, ROOT
from tests.imap.box import ENV, Box, mail
from tests.servers.dovecot import PASSWORD
from tests.servers.ports import free_port
from tests.servers.relay import FakeRelay, a_relay
from tests.waiting import until

MAILS, KILLS = (500, 20) if LONG else (60, 4)


def with_mailbox(config: Path, box: Box) -> Path:
    """The same configuration with a mailbox."""
    config.write_text(
        f"""{config.read_text()}
[[imap]]
name = "support"
host = "127.0.0.1"
port = {box.server.port}
tls = "none"
user = "{box.user}"
password_env = "{ENV}"
address = "{DESK}"
start = "all"
"""
    )
    return config


def with_relay(config: Path, relay: FakeRelay) -> Path:
    """The same configuration, but its mails go to a relay, one after the other."""
    text = re.sub(r'(?m)^path = "var/outgoing".*\n', "", config.read_text())
    sending = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\ntls = "none"\nconnections = 1'
    text, count = re.subn(r'(?m)^kind = "maildir".*$', sending, text)
    assert count == 1
    config.write_text(text)
    return config


def came(config: Path) -> list[tuple[str, str, str | None]]:
    """The mails that came: Message-ID, state, disposition."""
    settings = load(config).settings.store
    if not Path(settings.url.removeprefix("sqlite:///")).exists() and settings.url.startswith("sqlite"):
        return []
    db = Database(settings.url)
    try:
        with db.reading() as conn:
            if not db.engine.dialect.has_table(conn, "inbox"):
                return []
            rows = conn.execute(select(inbox.c.message_id, inbox.c.state, inbox.c.disposition))
            return [(row.message_id, row.state, row.disposition) for row in rows]
    finally:
        db.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["sqlite"])
def test_a_daemon_that_is_killed_while_it_reads(
    kind: str, box: Box, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, PASSWORD)
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    chance = random.Random(kind)
    config = with_mailbox(configure(tmp_path / "desk", free_port(), url), box)
    mails = [mail(f"m{n}") for n in range(MAILS)]
    end = time.monotonic() + (600 if LONG else 120)
    portion = MAILS // KILLS
    with a_relay() as relay, (tmp_path / "log").open("wb") as log:
        with_relay(config, relay)
        desk = Supervised(config, log)
        try:
            for kill in range(KILLS):
                box.pour(mails[kill * portion : (kill + 1) * portion])
                # Some of these mails have come when it dies, at whatever it does with them.
                wanted = kill * portion + chance.randrange(portion)
                while len(came(config)) < wanted:
                    assert time.monotonic() < end
                    desk.look_after()
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.05))  # a moment of chance, not a wait for something
                desk.kill()
            while (
                Counter(s for _, s, _ in came(config)) != {"done": MAILS} or box.bodies() or not idle(config)
            ):
                assert time.monotonic() < end, Counter(state for _, state, _ in came(config))
                desk.look_after()
                time.sleep(0.05)
            assert desk.stop() == 0
        finally:
            desk.process.kill()
            desk.process.wait()
    found = came(config)
    assert Counter(fate for _, _, fate in found) == {"new-ticket": MAILS}
    assert sorted(mid for mid, _, _ in found) == sorted(f"m{n}@customer.example" for n in range(MAILS))
    assert sorted(box.bodies("Done").values()) == sorted(mails)
    db = Database(load(config).settings.store.url)
    with db.reading() as conn:
        assert len(conn.execute(select(ticket.c.number)).all()) == MAILS
        assert set(conn.execute(select(server_copy.c.state)).scalars()) <= {"done", "gone"}
        sent = {row.message_id: row.state for row in conn.execute(select(outbox))}
    db.close()
    went: dict[str, list[bytes]] = {}
    for one in relay.taken:
        went.setdefault(str(message_from_bytes(one.data)["Message-ID"]).strip("<>"), []).append(one.data)
    assert len(sent) == 2 * MAILS
    assert set(went) <= set(sent)
    # A mail that two kills met may not have gone out; it is shown as such, and not sent a third time.
    assert {sent[name] for name in set(sent) - set(went)} <= {"maybe-sent", "quarantined"}
    # One that was at work alone under three kills is taken for their cause: it is kept and shown, not sent again.
    states = Counter(sent.values())
    assert set(states) <= {"sent", "maybe-sent", "quarantined"}
    assert 3 * states["quarantined"] <= KILLS
    assert all(len(set(copies)) == 1 for copies in went.values())
    assert sum(len(copies) - 1 for copies in went.values()) <= KILLS


@pytest.mark.slow
def test_the_same_mail_by_imap_smtp_and_pipe_makes_one_ticket(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENV, PASSWORD)
    port = free_port()
    config = with_mailbox(configure(tmp_path / "desk", port), box)
    raw = mail("same")
    with (tmp_path / "log").open("wb") as log:
        desk = Supervised(config, log)
        try:
            greeting(port)
            pipe = subprocess.Popen(
                [sys.executable, "-m", "maildesk", "--config", str(config), "deliver"],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
            )
            box.put(raw)
            with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
                client.sendmail("same@customer.example", [DESK], raw)
            pipe.communicate(raw)
            assert pipe.returncode == 0
            until(lambda: [state for _, state, _ in came(config)] == ["done"] * 3)
            assert desk.stop() == 0
        finally:
            desk.process.kill()
            desk.process.wait()
    assert Counter(fate for _, _, fate in came(config)) == {"new-ticket": 1, "duplicate": 2}
