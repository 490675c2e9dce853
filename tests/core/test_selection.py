"""The words by which people narrow a list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maildesk.core import fields
from maildesk.core.model import DAY, HOUR, MINUTE, SECOND, Status
from maildesk.core.selection import FILTERS, NOT_CLOSED, OPEN, Viewpoint, filters, instant, values
from tests.desk import a_policy

POLICY = a_policy()
SEEN = Viewpoint(POLICY, POLICY.agents[0])


@pytest.mark.parametrize(
    ("name", "words", "meant"),
    [
        ("status", ["new"], ("new",)),
        ("status", ["new, closed", "NEW"], ("new", "closed")),
        ("status", ["open"], OPEN),
        ("status", ["any"], tuple(map(str, Status))),
        ("status", ["all"], tuple(map(str, Status))),
        ("priority", ["high,Low"], ("high", "low")),
        ("topic", ["printing", "none"], ("printing", "")),
        ("assignee", ["Bob@desk.example"], ("bob",)),
        ("assignee", ["none", "alice"], ("", "alice")),
        ("assignee", ["me"], ("alice",)),
        ("department", ["billing"], ("billing",)),
        ("tag", ["hardware"], ("hardware",)),
        ("requester", ["Jane@Customer.example"], ("jane@customer.example",)),
        ("requester", ["customer.example", "@Bücher.example"], ("@customer.example", "@xn--bcher-kva.example")),
    ],
)  # fmt: skip
def test_values(name: str, words: list[str], meant: tuple[str, ...]) -> None:
    assert values(name, words, SEEN) == meant


@pytest.mark.parametrize(
    ("name", "word", "sentence"),
    [
        ("status", "closd", "did you mean closed"),
        ("status", "", "the status is missing"),
        ("priority", "hihg", "did you mean high"),
        ("topic", "printin", "did you mean printing"),
        ("assignee", "alcie", "did you mean alice"),
        ("department", "suport", "did you mean support"),
        ("requester", "jane", "no address and no domain"),
        ("requester", "@", "no address and no domain"),
    ],
)
def test_wrong_values(name: str, word: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        values(name, [word], SEEN)


def test_nobody_is_me() -> None:
    with pytest.raises(ValueError, match="say who you are with --as"):
        values("assignee", ["me"], Viewpoint(POLICY))


def test_each_field_has_its_filter() -> None:
    assert {row.name for row in fields.FIELDS} <= set(FILTERS)
    assert {"department", "tag", "requester"} <= set(FILTERS)
    colour = fields.Field(
        "colour", "what it looks like", lambda word, _: fields.choice("colour", word, ["red"])
    )
    new = filters((*fields.FIELDS, colour))
    assert set(new) - set(FILTERS) == {"colour"}
    assert new["colour"].help == "Only this colour: what it looks like."
    assert new["colour"].parse("Red", SEEN) == ("red",)
    assert new["status"] is FILTERS["status"]


def test_statuses_that_are_open() -> None:
    assert set(Status) - set(NOT_CLOSED) == {Status.CLOSED}
    assert set(NOT_CLOSED) - set(OPEN) == {Status.RESOLVED}


NOW = int(datetime(2025, 3, 30, 12, tzinfo=UTC).timestamp()) * SECOND


def at(*when: int) -> int:
    """An instant, UTC."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("word", "since", "until"),
    [
        ("3d", NOW - 3 * DAY, NOW - 3 * DAY),
        ("12 H", NOW - 12 * HOUR, NOW - 12 * HOUR),
        ("90min", NOW - 90 * MINUTE, NOW - 90 * MINUTE),
        ("2w", NOW - 14 * DAY, NOW - 14 * DAY),
        ("2025-03-10", at(2025, 3, 9, 23), at(2025, 3, 10, 23)),
        # The day on which the clocks go forward has 23 hours.
        ("2025-03-30", at(2025, 3, 29, 23), at(2025, 3, 30, 22)),
        ("2025-03-10T14:30", at(2025, 3, 10, 13, 30), at(2025, 3, 10, 13, 30)),
        ("2025-03-10 00:00", at(2025, 3, 9, 23), at(2025, 3, 9, 23)),
        ("2025-03-10T14:30Z", at(2025, 3, 10, 14, 30), at(2025, 3, 10, 14, 30)),
    ],
)
def test_instants(word: str, since: int, until: int) -> None:
    assert instant(word, "Europe/Berlin", NOW) == since
    assert instant(word, "Europe/Berlin", NOW, ends=True) == until


@pytest.mark.parametrize(
    "word", ["", "yesterday", "10.3.2025", "2025-02-30", "3", "d", "-3d", "9999-12-31", "999999d"]
)
def test_what_is_no_time(word: str) -> None:
    with pytest.raises(ValueError, match="write a date like 2025-03-10"):
        instant(word, "Europe/Berlin", NOW, ends=True)
