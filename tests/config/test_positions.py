"""The lines of tables, keys and list items."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.config.positions import line_of, lines

DOCUMENT = (Path(__file__).parent / "positions.toml").read_text("utf-8")


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every path of a document."""
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths(item, (*path, index))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 3),
        (("dotted", "inner", "deep"), 4),
        (("table",), 6),
        (("table", "text"), 7),
        (("table", "literal"), 11),
        (("table", "date"), 14),
        (("table", "list", 0), 16),
        (("table", "list", 1, 1), 17),
        (("table", "list", 2, "y", "z"), 18),
        (("table", "after"), 20),
        (("rule", 0), 22),
        (("rule", 0, "when", "any", 1, "body", "is", 1), 24),
        (("rule", 0, "then", "topic"), 26),
        (("rule", 0, "test", 1, "a"), 30),
        (("rule", 1), 32),
        (("rule", 1, "test", 0, "a"), 34),
        (("site", "a.b", "c", "k"), 36),
        (("site", "a.b", "c", "last"), 37),
    ],
)
def test_line(path: tuple[str | int, ...], line: int) -> None:
    assert lines(DOCUMENT)[path] == line


def test_nothing_is_forgotten_or_made_up() -> None:
    found = lines(DOCUMENT)
    assert set(found) == set(paths(tomllib.loads(DOCUMENT)))


def test_what_is_not_there_is_told_at_its_parent() -> None:
    found = lines(DOCUMENT)
    assert line_of(found, ("rule", 0, "then", "priority")) == 25
    assert line_of(found, ("nowhere", 3)) == 1


def test_line_ends_of_windows() -> None:
    assert lines("a = 1\r\n[b]\r\nc = '''x\r\ny'''\r\nd = 2\r\n")[("b", "d")] == 5


@pytest.mark.parametrize("name", ["maildesk.toml", "config/agents.toml", "config/rules.toml"])
def test_the_sample(name: str) -> None:
    text = (Path(__file__).parents[2] / name).read_text("utf-8")
    assert set(lines(text)) == set(paths(tomllib.loads(text)))
