"""Lines of a TOML document's tables, keys and list items, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r]+|\#[^\n]*)
      | (?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')
      | (?P<mark>[\[\]{},=.\n])
      | (?P<bare>[^\s\[\]{},=."'\#]+)""",
    re.DOTALL | re.VERBOSE,
)


class _Scanner:
    """Walks the tokens of a document that tomllib has already accepted, so nothing is checked here."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {(): 1}
        self.tokens: list[tuple[str, int]] = []
        line = 1
        for match in _TOKEN.finditer(text):
            if match.lastgroup != "skip":
                self.tokens.append((match.group(), line))
            line += match.group().count("\n")
        self.tokens += [("\n", line), ("", line)]
        self.at = 0
        self.last: dict[Path, int] = {}  # array of tables -> index of its newest table

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][0]

    def peek(self) -> str:
        return self.tokens[self.at][0]

    def mark(self, path: Path) -> None:
        self.lines.setdefault(path, self.tokens[self.at][1])

    def document(self) -> None:
        base: Path = ()
        while self.peek():
            if self.peek() == "\n":
                self.next()
            elif self.peek() == "[":
                base = self.header()
            else:
                self.pair(base)

    def header(self) -> Path:
        start = self.at
        self.next()
        many = self.peek() == "["
        if many:
            self.next()
        keys = self.keys()
        path: Path = ()
        for depth, key in enumerate(keys, start=1):
            path += (key,)
            if many and depth == len(keys):
                self.last[path] = self.last.get(path, -1) + 1
            self.lines.setdefault(path, self.tokens[start][1])
            if path in self.last:
                path += (self.last[path],)
                self.lines.setdefault(path, self.tokens[start][1])
        self.at += 2 if many else 1
        return path

    def keys(self) -> list[str]:
        found = []
        while True:
            token = self.next()
            found.append(tomllib.loads(f"k = {token}")["k"] if token[0] in "\"'" else token)
            if self.peek() != ".":
                return found
            self.next()

    def pair(self, base: Path) -> None:
        start, path = self.at, base
        for key in self.keys():
            path += (key,)
            self.lines.setdefault(path, self.tokens[start][1])
        self.next()
        self.value(path)

    def value(self, path: Path) -> None:
        if self.peek() not in ("[", "{"):
            while self.peek() not in (",", "]", "}", "\n"):
                self.next()
            return
        close = "]" if self.next() == "[" else "}"
        index = 0
        while self.peek() != close:
            if self.peek() in (",", "\n"):
                self.next()
            elif close == "}":
                self.pair(path)
            else:
                self.mark((*path, index))
                self.value((*path, index))
                index += 1
        self.next()


def lines(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every table, key and list item of a valid TOML document, by its path."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


def line_of(found: Mapping[Path, int], path: Path) -> int:
    """The line of a path, or of its nearest parent that stands in the document."""
    while path not in found:
        path = path[:-1]
    return found[path]
