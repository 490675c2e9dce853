"""What a reload changes, by name, for people to read before it happens; and what it must not take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from maildesk.config import shape
from maildesk.config.load import LISTS
from maildesk.config.settings import Settings
from maildesk.core.policy import Frozen, Policy

LIVE = ("config", "templates", "alarms")
"""The settings that a reload takes; all others are read when the daemon starts."""

_NAMES = {
    "agents": "id",
    "departments": "name",
    "topics": "name",
    "rules": "name",
    "forms": "from_",
    "lists": "address",
    "logins": "name",
}
_SET_BY = {
    "departments": (
        "department",
        "`maildesk ticket set NUMBER --topic NAME` with a topic of another department",
    ),
    "topics": ("topic", "`maildesk ticket set NUMBER --topic NAME`"),
    "agents": ("assignee", "`maildesk ticket set NUMBER --assign NAME`"),
}


def changes(old: Policy, new: Policy) -> list[str]:
    """What another policy changes: one line for each value, agent, department, topic and rule."""
    found: list[str] = []
    for key in Policy.model_fields:
        before, after = getattr(old, key), getattr(new, key)
        if key in LISTS:
            found += _listed(LISTS[key], _NAMES[key], before, after)
        elif isinstance(before, Frozen):
            found += _values(f"{key}.", before, after)
        elif before != after:
            found.append(f"desk.{key}: {_shown(before)} becomes {_shown(after)}")
    return found


def of_settings(old: Settings, new: Settings) -> tuple[list[str], list[str]]:
    """What a reload takes of other settings, and the tables that it leaves until the daemon is restarted."""
    taken = list(_values("alarms.", old.alarms, new.alarms))
    keys = [key for key in Settings.model_fields if key not in LIVE]
    return taken, [key for key in keys if getattr(old, key) != getattr(new, key)]


def of_files(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The templates that are new, gone or changed."""
    names = sorted(name for name in {*old, *new} if name.startswith("templates/"))
    return [
        f"{name}: {'new' if name not in old else 'gone' if name not in new else 'changed'}"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _listed(word: str, key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[str]:
    before = {getattr(item, key): item for item in old}
    after = {getattr(item, key): item for item in new}
    for name in before:
        if name not in after:
            yield f"{word} {name}: gone"
    for name, item in after.items():
        if name not in before:
            yield f"{word} {name}: new"
        else:
            yield from _values(f"{word} {name}: ", before[name], item)
    both = [name for name in before if name in after]
    if both != [name for name in after if name in before]:
        yield f"{word}: their order changes"


def _values(lead: str, old: Frozen, new: Frozen) -> Iterator[str]:
    for name, field in type(old).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        # Hashes of passwords and the like are for nobody's screen.
        told = f"{_shown(before)} becomes {_shown(after)}" if field.repr else "changed"
        yield f"{lead}{field.alias or name}: {told}"


def _shown(value: object) -> str:
    if isinstance(value, Frozen):
        value = value.model_dump(by_alias=True, exclude_defaults=True)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_shown(item)}" for key, item in value.items()) + " }"
    return "nothing" if value in (None, "", ()) else shape.toml(value)


def removed(old: Policy, new: Policy, used: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Sentences for what the new policy takes away although tickets that are not closed have it. `used` counts those
    by field and name."""
    found = []
    for key, (field, command) in _SET_BY.items():
        after = {getattr(item, _NAMES[key]) for item in getattr(new, key)}
        for name in (getattr(item, _NAMES[key]) for item in getattr(old, key)):
            count = used[field].get(name, 0)
            if count and name not in after:
                tickets = "1 open ticket has" if count == 1 else f"{count} open tickets have"
                found.append(
                    f"config/{key}.toml: {LISTS[key]} {name} is gone, and {tickets} it as {field}; put it back, or "
                    f"give them another one first: {command}"
                )
    return found
