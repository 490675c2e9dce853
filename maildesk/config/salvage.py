"""Salvage: what a broken maildesk.toml still says of where its store is and which node it is for."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from maildesk.config.settings import SQLITE, Node, Store, with_password
from maildesk.core.policy import Frozen

T = TypeVar("T", bound=Frozen)
_TABLE = re.compile(r"^\s*\[")


def store_and_node(path: Path) -> tuple[str, str]:
    """The complete URL of the store and the node's name. Each table is read by itself; where it is broken, too, its
    default stands in."""
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        text = ""
    store, node = _table(text, "store", Store()), _table(text, "node", Node())
    url = store.url
    if url.startswith(SQLITE):
        url = f"{SQLITE}{path.absolute().parent / url.removeprefix(SQLITE)}"
    elif password := _password(path.absolute().parent, store):
        url = with_password(url, password)
    return url, node.name


def _table(text: str, name: str, default: T) -> T:
    """One table of the file; the default where it is not there or cannot be read."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        if _TABLE.match(line):
            inside = re.match(rf"\s*\[{name}\]", line) is not None
        elif inside:
            lines.append(line)
    try:
        data: dict[str, Any] = tomllib.loads("\n".join(lines))
        return type(default).model_validate(data, strict=True)
    except (tomllib.TOMLDecodeError, ValidationError, RecursionError):
        return default


def _password(root: Path, store: Store) -> str:
    if store.password_env:
        return os.environ.get(store.password_env, "")
    if not store.password_file:
        return ""
    try:
        lines = (root / store.password_file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return lines[0].strip() if lines else ""
