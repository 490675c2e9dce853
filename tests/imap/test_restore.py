"""A desk that loses its store, and is put back from a backup: the whole of it, with real processes.

A mailbox on Dovecot, a relay, a daemon. After the backup come new mails, answers of customers and of an agent, and one
that was written by hand in the mailbox itself. Then the store is gone. Restored, and killed while it reads the mailbox
again, the desk has every ticket under its old number, and nothing goes out twice.
"""

from __future__ import annotations

import email
import shutil
import time
from collections import Counter
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from maildesk.config.load import load
from maildesk.store import schema, views
from maildesk.store.db import Database
from tests.bench.daemon import configure
from tests.cli.conftest import Desk
from tests.crash.test_daemon_kill import Supervised
from tests.desk import DESK, an_answer
from tests.imap.box import ENV, Box, mail
from tests.imap.test_kill import came, with_mailbox
from tests.servers.dovecot import PASSWORD
from tests.servers.ports import free_port
from tests.servers.relay import FakeRelay, a_relay
from tests.waiting import until

ALICE = "alice@desk.example"
BULK = 12
SECONDS = 120
"""A deadline, never a wait."""
BEFORE = int(time.time()) - 1_500
"""When the first mails came, so that no two of those that belong together came within a second."""


def a_place(folder: Path, box: Box, relay: FakeRelay) -> Desk:
    """A desk that reads the mailbox and sends by the relay."""
    config = with_mailbox(configure(folder, free_port()), box)
    send = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}\ntls = "none"\nhostname = "desk"\n#'
    text = config.read_text().replace('kind = "maildir"', send)
    config.write_text(f'{text}sent = "Sent"\npoll = 1\n')
    return Desk(folder)


def settled(desk: Desk, box: Box, mails: int) -> bool:
    """Whether so many mails are decided, filed, and what follows from them has gone out."""
    if not (desk.folder / "var" / "maildesk.db").exists():
        return False
    status = desk.json("status")
    decided = status["inbox"]["done"] + status["inbox"]["held"]
    return decided == mails and status["outbox"]["todo"] + status["outbox"]["ready"] == 0 and not box.bodies()


def picture(desk: Desk) -> dict[int, Any]:
    """All tickets by number, with what somebody who restores them asks for."""
    found, db = {}, Database(load(desk.folder).settings.store.url)
    with db.reading() as conn:
        tickets = [views.ticket_show(conn, n) for n in conn.execute(select(schema.ticket.c.number)).scalars()]
    db.close()
    for ticket in tickets:
        assert ticket is not None
        found[ticket["number"]] = {
            **{name: ticket[name] for name in ("subject", "status", "assignee", "created", "last_customer")},
            **{name: ticket[name] for name in ("participants", "answered", "tags", "topic", "priority")},
            "entries": [(e["kind"], e["author"], _at(e), e["text"]) for e in ticket["entries"]],
        }
    return found


def _at(entry: dict[str, Any]) -> int | None:
    # What an agent wrote counts from when it was decided: then, a moment after it had come.
    return None if entry["author"] == ALICE else int(entry["at"])


def gone_out(relay: FakeRelay, to: str, about: str) -> EmailMessage:
    """The last mail that the relay took for somebody about something."""
    found = [email.message_from_bytes(one.data, policy=policy.default) for one in relay.taken if one.to == to]
    last = [one for one in found if about in str(one["Subject"])][-1]
    assert isinstance(last, EmailMessage)
    return last


def raw(message: EmailMessage) -> bytes:
    return message.as_bytes(policy=policy.SMTP)


def the_day(desk: Desk, box: Box, relay: FakeRelay) -> int:
    """What happens after the backup; how many mails that are."""
    acknowledged = gone_out(relay, "first@customer.example", "about first")
    more = an_answer(acknowledged, "first@customer.example", "It still does not work.", "<more@x>")
    box.put(mail("second"), at=BEFORE + 100)
    box.put(raw(more), at=BEFORE + 110)
    box.put(mail("nameless").replace(b"Message-ID: <nameless@customer.example>\r\n", b""), at=BEFORE + 120)
    until(lambda: settled(desk, box, 4))
    told = gone_out(relay, ALICE, "about second")
    box.put(raw(an_answer(told, ALICE, "Pull the plug.", "<pull@x>")), at=BEFORE + 130)
    until(lambda: settled(desk, box, 5))
    answered = gone_out(relay, "second@customer.example", "about second")
    thanks = an_answer(answered, "second@customer.example", "I did, and it is no better.", "<did@x>")
    box.put(raw(thanks), at=BEFORE + 140)
    [number] = [n for n, one in picture(desk).items() if one["subject"] == "about second"]
    by_hand = an_answer(thanks, DESK, "Then we send somebody.", "<by-hand@desk.example>")
    by_hand.replace_header("To", "second@customer.example")
    box.put(raw(by_hand), folder="Sent", at=BEFORE + 150)
    # An agent's name without proof.
    claimed = mail("claimed", "#close", sender=ALICE).replace(
        b"about claimed", f"about claimed [#{number}]".encode()
    )
    box.put(claimed, at=BEFORE + 160)
    until(lambda: settled(desk, box, 8))
    box.pour([mail(f"bulk{n}") for n in range(BULK)])
    until(lambda: settled(desk, box, 8 + BULK))
    return 8 + BULK


@pytest.mark.slow
def test_a_desk_that_loses_its_store(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENV, PASSWORD)
    with box.person() as client:
        client.create_folder("Sent")
    with a_relay() as relay, (tmp_path / "log").open("wb") as log:
        desk, file = a_place(tmp_path / "desk", box, relay), tmp_path / "backup.zip"
        daemon = Supervised(desk.config, log)
        try:
            box.put(mail("first"), at=BEFORE)
            until(lambda: settled(desk, box, 1))
            desk.ok("backup", str(file))
            mails = the_day(desk, box, relay)
            daemon.process.kill()
            daemon.process.wait()
            before, sent = picture(desk), Counter(one.data for one in relay.taken)
            dispositions = Counter(fate for _, _, fate in came(desk.config))
            shutil.rmtree(desk.folder)

            place = Desk(tmp_path / "restored")
            place.ok("restore", str(file), str(place.folder))
            assert "to be read again since the backup" in place.ok("mailbox", "list")
            daemon = Supervised(place.config, log)
            until(lambda: len(came(place.config)) >= BULK // 2)
            daemon.kill()
            until(
                lambda: (
                    settled(place, box, mails) and "replay" not in place.json("mailbox", "list")["support"]
                )
            )
            assert picture(place) == before
            assert Counter(fate for _, _, fate in came(place.config)) == dispositions
            assert Counter(one.data for one in relay.taken) == sent
            states = place.json("status")["outbox"]
            assert states["sent"] == 2, "what the backup knows as sent"
            assert states["restored"] == sent.total() - 2

            place.ok("resume", "all")
            box.put(mail("new"))
            until(lambda: len(relay.taken) == sent.total() + 2)
            assert {one.to for one in relay.taken[-2:]} == {"new@customer.example", "alice@desk.example"}
            # What a customer answers to a mail of the time before finds its ticket.
            late = an_answer(
                gone_out(relay, "second@customer.example", "about second"),
                "second@customer.example",
                "When will they come?",
                "<late@x>",
            )
            box.put(raw(late))
            until(lambda: settled(place, box, mails + 2))
            assert "REPLY" in place.ok("trace", "late@x").upper()
            assert set(picture(place)) - set(before) == {
                n for n, one in picture(place).items() if one["subject"] == "about new"
            }
            assert daemon.stop() == 0
        finally:
            daemon.process.kill()
            daemon.process.wait()
