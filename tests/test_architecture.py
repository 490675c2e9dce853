"""How the house is built: who may import whom, and a core without files, clock, network or chance."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "maildesk"
FILES = sorted(PACKAGE.rglob("*.py"))

# Layer -> the layers of maildesk that it may import from. `log` stands apart: all but the core may use it.
MAY = {
    "core": set[str](),
    "log": set[str](),
    "config": {"core"},
    "store": {"core"},
    "edges": {"core", "store", "config.settings", "config.listeners"},
    "work": {"core", "store", "edges"},
    "configured": {"core", "config", "store", "edges"},
    "doctor": {"core", "config", "store", "edges", "work", "configured"},
    "app": {"core", "config", "store", "edges", "work", "configured"},
    "daemon": {"core", "config", "store", "edges", "work", "configured", "app"},
    "cli": {"core", "config", "store", "edges", "work", "configured", "app", "daemon", "doctor", "__init__"},
    "__main__": {"cli"},
    "__init__": set[str](),
}

# What the core uses and may use: a name that is missing here is added where it is as pure as these.
CORE_LIBRARIES = {"pydantic", "mailparser", "lxml", "inscriptis", "regex", "charset_normalizer"}
CORE_STDLIB = {
    "__future__", "base64", "binascii", "bisect", "codecs", "collections", "dataclasses", "datetime", "difflib",
    "email", "enum", "functools", "hashlib", "hmac", "html", "ipaddress", "itertools", "json", "re", "struct", "typing",
    "unicodedata", "urllib.parse", "zoneinfo",
}  # fmt: skip
CORE_BANNED_CALLS = {"open", "print", "input", "hash", "id", "eval", "exec", "globals", "__import__"}
CORE_BANNED_NAMES = {"now", "utcnow", "today", "urandom", "getrandbits", "uuid4", "make_msgid", "localtime"}


def _layer(path: Path) -> str:
    part = path.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where things come from"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def _ids(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_imports_go_one_way(path: Path) -> None:
    layer = _layer(path)
    own = f"maildesk.{layer}"
    for name in _imports(ast.parse(path.read_text())):
        if not name.startswith("maildesk.") or name == own or name.startswith(own + "."):
            continue
        rest = name.removeprefix("maildesk.")
        if rest.split(".")[0] == "log":
            assert layer != "core", f"{path} logs"
            continue
        allowed = any(rest == good or rest.startswith(good + ".") for good in MAY[layer])
        assert allowed or rest == "__version__", f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("path", [f for f in FILES if _layer(f) == "core"], ids=_ids)
def test_the_core_is_pure(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for name in _imports(tree):
        top = name.split(".")[0]
        if top == "maildesk":
            continue
        assert name.rpartition(".")[2] not in CORE_BANNED_NAMES, f"{path.name} imports {name}"
        if top in sys.stdlib_module_names:
            known = any(name == good or name.startswith(good + ".") for good in CORE_STDLIB)
            assert known, f"{path.name} imports {name}"
        else:
            assert top in CORE_LIBRARIES, f"{path.name} imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in CORE_BANNED_CALLS, f"{path.name}:{node.lineno} calls {node.func.id}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in CORE_BANNED_NAMES, (
                f"{path.name}:{node.lineno} calls .{node.func.attr}()"
            )


@pytest.mark.parametrize("path", FILES, ids=_ids)
def test_files_are_small_and_say_what_they_are(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400, f"{path} holds more than one noun"
    assert ast.get_docstring(ast.parse(text)), f"{path} says nothing about itself"


def test_no_error_is_swallowed() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}:{node.lineno} has a bare except"
                broad = isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
                empty = all(isinstance(line, ast.Pass) for line in node.body)
                assert not (broad and empty), f"{path}:{node.lineno} swallows every error"


def test_the_tables_are_complete() -> None:
    """Every file of a folder of nouns is in its table: one that nobody lists would never run."""
    from maildesk.core import commands, notices

    listed = {kind.name for kind in notices.KINDS}
    assert listed == {p.stem for p in (PACKAGE / "core/notices").glob("*.py")} - {"__init__", "kind"}
    for path in (PACKAGE / "core/commands").glob("*.py"):
        if path.stem in ("__init__", "command"):
            continue
        module = sys.modules[f"maildesk.core.commands.{path.stem}"]
        assert all(command in commands.COMMANDS for command in module.COMMANDS), path
    words = [name for command in commands.COMMANDS for name in command.names]
    assert len(words) == len(set(words)), "two commands share a word"
