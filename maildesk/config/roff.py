"""Manual pages: text as man(7) wants it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_CODE = re.compile(r"`([^`]+)`")


def escaped(text: str) -> str:
    """A text that means itself: no request, no escape; each hyphen can be copied into a shell."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe


def prose(text: str) -> str:
    """Prose on one line, with `code` in bold."""
    parts = _CODE.split(" ".join(text.split()))
    said = "".join(f"\\fB{_inner(part)}\\fP" if n % 2 else _inner(part) for n, part in enumerate(parts))
    return f"\\&{said}" if said.startswith((".", "'")) else said


def _inner(text: str) -> str:
    return escaped(text).removeprefix("\\&")


def head(name: str, section: int, version: str, what: str) -> Iterator[str]:
    """The first lines of a page. It has no date: the version says which one it is."""
    yield f'.TH {name.upper()} {section} "" "maildesk {escaped(version)}"'
    yield from (".nh", ".ad l", ".SH NAME")
    yield f"{escaped(name)} \\- {escaped(what)}"


def items(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A list of terms, each with its meaning."""
    for term, meaning in pairs:
        yield ".TP"
        yield f"\\fB{_inner(term)}\\fP"
        yield prose(meaning)


def example(lines: str) -> Iterator[str]:
    """Lines as they are typed."""
    yield from (".PP", ".RS 4", ".nf")
    yield from (escaped(line) for line in lines.splitlines())
    yield from (".fi", ".RE")
