"""Rules that can never do anything, as far as their text alone shows it."""

from __future__ import annotations

from collections.abc import Iterator

from maildesk.core.policy import Policy, Rule, Test, When


def never(policy: Policy) -> Iterator[tuple[str, str]]:
    """The rules that can never hit, by name, each with the reason."""
    for at, rule in enumerate(policy.rules):
        stopping = next((one for one in policy.rules[:at] if _ends_all(one, rule)), None)
        if stopping:
            yield rule.name, f"the rule {stopping.name!r} before it has no conditions and says stop"
        elif why := _contradiction(rule.when):
            yield rule.name, why


def _ends_all(earlier: Rule, rule: Rule) -> bool:
    """Whether no mail gets past the earlier rule to this one."""
    return earlier.stop and earlier.when == When() and set(rule.on) <= set(earlier.on)


def _contradiction(when: When) -> str:
    """Why no mail can fulfil the conditions; "" where one might."""
    for name, test in (("from", when.from_), ("to", when.to), ("subject", when.subject), ("body", when.body)):
        if test and (why := _impossible(test, several=name in ("from", "to"))):
            return f"its condition {name} {why}"
    for part in when.all:
        if why := _contradiction(part):
            return why
    if when.any and all(_contradiction(part) for part in when.any):
        return _contradiction(when.any[0])
    return "its condition none excludes every mail" if When() in when.none else ""


def _impossible(test: Test, several: bool) -> str:
    """Why nothing can pass a test. Of `several` values one may pass one operator and another one the next."""
    if test.exists is False and any((test.is_, test.contains, test.starts, test.ends, test.matches)):
        return "says exists = false and compares a text, which is not there then"
    equal = _lower(test.is_)
    for name, parts, holds in (
        ("contains", _lower(test.contains), str.__contains__),
        ("starts", _lower(test.starts), str.startswith),
        ("ends", _lower(test.ends), str.endswith),
    ):
        possible = any(holds(whole, part) for whole in equal for part in parts)
        if equal and parts and not several and not possible:
            return f"compares by is and by {name} what can never be true together"
    return ""


def _lower(words: str | tuple[str, ...]) -> list[str]:
    return [word.lower() for word in ((words,) if isinstance(words, str) else words)]
