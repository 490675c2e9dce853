"""The mails of the kill test: what was there before, twelve kinds one by one, and fifty at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from maildesk.core.reading import Envelope
from tests.desk import DESK, Desk, a_mail, an_answer

POISON = b"X-Poison: yes"
FOOTER = "-- \nhelp mailing list\nhelp@lists.example\n"


@dataclass(frozen=True)
class Mail:
    """A mail that a client delivers, and what must become of it."""

    name: str
    raw: bytes
    envelope: Envelope
    disposition: str

    @cached_property
    def mark(self) -> tuple[str, str]:
        """How the mail is known in the store."""
        return hashlib.sha256(self.raw).hexdigest(), self.envelope.channel


def no_poison(raw: bytes) -> None:
    """The hook that makes a mail a poison mail."""
    if POISON in raw:
        raise ZeroDivisionError("poison")


def _mail(
    name: str, mail: EmailMessage, disposition: str, channel: str = "smtp", sender: str | None = ""
) -> Mail:
    claimed = mail["From"].addresses[0].addr_spec if mail["From"] else ""
    to = tuple(a.addr_spec.lower() for a in mail["To"].addresses)
    envelope = Envelope(channel, claimed if sender == "" else sender, to, "127.0.0.1")
    return Mail(name, mail.as_bytes(policy=policy.SMTP), envelope, disposition)


def before(desk: Desk) -> None:
    """Two tickets, acknowledged and with the agents, and a held mail of which its agent was asked."""
    desk.handle(_original(1))
    desk.handle(_original(2))
    desk.handle(
        _held(str(_only(desk, "person2@before2.example", "acknowledgment", "Question 2")["Subject"]), 0)
    )


def _original(n: int) -> EmailMessage:
    return a_mail(
        sender=f"Person {n} <person{n}@before{n}.example>",
        subject=f"Question {n}",
        text=f"Hello,\n\nthis is question number {n}.\nPlease help me with it.\n\nPerson {n}\n",
        message_id=f"<question-{n}@before{n}.example>",
    )


def _only(desk: Desk, to: str, template: str, subject: str) -> EmailMessage:
    (found,) = (m for m in desk.mails(to, template) if subject in m["Subject"])
    return found


def all_kinds(desk: Desk) -> list[Mail]:
    """One mail of each kind, answering what the desk has sent `before`."""
    first, second = "Question 1", "Question 2"
    acknowledged = _only(desk, "person1@before1.example", "acknowledgment", first)
    to_alice = _only(desk, "alice@desk.example", "new_ticket", first)
    asked = _only(desk, "person2@before2.example", "acknowledgment", second)
    confirmation = _only(desk, "alice@desk.example", "held", second)
    return [
        new(1),
        _mail(
            "reply", an_answer(acknowledged, _PERSON_1, "Still broken.", "<reply@before1.example>"), "reply"
        ),
        _mail("agent reply", an_answer(to_alice, _ALICE, "Try twice.", "<try@desk.example>"), "agent-reply"),
        _mail("stopped", an_answer(to_alice, _ALICE, _PRIVATE, "<bob@desk.example>"), "agent-reply"),
        _mail("held", _held(str(acknowledged["Subject"]), 1), "held"),
        _mail("release", an_answer(confirmation, _ALICE, "#release", "<yes@desk.example>"), "command"),
        _mail("poison", a_mail(message_id="<poison@x.example>", headers={"X-Poison": "yes"}), "quarantined"),
        _mail("pipe", _original(2), "duplicate", channel="pipe"),
        _mail("variant", _with_footer(_original(2)), "duplicate"),
        _mail("bounce", bounce(asked), "bounce", sender=None),
        _mail("auto-reply", _vacation(asked), "auto-reply"),
        _mail("without Message-ID", a_mail("Zoe <zoe@zoe.example>", message_id=None), "new-ticket"),
    ]


_PERSON_1 = "Person 1 <person1@before1.example>"
_ALICE = "Alice Ames <alice@desk.example>"
_PRIVATE = "Write to bob@desk.example.\n\n#status resolved"


def fifty(desk: Desk) -> list[Mail]:
    """Fifty mails for one batch: new ones, each of these twice, and every other kind but poison and releases.

    What is released is decided after the batch, or in the midst of it once it has to be taken one by one.
    """
    kinds = [m for m in all_kinds(desk) if m.name not in ("new 1", "poison", "release")]
    fresh = [new(n) for n in range(100, 106)]
    again = [
        Mail(f"{mail.name} by pipe", mail.raw, Envelope("pipe", None, mail.envelope.recipients), "duplicate")
        for mail in fresh
    ]
    subject = str(_only(desk, "person1@before1.example", "acknowledgment", "Question 1")["Subject"])
    held = [_mail(f"held {n}", _held(subject, n), "held") for n in range(2, 31)]
    return [*fresh, *kinds, *again, *held]


def new(n: int) -> Mail:
    """A new question of a new customer."""
    mail = a_mail(
        sender=f"Customer {n} <customer{n}@new{n}.example>",
        subject=f"A printer, number {n}",
        message_id=f"<new-{n}@new{n}.example>",
    )
    return _mail(f"new {n}", mail, "new-ticket")


def _held(subject: str, n: int) -> EmailMessage:
    return a_mail(_ALICE, subject=f"Re: {subject}", text="Do it.\n", message_id=f"<held-{n}@desk.example>")


def _with_footer(mail: EmailMessage) -> EmailMessage:
    text = str(mail.get_content())
    mail.set_content(text + FOOTER)
    mail["List-Id"] = "<help.lists.example>"
    return mail


def _vacation(asked: EmailMessage) -> EmailMessage:
    sender, headers = "Person 2 <person2@before2.example>", {"Auto-Submitted": "auto-replied"}
    return an_answer(asked, sender, "I am away.", "<away@before2.example>", headers)


def bounce(of: EmailMessage) -> EmailMessage:
    """A report that this mail of ours could not be delivered (RFC 3464)."""
    words = (
        ("From", "Mail Delivery System <MAILER-DAEMON@mx.example>"),
        ("To", DESK),
        ("Subject", "Undelivered Mail Returned to Sender"),
        ("Date", "Mon, 21 Sep 2026 12:00:00 +0000"),
        ("Message-ID", "<report@mx.example>"),
        ("Auto-Submitted", "auto-replied"),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/report; report-type=delivery-status; boundary="b"'),
    )
    recipient = of["To"].addresses[0].addr_spec
    status = (
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 4.4.1\r\n"
        "Diagnostic-Code: smtp; 421 cannot connect\r\n"
    )
    shown = ("From", "To", "Subject", "Message-ID", "References")
    returned = "".join(f"{name}: {of[name]}\r\n" for name in shown)
    parts: Sequence[tuple[str, str]] = (
        ("text/plain", "Your mail could not be delivered.\r\n"),
        ("message/delivery-status", status),
        ("text/rfc822-headers", returned),
    )
    text = "".join(f"{name}: {value}\r\n" for name, value in words) + "\r\n"
    text += "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n" for kind, body in parts) + "--b--\r\n"
    report: Any = message_from_bytes(text.encode(), policy=policy.default)
    assert isinstance(report, EmailMessage)
    return report
