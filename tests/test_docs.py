"""The documents name files that exist, and cover what the code offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`((?:maildesk|tests|templates|config|docs|\.ci)/[\w./-]*)`")


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "HACKING.md",
        "docs/flow.md",
        "docs/install.md",
        "docs/mail-server.md",
        "docs/operations.md",
        "docs/proof.md",
    ],
)
def test_named_files_exist(document: str) -> None:
    named = NAMED.findall((ROOT / document).read_text())
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"{document} names {missing}"


def test_the_flow_names_every_step() -> None:
    text = (ROOT / "docs/flow.md").read_text()
    assert len(NAMED.findall(text)) >= 20
    assert len(text.splitlines()) <= 120, "two pages"


def test_agents_can_read_about_every_command() -> None:
    from maildesk.core.commands import COMMANDS

    text = (ROOT / "README.md").read_text()
    missing = [name for command in COMMANDS for name in command.names if f"`#{name}" not in text]
    assert not missing, f"README.md does not tell of {missing}"


def test_the_statuses_are_drawn_from_the_table_of_moves() -> None:
    from maildesk.config.moves import page

    current = (ROOT / "docs/statuses.md").read_text()
    assert current == page(), "run: python -m maildesk.config.moves > docs/statuses.md"


def test_operators_can_read_about_every_check() -> None:
    from maildesk.doctor.table import CHECKS

    rows = [f"| `{check.name}` | {check.looks} |" for check in CHECKS]
    text = (ROOT / "docs/operations.md").read_text()
    assert text.partition("| check | it sees that |\n|---|---|\n")[2].splitlines()[: len(rows) + 1] == [
        *rows,
        "",
    ]


def test_operators_can_read_about_every_alarm() -> None:
    from maildesk.core.alarm import KINDS

    text = (ROOT / "docs/operations.md").read_text()
    assert [kind.name for kind in KINDS if f"\n| `{kind.name}" not in text] == []


def test_operators_can_read_what_waits_for_a_restart() -> None:
    from maildesk.config.difference import LIVE
    from maildesk.config.settings import Settings

    told = (ROOT / "docs/operations.md").read_text().partition("are read when the daemon starts:")[2]
    named = re.findall(r"`\[+(\w+)\]+`", told.partition(". ")[0])
    assert named == [key for key in Settings.model_fields if key not in LIVE]


def test_every_filter_and_order_of_lists_is_told() -> None:
    from maildesk.core.selection import FILTERS, ORDERS

    text = (ROOT / "docs/finding.md").read_text()
    assert [name for name in FILTERS if f"`--{name} " not in text] == []
    assert [name for name in ORDERS if f"`{name}`" not in text] == []
