"""What the models say about a place in the configuration: its keys, its type in words, an example.

Error sentences and the manual both come from here, so they cannot differ.
"""

from __future__ import annotations

import types
from pathlib import PurePath
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from maildesk.config.positions import Path
from maildesk.core.policy import MailAddress, Name, Patterns


def _checker(alias: Any) -> object:
    """The function that checks values of an `Annotated` type."""
    return alias.__metadata__[0].func


_NAMED = {_checker(MailAddress): "mail address", _checker(Name): "name"}
_PATTERN = _checker(Patterns)
_EXAMPLES = {
    "mail address": '"support@example.com"',
    "name": '"support"',
    "text": '"..."',
    "regular expression": "'(?i)invoice'",
    "whole number": "10",
    "true or false": "true",
}


class Place(NamedTuple):
    """What may stand at one place: the type, what refines it, and the field it belongs to."""

    type: Any
    metadata: tuple[Any, ...]
    field: FieldInfo | None


_UNKNOWN = Place(object, (), None)


def _plain(place: Place) -> Place:
    """Without `Annotated` and `None`."""
    kind, metadata, field = place
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            metadata = (*metadata, *more)
        elif get_origin(kind) in (Union, types.UnionType) and type(None) in get_args(kind):
            rest = tuple(arg for arg in get_args(kind) if arg is not type(None))
            kind = Union[rest]  # noqa: UP007 - a union made of a tuple
        else:
            return Place(kind, metadata, field)


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table as they are written in TOML."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def place(model: type[BaseModel], path: Path) -> Place:
    """What may stand at a path below `model`. Unknown places are of type `object`."""
    found = Place(model, (), None)
    for part in path:
        kind, metadata, field = _plain(found)
        if get_origin(kind) in (Union, types.UnionType) and isinstance(part, int):
            kind = next(arg for arg in get_args(kind) if get_origin(arg) is tuple)
        if isinstance(part, str) and isinstance(kind, type) and issubclass(kind, BaseModel):
            inner = keys(kind).get(part)
            found = Place(inner.annotation, tuple(inner.metadata), inner) if inner else _UNKNOWN
        elif isinstance(part, int) and get_origin(kind) is tuple:
            found = Place(get_args(kind)[0], metadata if is_pattern(metadata) else (), field)
        else:
            return _UNKNOWN
    return _plain(found)


def is_pattern(metadata: tuple[Any, ...]) -> bool:
    """Whether the values are regular expressions."""
    return any(getattr(item, "func", None) is _PATTERN for item in metadata)


def table(found: Place) -> type[BaseModel] | None:
    """The model, if a table stands here."""
    return found.type if isinstance(found.type, type) and issubclass(found.type, BaseModel) else None


def tables(found: Place) -> type[BaseModel] | None:
    """The model, if an array of tables (`[[...]]`) stands here."""
    if get_origin(found.type) is not tuple:
        return None
    return table(_plain(Place(get_args(found.type)[0], (), None)))


def choices(found: Place) -> tuple[str, ...]:
    """The words of which one is to be written; none if anything may be."""
    return tuple(map(str, get_args(found.type))) if get_origin(found.type) is Literal else ()


def words(found: Place, many: bool = False) -> str:
    """The type as people say it: "a text", "a list of mail addresses", "one of low, normal"."""
    kind, metadata, _ = found = _plain(found)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " or ".join(args) if many or len(args) == 1 else f"one of {', '.join(args)}"
    if origin is tuple:
        return "a list of " + words(Place(args[0], metadata, None), many=True)
    if origin in (Union, types.UnionType):
        one = Place(str, metadata, None)
        return f"{words(one)} or a list of {words(one, many=True)}"
    name = _noun(found)
    if name == "true or false":
        return name
    return f"{name}{'es' if name.endswith('s') else 's'}" if many else f"a {name}"


def _noun(found: Place) -> str:
    checkers = [getattr(item, "func", None) for item in found.metadata]
    named = next((_NAMED[checker] for checker in checkers if checker in _NAMED), "")
    return named or ("regular expression" if is_pattern(found.metadata) else _basic(found.type))


def _basic(kind: Any) -> str:
    if kind is bool:
        return "true or false"
    if kind is int:
        return "whole number"
    if isinstance(kind, type) and issubclass(kind, PurePath):
        return "path"
    return "table" if isinstance(kind, type) and issubclass(kind, BaseModel) else "text"


def toml(value: object) -> str:
    """A value as it is written in TOML; in single quotes, as nothing needs escaping there."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    text = str(value)
    return f"'{text}'" if '"' in text or "\\" in text else f'"{text}"'


def example(key: str, found: Place, inline: bool = False) -> str:
    """A line to write instead: the default where there is a telling one, else a made-up value.

    A table is shown by its header, or `inline` by its first key.
    """
    many, one = tables(found), table(found)
    model = many or one
    if model and not inline:
        return f"[[{key}]]" if many else f"[{key}]"
    if model:
        first = next(iter(keys(model)))
        written = f"{{ {example(first, place(model, (first,)), inline)} }}"
        return f"{key} = [{written}]" if many else f"{key} = {written}"
    field = found.field
    default = field.default if field is not None and not field.is_required() else None
    if default in (None, "", ()) or isinstance(default, bool):
        return f"{key} = {_value(found)}"
    return f"{key} = {toml(default)}"


def _value(found: Place) -> str:
    kind, metadata, _ = found = _plain(found)
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return toml(args[0])
    if origin is tuple:
        return f"[{_value(Place(args[0], metadata, None))}]"
    if origin in (Union, types.UnionType):
        return _value(Place(str, metadata, None))
    return _EXAMPLES.get(_noun(found), _EXAMPLES["text"])
