"""The daemon: loops on threads, signals, and a graceful stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from maildesk import log
from maildesk.app import App
from maildesk.core.deskaddress import is_desk
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.edges.intakes.listeners import listeners
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.store.nodes import BEAT_SECONDS

LONGEST_PAUSE = 60.0
LINGER = 0.05
FULL = 50
GRACE = 20.0
ALARM_SECONDS = 30.0
RELOAD_SECONDS = 2.0


@dataclass(slots=True)
class Loop:
    """Repeats a step on a thread of its own as long as there is something to do, then sleeps until it is woken.

    It backs off on errors and never dies of one. `every` is in seconds: how often the scheduler wakes it. `linger` is
    how many seconds a step waits for what comes with the thing that woke it, unless the step before was full (`FULL`
    things): what is done together costs much less than one by one.
    """

    name: str
    step: Callable[[int], int]
    clock: Callable[[], int]
    every: float
    linger: float = 0.0
    _signal: threading.Condition = field(default_factory=threading.Condition)
    _awake: bool = False
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to repeat."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        with self._signal:
            self._awake = True
            self._signal.notify()

    def stop(self) -> None:
        """Ends after the step that runs."""
        with self._signal:
            self._stopping = True
            self._signal.notify()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        failures, worked = 0, FULL
        while not self._stopping:
            with self._signal:
                if worked < FULL and self._signal.wait_for(lambda: self._stopping, self.linger):
                    return
                self._awake = False
            try:
                worked = self.step(self.clock())
                failures = 0
            except Exception as error:
                failures += 1
                pause = min(LONGEST_PAUSE, 0.5 * 2**failures)
                log.loop_failed(self.name, error, pause)
                with self._signal:
                    # A wake-up does not end the pause after an error.
                    self._signal.wait_for(lambda: self._stopping, pause)
                continue
            if not worked:
                with self._signal:
                    self._signal.wait_for(lambda: self._stopping or self._awake)


class Daemon:
    """A running desk."""

    def __init__(self, app: App) -> None:
        self.app = app
        settings = app.loaded.settings
        self.intakes: list[SmtpIntake | ImapIntake] = [
            *listeners(settings, app.accept, lambda: app.live.policy)
        ]
        self.intakes += [
            ImapIntake(
                mailbox,
                app.store,
                app.accept,
                known=lambda address: is_desk(address, app.live.policy),
                mail_bytes=lambda: app.live.policy.limits.mail_bytes,
                clock=app.clock,
            )
            for mailbox in settings.imap
        ]
        self.outbound = [
            Loop(f"outbound-{n}", lane.step, app.clock, every=2.0, linger=LINGER)
            for n, lane in enumerate(app.outbound, 1)
        ]
        self.loops = [
            Loop("inbound", app.inbound.step, app.clock, every=2.0, linger=LINGER),
            *self.outbound,
            Loop("chores", app.chores.step, app.clock, every=60.0),
            Loop("heartbeat", self._beat, app.clock, every=BEAT_SECONDS),
            Loop("alarms", app.alarms.step, app.clock, every=ALARM_SECONDS),
        ]
        app.alarms.wake = self.loops[-1].wake
        self._reloads = Loop("reload", self._reload, app.clock, every=RELOAD_SECONDS)
        self.loops.append(self._reloads)
        app.inbound_wake = self.loops[0].wake
        app.outbound_wake = self._wake_outbound
        self._stop = threading.Event()
        self._hangup = threading.Event()
        # It only wakes loops; what is due, and that it happens once, the database decides.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def _wake_outbound(self) -> None:
        for loop in self.outbound:
            loop.wake()

    def _beat(self, now: int) -> int:
        self.app.beat()
        return 0

    def _reload(self, now: int) -> int:
        """Reads the configuration anew if a signal or a wish in the store asks for it."""
        asked = self._hangup.is_set()
        self._hangup.clear()
        try:
            wish = self.app.wished()
            if asked or wish:
                self.app.reload(wish)
        except BaseException:
            if asked:
                self._hangup.set()
            raise
        return 0

    def start(self) -> None:
        """Takes mail from here on. A start that fails leaves nothing behind."""
        self.app.enter()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.app.store.start()
        self.app.keep()
        for intake in self.intakes:
            intake.start()
        # It tells of each job at INFO; what a loop does is logged where it happens.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler.start()
        for loop in self.loops:
            loop.start()
            self._scheduler.add_job(loop.wake, "interval", seconds=loop.every)
        log.started(self.app.store.node.id, self.app.live.digest)

    def stop(self) -> None:
        """Closes the listeners, finishes what runs, and gives every row back."""
        for intake in self.intakes:
            intake.stop(GRACE)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self.app.lanes.stop()
        for loop in self.loops:
            loop.stop()
        self.app.close_senders()
        self.app.leave()

    def run(self, started: Callable[[], None] = lambda: None) -> None:
        """Runs until SIGTERM or SIGINT; SIGHUP reloads; `started` is called once it takes mail."""

        def end(number: int, frame: FrameType | None) -> None:
            self._stop.set()

        def reload(number: int, frame: FrameType | None) -> None:
            self._hangup.set()
            self._reloads.wake()

        # A wish from before this start is heeded by it.
        self.app.store.node.reloaded = self.app.wished()
        signal.signal(signal.SIGHUP, reload)
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        self.start()
        try:
            started()
            self._stop.wait()
        finally:
            self.stop()
            log.stopped(self.app.store.node.id)
