"""`find`, and the options that it shares with `ticket list`."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from maildesk.cli import app, screen
from maildesk.config.scaffold import init
from maildesk.core.selection import FILTERS
from tests.cli.conftest import MAIL, Desk

SECOND = (
    MAIL.replace(b"first@", b"second@")
    .replace(b"jane@customer", b"tim@other")
    .replace(b"cannot print", b"cannot scan")
)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with a ticket of Jane's, which alice has, and one of Tim's. Tests only look at it."""
    desk = Desk(tmp_path_factory.mktemp("two") / "desk")
    init(desk.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MAILDESK_CONFIG", raising=False)
        desk.ok("deliver", given=MAIL)
        desk.ok("deliver", given=SECOND)
        desk.ok("run", "--once")
        number = desk.json("ticket", "list", "--requester", "jane@customer.example")[0]["number"]
        desk.ok("ticket", "set", str(number), "--assign", "alice", "--priority", "high")
        yield desk


def subjects(desk: Desk, *arguments: str) -> list[str]:
    """The subjects of the tickets that are listed."""
    return [ticket["subject"] for ticket in desk.json(*arguments)]


def test_find(two: Desk) -> None:
    assert subjects(two, "find", "printer") == ["I cannot print", "I cannot scan"]
    shown = two.ok("find", "nothing", "print", "-scan").splitlines()
    assert shown[0].split() == ["number", "status", "requester", "subject", "last", "change"]
    assert re.fullmatch(r"#\d+  assigned  jane@customer\.example  I cannot print  \d+ \w+", shown[1])
    assert shown[2:] == ["  Hello, nothing comes out of the printer. Jane"]
    [found] = two.json("find", "first@customer.example")
    assert (found["subject"], found["snippet"], found["hits"]) == ("I cannot print", "", [])
    [found] = two.json("find", '"out of"', "--requester", "other.example")
    start, end = found["hits"][0]
    assert found["snippet"][start:end] == "out of"
    assert found["entry"]


def test_who_finds_nothing_is_told_what_to_leave_out(two: Desk) -> None:
    assert "so try fewer words, or only their beginnings (print*)." in two.no("find", "prnter")
    for option in (("--status", "closed"), ("--unanswered",), ("--until", "2020-01-01")):
        assert "so try fewer options, or fewer words," in two.no("find", "prnter", *option)


def test_a_hit_is_bold_on_a_terminal(two: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in two.ok("find", "printer")
    assert screen.marked("a b c", [(2, 3)]) == "a \x1b[1mb\x1b[0m c"


def test_nothing_is_found(two: Desk) -> None:
    assert two.no("find", "zebra").startswith("Nothing is found; every word must be in the ticket, ")
    done = two.run("find", "zebra", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, [])


def test_words_to_leave_out_are_no_options(two: Desk) -> None:
    assert two.no("find", "-hello", "--limit", "3", "-json", "nothing")
    assert subjects(two, "find", "-scan", "--sort", "oldest", "nothing") == ["I cannot print"]
    assert "I cannot scan" not in two.ok("find", "nothing", "--", "-scan", "-zebra")
    assert "find [OPTIONS] WORD..." in two.ok("find", "-h")


def test_wrong_questions(two: Desk) -> None:
    for asked, sentence in ((["-scan"], "only words to leave out"), (["..."], "no word in it")):
        assert sentence in two.no("find", *asked, code=2)
    assert "did you mean priority?" in two.no("find", "x", "--sort", "priorty", code=2)


def test_a_list_that_is_cut_says_so(two: Desk) -> None:
    for command in (["find", "printer"], ["ticket", "list"]):
        done = two.run(*command, "--limit", "1")
        assert done.stderr == "These are 1 of 2; --limit shows more.\n"
        assert two.run(*command, "--limit", "2").stderr == ""


def test_every_filter_narrows(two: Desk) -> None:
    jane, tim = "I cannot print", "I cannot scan"
    for options, right in (
        (["--status", "new"], [tim]),
        (["--status", "new,assigned"], [jane, tim]),
        (["--status", "open"], [jane, tim]),
        (["--priority", "high", "--priority", "emergency"], [jane]),
        (["--topic", "none"], [jane, tim]),
        (["--assignee", "none"], [tim]),
        (["--assignee", "me", "--as", "alice@desk.example"], [jane]),
        (["--department", "billing"], []),
        (["--tag", "hardware"], []),
        (["--requester", "other.example"], [tim]),
        (["--unanswered"], [jane, tim]),
        (["--since", "1d"], [jane, tim]),
        (["--since", "2025-03-10", "--until", "2025-03-10"], []),
        (["--until", "2025-03-10T14:30"], []),
        (["--updated-since", "1h"], [jane, tim]),
        (["--updated-until", "1h"], []),
    ):
        assert sorted(subjects(two, "ticket", "list", *options)) == right, options
    assert subjects(two, "find", "printer", "--assignee", "me,none", "--as", "alice", "--status", "new") == [
        tim
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--status", "closd"], "did you mean closed?"),
        (["--priority", "hihg"], "did you mean high?"),
        (["--assignee", "me"], "say who you are with --as"),
        (["--as", "alcie"], "did you mean alice?"),
        (["--department", "suport"], "did you mean support?"),
        (["--requester", "jane"], "write it like jane@customer.example or customer.example"),
        (["--since", "monday"], "write a date like 2025-03-10"),
        (["--sort", "newst"], "did you mean newest?"),
    ],
    ids=str,
)
def test_a_wrong_word_is_told(two: Desk, options: list[str], sentence: str) -> None:
    told = two.no("ticket", "list", *options, code=2)
    assert sentence in " ".join(told.split())


@pytest.mark.parametrize("path", [("find",), ("ticket", "list")], ids=" ".join)
def test_each_filter_is_an_option(path: tuple[str, ...]) -> None:
    command: Any = get_command(app)
    for name in path:
        command = command.get_command(None, name)
    assert set(FILTERS) <= {parameter.name for parameter in command.params}


def test_a_damaged_index_is_made_anew(fresh: Desk) -> None:
    desk = fresh
    desk.ok("deliver", given=MAIL)
    desk.ok("run", "--once")
    damage = "update search_fts_data set block = zeroblob(length(block)) where id > 10"
    with sqlite3.connect(desk.folder / "var/maildesk.db") as conn:
        conn.execute(damage)
    assert "maildesk reindex" in desk.run("doctor", "--deep").stdout
    desk.ok("reindex")
    assert subjects(desk, "find", "printer") == ["I cannot print"]
    desk.ok("deliver", given=SECOND)
    desk.ok("run", "--once")
    assert sorted(subjects(desk, "find", "printer")) == ["I cannot print", "I cannot scan"]
    assert "maildesk reindex" not in desk.run("doctor", "--deep").stdout
