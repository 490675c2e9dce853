"""reload, pause and resume: what a running daemon is told, and what a broken configuration leaves as it was."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import MAIL, Desk, maildesk
from tests.cli.test_run import running, wait_for
from tests.servers.ports import free_port

AGENT_GONE = "config/agents.toml: agent bob is gone, and 1 open ticket has it as assignee"


def nodes(desk: Desk) -> list[dict[str, str]]:
    """The running daemons, as `status` shows them."""
    return [node for node in desk.json("status")["nodes"] if node["alive"]]


def test_a_reload_shows_what_changes_and_is_in_force(fresh: Desk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(fresh, log) as daemon:
        before = nodes(fresh)[0]["policy"]
        fresh.edit("^zone = .*", 'zone = "Europe/Berlin"')
        with (fresh.folder / "config/topics.toml").open("a") as topics:
            topics.write('[[topic]]\nname = "tea"\ntitle = "Tea"\n')
        (fresh.folder / "templates/en/held.txt").write_text("Held.\n")
        fresh.edit(r"^listen = .*", 'listen = "127.0.0.1:1"')
        shown = fresh.ok("reload", "--dry-run")
        assert 'desk.zone: "UTC" becomes "Europe/Berlin"\n' in shown
        assert "topic tea: new\n" in shown
        assert "templates/en/held.txt: changed\n" in shown
        assert nodes(fresh)[0]["policy"] == before
        done = fresh.run("reload")
        assert done.exit_code == 0, done.output
        assert done.stdout == shown + "In force on main.\n"
        assert "[smtp] changes only when the daemon is restarted." in done.stderr
        assert nodes(fresh)[0]["policy"] != before
        wait_for(lambda: "reload: topic tea: new" in log.read_text(), daemon)


def test_a_refused_reload_changes_nothing_and_says_so(fresh: Desk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(fresh, log) as daemon:
        before = nodes(fresh)[0]["policy"]
        right = fresh.config.read_text()
        fresh.edit("^zone = .*", 'zone = "Mars"')
        told = fresh.run("reload")
        assert told.exit_code == 1
        assert "maildesk.toml:" in told.stderr
        assert "nothing is reloaded" in told.stderr
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: nodes(fresh)[0]["trouble"], daemon)
        assert "desk.zone: there is no time zone 'Mars'" in nodes(fresh)[0]["trouble"]
        assert nodes(fresh)[0]["policy"] == before
        assert "configuration refused: maildesk.toml:" in log.read_text()
        # As soon as the alarm stands, it alone tells it.
        wait_for(lambda: "ALARM " in fresh.run("status").stdout, daemon)
        shown = " ".join(fresh.run("status").stdout.split())
        assert shown.count("desk.zone: there is no time zone 'Mars'") == 1
        fresh.config.write_text(right)
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: not nodes(fresh)[0]["trouble"], daemon)
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(30) == 0


def test_what_open_tickets_have_is_not_taken_away(fresh: Desk, tmp_path: Path) -> None:
    with running(fresh, tmp_path / "log") as daemon:
        fresh.ok("ticket", "new", "--from", "a@b.example", "--subject", "x", "--text", "y")
        number = str(fresh.json("ticket", "list")[0]["number"])
        fresh.ok("ticket", "set", number, "--assign", "bob")
        agents = fresh.folder / "config/agents.toml"
        everybody = agents.read_text()
        agents.write_text(everybody.replace('id = "bob"', 'id = "rob"'))
        told = fresh.run("reload")
        assert told.exit_code == 1
        assert told.stderr.startswith(AGENT_GONE)
        assert "--assign NAME" in told.stderr
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: nodes(fresh)[0]["trouble"], daemon)
        assert nodes(fresh)[0]["trouble"].startswith(AGENT_GONE)
        fresh_agents = everybody.replace('id = "bob"', 'id = "rob"')
        agents.write_text(everybody)
        fresh.ok("ticket", "set", number, "--assign", "none")
        agents.write_text(fresh_agents)
        shown = fresh.ok("reload")
        assert "agent bob: gone\nagent rob: new\n" in shown


def test_a_reload_without_a_daemon(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    told = fresh.run("reload")
    assert (told.exit_code, told.stdout.count("\n")) == (1, 1)
    assert told.stderr.startswith("No daemon runs; ")


@pytest.mark.parametrize(
    "broken",
    ["[desk\n", None],
    ids=["syntax", "no file"],
)
def test_a_restart_with_a_broken_configuration(fresh: Desk, tmp_path: Path, broken: str | None) -> None:
    with running(fresh, tmp_path / "log") as daemon:
        before = nodes(fresh)[0]["policy"]
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(30)
    right = fresh.config.read_text()
    fresh.config.unlink() if broken is None else fresh.config.write_text(broken)
    refused = maildesk("--config", str(fresh.config), "run", "--strict")
    assert refused.returncode == 1
    assert b"maildesk.toml" in refused.stderr
    log = tmp_path / "again"
    with running(fresh, log) as daemon:
        said = log.read_text()
        assert "The configuration cannot be used: this is done with the last good one" in said
        assert "configuration refused" in said
        [node] = nodes(fresh)
        assert node["policy"] == before
        assert "maildesk.toml" in node["trouble"]
        wait_for(lambda: [one["name"] for one in fresh.json("status")["alarms"]] == ["reload"], daemon)
        assert fresh.run("status", "--check").exit_code == 1
        # A pipe goes on taking mail: a mail server that hears "no" would return it.
        fresh.ok("deliver", given=MAIL)
        wait_for(lambda: fresh.json("status")["outbox"]["sent"] >= 3, daemon)
        fresh.config.write_text(right)
        fresh.ok("reload")
        assert nodes(fresh)[0]["trouble"] == ""
        wait_for(lambda: fresh.json("status")["alarms"] == [], daemon, seconds=60)
        assert fresh.run("status", "--check").exit_code == 0


def test_a_restart_with_a_template_that_fails(fresh: Desk, tmp_path: Path) -> None:
    with running(fresh, tmp_path / "log"):
        pass
    (fresh.folder / "templates/en/acknowledgment.txt").write_text("{{ nobody_knows_this }}\n")
    with running(fresh, tmp_path / "again") as daemon:
        assert "acknowledgment.txt:1" in nodes(fresh)[0]["trouble"]
        fresh.ok("deliver", given=MAIL)
        wait_for(lambda: fresh.json("status")["outbox"]["sent"] == 3, daemon)


def test_a_template_that_a_newer_maildesk_has(fresh: Desk) -> None:
    (fresh.folder / "templates/en/alarm.txt").unlink()
    (fresh.folder / "templates/en/alarm.html").unlink()
    fresh.ok("check")


def test_pause_and_resume(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    assert fresh.ok("pause", "acknowledgments").startswith("Paused: acknowledgments.")
    assert "Acknowledgments are paused already" in fresh.no("pause", "acknowledgments")
    fresh.ok("deliver", given=MAIL)
    fresh.ok("run", "--once")
    assert fresh.json("status")["outbox"] == {"todo": 1, "ready": 0, "sent": 2}
    assert "acknowledgments, since" in fresh.ok("status")
    assert fresh.ok("resume", "acknowledgments").startswith(
        "Resumed: acknowledgments; the next `maildesk run`"
    )
    assert "Acknowledgments are not paused" in fresh.no("resume", "acknowledgments")
    fresh.ok("run", "--once")
    assert fresh.json("status")["outbox"]["sent"] == 3


def test_a_shadow_sends_nothing(fresh: Desk) -> None:
    fresh.edit("^zone = ", 'mode = "shadow"\nzone = ')
    fresh.ok("deliver", given=MAIL)
    fresh.ok("run", "--once")
    assert fresh.json("status")["outbox"] == {"todo": 0, "ready": 0, "sent": 0, "shadow": 3}
    assert not (fresh.folder / "var/outgoing/new").exists() or not any(
        (fresh.folder / "var/outgoing/new").iterdir()
    )
    assert "shadow: nothing is sent" in fresh.ok("status")
    [mail] = [mail for mail in fresh.json("outbox", "list") if mail["kind"] == "acknowledgment"]
    assert mail["state"] == "shadow"
    assert "Subject: " in fresh.ok("outbox", "show", mail["once"], "--raw")
    fresh.edit("^mode = .*", 'mode = "live"')
    fresh.ok("run", "--once")
    assert fresh.json("status")["outbox"]["shadow"] == 3, "they never go out by themselves"
    fresh.ok("outbox", "retry", mail["once"])
    fresh.ok("run", "--once")
    assert fresh.json("status")["outbox"]["sent"] == 1


def test_two_daemons_say_what_each_goes_by(fresh: Desk, postgres_url: str, tmp_path: Path) -> None:
    fresh.edit("^url = .*", f'url = "{postgres_url}"')
    other = Desk(tmp_path / "other")
    shutil.copytree(fresh.folder, other.folder)
    other.edit(r"^listen = .*", f'listen = "127.0.0.1:{free_port()}"')
    other.edit(r"^#name = .*", 'name = "second"')
    with running(fresh, tmp_path / "log"), running(other, tmp_path / "log2"):
        fresh.edit("^zone = .*", 'zone = "Europe/Paris"')
        other.edit("^zone = .*", 'zone = "Mars"')
        told = fresh.run("reload")
        assert told.exit_code == 1
        assert "second: maildesk.toml:" in told.stderr
        assert "second keeps the old configuration" in told.stderr.lower()
        troubles = {node["name"]: bool(node["trouble"]) for node in nodes(fresh)}
        assert troubles == {"main": False, "second": True}


def test_a_hangup_without_a_change(fresh: Desk, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(fresh, log) as daemon:
        daemon.send_signal(signal.SIGHUP)
        wait_for(lambda: "reload: the configuration is" in log.read_text(), daemon)
