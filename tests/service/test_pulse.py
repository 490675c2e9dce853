"""When something hangs, and when it only fails, waits or takes its time."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.store.db import Database
from maildesk.store.pulse import Pulse
from maildesk.store.writer import Writer
from maildesk.work.loop import Loop
from tests.waiting import until

DEADLINE = 30.0


def test_it_hangs_when_it_has_not_moved_for_too_long() -> None:
    now = 1_000.0
    pulse = Pulse("one", patience=10.0, clock=lambda: now)
    now += 10
    assert not pulse.hangs
    now += 1
    assert (pulse.hangs, pulse.still) == (True, 11.0)
    pulse.beat()
    assert not pulse.hangs
    pulse.rest()
    now += 1_000
    assert (pulse.hangs, pulse.still) == (False, 0.0)


def test_a_loop_that_fails_moves_and_one_that_hangs_does_not() -> None:
    go_on = threading.Event()
    failing = Loop("failing", lambda now: 1 // 0, lambda: 0, every=0.0, patience=5.0)
    hanging = Loop("hanging", lambda now: go_on.wait(DEADLINE) * 0, lambda: 0, every=0.0, patience=0.2)
    for loop in (failing, hanging):
        loop.start()
    try:
        until(lambda: failing.errors)
        until(lambda: hanging.pulse.hangs)
        assert not failing.pulse.hangs
        assert (failing.steps, hanging.errors) == (0, 0)
        go_on.set()
        until(lambda: hanging.steps == 1)
    finally:
        go_on.set()
        for loop in (failing, hanging):
            loop.stop()


def test_a_loop_that_nobody_wakes_hangs() -> None:
    """What a dead scheduler looks like."""
    loop = Loop("idle", lambda now: 0, lambda: 0, every=0.1, patience=0.1)
    loop.start()
    try:
        until(lambda: loop.steps)
        until(lambda: loop.pulse.hangs)
        loop.wake()
        until(lambda: loop.steps == 2)
    finally:
        loop.stop()


def test_a_writer_hangs_in_its_work_and_not_when_it_has_none(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/one.db")
    writer = Writer(db)
    writer.pulse.patience = 0.1
    writer.start()
    go_on = threading.Event()
    try:
        writer.submit("work", lambda conn: None).result()
        until(lambda: writer.pulse.still == 0.0)
        held = writer.submit("work", lambda conn: go_on.wait(DEADLINE))
        until(lambda: writer.pulse.hangs)
        go_on.set()
        held.result(DEADLINE)
        until(lambda: writer.pulse.still == 0.0)
    finally:
        go_on.set()
        writer.stop()
        db.close()


def test_a_listener_whose_loop_is_blocked_does_not_answer() -> None:
    intake = SmtpIntake("127.0.0.1:0", "desk", lambda *_: None, lambda _: True, lambda: 1_000)  # type: ignore[arg-type]
    intake.start()
    go_on = threading.Event()
    try:
        assert isinstance(intake._loop, asyncio.AbstractEventLoop)
        intake._loop.call_soon_threadsafe(go_on.wait, DEADLINE)
        intake.pulse.rest()
        intake.nudge()
        assert intake.pulse.still == 0.0
        intake.pulse.patience = 0.0
        go_on.set()
        until(lambda: intake.pulse.still > 0.0)
    finally:
        go_on.set()
        intake.stop(1.0)
    intake.nudge()
