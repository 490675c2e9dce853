"""A healthy desk for doctors: a store with a history, a relay, a daemon's node, and a DNS that knows its domain."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from maildesk import configured
from maildesk.app import App
from maildesk.cli import app as cli
from maildesk.config.scaffold import init
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges import dns
from maildesk.edges.dns import NoAnswer
from tests.servers.relay import FakeRelay, a_relay

MAIL = b"""From: Jane Doe <jane@customer.example>
To: support@desk.example
Subject: I cannot print %d
Message-ID: <%d@customer.example>
Date: Mon, 10 Mar 2025 09:00:00 +0000

Nothing comes out of the printer.
"""


@dataclass
class Table:
    """A DNS of three tables. Where `broken` says why, it answers nothing."""

    mxs: dict[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    txts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    broken: str = ""

    def _of(self, table: Mapping[str, Any], name: str) -> Any:
        if self.broken:
            raise NoAnswer(self.broken)
        return table.get(name, ())

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """See Resolver."""
        return self._of(self.mxs, name)  # type: ignore[no-any-return]

    def txt(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self._of(self.txts, name)  # type: ignore[no-any-return]

    def addresses(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self._of(self.hosts, name)  # type: ignore[no-any-return]

    def names(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self._of({}, name)  # type: ignore[no-any-return]


def good_dns() -> Table:
    """What a domain in good order has."""
    return Table(
        {"desk.example": ((10, "mx.desk.example"),)},
        {"desk.example": ("v=spf1 mx -all", "other=1"), "_dmarc.desk.example": ("v=DMARC1; p=none",)},
        {"mx.desk.example": ("192.0.2.1",)},
    )


@dataclass
class Healthy:
    """A desk with nothing wrong, until a test plants it. `app` is its running daemon, as far as the store tells."""

    folder: Path
    app: App
    relay: FakeRelay
    dns: Table
    runs: bool = True

    @property
    def main(self) -> Path:
        """Its maildesk.toml."""
        return self.folder / "maildesk.toml"

    def run(self, *arguments: str) -> Result:
        """One command, in this process; the daemon shows that it lives."""
        if self.runs:
            self.app.beat()
        return CliRunner().invoke(cli, ["--config", str(self.main), *arguments])

    def findings(self, *options: str) -> list[dict[str, str]]:
        """What `doctor` finds wrong."""
        done = self.run("doctor", "--json", *options)
        assert done.exit_code in (0, 1), done.output
        told = json.loads(done.stdout)
        assert done.exit_code == (1 if told["faults"] else 0)
        return [one for one in told["findings"] if one["level"] != "fine"]

    def end(self) -> None:
        """The daemon stops."""
        self.app.leave()
        self.runs = False

    def edit(self, pattern: str, replacement: str, file: str = "maildesk.toml", heed: bool = True) -> None:
        """Changes a file; the daemon takes it where it `heed`s that."""
        path = self.folder / file
        text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
        assert count, pattern
        path.write_text(text)
        if heed:
            assert self.app.reload()

    def append(self, text: str, file: str = "maildesk.toml", heed: bool = True) -> None:
        """Adds to a file."""
        self.edit(r"\Z", text.replace("\\", r"\\"), file, heed)

    def sql(self, statement: str, *values: object) -> None:
        """Changes the store behind maildesk's back; foreign keys are not looked at."""
        conn = sqlite3.connect(self.folder / "var/maildesk.db", isolation_level=None)
        try:
            assert conn.execute(statement, values).rowcount, statement
        finally:
            conn.close()

    def trust(self) -> None:
        """The word of a mail server is taken for mail by SMTP."""
        self.edit(r"^\[\[smtp\]\].*", '[[smtp]]\nauthserv_id = "mx.desk.example"')

    def take(self, count: int = 2) -> None:
        """Mails come, and are decided and sent."""
        for number in range(count):
            raw = MAIL % (number, number)
            envelope = Envelope("smtp", "jane@customer.example", ("support@desk.example",), "127.0.0.1")
            self.app.accept(raw, envelope, Evidence()).result()
        self.app.until_idle()


def _made(folder: Path, relay: FakeRelay) -> None:
    init(folder)
    secret = folder / "relay-password"
    secret.write_text("right\n")
    secret.chmod(0o600)
    path = folder / "maildesk.toml"
    text = path.read_text().replace('kind = "maildir"', 'kind = "smtp"').replace('path = "var/outgoing"', "")
    text = re.sub(
        r"^#host = .*", f'host = "127.0.0.1"\nport = {relay.port}\ntls = "none"', text, flags=re.MULTILINE
    )
    text = re.sub(r"^#user = .*", 'user = "desk"\npassword_file = "relay-password"', text, flags=re.MULTILINE)
    text = text.replace("#certificate_days = 14", "certificate_days = 1")
    # Whatever the disk of the tests has.
    text = text.replace("#disk_mb = 500", "disk_mb = 0")
    path.write_text(text)


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with two tickets, closed: each test gets a copy."""
    folder = tmp_path_factory.mktemp("pattern") / "desk"
    with a_relay(users={"desk": "right"}) as relay:
        _made(folder, relay)
        app = App(configured.read(folder / "maildesk.toml"), "main", folder / "maildesk.toml")
        try:
            app.store.open()
            app.enter()
            Healthy(folder, app, relay, good_dns()).take()
            assert app.counts()["outbox"]["sent"] == 6
            app.leave()
        finally:
            app.store.close()
    return folder


@pytest.fixture
def healthy(pattern: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Healthy]:
    """A desk at work, with nothing wrong."""
    monkeypatch.delenv("MAILDESK_CONFIG", raising=False)
    folder, table = tmp_path / "desk", good_dns()
    shutil.copytree(pattern, folder)
    monkeypatch.setattr(dns, "SystemResolver", lambda: table)
    with a_relay(users={"desk": "right"}) as relay:
        path = folder / "maildesk.toml"
        path.write_text(re.sub(r"^port = \d+", f"port = {relay.port}", path.read_text(), flags=re.MULTILINE))
        app = App(configured.read(path), "main", path)
        try:
            app.store.open()
            app.enter()
            app.keep()
            yield Healthy(folder, app, relay, table)
        finally:
            app.store.close()
