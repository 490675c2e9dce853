"""`doctor --probe`: through a real Postfix and back to a running desk, and where nothing can be probed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from maildesk import configured
from maildesk.app import App
from maildesk.cli import app as cli
from maildesk.config.scaffold import init
from maildesk.core.reading import Envelope, Evidence
from maildesk.daemon import Daemon
from maildesk.edges.accept import Offer
from maildesk.store import inbox, lookup, views
from maildesk.store.schema import ticket
from tests.doctor.conftest import Healthy
from tests.servers import postfix_front
from tests.servers.ports import free_port
from tests.servers.relay import FakeRelay, a_relay

WAIT = "60"
"""Seconds: a deadline, as all that the relay has taken comes back."""


@dataclass
class Probed:
    """A running desk behind a relay."""

    folder: Path
    app: App

    def run(self, *options: str) -> Result:
        """The command, in this process."""
        return CliRunner().invoke(cli, ["--config", str(self.folder), "doctor", "--probe", *options])

    def findings(self, wait: str = WAIT) -> list[dict[str, str]]:
        """What it finds."""
        done = self.run("--json", "--wait", wait)
        assert done.exit_code in (0, 1), done.output
        found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
        return found

    def arrivals(self) -> list[dict[str, Any]]:
        """All mails that came."""
        with self.app.store.db.reading() as conn:
            return views.arrivals(conn)

    def untouched(self) -> bool:
        """Whether nothing came of the probes: no ticket, no mail, no arrival that an alarm would count."""
        with self.app.store.db.reading() as conn:
            opened = conn.execute(select(ticket.c.number)).first()
            return not (opened or views.outbox_list(conn) or lookup.newest_arrival(conn))


@contextmanager
def a_desk(folder: Path, relay: int, doors: str, desk: str = "") -> Iterator[Probed]:
    """A running desk that sends through the port of a relay."""
    init(folder)
    path = folder / "maildesk.toml"
    text = path.read_text("utf-8")
    text = re.sub(r"(?s)^\[\[smtp\]\].*?(?=^\[deliver\])", f"{doors}\n", text, flags=re.MULTILINE)
    send = f'kind = "smtp"\nhost = "127.0.0.1"\nport = {relay}\ntls = "none"\nhostname = "desk.example" #'
    text = text.replace('kind = "maildir"', send).replace("[limits]", f"{desk}\n[limits]")
    path.write_text(text)
    app = App(configured.read(path), "main", path)
    try:
        app.store.open()
        daemon = Daemon(app)
        daemon.start()
        try:
            yield Probed(folder, app)
        finally:
            daemon.stop()
    finally:
        app.store.close()


@contextmanager
def behind_postfix(
    folder: Path, settings: Mapping[str, str], files: Mapping[str, str], by_smtp: bool = False, desk: str = ""
) -> Iterator[Probed]:
    """A running desk that sends through a Postfix which brings mail for it back, by LMTP or by SMTP."""
    port = free_port()
    way = f"smtp:[127.0.0.1]:{port}" if by_smtp else "lmtp:unix:{folder}/run/lmtp.sock"
    own = {
        "relay_domains": "desk.example",
        "recipient_delimiter": "+",
        "transport_maps": f"regexp:{{folder}}/refused, static:{way}",
    }
    with postfix_front.start({**own, **settings}, files={"refused": "", **files}) as mta:
        door = f'[[lmtp]]\nlisten = "unix:{mta.folder}/run/lmtp.sock"\nmode = "0666"'
        if by_smtp:
            door = f'[[smtp]]\nlisten = "127.0.0.1:{port}"'
        with a_desk(folder, mta.port, door, desk) as probed:
            yield probed


def told(found: list[dict[str, str]], *levels: str) -> list[str]:
    return [f"{one['what']}. {one['do']}" for one in found if one["level"] in levels]


def test_a_relay_that_lets_all_through(tmp_path: Path) -> None:
    with behind_postfix(tmp_path / "desk", {}, {}) as desk:
        found = desk.findings()
        assert told(found, "fault") == []
        assert told(found, "warning") == [
            "it has no DKIM signature. Let your relay sign the mail of desk.example; large providers distrust mail"
            " without."
        ]
        fine = " ".join(told(found, "fine"))
        assert "a mail to support@desk.example came back by LMTP after" in fine
        for words in (
            "Message-ID is kept",
            "support+TOKEN@desk.example comes back",
            'return_path = "verp"',
            "come through",
        ):
            assert words in fine
        came = desk.arrivals()
        assert [(one["disposition"], one["ticket"]) for one in came] == [("ignored-by-rule", None)] * 4
        assert all("doctor --probe" in one["why"][-1] for one in came)
        assert desk.untouched()


def test_a_relay_that_refuses_addresses_with_plus(tmp_path: Path) -> None:
    settings = {
        "smtpd_recipient_restrictions": "check_recipient_access regexp:{folder}/plus",
        "smtpd_sender_restrictions": "check_sender_access regexp:{folder}/plus",
    }
    files = {"plus": "/\\+/ REJECT no plus here\n"}
    with behind_postfix(tmp_path / "desk", settings, files, desk='return_path = "verp"') as desk:
        reply, back = told(desk.findings(), "fault")
        assert (
            "mail to the reply address support+TOKEN@desk.example: the relay did not take it (554 5.7.1"
            in reply
        )
        assert 'write reply_address = "none" and return_path = "fixed" below [desk]' in reply
        assert "no plus here" in back
        assert 'Write return_path = "fixed" below [desk]' in back
        assert [one["disposition"] for one in desk.arrivals()] == ["ignored-by-rule"] * 2
        assert desk.untouched()


def test_a_relay_that_rewrites_and_strips_and_bounces(tmp_path: Path) -> None:
    settings = {"header_checks": "regexp:{folder}/headers", "nested_header_checks": ""}
    with a_relay() as strict:
        strict.script("RCPT", "550 5.1.1 no such user")
        files = {
            "headers": "/^Message-ID:.*/ REPLACE Message-ID: <other@relay.example>\n"
            "/^(X-|Auto-Submitted:|In-Reply-To:|References:)/ IGNORE\n",
            "refused": f"/\\+/ smtp:[127.0.0.1]:{strict.port}\n",
        }
        with behind_postfix(tmp_path / "desk", settings, files, by_smtp=True) as desk:
            found, came = desk.findings(), desk.arrivals()
            assert desk.untouched()
    [reply] = told(found, "fault")
    assert "support+TOKEN@desk.example: it came back as undeliverable" in reply
    assert "no such user" in reply
    assert 'reply_address = "none"' in reply
    warnings = " ".join(told(found, "warning"))
    assert "References and In-Reply-To were taken away" in warnings
    assert "headers were taken away: Auto-Submitted, X-Auto-Response-Suppress" in warnings
    fine = " ".join(told(found, "fine"))
    assert "came back by SMTP" in fine
    assert "the Message-ID was replaced by <other@relay.example>; the desk learns the new ones" in fine
    # The report on the one that was bounced became nothing, too.
    assert [one["disposition"] for one in came] == ["ignored-by-rule"] * 4
    assert "not delivered" in " ".join(why for one in came for why in one["why"])


def test_a_relay_that_swallows_mail(tmp_path: Path) -> None:
    with a_relay() as relay, a_desk(tmp_path / "desk", relay.port, "") as desk:
        [lost] = told(desk.findings(wait="1"), "fault")
        assert "the relay took it, and it did not come back in time, 1 s" in lost
        assert re.search(r"Look for [a-z2-7]{40}\.probe@desk\.example in the relay's log", lost)
        assert len(relay.taken) == 4
        shown = desk.run("--wait", "1")
        assert shown.exit_code == 1
        assert "4 mails sent through the relay; waiting 1 s at most" in shown.stderr
        assert shown.stdout.endswith("\n1 fault, 0 warnings.\n")


def test_a_relay_that_takes_nothing(tmp_path: Path) -> None:
    with a_relay() as relay, a_desk(tmp_path / "desk", relay.port, "") as desk:
        relay.script("GREETING", *["554 5.7.1 not you"] * 4)
        [refused] = told(desk.findings(), "fault")
        assert "greets with 554 5.7.1 not you" in refused
        assert "`maildesk check --online`" in refused


def came_by(desk: Healthy, relay: FakeRelay, offer: Callable[[int, bytes], None]) -> list[dict[str, str]]:
    """What is found where the mails that a relay takes come back as `offer` brings them."""
    result: list[Result] = []
    words = ["--config", str(desk.main), "doctor", "--probe", "--json", "--wait", WAIT]
    desk.app.beat()
    doctor = threading.Thread(target=lambda: result.append(CliRunner().invoke(cli, words)))
    doctor.start()
    brought = 0
    while doctor.is_alive():
        taken = relay.taken[brought:]
        for mail in taken:
            offer(brought, mail.data)
            brought += 1
        desk.app.beat()
        desk.app.inbound.step(desk.app.clock())
        doctor.join(0.05)
    found: list[dict[str, str]] = json.loads(result[0].stdout)["findings"]
    return found


def test_mail_from_a_mailbox_and_its_junk_folder(healthy: Healthy) -> None:
    def offer(number: int, data: bytes) -> None:
        # The provider keeps a copy of what was sent, which has gone nowhere.
        for folder, evidence in (("Sent", Evidence(sent=True)), ("Junk", Evidence(parked="junk"))):
            envelope = Envelope("imap", None, ("support@desk.example",))
            one = Offer(data, envelope, evidence, f"imap:help:{folder}:1:{number}", healthy.app.clock())
            healthy.app.accept.together([one], lambda conn, mails: inbox.accept(conn, mails[0])).result()

    found = came_by(healthy, healthy.relay, offer)
    assert "came back from the mailbox help after" in " ".join(told(found, "fine"))
    assert "it lay in the junk folder" in " ".join(told(found, "warning"))
    assert told(found, "fault") == []


FOLDER = (r'(?s)^kind = "smtp".*?(?=^#hostname)', 'kind = "maildir"\n')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda desk: desk.edit('^#mode = "live"', 'mode = "shadow"'), 'sends nothing; write mode = "live"'),
        (lambda desk: desk.run("pause", "all"), "no probe is sent; run `maildesk resume all`"),
        (Healthy.end, "nobody would take the probes; start `maildesk run`"),
        (lambda desk: desk.edit(*FOLDER), 'nothing to probe; write kind = "smtp" below [send]'),
    ],
    ids=["shadow", "paused", "no daemon", "folder"],
)
def test_where_nothing_is_sent(healthy: Healthy, change: Callable[[Healthy], object], words: str) -> None:
    change(healthy)
    done = healthy.run("doctor", "--probe")
    assert done.exit_code == 1
    assert words in done.stderr
    assert done.stdout == ""
    assert healthy.relay.taken == []
