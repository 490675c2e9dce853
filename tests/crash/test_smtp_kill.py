"""The kill test over SMTP: nobody at the other end recognises a repeat, so each kill may cost one, and never two.

The relay lives in this process and remembers what it took; the desk's processes die around it.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from functools import partial

import pytest

from maildesk.config.settings import Send
from maildesk.edges.senders.relay import Relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.work.outbound import Sender
from tests.crash import picture, story
from tests.crash.conftest import Theatre
from tests.crash.killpoints import KILLED, Points, forked, musts
from tests.crash.life import Step, a_life, dry_run
from tests.crash.place import Place, Rows
from tests.servers.relay import FakeRelay, a_relay

LONG = bool(os.environ.get("MAILDESK_LONG"))
SAMPLE = {"sqlite": 4, "postgresql": 2}
MAILS = [story.new(n) for n in (300, 301)]


@pytest.fixture
def relay() -> Iterator[FakeRelay]:
    with a_relay() as found:
        yield found


class Sending:
    """Six mails of two new tickets, decided and not sent, and the lives of processes that send them."""

    def __init__(self, theatre: Theatre, relay: FakeRelay) -> None:
        self.place, self.relay = theatre.place, relay
        theatre.scene("opening")
        deciding = Step("deciding two", MAILS, ("inbound",), together=True)
        self.before = dry_run(self.place, deciding, theatre.first).after
        self.step = Step("sending over SMTP", MAILS, ("outbound",), delivered=True)

    def way(self, _place: Place) -> Sender:
        settings = Send(
            kind="smtp", host="127.0.0.1", port=self.relay.port, tls="none", hostname="desk.example"
        )
        return SmtpSender(Relay(settings))

    def begin(self) -> None:
        """Puts everything back to where nothing is sent."""
        self.place.restore(self.before)
        self.relay.taken.clear()

    def live(self, points: Points | None = None) -> int:
        """A process that sends as far as it comes; its exit status."""
        status = forked(partial(a_life, self.place, self.step, points, way=self.way))
        self.place.settle()
        return status

    def points(self) -> list[str]:
        """What happens when nobody dies."""
        self.begin()
        listing = self.place.folder / "points"

        def work() -> None:
            points = Points()
            a_life(self.place, self.step, points, way=self.way)
            listing.write_text("\n".join(points.seen), "utf-8")

        assert forked(work) == 0
        self.place.settle()
        assert not self.wrong(repeats=0)
        return listing.read_text("utf-8").splitlines()

    def wrong(self, repeats: int) -> list[str]:
        """Mails that are lost, in two versions, or too often there; and rows that are not done."""
        rows: Rows = self.place.rows()
        mails = [row for row in rows["outbox"] if row not in self.before["outbox"]]
        taken: dict[str, list[bytes]] = {}
        for mail in self.relay.taken:
            mid = str(message_from_bytes(mail.data)["Message-ID"]).strip("<>")
            taken.setdefault(mid, []).append(mail.data)
        counts = Counter({row["message_id"]: len(taken.get(row["message_id"], [])) for row in mails})
        problems = [f"{mid} was not taken" for mid, n in counts.items() if not n]
        problems += [f"{mid} is there in two versions" for mid, data in taken.items() if len(set(data)) > 1]
        if sum(counts.values()) - len(counts) > repeats:
            problems.append(f"too many repeats: {sorted(counts.values())}")
        if len(taken) > len(counts):
            problems.append("something else was sent")
        return problems + picture.unsent(rows)


def test_a_killed_desk_repeats_one_mail_at_most(theatre: Theatre, relay: FakeRelay) -> None:
    sending = Sending(theatre, relay)
    labels = sending.points()
    assert labels.count("before a send") == 6
    kind = "sqlite" if theatre.place.db.is_sqlite else "postgresql"
    must = musts(labels)
    chance = random.Random(kind)
    if LONG:
        points = list(range(len(labels)))
    elif kind == "sqlite":
        points = sorted({*must, *chance.sample(range(len(labels)), SAMPLE[kind])})
    else:
        points = sorted(chance.sample(must, 6) + chance.sample(range(len(labels)), SAMPLE[kind]))
    wrong = []
    for point in points:
        sending.begin()
        assert sending.live(Points(point)) == KILLED
        assert sending.live() == 0
        # Before and within a send everything sent earlier is recorded.
        clear = (
            labels[point] in ("before a send", "within a mail") or "after a send" not in labels[: point + 1]
        )
        repeats = 0 if clear else 1
        if problems := sending.wrong(repeats):
            wrong.append((point, labels[point], problems))
    assert not wrong


def test_a_mail_whose_senders_died_twice_is_not_sent_a_third_time(theatre: Theatre, relay: FakeRelay) -> None:
    sending = Sending(theatre, relay)
    labels = sending.points()
    sending.begin()
    assert sending.live(Points(labels.index("after a send"))) == KILLED
    # The rows of the dead are taken one by one; the first of them is the mail that went out.
    assert sending.live(_at("after a send")) == KILLED
    assert sending.live() == 0
    states = Counter(
        row["state"] for row in sending.place.rows()["outbox"] if row not in sending.before["outbox"]
    )
    assert states == {"sent": 5, "maybe-sent": 1}
    assert len(relay.taken) == 7
    assert len({mail.data for mail in relay.taken}) == 6


def _at(label: str) -> Points:
    """Points of which the first with this label is deadly."""

    class First(Points):
        def reached(self, reached: str) -> None:
            if reached == label:
                os._exit(KILLED)

    return First()
