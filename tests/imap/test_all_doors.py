"""The same mail by every door at once: mailbox, SMTP, LMTP, the socket of `deliver`, and a pipe into the store.

Threads begin together, each after a moment of chance, while the desk decides what has come so far. Each door hears that
its mail is taken, and that makes one ticket and one acknowledgment.
"""

from __future__ import annotations

import random
import smtplib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor
from maildesk.edges.handover import Handover
from maildesk.edges.intakes.lmtp_session import LmtpSession, PipeSession
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.intakes.smtp_session import Session
from maildesk.store.db import local_now
from maildesk.store.schema import inbox, outbox
from tests.desk import DESK, Desk, a_desk
from tests.imap.box import ENV, SECONDS, Box, Read, mail
from tests.servers.dovecot import PASSWORD
from tests.waiting import until

CHANNELS = {"imap": 1, "smtp": 1, "lmtp": 1, "pipe": 2}
TEXT = "\r\n".join(f"{tray} tray: it takes no paper." for tray in ("First", "Second", "Third", "Fourth"))
FOOTER = b"-- \r\nThis mail came through the gateway of all who print.\r\n"


class Doors:
    """Every way into a desk, open."""

    def __init__(self, read: Read, folder: Path) -> None:
        self.read, self._folder = read, folder
        self.accept = Acceptor(read.desk.store, local_now)
        self.intakes = [
            self._listen("127.0.0.1:0", Session, "smtp"),
            self._listen("127.0.0.1:0", LmtpSession, "lmtp"),
        ]
        self.intakes.append(self._listen(f"unix:{folder}/deliver.sock", PipeSession, "pipe"))
        read.start(start="all")

    def _listen(self, where: str, protocol: type[Session], channel: str) -> SmtpIntake:
        intake = SmtpIntake(
            where,
            "desk.example",
            self.accept,
            lambda _: True,
            lambda: 1_000_000,
            protocol=protocol,
            channel=channel,
        )
        intake.start()
        return intake

    def ways(self, raw: bytes, sender: str) -> dict[str, Callable[[], object]]:
        """What brings a mail by each door, and returns when that has it."""
        smtp, lmtp, _ = self.intakes

        def by(client: type[smtplib.SMTP], port: int, data: bytes) -> None:
            with client("127.0.0.1", port, timeout=SECONDS) as one:
                assert one.sendmail(sender, [DESK], data) == {}

        def socket(data: bytes) -> None:
            with Handover(self._folder / "deliver.sock") as daemon:
                daemon.hand(data, sender, [DESK])

        def mailbox(data: bytes) -> None:
            self.read.box.put(data)
            until(lambda: data in self.read.box.bodies("Done").values())

        return {
            "smtp": lambda: by(smtplib.SMTP, smtp.port, raw),
            "lmtp": lambda: by(smtplib.LMTP, lmtp.port, raw),
            "socket": lambda: socket(raw),
            "mailbox": lambda: mailbox(raw),
            "pipe": lambda: self.accept(raw, Envelope("pipe", sender, (DESK,)), Evidence()).result(SECONDS),
        }

    def close(self) -> None:
        for intake in self.intakes:
            intake.stop(1)
        self.read.stop()


@pytest.fixture
def doors(database_url: str, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """A desk on either database with all its doors; its clock is the real one."""
    monkeypatch.setenv(ENV, PASSWORD)
    with a_desk(tmp_path, database_url) as desk:
        found = Doors(Read(desk, box, box.server.port), tmp_path)
        yield found
        found.close()


def decide(desk: Desk, stop: threading.Event) -> None:
    """Decides whatever has come, until told to stop."""
    while not stop.is_set():
        desk.now = local_now()
        desk.store.beat(desk.now)
        if not desk.inbound.step(desk.now):
            stop.wait(0.005)


def at_once(doors: Doors, raw: bytes, sender: str, chance: random.Random, other: bytes = b"") -> None:
    """Brings a mail by every door; by one of them as `other`. Returns when each has it."""
    ways = doors.ways(raw, sender)
    if other:
        name = chance.choice(sorted(ways))
        ways[name] = doors.ways(other, sender)[name]
    together = threading.Barrier(len(ways))

    def bring(way: Callable[[], object], moment: float) -> None:
        together.wait(SECONDS)
        time.sleep(moment)  # chance, not a wait for something
        way()

    with ThreadPoolExecutor(len(ways)) as pool:
        moments = [chance.choice([0.0, 0.0, chance.uniform(0, 0.05)]) for _ in ways]
        for done in [
            pool.submit(bring, way, moment) for way, moment in zip(ways.values(), moments, strict=True)
        ]:
            done.result()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_mail_by_all_doors_at_once(doors: Doors, seed: int) -> None:
    desk, chance, stop = doors.read.desk, random.Random(seed), threading.Event()
    deciding = threading.Thread(target=decide, args=(desk, stop))
    deciding.start()
    names = [f"{kind}{n}" for n in range(2) for kind in ("plain", "nameless", "footer")]
    try:
        for name in names:
            raw = mail(name, TEXT, headers="Date: Mon, 16 Nov 2026 09:00:00 +0000\r\n")
            if name.startswith("nameless"):
                raw = raw.replace(f"Message-ID: <{name}@customer.example>\r\n".encode(), b"")
            other = raw + FOOTER if name.startswith("footer") else b""
            at_once(doors, raw, f"{name}@customer.example", chance, other)
    finally:
        stop.set()
        deciding.join(SECONDS)
    desk.now = local_now()
    desk.run()
    with desk.store.db.reading() as conn:
        came = Counter(
            (row.sender, row.channel) for row in conn.execute(select(inbox.c.sender, inbox.c.channel))
        )
        fates = Counter(conn.execute(select(inbox.c.disposition)).scalars())
        told = Counter(conn.execute(select(outbox.c.to).where(outbox.c.kind == "acknowledgment")).scalars())
    senders = [f"{name}@customer.example" for name in names]
    assert came == {(sender, channel): n for sender in senders for channel, n in CHANNELS.items()}
    assert fates == {"new-ticket": len(names), "duplicate": 4 * len(names)}
    assert told == dict.fromkeys(senders, 1)
    assert sorted(ticket["requester"] for ticket in desk.tickets()) == sorted(senders)
    assert not doors.read.box.bodies()
