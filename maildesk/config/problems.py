"""Problems of a configuration as sentences: where it is, what is wrong, what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from maildesk.config import shape
from maildesk.config.positions import Path
from maildesk.config.source import ABSENT, child


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. `line` is 0 where a whole file or folder is meant, `path` is "" for no key."""

    file: str
    line: int
    path: str
    sentence: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.path}: {self.sentence}" if self.path else f"{place}: {self.sentence}"


class ConfigError(Exception):
    """A configuration that is refused, with all of its problems in the order of files and lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name that was probably meant, or ""."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=likeness)), "")


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that does not exist: the one that was probably meant, or all there are."""
    names = list(known)
    meant = nearest(name, names)
    instead = f"did you mean {meant!r}?" if meant else f"known: {', '.join(names)}"
    return f"there is no such {what}; {instead}"


def located(data: object, error: ValidationError) -> Iterator[tuple[Path, ErrorDetails]]:
    """Pydantic's errors by their path in `data`: one for each place, the tags of unions left out."""
    found: dict[Path, ErrorDetails] = {}
    vague: set[Path] = set()
    for details in error.errors(include_url=False):
        if details["type"] == "too_short" and details["input"]:
            continue  # pydantic's after-effect of a wrong entry, which has an error of its own
        value, tagged = data, False
        path: Path = ()
        for depth, part in enumerate(details["loc"], start=1):
            absent = depth == len(details["loc"]) and details["type"] in ("missing", "extra_forbidden")
            below = child(value, part)
            if below is not ABSENT:
                value, path = below, (*path, part)
            elif absent:
                path = (*path, part)
            else:
                tagged = True
        if path not in found:
            found[path] = details
        if tagged:
            vague.add(path)
    for path, details in found.items():
        if not (path in vague and any(len(p) > len(path) and p[: len(path)] == path for p in found)):
            yield path, details


def sentence(model: type[BaseModel], path: Path, key: str, details: ErrorDetails) -> str:
    """What is wrong at `path` below `model`, and what to write; `key` is the key's name in the file."""
    place = shape.place(model, path)
    context = details.get("ctx", {})
    example = shape.example(key, place, inline=len(path) > 1)
    if path and isinstance(path[-1], int):
        example = example.removeprefix(f"{key} = ")
    instead = f"write it like {example}"
    match details["type"]:
        case "missing":
            told = f". {place.field.description}" if place.field and place.field.description else ""
            return f"is missing; {instead}{told}"
        case "extra_forbidden":
            parent = shape.table(shape.place(model, path[:-1]))
            return unknown("key", str(path[-1]), shape.keys(parent or model))
        case "value_error":
            return str(context["error"])
        case "too_short":
            return f"needs at least one entry; {instead}"
        case "string_too_short":
            return f"must not be empty; {instead}"
        case "greater_than_equal":
            return f"{details['input']} is too small; write {context['ge']} or more"
        case "less_than_equal":
            return f"{details['input']} is too large; write {context['le']} or less"
        case "literal_error":
            known = shape.choices(place)
            meant = nearest(str(details["input"]), known)
            instead = f"did you mean {meant!r}?" if meant else f"write {_either(known)}"
            return f"{_seen(details['input'])} is not known here; {instead}"
    top_item = len(path) == 2 and isinstance(path[1], int)
    if (shape.tables(place) and len(path) == 1) or (shape.table(place) and top_item):
        return f"is not {'a table' if top_item else 'a list of tables'}; write [[{key}]] with two brackets"
    return f"{_seen(details['input'])} is not {shape.words(place)}; {instead}"


def _either(names: Sequence[str]) -> str:
    *first, last = map(shape.toml, names)
    return f"{', '.join(first)} or {last}" if first else last


def _seen(value: object) -> str:
    """A value as the admin wrote it, cut where it is long."""
    if isinstance(value, dict):
        return "a table"
    text = repr(value) if isinstance(value, str) else shape.toml(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
