"""The loops of the daemon: what comes together is done together."""

from __future__ import annotations

import threading

from maildesk.work.loop import FULL, Loop


def test_a_loop_lingers_only_where_it_had_little_to_do_and_stops_at_once() -> None:
    steps: list[int] = []
    third = threading.Event()

    def step(_now: int) -> int:
        steps.append(_now)
        if len(steps) == 3:
            third.set()
        return FULL if len(steps) < 3 else 1

    loop = Loop("test", step, lambda: 0, every=1.0, linger=600.0)
    loop.start()
    assert third.wait(10), "a full step is followed by the next at once"
    loop.stop()
    assert len(steps) == 3
