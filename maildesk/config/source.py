"""One configuration file: its text read once, its values, and where each of them stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from maildesk.config import positions
from maildesk.config.positions import Path

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DEPTH = 50
_TOO_DEEP = f"lists or tables are nested too deeply; write at most {_DEPTH} levels"
_HINTS = (
    (
        "Invalid value",
        "there is no valid value here; put texts in quotes, write true and false small",
    ),
    ("Expected '=' after a key", "there is no = after the key; write it like key = value"),
    ("Expected newline", "something follows after the value; write one key = value on each line"),
    ("Cannot overwrite", "this key is written twice; delete one of them"),
    ("Cannot declare", "this table is written twice; delete one, or write [[...]] for a list of tables"),
    ("Cannot mutate", "this table is written twice; put its keys in one place"),
    ("Unclosed array", "a list is not closed; write ] after its last entry"),
    ("Unclosed inline table", "a table is not closed; write } after its last entry"),
    ("Unterminated string", "a text is not closed; write its closing quote"),
    ("Illegal character '\\n'", "a text is not closed; write its closing quote on the same line"),
    ("Unescaped '\\' in a string", "a text has a lone \\; write regular expressions in 'single quotes'"),
    (
        "Invalid statement",
        "this is no key and no table; write key = value, [table], or # and a comment",
    ),
    ("Expected \"'", "a text is not closed; write its closing quote"),
    ("Found invalid character '\\n'", "a text is not closed; write its closing quote on the same line"),
    ("Found invalid character", "there is a control character; delete it"),
    ("Illegal character", "there is a control character; delete it"),
    (
        "Invalid initial character for a key part",
        "there is no key here; a table in braces stands on one line, and keys with other signs than - and _ in quotes",
    ),
    ("Invalid initial character", "there is no key here; put keys with other signs than - and _ in quotes"),
    ("Invalid date", "there is no such date; write it like 2030-12-31"),
    (
        "Invalid hex value",
        "a text has a wrong \\u; write four hexadecimal digits after it, or use 'single quotes'",
    ),
    ("Escaped character", "a text has a \\u that is no character; use another one"),
    ("Duplicate inline table key", "this key is written twice; delete one of them"),
    ("Cannot redefine", "this table is written twice; put its keys in one place"),
    ("There is no nest", "this key has a value already; delete one of the two"),
    (
        "An object other than list",
        "this table is written with one bracket and with two; write [[...]] each time",
    ),
    ("Expected ']", "the name of a table is not closed; write it like [table] or [[table]]"),
)


class Unreadable(Exception):
    """A file that gives no values: `line` is 0 if it could not be read at all."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


ABSENT = object()
"""What `child` gives where there is nothing; nothing is below it either."""


def child(value: object, part: str | int) -> object:
    """The value of a key of a table or of an index of a list; ABSENT if there is none."""
    if isinstance(value, dict):
        return value.get(part, ABSENT)
    if isinstance(value, tuple) and isinstance(part, int) and part < len(value):
        return value[part]
    return ABSENT


@dataclass(frozen=True)
class Source:
    """The values of one file. Lists are tuples, so that nothing changes after reading."""

    name: str
    data: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[Path, int] = field(default_factory=lambda: {(): 1})

    def line(self, path: Path) -> int:
        """The line of a value, or of its nearest parent."""
        return positions.line_of(self.lines, path)

    def at(self, path: Path) -> object:
        """The value at a path; None if there is none."""
        value: object = self.data
        for part in path:
            value = child(value, part)
        return None if value is ABSENT else value

    def shown(self, path: Path) -> str:
        """A path for people: tables of a list by their id or name, `agent.alice.addresses`, else from 1."""
        found = []
        for depth, part in enumerate(path):
            if isinstance(part, int):
                item = self.at(path[: depth + 1])
                name = (item.get("id") or item.get("name")) if isinstance(item, dict) else None
                part = name if isinstance(name, str) and name.isprintable() else str(part + 1)
            found.append(part if _BARE.fullmatch(part) else f'"{part}"')
        return ".".join(found)


def _frozen(value: object, depth: int = 0) -> object:
    """The same with tuples for lists; Unreadable where it is so deep that other readers might fail."""
    if depth > _DEPTH:
        raise Unreadable(1, _TOO_DEEP)
    if isinstance(value, dict):
        return {key: _frozen(item, depth + 1) for key, item in value.items()}
    return tuple(_frozen(item, depth + 1) for item in value) if isinstance(value, list) else value


def read(path: FilePath) -> bytes:
    """The bytes of a file; raises Unreadable with a sentence for the admin."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(0, "there is no such file") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreadable(0, f"cannot be read ({reason}); make it a file that maildesk may read") from None


def parse(name: str, raw: bytes) -> Source:
    """The values of a TOML file; raises Unreadable with the line of the first error of syntax."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Unreadable(line, "this is not UTF-8; save the file in that encoding") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _AT_LINE.search(message)
        line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
        message = _AT_LINE.sub("", message)
        sentence = next((hint for start, hint in _HINTS if message.startswith(start)), f"not TOML: {message}")
        raise Unreadable(line, sentence) from None
    except RecursionError:
        raise Unreadable(1, _TOO_DEEP) from None
    return Source(name, {key: _frozen(value) for key, value in data.items()}, positions.lines(text))
