"""The rules engine: conditions on the mail, and which rule sets what. Hits and misses keep their reasons.

Conditions on the mail alone are judged while it is read (`leaves`), so that a pattern's time-out is a stored fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import regex

from maildesk.core.policy import Policy, Rule, Test, When

MATCH_SECONDS = 0.1
MATCH_LETTERS = 65_536
FIELDS = ("from_", "to", "subject", "body")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition that was tried on one mail."""

    holds: bool
    because: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule came to."""

    rule: Rule
    hit: bool
    because: str


def _shown(values: tuple[str, ...]) -> str:
    text = ", ".join(f"'{value}'" for value in values)
    return text if len(text) <= 120 else text[:117] + "..."


def _operators(test: Test) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in ("is_", "contains", "starts", "ends", "matches"):
        if values := getattr(test, name):
            yield name.rstrip("_"), values


def _judge(test: Test, values: tuple[str, ...], name: str) -> Leaf:
    present = any(values)
    if test.exists is not None and test.exists != present:
        return Leaf(False, f"{name} is {'missing' if test.exists else 'there'}")
    lowered = tuple(value.lower() for value in values)
    reasons = []
    for operator, wanted in _operators(test):
        found = ""
        for want in wanted:
            low = want.lower()
            if operator == "matches":
                try:
                    hit = any(regex.search(want, v[:MATCH_LETTERS], timeout=MATCH_SECONDS) for v in values)
                except TimeoutError:
                    return Leaf(False, f"{name} matches '{want}' timed out")
            elif operator == "is":
                hit = low in lowered
            elif operator == "contains":
                hit = any(low in v for v in lowered)
            elif operator == "starts":
                hit = any(v.startswith(low) for v in lowered)
            else:
                hit = any(v.endswith(low) for v in lowered)
            if hit:
                found = want
                break
        if not found:
            return Leaf(False, f"{name} {operator} none of {_shown(tuple(wanted))}")
        reasons.append(f"{name} {operator} '{found}'")
    return Leaf(True, " and ".join(reasons) or f"{name} is {'there' if present else 'missing'}")


def _leaves(when: When, path: str, facts: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, Leaf]]:
    for name in FIELDS:
        if (test := getattr(when, name)) is not None:
            yield f"{path}.{name}", _judge(test, facts[name], name.rstrip("_"))
    for group in ("all", "any", "none"):
        for i, inner in enumerate(getattr(when, group)):
            yield from _leaves(inner, f"{path}.{group}.{i}", facts)


def leaves(policy: Policy, facts: Mapping[str, tuple[str, ...]]) -> Mapping[str, Leaf]:
    """Every condition of every rule, tried on the mail's `from_`, `to`, `subject` and `body`."""
    return {
        path: leaf for i, rule in enumerate(policy.rules) for path, leaf in _leaves(rule.when, str(i), facts)
    }


def _holds(when: When, path: str, found: Mapping[str, Leaf]) -> Leaf:
    reasons = []
    for name in FIELDS:
        if getattr(when, name) is not None:
            leaf = found[f"{path}.{name}"]
            if not leaf.holds:
                return leaf
            reasons.append(leaf.because)
    for i, inner in enumerate(when.all):
        leaf = _holds(inner, f"{path}.all.{i}", found)
        if not leaf.holds:
            return leaf
        reasons.append(leaf.because)
    if when.any:
        tried = [_holds(inner, f"{path}.any.{i}", found) for i, inner in enumerate(when.any)]
        hit = next((leaf for leaf in tried if leaf.holds), None)
        if hit is None:
            return Leaf(False, "; ".join(leaf.because for leaf in tried))
        reasons.append(hit.because)
    for i, inner in enumerate(when.none):
        leaf = _holds(inner, f"{path}.none.{i}", found)
        if leaf.holds:
            return Leaf(False, f"not allowed: {leaf.because}")
    return Leaf(True, " and ".join(reasons) or "it has no conditions")


def evaluate(
    policy: Policy, event: Literal["opened", "replied"], found: Mapping[str, Leaf]
) -> tuple[Result, ...]:
    """What each rule for this event came to, in the order of the file, up to the one that stops."""
    results = []
    for i, rule in enumerate(policy.rules):
        if event not in rule.on:
            continue
        leaf = _holds(rule.when, str(i), found)
        results.append(Result(rule, leaf.holds, leaf.because))
        if leaf.holds and rule.stop:
            break
    return tuple(results)


@dataclass(frozen=True, slots=True)
class Setting:
    """A field that a rule sets."""

    field: str
    value: str
    rule: str
    because: str


def settings(results: tuple[Result, ...]) -> tuple[tuple[Setting, ...], tuple[Setting, ...]]:
    """The fields that the hits set (first hit wins per field, unless a later one overrides), and all their tags."""
    chosen: dict[str, Setting] = {}
    tags: dict[str, Setting] = {}
    for result in results:
        if not result.hit:
            continue
        for field in ("topic", "priority", "department", "assignee"):
            value = getattr(result.rule.then, field)
            if value is not None and (field not in chosen or result.rule.override):
                chosen[field] = Setting(field, value, result.rule.name, result.because)
        for tag in result.rule.then.tag:
            tags.setdefault(tag, Setting("tag", tag, result.rule.name, result.because))
    return tuple(chosen.values()), tuple(tags.values())
