"""A large mail to many: what it costs in the database and in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from random import Random
from typing import Any

from maildesk.store import schema
from tests.desk import Desk, a_mail, an_answer
from tests.servers.relay import a_relay
from tests.work.sending import ALICE, a_desk_at, mails


class Sizes(list[Any]):
    """Stands where a relay keeps mails, and keeps their sizes alone."""

    def append(self, mail: Any) -> None:
        """Takes a mail."""
        super().append(len(mail.data))


def test_twenty_copies_of_a_large_mail_cost_one(tmp_path: Path) -> None:
    """By size: the database grows by one copy of the file, and so does the memory while it is sent twenty times."""
    size, people = 1_000_000, 20
    with a_relay() as relay, a_desk_at(relay, tmp_path) as desk:
        desk.handle(a_mail())
        answer = an_answer(mails(relay, ALICE)[0], ALICE, "All of you, look.", "<big@desk.example>")
        answer.add_attachment(Random(1).randbytes(size), "application", "octet-stream", filename="big.bin")
        _many(desk, people)
        desk.deliver(answer)
        desk.inbound.step(desk.now)
        before = _stored(desk)
        relay.taken = Sizes()
        tracemalloc.start()
        while _beaten(desk).outbound.step(desk.now):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len([one for one in relay.taken if one > size]) == people + 1
        # What is kept: the mail as it came, its file, and what the relay reads at the other end of the wire.
        assert peak < 8 * size, f"{peak} bytes"
        assert _stored(desk) - before < size / 10


def _beaten(desk: Desk) -> Desk:
    """A desk that nobody takes for dead, however slow this machine is."""
    desk.store.write("work", lambda conn: desk.store.node.beat(conn, desk.now))
    return desk


def _many(desk: Desk, people: int) -> None:
    """That many people take part in the only ticket."""
    number = desk.tickets()[0]["number"]
    desk.store.write(
        "work",
        lambda conn: conn.execute(
            schema.participant.insert(),
            [
                {"ticket": number, "address": f"p{n}@customer.example", "name": f"P{n}",
                 "role": "collaborator", "answer_at": ""}
                for n in range(people)
            ],
        ),
    )  # fmt: skip


def _stored(desk: Desk) -> int:
    assert desk.store.db.path is not None
    with desk.store.db.reading() as conn:
        pages = int(conn.exec_driver_sql("PRAGMA page_count").scalar_one())
        return pages * int(conn.exec_driver_sql("PRAGMA page_size").scalar_one())
