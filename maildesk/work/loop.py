"""A loop: a step of the work that a thread of its own repeats."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from maildesk import log
from maildesk.store.pulse import PATIENCE, Pulse

LONGEST_PAUSE = 60.0
FULL = 50


@dataclass(slots=True)
class Loop:
    """Repeats a step on a thread of its own as long as there is something to do, then sleeps until it is woken.

    It backs off on errors and never dies of one. `every` is in seconds: how often the scheduler wakes it. `linger` is
    how many seconds a step waits for what comes with the thing that woke it, unless the step before was full (`FULL`
    things): what is done together costs much less than one by one. `patience` is how many seconds one thing may take;
    its pulse beats at the begin and end of each step, so that it also tells of a dead thread or scheduler.
    """

    name: str
    step: Callable[[int], int]
    clock: Callable[[], int]
    every: float
    linger: float = 0.0
    patience: float = PATIENCE
    steps: int = 0
    errors: int = 0
    pulse: Pulse = field(init=False)
    _signal: threading.Condition = field(default_factory=threading.Condition)
    _awake: bool = False
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.pulse = Pulse(self.name, self.every + self.patience)

    def start(self) -> None:
        """Begins to repeat."""
        self.pulse.beat()
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
            self.pulse.beat()
            try:
                worked = self.step(self.clock())
                failures = 0
                self.steps += 1
                self.pulse.beat()
            except Exception as error:
                self.errors += 1
                self.pulse.beat()
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
