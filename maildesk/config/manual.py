"""The manual: a reference of all configuration keys, made from the models that check them: docs/configuration.md and
man/maildesk.toml.5.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from maildesk import __version__
from maildesk.config import roff, shape
from maildesk.config.load import DESK, LISTS, MAIN
from maildesk.config.settings import Settings
from maildesk.core.origins import Form, Group, Login
from maildesk.core.policy import Agent, Department, Limits, Policy, Rule, Test, Then, Topic, When

_HEAD = f"""\
# Configuration

A desk is a folder with `{MAIN}`, and `config/` and `templates/` beside it; `maildesk init DIR` makes one. All
paths start from the folder of `{MAIN}`. `maildesk check` names every problem of every file at once, each with
its line and what to write instead. Keys that are not on this page are errors.

This page is made from the code: `python -m maildesk.config.manual > docs/configuration.md`.
"""
_ABOUT = (
    f"A desk is a folder with {MAIN}, and config/ and templates/ beside it; `maildesk init DIR` makes one with every "
    f"key in it, explained. All paths start from the folder of {MAIN}.",
    "`maildesk check` names every problem of every file at once, each with its line and what to write instead. Keys "
    "that are not on this page are errors. `maildesk reload` puts a changed configuration in force.",
)
_DESK = "What the desk calls itself, in mails and to its agents. This table is needed."
_LIMITS = "Bounds on what is taken in and on automatic mail."
_WHEN = (
    "Conditions of a rule. All that are written must hold. `from`, `to`, `subject` and `body` are tests;"
    ' `all`, `any` and `none` are lists of further conditions: `when.any = [{ subject.contains = "down" },'
    ' { body.contains = "down" }]`.'
)
_TEST = 'Operators of `from`, `to`, `subject` and `body`: `when.subject.contains = ["invoice", "refund"]`.'
_NEEDED = "needed"
_THEN = 'What a rule sets: `then = { topic = "billing", priority = "high" }`.'


@dataclass(frozen=True, slots=True)
class _Key:
    name: str
    kind: str
    default: str
    meaning: str


@dataclass(frozen=True, slots=True)
class _Section:
    """The keys of one table or kind of value; `file` is that in which it is written."""

    file: str
    title: str
    text: str
    keys: tuple[_Key, ...]


def manual() -> str:
    """The text of docs/configuration.md."""
    return "\n".join(_markdown())


def man() -> str:
    """The text of man/maildesk.toml.5."""
    return "\n".join(_roff()) + "\n"


def _markdown() -> Iterator[str]:
    yield _HEAD
    file = ""
    for one in _sections():
        if one.file != file:
            file = one.file
            yield f"## {file}\n"
        if one.title:
            yield f"### `{one.title}`\n" if one.title.startswith("[") else f"### {one.title}\n"
        yield f"{one.text}\n"
        yield "| Key | Value | If left out | Meaning |"
        yield "|---|---|---|---|"
        for key in one.keys:
            default = "**needed**" if key.default == _NEEDED else key.default
            yield f"| `{key.name}` | {key.kind} | {default} | {key.meaning} |"
        yield ""


def _roff() -> Iterator[str]:
    yield from roff.head(MAIN, 5, __version__, "the configuration of a maildesk")
    yield ".SH DESCRIPTION"
    for paragraph in _ABOUT:
        yield from (".PP", roff.prose(paragraph))
    file = ""
    for one in _sections():
        if one.file != file:
            file = one.file
            yield f".SH {roff.escaped(file)}"
        if one.title:
            yield f".SS {roff.escaped(one.title)}"
        yield roff.prose(one.text)
        yield from roff.items((key.name, _told(key)) for key in one.keys)
    yield ".SH SEE ALSO"
    yield r"\fBmaildesk\fP(1)"


def _told(key: _Key) -> str:
    default = "needed" if key.default == _NEEDED else f"if left out: {key.default}"
    return f"{key.meaning} ({key.kind}; {default})"


def _sections() -> Iterator[_Section]:
    top = [key for key in shape.keys(Settings) if not _is_table(key)]
    yield _Section(MAIN, "", "At the top, before any table:", _keys(Settings, top))
    yield _section(MAIN, "[desk]", _DESK, Policy, DESK)
    yield _section(MAIN, "[limits]", _LIMITS, Limits)
    for key in filter(_is_table, shape.keys(Settings)):
        found = shape.place(Settings, (key,))
        many = shape.tables(found)
        inner = many or shape.table(found)
        assert inner is not None
        text = shape.keys(Settings)[key].description or ""
        yield _section(MAIN, f"[[{key}]]" if many else f"[{key}]", text, inner)
        for name in filter(lambda name: shape.table(shape.place(inner, (name,))), shape.keys(inner)):
            part = shape.table(shape.place(inner, (name,)))
            assert part is not None
            yield _section(MAIN, f"[{key}.{name}]", _doc(part), part)
    models: dict[str, type[BaseModel]] = {
        "agents": Agent,
        "departments": Department,
        "topics": Topic,
        "rules": Rule,
        "forms": Form,
        "lists": Group,
        "logins": Login,
    }
    for stem, table in LISTS.items():
        file = f"config/{stem}.toml"
        yield _section(file, f"[[{table}]]", _doc(models[stem]), models[stem])
        if stem == "rules":
            yield _section(file, "when", _WHEN, When)
            yield _section(file, "Tests", _TEST, Test)
            yield _section(file, "then", _THEN, Then)


def _is_table(key: str) -> bool:
    found = shape.place(Settings, (key,))
    return bool(shape.table(found) or shape.tables(found))


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _section(
    file: str, title: str, text: str, model: type[BaseModel], only: tuple[str, ...] = ()
) -> _Section:
    return _Section(file, title, text, _keys(model, list(only or shape.keys(model))))


def _keys(model: type[BaseModel], names: list[str]) -> tuple[_Key, ...]:
    return tuple(
        _Key(
            name,
            _kind(shape.place(model, (name,))),
            _default(field.is_required(), field.default),
            field.description or "",
        )
        for name, field in ((name, shape.keys(model)[name]) for name in names)
    )


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
        return _NEEDED
    if default in (None, "", (), PydanticUndefined) or isinstance(default, BaseModel):
        return "none"
    return f"`{shape.toml(default)}`"


if __name__ == "__main__":
    print(man() if sys.argv[1:] == ["man"] else manual(), end="")
