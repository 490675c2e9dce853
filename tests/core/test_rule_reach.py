"""Rules that can never hit."""

from __future__ import annotations

from typing import Any

import pytest

from maildesk.core.rule_reach import never
from tests.desk import a_policy

TAG = {"tag": ["x"]}


def names(*rules: dict[str, Any]) -> list[str]:
    found = [{"name": str(at), "then": TAG, **rule} for at, rule in enumerate(rules)]
    return [name for name, _ in never(a_policy(rules=found))]


def test_ordinary_rules_can_hit() -> None:
    assert list(never(a_policy())) == []


def test_behind_one_that_stops() -> None:
    assert names({"stop": True}, {}) == ["1"]
    assert names({}, {}) == []
    assert names({"stop": True, "when": {"subject": {"is": "a"}}}, {}) == []
    assert names({"stop": True, "on": ["replied"]}, {"on": ["opened", "replied"]}, {"on": ["replied"]}) == [
        "2"
    ]


@pytest.mark.parametrize(
    ("when", "can"),
    [
        ({"subject": {"exists": False, "contains": "a"}}, False),
        ({"subject": {"exists": False}}, True),
        ({"subject": {"is": "Invoice", "starts": "Re:"}}, False),
        ({"subject": {"is": "Re: Invoice", "starts": "re:"}}, True),
        ({"subject": {"is": ["a", "b"], "contains": ["x", "b"]}}, True),
        # A mail has many recipients: one may be this, another begin with that.
        ({"to": {"is": "a@desk.example", "starts": "b"}}, True),
        ({"all": [{"body": {"is": "a", "ends": "b"}}]}, False),
        ({"any": [{"body": {"is": "a", "ends": "b"}}, {"subject": {"is": "a"}}]}, True),
        ({"any": [{"body": {"is": "a", "ends": "b"}}, {"subject": {"exists": False, "is": "a"}}]}, False),
        ({"none": [{}]}, False),
    ],
)
def test_conditions_that_contradict_each_other(when: dict[str, Any], can: bool) -> None:
    assert names({"when": when}) == ([] if can else ["0"])
