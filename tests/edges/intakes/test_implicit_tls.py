"""TLS from the start (RFC 8314): logins, renewed certificates, clients that speak no TLS, start and stop."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.reading import Evidence
from maildesk.edges.certificate import Certificate
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.intakes.smtp_client import Guard
from tests.edges.intakes.test_login import ACCOUNTS, SECRET, trusting
from tests.edges.intakes.wire import DESK, MAIL, SECONDS, Desk, Serve
from tests.servers import certificates
from tests.waiting import until


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return Certificate(*certificates.make(tmp_path))


def guard(certificate: Certificate, **options: Any) -> Guard:
    return Guard(certificate.context, lambda: ACCOUNTS, implicit=True, **options)


@contextmanager
def client(intake: SmtpIntake, folder: Path) -> Iterator[smtplib.SMTP_SSL]:
    with smtplib.SMTP_SSL("localhost", intake.port, timeout=SECONDS, context=trusting(folder)) as found:
        yield found


def plainly(intake: SmtpIntake) -> socket.socket:
    return socket.create_connection(("127.0.0.1", intake.port), SECONDS)


def test_mail_of_a_login_comes_encrypted_from_the_start(
    desk: Desk, serve: Serve, certificate: Certificate, tmp_path: Path
) -> None:
    intake = serve(guard=guard(certificate, require_tls=True, require_auth=True))
    assert intake.shown == f"SMTP with TLS on 127.0.0.1:{intake.port}"
    with client(intake, tmp_path) as one:
        one.ehlo()
        assert one.has_extn("auth")
        assert not one.has_extn("starttls")
        one.login("alice", SECRET)
        assert one.sendmail("alice@desk.example", [DESK], MAIL * 10_000) == {}
    taken = desk.next()
    assert taken.raw == MAIL * 10_000
    assert taken.envelope.peer == "127.0.0.1"
    assert taken.evidence == Evidence(login="alice", proven=ACCOUNTS["alice"].addresses)


def test_a_renewed_certificate_is_shown_to_the_next_client(
    serve: Serve, certificate: Certificate, tmp_path: Path
) -> None:
    intake = serve(guard=guard(certificate))
    old = trusting(tmp_path)
    with client(intake, tmp_path):
        certificates.make(tmp_path)
        with client(intake, tmp_path) as second:
            assert second.noop()[0] == 250
    with pytest.raises(ssl.SSLCertVerificationError):
        smtplib.SMTP_SSL("localhost", intake.port, timeout=SECONDS, context=old)


def test_who_does_not_begin_with_tls_is_sent_away_and_takes_no_place(
    serve: Serve, certificate: Certificate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    intake = serve(guard=guard(certificate), max_sessions=1)
    for _ in range(5):
        with plainly(intake) as one:
            one.sendall(b"EHLO client.example\r\n")
            said = one.recv(1_000)
            assert b"220" not in said
            while said:
                said = one.recv(1_000)
    until(lambda: caplog.text.count("did not begin with TLS") == 5)
    with client(intake, tmp_path) as one:
        assert one.noop()[0] == 250
        # The second is told so inside of TLS.
        with pytest.raises(smtplib.SMTPConnectError) as error, client(intake, tmp_path):
            pass
        assert error.value.smtp_code == 421


def test_who_says_nothing_keeps_nobody_out_and_does_not_hold_up_the_stop(
    serve: Serve, certificate: Certificate, tmp_path: Path
) -> None:
    intake = serve(guard=guard(certificate), max_sessions=2)
    with plainly(intake) as one:
        with client(intake, tmp_path) as another:
            assert another.noop()[0] == 250
        intake.stop(0)
        assert one.recv(100) == b""


def test_what_is_said_before_the_greeting_is_heard(
    serve: Serve, certificate: Certificate, tmp_path: Path
) -> None:
    """The client's first words may come together with the end of the handshake."""
    intake = serve(guard=guard(certificate))
    raw = plainly(intake)
    with trusting(tmp_path).wrap_socket(raw, server_hostname="localhost") as one:
        one.sendall(b"EHLO client.example\r\nQUIT\r\n")
        said = b""
        while part := one.recv(1_000):
            said += part
    assert said.startswith(b"220 ")
    assert b"\r\n221 " in said


@pytest.mark.parametrize("graceful", [True, False])
def test_who_leaves_right_after_the_handshake_leaves_nothing_behind(
    serve: Serve, certificate: Certificate, tmp_path: Path, graceful: bool
) -> None:
    intake = serve(guard=guard(certificate), max_sessions=1)
    for _ in range(3):
        one = trusting(tmp_path).wrap_socket(plainly(intake), server_hostname="localhost")
        if not graceful:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        one.close()

    def taken() -> bool:
        try:
            with client(intake, tmp_path) as one:
                return one.noop()[0] == 250
        except smtplib.SMTPException:
            return False

    until(taken)
