"""What a listener finds out of who wrote a mail: whom it believes, what it checks, and how long that may take."""

from __future__ import annotations

import base64
import logging
import sys
import threading
from email import policy
from ipaddress import ip_network

import pytest

from maildesk.config.listeners import SmtpListener
from maildesk.core.authres import Result
from maildesk.core.password import hashed
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges import verify
from maildesk.edges.intakes import smtp
from maildesk.edges.intakes.listeners import verifier
from maildesk.edges.intakes.lmtp_session import LmtpSession
from maildesk.edges.intakes.smtp_client import Account, Guard
from maildesk.edges.verify import Prover, Trust
from tests.desk import a_mail
from tests.edges.intakes.wire import SECONDS, Connect, Desk, Serve, Wire
from tests.edges.signing import World, signed
from tests.waiting import until

MX = "mx.desk.example"
PASS = b"Authentication-Results: mx.desk.example; dmarc=pass header.from=customer.example\r\n"
MAIL = PASS + a_mail().as_bytes(policy=policy.SMTP)
PROVEN = (Result("dmarc", "pass", "customer.example"),)
OURS, OTHERS = ip_network("10.0.0.0/24"), "198.51.100.7"
ACCOUNTS = {"jane": Account(hashed("secret", bytes(16)), ("jane@customer.example",))}


def guard() -> Guard:
    """A listener behind a proxy on this machine, so that clients may have any address."""
    return Guard(accounts=lambda: ACCOUNTS, proxies=(ip_network("127.0.0.0/8"),))


def hand_over(client: Wire, raw: bytes = MAIL) -> None:
    client.to_data().say(raw)
    assert client.ask(b".") == "250 2.0.0 Accepted"


def coming_from(client: Wire, peer: str) -> Wire:
    client.say(f"PROXY TCP4 {peer} 127.0.0.1 5555 25\r\n".encode())
    return client.greet()


# Who is believed


@pytest.mark.parametrize(
    ("peer", "believed"), [("127.0.0.1", True), ("10.0.0.9", True), ("10.0.1.9", False), (OTHERS, False)]
)
def test_only_our_own_servers_are_believed(
    desk: Desk, serve: Serve, wire: Connect, peer: str, believed: bool
) -> None:
    client = wire(serve(guard=guard(), prover=Prover(Trust(MX), (OURS,))))
    hand_over(coming_from(client, peer))
    found = desk.next().evidence
    assert (found.authority, found.results) == ((MX, PROVEN) if believed else ("", ()))


def test_who_logs_in_brings_mail_of_their_own(desk: Desk, serve: Serve, wire: Connect) -> None:
    client = wire(serve(guard=Guard(accounts=lambda: ACCOUNTS), prover=Prover(Trust(MX, 1, "X-Spam: yes"))))
    client.greet()
    login = base64.b64encode(b"\0jane\0secret")
    assert client.ask(b"AUTH PLAIN " + login).startswith("235 ")
    hand_over(client, b"X-Spam: yes\r\n" + MAIL)
    assert desk.next().evidence == Evidence(login="jane", proven=("jane@customer.example",))


def test_a_mail_server_by_lmtp_is_believed(desk: Desk, serve: Serve, wire: Connect) -> None:
    client = wire(serve(protocol=LmtpSession, channel="lmtp", prover=Prover(Trust(MX))))
    hand_over(client.greet_lmtp())
    assert desk.next().evidence == Evidence(authority=MX, results=PROVEN)


def test_nobody_is_believed_without_a_name(desk: Desk, serve: Serve, wire: Connect) -> None:
    hand_over(wire(serve()).greet())
    assert desk.next().evidence == Evidence()


# What is checked here


class Checked:
    """A check on order. It waits for `gate`, and fails by `error`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.error: Exception | None = None
        self.envelopes: list[Envelope] = []

    def __call__(self, raw: bytes, envelope: Envelope) -> tuple[Result, ...]:
        self.envelopes.append(envelope)
        self.begun.set()
        assert self.gate.wait(SECONDS)
        if self.error:
            raise self.error
        return PROVEN


@pytest.fixture
def checked() -> Checked:
    return Checked()


def test_mail_of_others_is_checked_here(desk: Desk, serve: Serve, wire: Connect, checked: Checked) -> None:
    client = wire(serve(guard=guard(), prover=Prover(Trust(MX), (OURS,), checked)))
    hand_over(coming_from(client, OTHERS))
    assert desk.next().evidence == Evidence(authority=verify.OURSELVES, results=PROVEN)
    assert (checked.envelopes[0].peer, checked.envelopes[0].helo) == (OTHERS, "client.example")


def test_mail_of_our_own_server_is_not(desk: Desk, serve: Serve, wire: Connect, checked: Checked) -> None:
    client = wire(serve(guard=guard(), prover=Prover(Trust(MX), (OURS,), checked)))
    hand_over(coming_from(client, "10.0.0.9"))
    assert (desk.next().evidence.authority, checked.envelopes) == (MX, [])


def test_a_check_holds_nobody_else_up(desk: Desk, serve: Serve, wire: Connect, checked: Checked) -> None:
    intake = serve(guard=guard(), prover=Prover(Trust(MX), (), checked))
    checked.gate.clear()
    slow = coming_from(wire(intake), OTHERS).to_data()
    slow.say(MAIL + b".\r\n")
    assert checked.begun.wait(SECONDS)
    hand_over(coming_from(wire(intake), "127.0.0.1"))
    assert desk.next().envelope.peer == "127.0.0.1"
    assert slow.silent(), "nothing is promised before the mail is stored"
    assert desk.taken.empty()
    checked.gate.set()
    assert slow.hear() == "250 2.0.0 Accepted"
    assert desk.next().evidence.results == PROVEN


def test_a_check_that_takes_too_long_proves_nothing(
    desk: Desk,
    serve: Serve,
    wire: Connect,
    checked: Checked,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(smtp, "PROVING", 0.05)
    checked.gate.clear()
    hand_over(coming_from(wire(serve(guard=guard(), prover=Prover(Trust(), (), checked))), OTHERS))
    assert desk.next().evidence == Evidence()
    assert f"{OTHERS}: not found out in time who wrote a mail" in caplog.text
    checked.gate.set()


def test_a_check_that_fails_proves_nothing(
    desk: Desk, serve: Serve, wire: Connect, checked: Checked, caplog: pytest.LogCaptureFixture
) -> None:
    checked.error = RuntimeError("surprise")
    with caplog.at_level(logging.WARNING):
        hand_over(coming_from(wire(serve(guard=guard(), prover=Prover(Trust(), (), checked))), OTHERS))
    assert desk.next().evidence == Evidence()
    assert "surprise" in caplog.text


def test_a_mail_whose_client_has_gone_is_checked_and_stored(
    desk: Desk, serve: Serve, wire: Connect, checked: Checked
) -> None:
    intake = serve(guard=guard(), prover=Prover(Trust(), (), checked))
    checked.gate.clear()
    client = coming_from(wire(intake), OTHERS).to_data()
    client.say(MAIL + b".\r\n")
    assert checked.begun.wait(SECONDS)
    client.close()
    until(lambda: not intake._sessions)
    checked.gate.set()
    assert desk.next().evidence.results == PROVEN


def test_who_asks_for_checks_without_the_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "maildesk.edges.mx", None)
    assert verifier(SmtpListener()) is None
    with pytest.raises(smtp.CannotListen, match="install the extra: pip install 'maildesk\\[mx\\]'"):
        verifier(SmtpListener(verify=True))


def test_a_real_check(desk: Desk, serve: Serve, wire: Connect) -> None:
    pytest.importorskip("dkim", reason="the extra maildesk[mx] is not installed")
    from maildesk.edges.mx import Verifier

    world = World()
    world.domain("customer.example", "ip4:198.51.100.7 -all", "p=reject")
    client = wire(serve(guard=guard(), prover=Prover(Trust(), (), Verifier(lambda: world))))
    mail = a_mail(text="A line.\n..And one that begins with dots.\n.\n")
    raw = signed(mail, "customer.example")
    hand_over(
        coming_from(client, OTHERS), b"".join(b"." + x if x[:1] == b"." else x for x in raw.splitlines(True))
    )
    taken = desk.next()
    assert [(one.method, one.result) for one in taken.evidence.results] == [
        ("dkim", "pass"),
        ("spf", "pass"),
        ("dmarc", "pass"),
    ]
