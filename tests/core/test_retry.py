"""What becomes of a mail after an attempt."""

from __future__ import annotations

import pytest

from maildesk.core.model import DAY, HOUR, MINUTE, SECOND
from maildesk.core.retry import Attempt, Outcome, next_state

NOW = 1_700_000_000 * SECOND


def after(outcome: Outcome, tries: int, age: int = 0, unknown_before: int | None = None) -> tuple[str, int]:
    return next_state(Attempt(outcome, "x"), tries, NOW - age, NOW, unknown_before)


def test_sent_and_refused_are_final() -> None:
    assert after("sent", 3) == ("sent", 0)
    assert after("refused", 1) == ("failed", 0)


@pytest.mark.parametrize(
    ("tries", "wait"),
    [(1, MINUTE), (2, 5 * MINUTE), (3, 15 * MINUTE), (4, HOUR), (5, 4 * HOUR), (6, 4 * HOUR), (30, 4 * HOUR)],
)
def test_waits_grow(tries: int, wait: int) -> None:
    assert after("later", tries) == ("ready", NOW + wait)


def test_five_days_are_the_end() -> None:
    assert after("later", 30, 5 * DAY - 1)[0] == "ready"
    assert after("later", 30, 5 * DAY) == ("undelivered", 0)


def test_a_relay_that_is_down_for_five_days_is_tried_35_times() -> None:
    tries, now = 1, NOW
    while (found := next_state(Attempt("later", "4xx"), tries, NOW, now))[0] == "ready":
        tries, now = tries + 1, found[1]
    assert found == ("undelivered", 0)
    assert tries == 35
    assert 5 * DAY <= now - NOW < 5 * DAY + 4 * HOUR


def test_an_unknown_outcome_is_repeated_once() -> None:
    assert after("unknown", 1) == ("ready", NOW + MINUTE)
    assert after("unknown", 2) == ("maybe-sent", 0)


def test_earlier_refusals_for_now_leave_the_repeat() -> None:
    assert after("unknown", 3, unknown_before=0) == ("ready", NOW + 15 * MINUTE)
    assert after("unknown", 3, unknown_before=1) == ("maybe-sent", 0)


def test_unknown_at_the_end_is_not_called_undelivered() -> None:
    assert after("unknown", 30, 5 * DAY, unknown_before=0) == ("maybe-sent", 0)
    assert after("later", 30, 5 * DAY, unknown_before=1) == ("maybe-sent", 0)
