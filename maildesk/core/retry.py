"""Retry: what becomes of a mail after an attempt to send it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from maildesk.core.model import DAY, HOUR, MINUTE, SECOND

Outcome = Literal["sent", "refused", "later", "unknown", "paused", "barred"]
State = Literal["ready", "sent", "failed", "undelivered", "maybe-sent"]

WAITS = (1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE)
AFTERWARDS = 4 * HOUR
GIVE_UP = 5 * DAY
SENDS = 2
"""So often a mail may go out where nobody at the other end recognises a repeat."""
BARRED = 5 * MINUTE
"""So long mail waits whose return path the relay refuses."""
PAUSES = (10 * SECOND, 30 * SECOND, 1 * MINUTE, 2 * MINUTE, 5 * MINUTE)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a mail: `answer` is what the other side said.

    `refused` is for good (5xx), `later` for now (4xx, no connection), `unknown` if the connection broke where
    the mail may have been taken. `paused` is no attempt at all: no mail can be sent now, through no fault of this one;
    `barred` neither: no mail can be sent from this return path.
    """

    outcome: Outcome
    answer: str


def next_state(
    attempt: Attempt, tries: int, first_at: int, now: int, unknown_before: int | None = None
) -> tuple[State, int]:
    """The state of a mail after its `tries`-th attempt (from 1), and when it may be tried again (0: never).

    `first_at` is the first attempt's time. `unknown_before` is how many earlier attempts ended unknown; left
    out, all of them count as such. One unknown attempt is repeated, a second makes the mail `maybe-sent`:
    so no mail goes out three times.
    """
    assert attempt.outcome not in ("paused", "barred"), "it is none of the mail's affairs"
    if attempt.outcome == "sent":
        return "sent", 0
    if attempt.outcome == "refused":
        return "failed", 0
    if attempt.outcome == "unknown" and (tries - 1 if unknown_before is None else unknown_before) > 0:
        return "maybe-sent", 0
    if now - first_at >= GIVE_UP:
        return ("maybe-sent" if attempt.outcome == "unknown" or unknown_before else "undelivered"), 0
    return "ready", now + (WAITS[tries - 1] if tries <= len(WAITS) else AFTERWARDS)


def pause(failures: int) -> int:
    """How long nothing is sent after the `failures`-th vain try in a row (from 1) to find the way out open."""
    return PAUSES[min(failures, len(PAUSES)) - 1]
