"""Moments: instants, which are integers everywhere else, as dates in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date(at: int, zone: str = "UTC") -> datetime:
    """The date of an instant (microseconds UTC) in a time zone. Exact: no float is on the way."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))


def shown(at: int, zone: str) -> str:
    """How people read it, with the zone that it is in: `2025-03-10 09:00 CET`."""
    return f"{date(at, zone):%Y-%m-%d %H:%M %Z}"
