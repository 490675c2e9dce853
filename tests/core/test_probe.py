"""Probes: the desk knows its own by any of their marks, whatever a relay takes away, and nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from maildesk.core import identity, probe
from maildesk.core.message import parse
from maildesk.core.model import Disposition
from maildesk.core.reading import Envelope
from tests.core.given import KEYS, POLICY, a_reading, decided
from tests.desk import DESK, START, a_policy

NONCE = b"123456789"
OTHER = replace(KEYS, root=b"o" * 32)
PLAIN, REPLY, RETURN, WIDE = probe.probes(POLICY, KEYS, NONCE, START)
BY_SMTP = Envelope("smtp", DESK, (DESK,), "192.0.2.1")


def stripped(data: bytes, *names: str) -> EmailMessage:
    """A probe after a relay that takes headers away."""
    mail = message_from_bytes(data, policy=policy.SMTP)
    assert isinstance(mail, EmailMessage)
    for name in names:
        assert mail[name]
        del mail[name]
    return mail


def known(mail: EmailMessage | bytes, envelope: Envelope = BY_SMTP) -> bool:
    return bool(probe.why(a_reading(mail, envelope=envelope), KEYS))


@pytest.mark.parametrize("one", [PLAIN, REPLY, RETURN, WIDE], ids=lambda one: one.kind)
def test_it_becomes_nothing(one: probe.Probe) -> None:
    decision = decided(
        mail=one.data, envelope=Envelope("lmtp", one.route.return_path, (one.route.recipient,))
    )
    assert decision.disposition is Disposition.IGNORED
    assert "doctor --probe" in decision.why[-1]
    assert not decision.notices
    assert decision.ticket is None


def test_each_mark_is_enough() -> None:
    assert known(stripped(PLAIN.data, "X-Maildesk-Probe", "X-Maildesk-Trace", "Message-ID", "References"))
    bare = ("X-Maildesk-Probe", "X-Maildesk-Trace", "Subject")
    assert known(stripped(PLAIN.data, *bare))
    assert not known(stripped(PLAIN.data, *bare, "Message-ID"))
    assert known(stripped(REPLY.data, *bare, "Message-ID"))
    hidden = stripped(REPLY.data, *bare, "Message-ID", "To")
    assert known(hidden, Envelope("smtp", DESK, (REPLY.route.recipient,)))
    marked = stripped(PLAIN.data, "Subject")
    marked["Subject"] = f"[EXTERN] MAILDESK PROBE {PLAIN.token.upper()}"
    assert known(marked)


def test_a_forged_one_is_an_ordinary_mail() -> None:
    forged = probe.probes(POLICY, OTHER, NONCE, START)[0]
    assert not known(forged.data)
    guessed = re.sub(PLAIN.token.encode(), b"a" * 40, PLAIN.data)
    assert not known(guessed)
    decision = decided(mail=guessed, envelope=Envelope("smtp", "x@evil.example", (DESK,)))
    assert decision.disposition is not Disposition.IGNORED


def test_who_answers_one_has_written_a_mail() -> None:
    answer = EmailMessage()
    answer["From"], answer["To"] = "jane@customer.example", DESK
    answer["Subject"], answer["In-Reply-To"] = f"Re: {PLAIN.subject}", f"<{PLAIN.message_id}>"
    answer.set_content("What is this?")
    assert not known(answer)


@pytest.mark.parametrize("to", [DESK, RETURN.route.return_path])
def test_a_report_on_one_becomes_nothing(to: str) -> None:
    original = RETURN if "+" in to else PLAIN
    head = original.data.partition(b"\r\n\r\n")[0].decode()
    report = (
        f"From: MAILER-DAEMON@relay.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nIt was not delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; relay.example\r\n\r\nFinal-Recipient: rfc822; {DESK}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{head}\r\n\r\n--b--\r\n"
    )
    reading = a_reading(report.encode(), envelope=Envelope("smtp", "", (to,)))
    assert reading.kind.kind == "bounce"
    assert "not delivered" in probe.why(reading, KEYS)
    assert (
        decided(mail=report.encode(), envelope=Envelope("smtp", "", (to,))).disposition is Disposition.IGNORED
    )
    foreign = report.replace(original.token, "a" * 40)
    assert probe.why(a_reading(foreign.encode()), KEYS) == ""
    failed = foreign.replace(f"rfc822; {DESK}", f"rfc822; {REPLY.route.recipient}")
    assert "not delivered" in probe.why(a_reading(failed.encode()), KEYS)


def test_what_it_asks_of_the_way() -> None:
    message = parse(PLAIN.data)
    assert (message.message_id, message.subject) == (PLAIN.message_id, PLAIN.subject)
    assert set(PLAIN.references) <= {*message.references, *message.in_reply_to}
    assert [one.address for one in message.reply_to] == [PLAIN.reply_to]
    assert PLAIN.route.recipient == PLAIN.route.return_path == DESK
    assert REPLY.route.recipient == f"support+{REPLY.token}@desk.example"
    assert RETURN.route.return_path == f"support+{RETURN.token}@desk.example"
    assert len({one.token for one in (PLAIN, REPLY, RETURN, WIDE)}) == 4
    assert all(len(line) <= 998 for line in WIDE.data.split(b"\r\n"))
    assert not WIDE.data.isascii()
    assert PLAIN.data.isascii()
    assert b"\n" not in PLAIN.data.replace(b"\r\n", b"")


def test_it_goes_to_the_addresses_that_are_configured() -> None:
    found = probe.probes(
        a_policy(
            reply_address="pattern",
            reply_pattern="t-{token}@in.desk.example",
            return_path="verp",
            return_address="b-{token}@in.desk.example",
        ),
        KEYS,
        NONCE,
        START,
    )
    assert found[1].route.recipient == f"t-{found[1].token}@in.desk.example"
    assert found[2].route.return_path == f"b-{found[2].token}@in.desk.example"


def test_tokens_of_one_purpose_serve_no_other() -> None:
    token = identity.probe_token(KEYS, b"0123456789")
    assert identity.read_probe_token(KEYS, token) == b"0123456789"
    assert identity.read_return_token(KEYS, token) is None
    assert identity.read_token(KEYS, token) is None
    assert identity.read_probe_token(OTHER, token) is None
    assert identity.read_probe_token(KEYS, token[:-1]) is None
    mid = identity.message_id(KEYS, "once", "desk.example")
    assert identity.read_probe_token(KEYS, identity.return_token(KEYS, mid)) is None
