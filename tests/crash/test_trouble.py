"""Trouble with the database: nothing is lost or counted against a mail, and work goes on when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store.db import operational
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from maildesk.work.loop import Loop
from maildesk.work.outbound import Outbound
from tests.crash import story
from tests.crash.life import one_commit
from tests.crash.troubled import OnPostgres, OnSqlite, Troubled
from tests.desk import DESK, Desk
from tests.edges.intakes.wire import Wire
from tests.waiting import until

MANY = 40
"""Mails of a group: some of them fit into a full database's half-empty pages, not all."""

Trouble = Callable[[], AbstractContextManager[None]]


@pytest.fixture(
    params=["full", "locked", "read_only", "postgresql full", "postgresql read_only"],
)
def which(request: pytest.FixtureRequest) -> str:
    """The kind of trouble. A lock on PostgreSQL is none: one waits for it."""
    found: str = request.param
    return found


@pytest.fixture
def troubled(which: str, tmp_path: Path, live: Live, request: pytest.FixtureRequest) -> Iterator[Troubled]:
    found: Troubled
    if which.startswith("postgresql"):
        found = OnPostgres(request.getfixturevalue("postgres_url"), tmp_path, live)
    else:
        found = OnSqlite(f"sqlite:///{tmp_path}/desk.db", tmp_path, live)
    yield found
    found.close()


@pytest.fixture
def trouble(which: str, troubled: Troubled) -> Trouble:
    found: Trouble = getattr(troubled, which.split()[-1])
    return found


@pytest.fixture
def advice(which: str, troubled: Troubled) -> str:
    """What the log must tell the operator."""
    found: str = troubled.ADVICE[which.split()[-1]]
    return found


def offer(desk: Desk, mails: list[story.Mail]) -> list[Future[str]]:
    """Hands mails in; they share a commit."""
    with one_commit(desk.store):
        return [desk.accept(mail.raw, mail.envelope, Evidence()) for mail in mails]


def test_a_group_that_cannot_be_stored_is_refused_whole_and_stored_once_later(
    troubled: Troubled, trouble: Trouble
) -> None:
    mails = [story.new(n) for n in range(MANY)]
    troubled.desk.store.start()
    with trouble():
        refused = offer(troubled.desk, mails)
        errors = [error for f in refused if (error := f.exception(20))]
    assert [operational(error) for error in errors] == [True] * MANY
    assert troubled.inbox() == []
    assert [future.result(20) for future in offer(troubled.desk, mails)]
    troubled.desk.run()
    troubled.all_is_well(MANY)


def test_on_the_wire_a_group_that_cannot_be_stored_is_451_and_the_log_says_what_to_do(
    troubled: Troubled, trouble: Trouble, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = troubled.desk
    offered = []

    def accept(raw: bytes, envelope: Envelope, evidence: Evidence) -> Future[str]:
        offered.append(desk.accept(raw, envelope, evidence))
        return offered[-1]

    desk.store.start()
    intake = SmtpIntake("127.0.0.1:0", "desk.example", accept, lambda address: address == DESK, lambda: 10**6)
    intake.start()
    wires = [Wire(intake.port).greet() for _ in range(MANY)]

    def deliver() -> set[str]:
        for wire in wires:
            wire.to_data()
        offered.clear()
        with one_commit(desk.store):
            for n, wire in enumerate(wires):
                wire.say(story.new(n).raw + b".\r\n")
            until(lambda: len(offered) == MANY)
        return {wire.hear()[:4] for wire in wires}

    try:
        with trouble():
            assert deliver() == {"451 "}
        told = [record.getMessage() for record in caplog.records if "not stored" in record.message]
        assert len(told) == MANY
        assert all(advice in one for one in told)
        assert troubled.inbox() == []
        assert deliver() == {"250 "}
    finally:
        for wire in wires:
            wire.close()
        intake.stop(5)
    desk.run()
    troubled.all_is_well(MANY)


def keeps_failing(step: Callable[[int], int], now: int) -> None:
    """More often than a mail may fail by itself."""
    for _ in range(5):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one it is, is what is asked
            step(now)
        assert operational(caught.value)


def test_a_decision_that_cannot_be_saved_is_made_later(troubled: Troubled, trouble: Trouble) -> None:
    desk = troubled.desk
    for n in range(10):
        desk.deliver(story.new(n).raw)
    with trouble():
        keeps_failing(desk.inbound.step, desk.now)
        assert {row.state for row in troubled.inbox()} <= {"new", "taken"}
    assert troubled.outbox() == []
    troubled.nothing_counts()
    desk.run()
    troubled.all_is_well(10)


def test_trouble_that_begins_between_take_and_decision(troubled: Troubled, trouble: Trouble) -> None:
    desk, during = troubled.desk, ExitStack()
    for n in range(MANY):
        desk.deliver(story.new(n).raw)
    with during:
        at_once = Once(lambda: during.enter_context(trouble()))
        desk.inbound = Inbound(desk.store, lambda: desk.live, testing_before_read=at_once)
        keeps_failing(desk.inbound.step, desk.now)
    desk.run()
    troubled.all_is_well(MANY)


class Once:
    """A hook that acts when it is called for the first, or the `nth`, time."""

    def __init__(self, act: Callable[[], object], nth: int = 1) -> None:
        self._act, self._left = act, nth

    def __call__(self, _what: object) -> None:
        self._left -= 1
        if not self._left:
            self._act()


@pytest.mark.parametrize("nth", [1, 2], ids=["before the send", "after the send"])
def test_mails_whose_sending_cannot_be_recorded_go_out_once(
    troubled: Troubled, trouble: Trouble, nth: int
) -> None:
    desk, during = troubled.desk, ExitStack()
    for n in range(MANY):
        desk.deliver(story.new(n).raw)
    desk.inbound.step(desk.now)
    sender = MaildirSender(desk.folder / "outgoing")

    with during:
        at_once = Once(lambda: during.enter_context(trouble()), nth)
        desk.outbound = Outbound(desk.store, lambda: desk.live, sender, testing_around_send=at_once)
        keeps_failing(desk.outbound.step, desk.now)
        # Meanwhile a mail client has read what is there.
        for path in (desk.folder / "outgoing" / "new").iterdir():
            path.rename(desk.folder / "outgoing" / "cur" / f"{path.name}:2,S")
    desk.run()
    troubled.all_is_well(MANY)


def test_a_loop_says_what_to_do_and_goes_on(
    troubled: Troubled, trouble: Trouble, advice: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = troubled.desk
    for n in range(10):
        desk.deliver(story.new(n).raw)
    loop = Loop("inbound", desk.inbound.step, lambda: desk.now, every=1.0)
    with trouble():
        loop.start()
        until(lambda: advice in caplog.text)
    until(lambda: {row.state for row in troubled.inbox()} == {"done"})
    loop.stop()
    desk.run()
    troubled.all_is_well(10)
