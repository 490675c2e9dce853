"""`maildesk check` on mail out: what it says of return paths, and what it finds at a relay."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from maildesk.cli import app
from maildesk.config.scaffold import init
from tests.servers.relay import FakeRelay, a_relay


def checked(folder: Path, *options: str) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["--config", str(folder), "check", *options])
    return done.exit_code, " ".join(done.output.split())


def a_desk(folder: Path, desk: str = "", send: str = "") -> Path:
    init(folder)
    path = folder / "maildesk.toml"
    text = path.read_text("utf-8").replace("[limits]", f"{desk}\n\n[limits]")
    path.write_text(
        text.replace('kind = "maildir"', f"{send or 'kind = ' + chr(34) + 'maildir' + chr(34)} #"), "utf-8"
    )
    return folder


def through(relay: FakeRelay, *more: str) -> str:
    lines = ['kind = "smtp"', 'host = "127.0.0.1"', f"port = {relay.port}", 'tls = "none"', *more]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("desk", "words"),
    [
        ('reply_address = "none"', "an agent's reply proves nothing and is held"),
        (
            'reply_address = "pattern"\nreply_pattern = "t-{token}@in.desk.example"',
            "to t-...@in.desk.example",
        ),
        ('return_path = "verp"', "each mail has its own return path"),
        ('return_path = "null"', "none come back"),
    ],
)
def test_what_addresses_mean(tmp_path: Path, desk: str, words: str) -> None:
    status, told = checked(a_desk(tmp_path / "desk", desk))
    assert status == 0, told
    assert words in told


def test_a_relay_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "right")
    with a_relay(users={"desk": "right"}) as relay:
        send = through(relay, 'user = "desk"', 'password_env = "RELAY_PASSWORD"')
        folder = a_desk(tmp_path / "desk", send=send)
        status, told = checked(folder)
        assert (status, relay.connections) == (0, 0), told
        status, told = checked(folder, "--online")
        assert status == 0, told
        assert f"127.0.0.1:{relay.port} answers and lets in desk; it takes mails up to" in told
        assert not relay.taken
        assert not any(line.startswith("MAIL") for line in relay.commands)
        monkeypatch.setenv("RELAY_PASSWORD", "wrong")
        status, told = checked(folder, "--online")
        assert status == 1
        assert "does not let in desk (535 5.7.8 wrong user or password): check user and password" in told


def test_a_relay_that_does_not_answer(tmp_path: Path) -> None:
    with a_relay() as relay:
        folder = a_desk(tmp_path / "desk", send=through(relay))
    status, told = checked(folder, "--online")
    assert status == 1
    assert "does not answer" in told
    assert "1 problem online" in told
