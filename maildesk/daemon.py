"""The daemon: all loops and doors of a desk, signals, and a graceful stop."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from maildesk import log
from maildesk.app import App
from maildesk.config.settings import Metrics
from maildesk.core.deskaddress import is_desk
from maildesk.core.metric import Samples
from maildesk.edges.exporter import Exporter
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.edges.intakes.listeners import listeners
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.systemd import Manager
from maildesk.store.nodes import BEAT_SECONDS
from maildesk.store.pulse import PATIENCE, Pulse
from maildesk.work.loop import Loop
from maildesk.work.metrics import Figures, counted, info

LINGER = 0.05
GRACE = 20.0
ALARM_SECONDS = 30.0
RELOAD_SECONDS = 2.0
HEALTH_SECONDS = 10.0
TEXTFILE_SECONDS = 15.0


class Daemon:
    """A running desk. `manager` is told how it stands; `patience` is how many seconds anything may stand still, beside
    what the sending of a large mail takes."""

    def __init__(self, app: App, manager: Manager | None = None, patience: float = PATIENCE) -> None:
        self.app = app
        self.manager = manager or Manager({})
        settings = app.loaded.settings
        send, largest = settings.send, app.live.policy.limits.mail_bytes
        self._one_mail = send.timeout + send.deadline + largest / 100_000
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
            Loop(f"outbound-{n}", lane.step, app.clock, 2.0, LINGER, patience + self._one_mail)
            for n, lane in enumerate(app.outbound, 1)
        ]
        for loop, lane in zip(self.outbound, app.outbound, strict=True):
            lane.beat = loop.pulse.beat
        self.loops = [
            Loop("inbound", app.inbound.step, app.clock, 2.0, LINGER, patience),
            *self.outbound,
            Loop("chores", app.chores.step, app.clock, 60.0, patience=patience),
            Loop("heartbeat", self._beat, app.clock, BEAT_SECONDS, patience=patience),
            Loop("alarms", app.alarms.step, app.clock, ALARM_SECONDS, patience=patience),
        ]
        app.inbound.beat = self.loops[0].pulse.beat
        app.alarms.wake, app.alarms.beat = self.loops[-1].wake, self.loops[-1].pulse.beat
        self._reloads = Loop("reload", self._reload, app.clock, RELOAD_SECONDS, patience=patience)
        self.loops.append(self._reloads)
        self._figures = Figures(app.store, [mailbox.name for mailbox in settings.imap])
        self.exporter = self._exporter(settings.metrics)
        app.inbound_wake = self.loops[0].wake
        app.outbound_wake = self._wake_outbound
        self._stop = threading.Event()
        self._hangup = threading.Event()
        self._hanging: set[str] = set()
        # It only wakes loops; what is due, and that it happens once, the database decides.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def _exporter(self, metrics: Metrics) -> Exporter | None:
        """What gives metrics out; None if nobody wants any."""
        if not metrics.listen and not metrics.textfile:
            return None
        exporter = Exporter(self.samples)
        self.app.accept.observe = exporter.accepted
        if metrics.textfile:
            file = Path(metrics.textfile)

            def write(now: int) -> int:
                exporter.write(file)
                return 0

            self.loops.append(Loop("metrics", write, self.app.clock, TEXTFILE_SECONDS))
        return exporter

    def samples(self) -> Samples:
        """All metrics but the histogram, as they stand."""
        app, loops = self.app, self.loops
        return {
            **self._figures(app.clock()),
            **info(app.store.node.name),
            **counted("maildesk_decided_total", app.inbound.decided),
            **counted("maildesk_attempts_total", *(lane.outcomes for lane in app.outbound)),
            "maildesk_not_accepted_total": {(): app.accept.not_accepted},
            "maildesk_loop_steps_total": {(loop.name,): loop.steps for loop in loops},
            "maildesk_loop_errors_total": {(loop.name,): loop.errors for loop in loops},
            "maildesk_still_seconds": {(pulse.name,): pulse.still for pulse in self._pulses},
        }

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
                self.manager.reloading()
                try:
                    self.app.reload(wish)
                finally:
                    self.manager.ready(self._standing)
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
        self.app.expect_mailboxes()
        for intake in self.intakes:
            intake.start()
        if self.exporter and self.app.loaded.settings.metrics.listen:
            self.exporter.start(self.app.loaded.settings.metrics.listen)
        # It tells of each job at INFO; what a loop does is logged where it happens.
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler.start()
        for loop in self.loops:
            loop.start()
            self._scheduler.add_job(loop.wake, "interval", seconds=loop.every)
        log.started(self.app.store.node.id, self.app.live.digest)

    @property
    def _standing(self) -> str:
        """How it stands, on one line."""
        if self._hanging:
            return f"hangs: {', '.join(sorted(self._hanging))}"
        policy, digest = self.app.live.policy, self.app.live.digest[:12]
        refused = "; a newer one is refused, see `maildesk status`" if self.app.store.node.trouble else ""
        return f"{policy.name} <{policy.address}> is at work with configuration {digest}{refused}"

    @property
    def _pulses(self) -> list[Pulse]:
        listening = (intake.pulse for intake in self.intakes if isinstance(intake, SmtpIntake))
        return [*(loop.pulse for loop in self.loops), *self.app.store.pulses, *listening]

    def _hangs(self) -> set[str]:
        """What stands still and must not: a loop, a writer, a listener that does not answer, a mailbox's dead thread.

        Errors are no hang: what fails and tries again moves. Nor is a mailbox that waits for its server.
        """
        hanging = {
            intake.shown for intake in self.intakes if isinstance(intake, ImapIntake) and not intake.running
        }
        for pulse in self._pulses:
            if pulse.hangs:
                hanging.add(pulse.name)
                if pulse.name not in self._hanging:
                    log.loop_hangs(pulse.name, pulse.still)
        return hanging

    def look(self) -> None:
        """Tells the manager that all is well, unless something hangs: then its watchdog runs out."""
        hanging = self._hangs()
        for name in self._hanging - hanging:
            log.loop_moves(name)
        changed, self._hanging = hanging != self._hanging, hanging
        for intake in self.intakes:
            if isinstance(intake, SmtpIntake):
                intake.nudge()
        if changed:
            self.manager.status(self._standing)
        if not hanging:
            self.manager.alive()

    def stop(self) -> None:
        """Closes the listeners, finishes what runs, and gives every row back."""
        for intake in self.intakes:
            intake.stop(GRACE)
        if self.exporter:
            self.exporter.stop()
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
            self.manager.ready(self._standing)
            every = min(HEALTH_SECONDS, self.manager.watchdog / 3 or HEALTH_SECONDS)
            while not self._stop.wait(every):
                self.look()
        finally:
            self.manager.stopping(GRACE + self._one_mail)
            self.stop()
            log.stopped(self.app.store.node.id)
