"""Which tickets somebody wants to see: filters, their words, times, and the order.

One row of `FILTERS` serves an option of the command line. A new row of `maildesk.core.fields` is a filter by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from maildesk.core.address import normal
from maildesk.core.fields import BY_NAME, FIELDS, Field, choice
from maildesk.core.model import DAY, HOUR, MINUTE, PRIORITIES, SECOND, Status
from maildesk.core.policy import Agent, Policy
from maildesk.core.search import Query

NOT_CLOSED = tuple(status.value for status in Status if status is not Status.CLOSED)
"""The statuses of the tickets that a list shows where none is asked for."""
OPEN = tuple(status for status in NOT_CLOSED if status != Status.RESOLVED.value)
ORDERS: Mapping[str, str] = {
    "best": "the words are in its subject, people or number",
    "newest": "opened last",
    "oldest": "opened first",
    "updated": "changed last",
    "priority": "most urgent, then oldest",
}
"""The orders of a list, each with what comes first; a tie is broken by `updated` in `best`."""
_AGES = {"min": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_AGE = re.compile(r"(\d{1,5})\s?(min|h|d|w)")
_DOMAIN = re.compile(r"@?([^@\s,<>]+\.[^@\s,<>]+)")


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """From where somebody looks: the desk as it is configured, and who `me` is."""

    policy: Policy
    agent: Agent | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """`parse` turns a person's word into the values that fit, or raises ValueError with a sentence that helps."""

    name: str
    help: str
    parse: Callable[[str, Viewpoint], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant on, up to another but without it; None for no end."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The tickets that have, for each filter in `values`, one of its values, and fit all else; `limit` of them."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opened: Span = Span()
    updated: Span = Span()
    unanswered: bool = False
    query: Query | None = None
    order: str = "newest"
    limit: int = 100


def _statuses(word: str, _: Viewpoint) -> tuple[str, ...]:
    found = choice("status", word, (*Status, "open", "any", "all"))
    groups = {"open": OPEN, "any": tuple(Status), "all": tuple(Status)}
    return tuple(map(str, groups.get(found, (found,))))


def _assignees(word: str, seen: Viewpoint) -> tuple[str, ...]:
    if word.lower() != "me":
        return (str(BY_NAME["assignee"].parse(word, seen.policy)),)
    if seen.agent is None:
        raise ValueError("nobody is known to be me; name the agent, or say who you are with --as")
    return (seen.agent.id,)


def _departments(word: str, seen: Viewpoint) -> tuple[str, ...]:
    return (choice("department", word, (department.name for department in seen.policy.departments)),)


def _tags(word: str, _: Viewpoint) -> tuple[str, ...]:
    return (word,)


def _requesters(word: str, _: Viewpoint) -> tuple[str, ...]:
    if address := normal(word):
        return (address,)
    if (domain := _DOMAIN.fullmatch(word)) and (found := normal(f"x@{domain[1]}")):
        return (found.removeprefix("x"),)
    raise ValueError(
        f"{word!r} is no address and no domain; write it like jane@customer.example or customer.example"
    )


def _of_field(row: Field, told: str = "") -> Filter:
    told = told or f"Only this {row.name}: {row.help}."
    return Filter(row.name, told, lambda word, seen: (str(row.parse(word, seen.policy)),))


_OWN = (
    _of_field(BY_NAME["priority"], f"Only this priority: {', '.join(PRIORITIES)}."),
    _of_field(BY_NAME["topic"], "Only this help topic, or none."),
    Filter(
        "status",
        f"Only this status: {', '.join(Status)}; open for all but resolved and closed, any for every one.",
        _statuses,
    ),
    Filter(
        "assignee", "Only this agent's (id or address), none for nobody's, me for those of --as.", _assignees
    ),
    Filter("department", "Only this department's.", _departments),
    Filter("tag", "Only with this tag.", _tags),
    Filter("requester", "Only of this customer: an address, or a domain.", _requesters),
)


def filters(rows: Iterable[Field]) -> Mapping[str, Filter]:
    """The filters of lists by their names: one for each of these fields, and those that are no such field."""
    own = {one.name: one for one in _OWN}
    return {row.name: own.get(row.name) or _of_field(row) for row in rows} | own


FILTERS = filters(FIELDS)


def values(name: str, words: Iterable[str], seen: Viewpoint) -> tuple[str, ...]:
    """The values of a filter that any of these words means, several with commas between them. Raises ValueError."""
    parse = FILTERS[name].parse
    each = (word.strip() for several in words for word in several.split(","))
    return tuple(dict.fromkeys(value for word in each for value in parse(word, seen)))


def instant(word: str, zone: str, now: int, ends: bool = False) -> int:
    """An instant as people write it: a date or a time of the desk's zone, or an age like 3d. A day that `ends` a span
    belongs to it as a whole. Raises ValueError with a sentence.
    """
    if age := _AGE.fullmatch(word.strip().lower()):
        return now - int(age[1]) * _AGES[age[2]]
    try:
        found = datetime.fromisoformat(word.strip())
        if found.tzinfo is None and found.time() == time() and ":" not in word:
            found += timedelta(days=1 if ends else 0)
        found = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        return int(found.timestamp()) * SECOND
    except (ValueError, OverflowError):
        raise ValueError(
            f"{word!r} is no time; write a date like 2025-03-10, a time like 2025-03-10T14:30, or an age like 3d, "
            "12h or 2w"
        ) from None
