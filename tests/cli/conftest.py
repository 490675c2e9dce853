"""A shipped desk in a folder of its own, and the command line on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from maildesk.cli import app
from maildesk.config.scaffold import init
from tests.servers.ports import free_port

ROOT = Path(__file__).parents[2]

MAIL = b"""From: Jane Doe <jane@customer.example>
To: support@desk.example
Subject: I cannot print
Message-ID: <first@customer.example>
Date: Mon, 10 Mar 2025 09:00:00 +0000

Hello,

nothing comes out of the printer.

Jane
"""


@dataclass
class Desk:
    """A desk's folder, with its command line run inside this process."""

    folder: Path

    @property
    def config(self) -> Path:
        """Its maildesk.toml."""
        return self.folder / "maildesk.toml"

    def run(self, *arguments: str, given: bytes = b"") -> Result:
        """One command."""
        return CliRunner().invoke(app, ["--config", str(self.config), *arguments], input=given)

    def ok(self, *arguments: str, given: bytes = b"") -> str:
        """What one command prints, which must be fine with it."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str, given: bytes = b"") -> Any:
        """What one command prints for programs."""
        return json.loads(self.ok(*arguments, "--json", given=given))

    def no(self, *arguments: str, code: int = 1, given: bytes = b"") -> str:
        """The sentence of one command that must end with `code`, without a traceback."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == code, done.output
        assert "Traceback" not in done.output
        assert done.stdout == ""
        return done.stderr

    def deliver(self, mail: bytes = MAIL) -> None:
        """A mail is taken and decided."""
        self.ok("deliver", given=mail)
        self.ok("run", "--once")

    def ticket(self) -> str:
        """The number of a new ticket of Jane's."""
        self.deliver()
        return str(self.json("ticket", "list")[0]["number"])

    def edit(self, pattern: str, replacement: str) -> None:
        """Changes maildesk.toml."""
        text, count = re.subn(pattern, replacement, self.config.read_text(), flags=re.MULTILINE)
        assert count
        self.config.write_text(text)


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk as `maildesk init` makes it, listening on a free port; its store is not made yet."""
    monkeypatch.delenv("MAILDESK_CONFIG", raising=False)
    desk = Desk(tmp_path / "desk")
    init(desk.folder)
    desk.edit("127.0.0.1:2525", f"127.0.0.1:{free_port()}")
    return desk


def maildesk(
    *arguments: str, given: bytes | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILDESK_")}
    return subprocess.run(
        [sys.executable, "-m", "maildesk", *arguments],
        input=given,
        capture_output=True,
        env=kept | {"PYTHONPATH": str(ROOT)} | environment,
        timeout=60,
    )
