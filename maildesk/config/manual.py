"""The manual: a reference of all configuration keys, made from the models that check them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from maildesk.config import shape
from maildesk.config.load import DESK, LISTS, MAIN
from maildesk.config.settings import Settings
from maildesk.core.policy import Agent, Department, Limits, Policy, Rule, Test, Then, Topic, When

_HEAD = f"""\
# Configuration

A desk is a folder with `{MAIN}`, and `config/` and `templates/` beside it; `maildesk init DIR` makes one. All
paths start from the folder of `{MAIN}`. `maildesk check` names every problem of every file at once, each with
its line and what to write instead. Keys that are not on this page are errors.

This page is made from the code: `python -m maildesk.config.manual > docs/configuration.md`.
"""
_DESK = "What the desk calls itself, in mails and to its agents. This table is needed."
_LIMITS = "Bounds on what is taken in and on automatic mail."
_WHEN = (
    "Conditions of a rule. All that are written must hold. `from`, `to`, `subject` and `body` are tests;"
    ' `all`, `any` and `none` are lists of further conditions: `when.any = [{ subject.contains = "down" },'
    ' { body.contains = "down" }]`.'
)
_TEST = 'Operators of `from`, `to`, `subject` and `body`: `when.subject.contains = ["invoice", "refund"]`.'
_THEN = 'What a rule sets: `then = { topic = "billing", priority = "high" }`.'


def manual() -> str:
    """The text of docs/configuration.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield f"## {MAIN}\n"
    yield "At the top, before any table:\n"
    yield from _table(Settings, [key for key, field in shape.keys(Settings).items() if not _is_table(key)])
    yield from _section("[desk]", _DESK, Policy, DESK)
    yield from _section("[limits]", _LIMITS, Limits)
    for key in filter(_is_table, shape.keys(Settings)):
        found = shape.place(Settings, (key,))
        many = shape.tables(found)
        inner = many or shape.table(found)
        assert inner is not None
        text = shape.keys(Settings)[key].description or ""
        yield from _section(f"[[{key}]]" if many else f"[{key}]", text, inner)
        for name in filter(lambda name: shape.table(shape.place(inner, (name,))), shape.keys(inner)):
            part = shape.table(shape.place(inner, (name,)))
            assert part is not None
            yield from _section(f"[{key}.{name}]", _doc(part), part)
    models: dict[str, type[BaseModel]] = {
        "agents": Agent,
        "departments": Department,
        "topics": Topic,
        "rules": Rule,
    }
    for stem, table in LISTS.items():
        yield f"## config/{stem}.toml\n"
        yield from _section(f"[[{table}]]", _doc(models[stem]), models[stem])
    yield from _section("when", _WHEN, When)
    yield from _section("Tests", _TEST, Test)
    yield from _section("then", _THEN, Then)


def _is_table(key: str) -> bool:
    found = shape.place(Settings, (key,))
    return bool(shape.table(found) or shape.tables(found))


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _section(title: str, text: str, model: type[BaseModel], only: tuple[str, ...] = ()) -> Iterator[str]:
    yield f"### {title}\n" if not title.startswith("[") else f"### `{title}`\n"
    yield f"{text}\n"
    yield from _table(model, list(only or shape.keys(model)))


def _table(model: type[BaseModel], names: list[str]) -> Iterator[str]:
    yield "| Key | Value | If left out | Meaning |"
    yield "|---|---|---|---|"
    for name in names:
        field = shape.keys(model)[name]
        kind = _kind(shape.place(model, (name,)))
        yield f"| `{name}` | {kind} | {_default(field.is_required(), field.default)} | {field.description} |"
    yield ""


def _kind(found: shape.Place) -> str:
    many = shape.tables(found)
    if many:
        return "a list of conditions" if many is When else "a list of tables"
    inner = shape.table(found)
    if inner:
        return {Test: "a test", When: "conditions"}.get(inner, "a table")
    low = next((bound.ge for bound in found.metadata if hasattr(bound, "ge")), None)
    return shape.words(found) + (f", {low} or more" if low is not None else "")


def _default(required: bool, default: object) -> str:
    if required:
        return "**needed**"
    if default in (None, "", (), PydanticUndefined) or isinstance(default, BaseModel):
        return "none"
    return f"`{shape.toml(default)}`"


if __name__ == "__main__":
    print(manual(), end="")
