"""Every command says what it does and how it is written; a wrong one ends with 2."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from maildesk.cli import app
from tests.cli.conftest import maildesk


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from paths(command.get_command(None, name), (*path, name))


ALL = sorted(paths(get_command(app)))
LISTINGS = [
    path
    for path in ALL
    if path[-1:] in {("list",), ("show",), ("trace",), ("find",), ("explain",), ("status",)}
]


def test_all_commands_are_there() -> None:
    single = {"init", "check", "run", "status", "deliver", "parse", "explain", "trace"}
    single |= {"import", "password", "link", "find"}
    single |= {"reload", "pause", "resume", "backup", "restore", "doctor", "reindex"}
    groups = {"ticket", "inbox", "outbox", "held", "agent", "keys", "mailbox", "quarantine"}
    assert {path[0] for path in ALL if path} == single | groups
    assert {path[1] for path in ALL if path[:1] == ("ticket",) and path[1:]} == {
        "list", "show", "new", "reply", "note", "set",
    }  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_its_help_has_an_example(path: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    example = " ".join(done.stdout.split()).partition("Example: maildesk ")[2]
    assert example
    # Options of maildesk itself may stand before the command.
    words = example.split()
    assert [word for word in words if word in path][: len(path)] == list(path)
    assert not set("{}") & set(done.stdout.partition("\n")[0])
    assert "[[" not in done.stdout
    assert not re.search(r"<\w+(\[\w+\]| range)?>", done.stdout), (
        "the name of a type, which tells people nothing"
    )
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert not any(line.endswith("...") for line in done.stdout.splitlines()[1:]), "a short help is cut"


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    command: Any = get_command(app)
    for name in path:
        command = command.get_command(None, name)
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert parameter.help.endswith("."), parameter.name


@pytest.mark.parametrize("path", LISTINGS, ids=" ".join)
def test_listings_speak_json(path: tuple[str, ...]) -> None:
    assert "--json" in CliRunner().invoke(app, [*path, "--help"]).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["check", "--frobnicate"],
        ["init"],
        ["parse"],
        ["parse", "--batch", "mail.eml"],
        ["explain", "--channel", "pigeon", "mail.eml"],
        ["trace", "<>"],
        ["ticket", "show", "abc"],
        ["ticket", "show", "-1"],
        ["ticket", "set", "482913"],
        ["ticket", "reply", "482913", "--text", " "],
        ["ticket", "new", "--from", "nobody", "--subject", "x", "--text", "y"],
        ["ticket", "new", "--from", "a@b.example", "--subject", " ", "--text", "y"],
        ["inbox", "list", "--limit", "0"],
        ["inbox", "list", "--disposition", "odd"],
        ["inbox", "list", "--state", "odd"],
        ["outbox", "list", "--state", "odd"],
        ["held", "release"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert "Usage: " in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fnd", "printer"], "No such command 'fnd'. Did you mean 'find'?"),
        (["ticket", "lst"], "No such command 'lst'. Did you mean 'list', 'set'?"),
        (["pause"], "Missing argument 'WHAT'."),
        (["pause", "mail"], "Invalid value for 'WHAT': 'mail' is not one of 'all', 'acknowledgments'."),
        (["inbox", "list", "--limit", "0"], "Invalid value for '--limit': '0' is too small; write 1 or more"),
        (["find", "x", "--limit", "few"], "Invalid value for '--limit': 'few' is no whole number"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_words_for_people(arguments: list[str], sentence: str) -> None:
    assert sentence in CliRunner().invoke(app, arguments).stderr


def test_the_help_of_all_commands_reads_no_table() -> None:
    # Tables take longer to read than all the rest of this help.
    shows = "from maildesk.cli import app; app(['--help'], standalone_mode=False)"
    reads = "import sys; assert not [name for name in sys.modules if name.startswith('maildesk.core')]"
    subprocess.run(
        [sys.executable, "-c", f"{shows}\n{reads}"], check=True, timeout=60, stdout=subprocess.DEVNULL
    )


def test_the_help_of_a_group_says_of_each_command_what_its_own_help_says() -> None:
    for path in ALL:
        if path:
            own = CliRunner().invoke(app, [*path, "--help"]).stdout.split("\n\n")[1].split()
            groups = (
                CliRunner().invoke(app, [*path[:-1], "--help"], env={"COLUMNS": "80"}).stdout.splitlines()
            )
            words = [line.split()[1:] for line in groups if line.startswith(f"  {path[-1]} ")]
            assert words == [own[: len(words[0])]], path


def test_version() -> None:
    done = maildesk("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"maildesk 0.")
