"""STARTTLS, logins and proxies on the SMTP listener. Over real sockets."""

import base64
import logging
import smtplib
import socket
import ssl
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from maildesk.core.password import hashed
from maildesk.core.reading import Evidence
from maildesk.edges.certificate import BadCertificate, Certificate
from maildesk.edges.intakes.smtp_client import WAITING, Account, Guard
from tests.edges.intakes.wire import DESK, MAIL, SECONDS, Connect, Desk, Serve, Wire
from tests.servers import certificates
from tests.waiting import until

SECRET = "correct horse"
ACCOUNTS = {"alice": Account(hashed(SECRET, bytes(16)), ("alice@desk.example", "ames@desk.example"))}
REMOTE = b"PROXY TCP4 192.0.2.7 127.0.0.1 5555 25\r\n"
LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(*certificates.make(tmp_path))


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=folder / "certificate.pem")


def plain(login: str = "alice", password: str = SECRET) -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(f"\0{login}\0{password}".encode())


# STARTTLS


def test_mail_comes_encrypted(desk: Desk, serve: Serve, certificate: Certificate, tmp_path: Path) -> None:
    port = serve(guard=Guard(tls=certificate.context)).port
    with smtplib.SMTP("localhost", port, timeout=SECONDS) as client:
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=trusting(tmp_path))
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("auth")
        assert client.sendmail("anna@customer.example", [DESK], MAIL * 10_000) == {}
    taken = desk.next()
    assert taken.raw == MAIL * 10_000
    assert taken.envelope.peer == "127.0.0.1"
    assert taken.evidence == Evidence()


def test_mail_in_clear_is_refused_where_tls_is_required(
    serve: Serve, wire: Connect, certificate: Certificate
) -> None:
    client = wire(serve(guard=Guard(tls=certificate.context, require_tls=True))).greet()
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("530 ")
    client.tls()
    assert client.ask(b"EHLO x").startswith("250 ")
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")


def test_what_was_said_before_tls_counts_no_more(
    desk: Desk, serve: Serve, wire: Connect, certificate: Certificate
) -> None:
    client = wire(serve(guard=Guard(certificate.context, lambda: ACCOUNTS))).greet()
    assert client.ask(plain()).startswith("235 ")
    client.tls()
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("503 ")
    assert client.ask(b"EHLO x").startswith("250 ")
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")
    assert desk.next().evidence == Evidence()


def test_commands_sent_before_the_handshake_are_thrown_away(
    serve: Serve, wire: Connect, certificate: Certificate
) -> None:
    """CVE-2011-0411: what an attacker adds in clear must not be run as if it came encrypted."""
    client = wire(serve(guard=Guard(tls=certificate.context))).greet()
    client.say(b"STARTTLS\r\nNOOP\r\n")
    assert client.hear().startswith("220 ")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client.file.close()
    client.socket = context.wrap_socket(client.socket)
    client.file = client.socket.makefile("rb")
    assert client.ask(b"EHLO x").startswith("250 ")
    assert client.ask(b"QUIT").startswith("221 ")


def test_a_handshake_that_fails_ends_quietly(
    serve: Serve, wire: Connect, certificate: Certificate, caplog: pytest.LogCaptureFixture
) -> None:
    intake = serve(guard=Guard(tls=certificate.context))
    client = wire(intake).greet()
    assert client.ask(b"STARTTLS").startswith("220 ")
    client.say(b"this is no handshake, and never will be one\r\n" * 10)
    client.ended()
    until(lambda: not intake._sessions)
    assert [r.message for r in caplog.records if r.levelno >= logging.WARNING and r.name != "asyncio"] == []
    wire(intake).greet()


def test_stop_ends_encrypted_sessions(
    desk: Desk, serve: Serve, wire: Connect, certificate: Certificate
) -> None:
    desk.at_once = False
    intake = serve(guard=Guard(tls=certificate.context))
    idle, busy = (wire(intake).greet().tls() for _ in range(2))
    assert busy.ask(b"EHLO x").startswith("250 ")
    busy.to_data().say(MAIL + b".\r\n")
    desk.next().future.set_result("row")
    assert busy.hear().startswith("250 ")
    begin = time.monotonic()
    intake.stop(SECONDS)
    assert time.monotonic() - begin < SECONDS / 2
    assert idle.hear().startswith("421 ")


def test_a_renewed_certificate_is_shown_to_the_next_client(
    serve: Serve, certificate: Certificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    intake = serve(guard=Guard(tls=certificate.context))

    def shown() -> bytes:
        with smtplib.SMTP("localhost", intake.port, timeout=SECONDS) as client:
            client.starttls(context=ssl._create_unverified_context())
            assert isinstance(client.sock, ssl.SSLSocket)
            return client.sock.getpeercert(binary_form=True) or b""

    first = shown()
    certificates.make(tmp_path)
    second = shown()
    assert second != first
    (tmp_path / "key.pem").write_text("broken")
    assert [shown(), shown()] == [second, second]
    (tmp_path / "key.pem").unlink()
    assert [shown(), shown()] == [second, second]
    told = [r.message for r in caplog.records if "stays the old one" in r.message]
    assert len(told) == 2
    certificates.make(tmp_path)
    assert shown() not in (first, second)


def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    files = certificates.make(tmp_path)
    files[1].write_text("no key")
    with pytest.raises(BadCertificate, match=r"key\.pem are no certificate and key: "):
        Certificate(*files).load()
    with pytest.raises(OSError, match="No such file"):
        Certificate(tmp_path / "none", files[1]).load()


# Logins


def test_a_login_is_kept_with_what_it_proves(
    desk: Desk, serve: Serve, certificate: Certificate, tmp_path: Path
) -> None:
    accounts = dict(ACCOUNTS)
    port = serve(guard=Guard(certificate.context, lambda: accounts, require_auth=True, require_tls=True)).port
    with smtplib.SMTP("localhost", port, timeout=SECONDS) as client:
        client.starttls(context=trusting(tmp_path))
        client.ehlo()
        assert client.esmtp_features["auth"].split() == ["LOGIN", "PLAIN"]
        client.login("alice", SECRET)
        client.sendmail("alice@desk.example", [DESK], MAIL)
        accounts["alice"] = Account(accounts["alice"].hash, ("ames@desk.example",))
        client.sendmail("alice@desk.example", [DESK], MAIL)
        accounts.clear()
        client.sendmail("alice@desk.example", [DESK], MAIL)
    assert desk.next().evidence == Evidence(login="alice", proven=("alice@desk.example", "ames@desk.example"))
    assert desk.next().evidence == Evidence(login="alice", proven=("ames@desk.example",))
    assert desk.next().evidence == Evidence(login="alice", proven=())


@pytest.mark.parametrize("how", ["plain", "plain in two steps", "login"])
def test_the_ways_to_log_in(desk: Desk, serve: Serve, wire: Connect, how: str) -> None:
    client = wire(serve(guard=Guard(accounts=lambda: ACCOUNTS))).greet()
    if how == "plain":
        reply = client.ask(plain())
    elif how == "login":
        assert client.ask(b"AUTH LOGIN").startswith("334 ")
        assert client.ask(base64.b64encode(b"alice")).startswith("334 ")
        reply = client.ask(base64.b64encode(SECRET.encode()))
    else:
        assert client.ask(b"AUTH PLAIN").startswith("334")
        reply = client.ask(plain().split()[-1])
    assert reply.startswith("235 ")
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")
    assert desk.next().evidence.login == "alice"


@pytest.mark.parametrize(
    ("login", "password"), [("alice", "wrong"), ("bob", SECRET), ("", ""), ("alice", ""), ("Alice", SECRET)]
)
def test_a_wrong_login_is_none(desk: Desk, serve: Serve, wire: Connect, login: str, password: str) -> None:
    client = wire(serve(guard=Guard(accounts=lambda: ACCOUNTS))).greet()
    assert client.ask(plain(login, password)).startswith("535 ")
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")
    assert desk.next().evidence == Evidence()


def test_who_guesses_is_sent_away(serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture) -> None:
    client = wire(serve(guard=Guard(accounts=lambda: ACCOUNTS))).greet()
    for _ in range(3):
        assert client.ask(plain(password="guess")).startswith("535 ")
    assert client.hear().startswith("421 ")
    assert client.ended()
    assert caplog.text.count("a wrong password for 'alice'") == 3
    assert "guess" not in caplog.text


def test_no_mail_without_a_login_where_one_is_required(serve: Serve, wire: Connect) -> None:
    client = wire(serve(guard=Guard(accounts=lambda: ACCOUNTS, require_auth=True))).greet()
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("530 ")
    assert client.ask(plain()).startswith("235 ")
    client.to_data()


def test_no_login_is_offered_where_there_is_none(serve: Serve, wire: Connect) -> None:
    client = wire(serve()).greet()
    assert client.ask(plain()).startswith("504 ")


def test_passwords_wait_beside_the_loop_and_not_for_ever(serve: Serve, wire: Connect) -> None:
    guard = Guard(accounts=lambda: ACCOUNTS)
    intake = serve(guard=guard)
    guard._waiting = WAITING
    assert wire(intake).greet().ask(plain()).startswith("454 ")
    guard._waiting = 0
    many = [wire(intake).greet() for _ in range(8)]
    for client in many:
        client.say(plain() + b"\r\n")
    assert wire(intake).greet().ask(b"NOOP").startswith("250 ")
    assert all(client.hear().startswith("235 ") for client in many)


# Proxies


def proxied(port: int, line: bytes) -> Wire:
    client = Wire(port)
    client.say(line)
    return client


V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command: int, address: str) -> bytes:
    body = socket.inet_aton(address) + socket.inet_aton("127.0.0.1") + bytes([1, 2, 0, 25])
    if not command & 1:
        body = b""
    family = 0x11 if command & 1 else 0
    return V2 + bytes([command, family]) + len(body).to_bytes(2, "big") + body


ADDRESS = socket.inet_aton("192.0.2.9") + socket.inet_aton("127.0.0.1") + bytes([1, 2, 0, 25])
PATHS = b"/run/client".ljust(108, b"\0") + b"/run/proxy".ljust(108, b"\0")


@pytest.mark.parametrize(
    ("line", "peer"),
    [
        (V2 + bytes([0x20, 0x11]) + len(ADDRESS).to_bytes(2, "big") + ADDRESS, "127.0.0.1"),
        (V2 + bytes([0x21, 0x31]) + len(PATHS).to_bytes(2, "big") + PATHS, "127.0.0.1"),
        (REMOTE, "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::1 ::1 5555 25\r\n", "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (v2(0x21, "192.0.2.9"), "192.0.2.9"),
        (v2(0x20, "192.0.2.9"), "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_tells_the_clients_address(desk: Desk, serve: Serve, line: bytes, peer: str) -> None:
    client = proxied(serve(guard=Guard(accounts=lambda: ACCOUNTS, proxies=LOOPBACK)).port, line)
    client.greet().to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")
    assert desk.next().envelope.peer == peer
    client.close()


def test_passwords_in_clear_are_refused_from_far_away(serve: Serve, wire: Connect) -> None:
    guard = Guard(accounts=lambda: ACCOUNTS, proxies=LOOPBACK)
    client = proxied(serve(guard=guard).port, REMOTE)
    assert client.hear().startswith("220 ")
    client.say(b"EHLO x\r\n")
    offered = []
    while not (line := client.file.readline().decode()).startswith("250 "):
        offered.append(line)
    assert not [line for line in offered if "AUTH" in line]
    assert client.ask(plain()).startswith("538 ")
    client.close()


def test_nobody_else_may_speak_for_others(desk: Desk, serve: Serve) -> None:
    port = serve(guard=Guard(proxies=(ip_network("10.0.0.0/8"),))).port
    client = proxied(port, REMOTE)
    assert client.hear().startswith("220 ")
    assert client.hear().startswith("500 ")
    assert client.ask(b"EHLO x").startswith("250 ")
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")
    assert desk.next().envelope.peer == "127.0.0.1"
    client.close()


@pytest.mark.parametrize(
    "line", [b"EHLO x\r\n", b"PROXY TCP4 nonsense\r\n", v2(0x21, "1.2.3.4")[:-20] + b"\xff" * 300]
)
def test_a_proxy_that_says_nothing_sensible_is_cut(
    serve: Serve, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    client = proxied(serve(guard=Guard(proxies=LOOPBACK)).port, line)
    assert client.ended()
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == []
    client.close()
