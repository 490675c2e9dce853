"""Waiting on a condition, with a deadline that a busy machine does not miss."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 60.0
SHORTEST, LONGEST = 0.001, 0.1
"""Seconds between two looks: short at first, so that nothing waits for nothing, then longer."""


def until(
    condition: Callable[[], object],
    seconds: float = SECONDS,
    told: Callable[[], object] = lambda: "waited in vain",
) -> None:
    """Waits until something is so. After the deadline it fails with what is `told`."""
    end, pause = time.monotonic() + seconds, SHORTEST
    while not condition():
        assert time.monotonic() < end, told()
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST)
