"""Rules: each operator, nesting, which rule wins, and reasons that are kept for hits and misses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from maildesk.core import rules
from maildesk.core.policy import Policy
from maildesk.core.rules import Result
from tests.core.given import a_reading
from tests.desk import a_policy

FACTS = {
    "from_": ("jane@customer.example",),
    "to": ("support@desk.example", "tom@customer.example"),
    "subject": ("Printer DOWN in room 7",),
    "body": ("It cannot log in.\nPlease help.",),
}


def policy_of(*written: dict[str, Any]) -> Policy:
    named = [{"name": f"rule {i}", "then": {"tag": ["x"]}, **rule} for i, rule in enumerate(written)]
    return a_policy(rules=named)


def results(
    *written: dict[str, Any], event: str = "opened", facts: dict[str, tuple[str, ...]] = FACTS
) -> tuple[Result, ...]:
    policy = policy_of(*written)
    assert event in ("opened", "replied")
    return rules.evaluate(policy, event, rules.leaves(policy, facts))  # type: ignore[arg-type]


def judged(when: dict[str, Any], facts: dict[str, tuple[str, ...]] = FACTS) -> Result:
    (result,) = results({"when": when}, facts=facts)
    return result


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ({"from": {"is": "jane@customer.example"}}, True),
        ({"from": {"is": "JANE@customer.example"}}, True),
        ({"from": {"is": "jane"}}, False),
        ({"from": {"is": ["tom@customer.example", "jane@customer.example"]}}, True),
        ({"from": {"ends": "@customer.example"}}, True),
        ({"from": {"ends": "@example"}}, False),
        ({"from": {"starts": "jane@"}}, True),
        ({"from": {"starts": "ane@"}}, False),
        ({"from": {"contains": "customer"}}, True),
        ({"from": {"contains": "client"}}, False),
        ({"to": {"is": "tom@customer.example"}}, True),
        ({"to": {"is": "alice@desk.example"}}, False),
        ({"subject": {"contains": "printer down"}}, True),
        ({"subject": {"contains": "down printer"}}, False),
        ({"subject": {"contains": ["nothing", "room"]}}, True),
        ({"subject": {"starts": "printer"}}, True),
        ({"subject": {"ends": "room 7"}}, True),
        ({"subject": {"ends": "room"}}, False),
        ({"subject": {"matches": r"room \d+$"}}, True),
        ({"subject": {"matches": r"down"}}, False),
        ({"subject": {"matches": r"(?i)down"}}, True),
        ({"subject": {"matches": [r"^x", r"^P"]}}, True),
        ({"body": {"contains": "cannot log in"}}, True),
        ({"body": {"matches": r"(?m)^Please"}}, True),
        ({"body": {"matches": r"^Please"}}, False),
        ({"subject": {"exists": True}}, True),
        ({"subject": {"exists": False}}, False),
        # All the operators of a test must hold, and all the fields.
        ({"subject": {"contains": "printer", "ends": "7"}}, True),
        ({"subject": {"contains": "printer", "ends": "8"}}, False),
        ({"subject": {"contains": "printer"}, "from": {"starts": "jane"}}, True),
        ({"subject": {"contains": "printer"}, "from": {"starts": "tom"}}, False),
        ({}, True),
    ],
)
def test_a_condition(when: dict[str, Any], hit: bool) -> None:
    assert judged(when).hit is hit


YES, NO = {"subject": {"contains": "printer"}}, {"subject": {"contains": "nothing"}}


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        ({"all": [YES, YES]}, True),
        ({"all": [YES, NO]}, False),
        ({"any": [NO, YES]}, True),
        ({"any": [NO, NO]}, False),
        ({"none": [NO, NO]}, True),
        ({"none": [NO, YES]}, False),
        ({"any": [{"all": [YES, NO]}, {"all": [YES, YES]}]}, True),
        ({"any": [{"all": [YES, NO]}, {"none": [YES]}]}, False),
        ({"all": [{"any": [NO, YES]}, {"none": [NO]}]}, True),
        ({"none": [{"all": [YES, NO]}]}, True),
        ({"none": [{"any": [YES, NO]}]}, False),
        ({**YES, "any": [NO]}, False),
        ({**YES, "any": [YES], "none": [NO], "all": [YES]}, True),
    ],
)
def test_nesting(when: dict[str, Any], hit: bool) -> None:
    assert judged(when).hit is hit


@pytest.mark.parametrize("values", [(), ("",)])
@pytest.mark.parametrize(("exists", "hit"), [(True, False), (False, True)])
def test_what_is_missing(values: tuple[str, ...], exists: bool, hit: bool) -> None:
    assert judged({"subject": {"exists": exists}}, {**FACTS, "subject": values}).hit is hit


@pytest.mark.parametrize(
    ("when", "because"),
    [
        (YES, "subject contains 'printer'"),
        (NO, "subject contains none of 'nothing'"),
        ({"from": {"is": ["a@b", "c@d"]}}, "from is none of 'a@b', 'c@d'"),
        ({"subject": {"exists": False}}, "subject is there"),
        (
            {"any": [NO, {"body": {"contains": "x"}}]},
            "subject contains none of 'nothing'; body contains none of 'x'",
        ),
        ({"none": [YES]}, "not allowed: subject contains 'printer'"),
        ({**YES, "from": {"ends": "example"}}, "from ends 'example' and subject contains 'printer'"),
        ({}, "it has no conditions"),
    ],
)
def test_the_reason_of_a_hit_or_a_miss(when: dict[str, Any], because: str) -> None:
    assert judged(when).because == because


def test_a_long_list_of_words_is_shown_short() -> None:
    because = judged({"subject": {"contains": [f"word{i}" for i in range(100)]}}).because
    assert len(because) < 150
    assert because.endswith("...")


def chosen(*written: dict[str, Any]) -> dict[str, tuple[str, str]]:
    fields, _ = rules.settings(results(*written))
    return {setting.field: (setting.value, setting.rule) for setting in fields}


def test_the_first_hit_wins_per_field() -> None:
    assert chosen(
        {"when": NO, "then": {"priority": "emergency"}},
        {"when": YES, "then": {"priority": "high"}},
        {"when": YES, "then": {"priority": "low", "topic": "printing"}},
        {"when": YES, "then": {"topic": "invoices", "assignee": "bob", "department": "billing"}},
    ) == {
        "priority": ("high", "rule 1"),
        "topic": ("printing", "rule 2"),
        "assignee": ("bob", "rule 3"),
        "department": ("billing", "rule 3"),
    }


def test_a_later_rule_may_override() -> None:
    assert chosen(
        {"when": YES, "then": {"priority": "high", "topic": "printing"}},
        {"when": NO, "then": {"priority": "low"}, "override": True},
        {"when": YES, "then": {"priority": "emergency"}, "override": True},
        {"when": YES, "then": {"priority": "normal", "topic": "invoices"}},
    ) == {"priority": ("emergency", "rule 2"), "topic": ("printing", "rule 0")}


def test_a_rule_that_stops_is_the_last_one_tried() -> None:
    found = results(
        {"when": NO, "stop": True},
        {"when": YES, "then": {"priority": "high"}, "stop": True},
        {"when": YES, "then": {"topic": "printing"}},
    )
    assert [(result.rule.name, result.hit) for result in found] == [("rule 0", False), ("rule 1", True)]


def test_tags_come_from_every_hit_once() -> None:
    found = results(
        {"when": YES, "then": {"tag": ["a", "b"]}},
        {"when": NO, "then": {"tag": ["no"]}},
        {"when": YES, "then": {"tag": ["b", "c"]}},
    )
    _, tags = rules.settings(found)
    assert [(tag.value, tag.rule) for tag in tags] == [("a", "rule 0"), ("b", "rule 0"), ("c", "rule 2")]


def test_rules_are_tried_on_their_event_alone() -> None:
    written = [{"on": ["opened"]}, {"on": ["replied"]}, {"on": ["opened", "replied"]}, {}]
    assert [r.rule.name for r in results(*written, event="opened")] == ["rule 0", "rule 2", "rule 3"]
    assert [r.rule.name for r in results(*written, event="replied")] == ["rule 1", "rule 2"]


def test_a_pattern_that_runs_wild_is_stopped_and_that_is_a_fact() -> None:
    wild = {"body": {"matches": r"^(.*?,){25}P"}}
    policy = policy_of(
        {"when": wild, "then": {"priority": "high"}}, {"when": YES, "then": {"topic": "printing"}}
    )
    started = time.process_time()
    leaves = rules.leaves(policy, {**FACTS, "body": ("1," * 60,)})
    assert time.process_time() - started < 5
    assert leaves["0.body"].because.endswith("timed out")
    found = rules.evaluate(policy, "opened", leaves)
    assert [(result.hit, result.because) for result in found] == [
        (False, r"body matches '^(.*?,){25}P' timed out"),
        (True, "subject contains 'printer'"),
    ]


def test_deciding_does_not_try_a_pattern_again() -> None:
    policy = policy_of({"when": {"body": {"matches": r"^(.*?,){25}P"}}})
    timed_out = {"0.body": rules.Leaf(False, "body matches timed out")}
    assert rules.evaluate(policy, "opened", timed_out)[0].because == "body matches timed out"


def test_a_pattern_sees_capped_text() -> None:
    text = "x" * rules.MATCH_LETTERS + "needle"
    assert not judged({"body": {"matches": "needle"}}, {**FACTS, "body": (text,)}).hit
    assert judged({"body": {"contains": "needle"}}, {**FACTS, "body": (text,)}).hit


def test_the_facts_of_a_mail() -> None:
    policy = a_policy(
        rules=[
            {"name": name, "when": when, "then": {"tag": [name]}}
            for name, when in (
                ("from", {"from": {"is": "jane@customer.example"}}),
                ("cc", {"to": {"is": "tom@customer.example"}}),
                ("envelope", {"to": {"is": "support@desk.example"}}),
                ("subject", {"subject": {"is": "Größe"}}),
                ("new text", {"body": {"contains": "blank pages"}}),
                ("quoted", {"body": {"contains": "long ago"}}),
            )
        ]
    )
    from maildesk.core.reading import Envelope

    reading = a_reading(
        policy=policy,
        envelope=Envelope("smtp", "", ("support@desk.example",), ""),
        subject="Größe",
        to="Undisclosed <list@elsewhere.example>",
        text="Only blank pages.\n\nOn Monday, Jane wrote:\n> this was long ago\n",
        headers={"Cc": "Tom <Tom@Customer.Example>"},
    )
    found = {r.rule.name: r.hit for r in rules.evaluate(policy, "opened", reading.leaves)}
    assert found == {
        "from": True, "cc": True, "envelope": True, "subject": True, "new text": True, "quoted": False,
    }  # fmt: skip
