"""A pulse: the sign that something which must not stand still does not."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds after which what has not moved hangs. No step, wait or retry of ours lasts as long without a beat."""


class Pulse:
    """When a thread last moved. It says so itself, whenever it begins, ends or goes on with something."""

    def __init__(
        self, name: str, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.patience = patience
        self._clock = clock
        self._at = clock()

    def beat(self) -> None:
        """It moves."""
        self._at = self._clock()

    def rest(self) -> None:
        """It has nothing to do, and may stand still until its next beat."""
        self._at = float("inf")

    @property
    def still(self) -> float:
        """Seconds since it moved; 0 while it rests."""
        return max(0.0, self._clock() - self._at)

    @property
    def hangs(self) -> bool:
        """Whether it stands still for too long."""
        return self.still > self.patience
