"""A stand-in for a policy that is not valid, so that what its parts say about each other is still checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from maildesk.core.address import normal
from maildesk.core.origins import Form, Group, Login
from maildesk.core.policy import Agent, Department, Frozen, Policy, Rule, Then, Topic, When

_Model = TypeVar("_Model", bound=Frozen)


def sketch(data: Mapping[str, Any]) -> Policy:
    """A policy of all good parts and what can be used of the others. Fit for `problems` alone."""
    return Policy.model_construct(
        name=_text(data, "name"),
        address=normal(_text(data, "address")),
        agents=tuple(_item(Agent, i, item) for i, item in enumerate(data["agents"])),
        departments=tuple(_item(Department, i, item) for i, item in enumerate(data["departments"])),
        topics=tuple(_item(Topic, i, item) for i, item in enumerate(data["topics"])),
        rules=tuple(_item(Rule, i, item) for i, item in enumerate(data["rules"])),
        forms=tuple(_item(Form, i, item) for i, item in enumerate(data["forms"])),
        lists=tuple(_item(Group, i, item) for i, item in enumerate(data["lists"])),
        logins=tuple(_item(Login, i, item) for i, item in enumerate(data["logins"])),
    )


def _item(model: type[_Model], index: int, item: object) -> _Model:
    try:
        return model.model_validate(item, strict=True, by_alias=True, by_name=False)
    except ValidationError:
        values = item if isinstance(item, dict) else {}
    then = values.get("then")
    then = then if isinstance(then, dict) else {}
    parts: dict[str, object] = {
        "id": _text(values, "id") or f"(agent {index + 1})",
        "name": _text(values, "name") or f"({model.__name__.lower()} {index + 1})",
        "addresses": tuple(address for text in _texts(values, "addresses") if (address := normal(text))),
        "departments": _texts(values, "departments"),
        "department": _text(values, "department") or None,
        "then": Then.model_construct(
            topic=_text(then, "topic") or None,
            department=_text(then, "department") or None,
            assignee=_text(then, "assignee") or None,
            tag=("?",),  # a rule that is wrong anyway is not told that it sets nothing
        ),
        "when": When(),
        "stop": False,
        "from_": normal(_text(values, "from")),
        "address": normal(_text(values, "address")),
    }
    construct: Callable[..., Any] = model.model_construct
    made: _Model = construct(**{key: value for key, value in parts.items() if key in model.model_fields})
    return made


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _texts(values: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = values.get(key)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()
