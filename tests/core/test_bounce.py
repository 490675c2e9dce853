"""Bounces: which mail failed, for whom, and why."""

import pytest

from maildesk.core.bounce import Bounce, bounce
from maildesk.core.message import parse


def read(raw: bytes) -> Bounce | None:
    return bounce(parse(raw), raw)


def report(fields: str, returned: str = "", kind: str = "message/rfc822") -> bytes:
    text = (
        "From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered Mail\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n\r\n{fields}\r\n"
    )
    if returned:
        text += f"--b\r\nContent-Type: {kind}\r\n\r\n{returned}\r\n"
    return f"{text}--b--\r\n".encode()


RETURNED = (
    "From: support@desk.example\r\nTo: jane@shop.example\r\nMessage-ID: <m1@desk.example>\r\n"
    "References: <a1@desk.example>\r\n <c1@shop.example>\r\nIn-Reply-To: <c1@shop.example>\r\n\r\nHi"
)
FAILED = (
    "Original-Recipient: rfc822;jane@shop.example\r\nFinal-Recipient: rfc822; jane@shop.example\r\n"
    "Action: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <jane@shop.example>:\r\n    User unknown\r\n"
)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_report(kind: str) -> None:
    assert read(report(FAILED, RETURNED, kind)) == Bounce(
        recipient="jane@shop.example",
        recipients=("jane@shop.example",),
        status="5.1.1",
        action="failed",
        reason="userunknown",
        diagnostic="550 5.1.1 <jane@shop.example>: User unknown",
        original_message_id="m1@desk.example",
        original_references=("a1@desk.example", "c1@shop.example"),
    )


def test_several_recipients() -> None:
    second = "Final-Recipient: rfc822;bob@shop.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    relayed = "Final-Recipient: rfc822;ok@shop.example\r\nAction: relayed\r\nStatus: 2.1.5\r\n"
    found = read(report(f"{relayed}\r\n{FAILED}\r\n{second}"))
    assert found is not None
    assert found.recipients == ("jane@shop.example", "bob@shop.example")


def test_vague_status_is_bettered_by_the_diagnostic() -> None:
    vague = FAILED.replace("Status: 5.1.1", "Status: 5.0.0").replace("550 5.1.1", "552 5.2.2")
    found = read(report(vague.replace("User unknown", "Mailbox full")))
    assert found is not None
    assert (found.status, found.reason) == ("5.2.2", "mailboxfull")


@pytest.mark.parametrize(
    ("field", "address"),
    [
        ('rfc822; "jane..doe"@shop.example', '"jane..doe"@shop.example'),
        ("RFC822;=?utf-8?B?w6k=?=@shop.example", "=?utf-8?b?w6k=?=@shop.example"),
        (r"utf-8; j\x{F6}rg@shop.example", "jörg@shop.example"),
        ("<Jane@Shop.Example>", "jane@shop.example"),
        ("rfc822; jane@[192.0.2.7]", "jane@[192.0.2.7]"),
    ],
)
def test_addresses_stand_as_the_server_saw_them(field: str, address: str) -> None:
    found = read(report(f"Final-Recipient: {field}\r\nAction: failed\r\nStatus: 5.1.1\r\n"))
    assert found is not None
    assert found.recipients == (address,)


def test_a_report_that_names_a_path_keeps_its_status() -> None:
    raw = report("Final-Recipient: rfc822; /var/mail/jane\r\nAction: failed\r\nStatus: 5.0.0\r\n")
    found = read(raw.replace(b"Sorry.", b"mailbox is full"))
    assert found is not None
    assert (found.recipients, found.status) == ((), "5.0.0")
    found = read(b"X-Failed-Recipients: jane@shop.example\r\n" + raw)
    assert found is not None
    assert (found.recipients, found.status, found.action) == (("jane@shop.example",), "5.0.0", "failed")


@pytest.mark.parametrize(
    ("diagnostic", "status"),
    [
        ("550 No such user", "5.1.1"),
        ("451 later", "4.0.0"),
        ("552 mailbox full", "5.2.2"),
        ("no words", "5.0.0"),
    ],
)
def test_a_report_without_status_tells_it_by_its_words(diagnostic: str, status: str) -> None:
    found = read(
        report(f"Original-Recipient: <jane@shop.example>\r\nDiagnostic-Code: smtp; {diagnostic}\r\n")
    )
    assert found is not None
    assert (found.recipients, found.status) == (("jane@shop.example",), status)


def test_a_report_whose_parts_are_lost_is_one() -> None:
    raw = b"From: relay@mx.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\nx"
    found = read(raw)
    assert found is not None
    assert (found.recipients, found.status, found.action) == ((), "5.0.0", "failed")


def test_delay() -> None:
    late = FAILED.replace("failed", "delayed").replace("5.1.1", "4.4.1")
    found = read(report(late))
    assert found is not None
    assert (found.action, found.status) == ("delayed", "4.4.1")


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_receipts_are_no_bounces(action: str) -> None:
    assert read(report(FAILED.replace("failed", action).replace("Status: 5.1.1", "Status: 2.0.0"))) is None


def test_a_report_that_a_gateway_wrapped_in_another() -> None:
    raw = (
        b"From: Mail Delivery Subsystem <gateway@mx.example>\r\nSubject: Returned mail: User unknown\r\n"
        b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\nSee below.\r\n"
        b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + report(FAILED, RETURNED) + b"\r\n--out--\r\n"
    )
    assert read(raw) == read(report(FAILED, RETURNED))


def test_read_receipt_is_no_bounce() -> None:
    raw = (
        b"From: jane@shop.example\r\nSubject: Read: x\r\nContent-Type: multipart/report;\r\n"
        b" report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nread\r\n--b--\r\n"
    )
    assert read(raw) is None


QMAIL = (
    "Hi. This is the qmail-send program at mx.example.\n"
    "I'm afraid I wasn't able to deliver your message to the\n"
    "following addresses. This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<jane@shop.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n"
    "--- Below this line is a copy of the message.\n\nReturn-Path: <support@desk.example>\n"
    "Message-ID: <m1@desk.example>\nTo: jane@shop.example\n"
)
EXIM = (
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be\n"
    "delivered to one or more of its recipients. The following address(es) failed:\n\n  jane@shop.example\n"
    "    mailbox is full: quota exceeded\n\n"
    "------ This is a copy of the message, including all the headers. ------\n\n"
    "Message-Id: <m1@desk.example>\nFrom: support@desk.example\n"
)


@pytest.mark.parametrize(
    ("subject", "more", "text", "status", "reason"),
    [
        ("failure notice", "", QMAIL, "5.1.1", "userunknown"),
        (
            "Mail delivery failed: returning message to sender",
            "X-Failed-Recipients: jane@shop.example\r\n",
            EXIM,
            "5.2.2",
            "mailboxfull",
        ),
        ("Mail delivery failed", "", EXIM, "5.2.2", "mailboxfull"),
    ],
)
def test_reports_in_prose(subject: str, more: str, text: str, status: str, reason: str) -> None:
    head = f"From: Mail Delivery System <Mailer-Daemon@mx.example>\r\nTo: support@desk.example\r\n{more}"
    found = read(f"{head}Subject: {subject}\r\n\r\n{text}".encode())
    assert found is not None
    assert found.recipients == ("jane@shop.example",)
    assert (found.status, found.action, found.reason) == (status, "failed", reason)
    assert found.original_message_id == "m1@desk.example"


@pytest.mark.parametrize(
    "raw",
    [
        "From: jane@shop.example\r\nSubject: Delivery problem\r\n\r\nMy parcel has not been delivered.",
        "From: jane@shop.example\r\nSubject: Re: failure notice\r\n\r\nI got this: user unknown. Help?",
        "From: info@shop.example\r\nSubject: Question\r\n\r\nYour mailbox is full, it said.",
        "From: jane@shop.example\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.",
        "From: postmaster@shop.example\r\nSubject: Your invoice\r\n\r\nPlease find it attached.",
    ],
)
def test_people_write_about_delivery_too(raw: str) -> None:
    assert read(raw.encode()) is None


def test_report_forwarded_by_a_person_is_no_bounce() -> None:
    inner = report(FAILED, RETURNED)
    raw = (
        b"From: jane@shop.example\r\nSubject: Fwd: what is this?\r\n"
        b"Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\nSee attached\r\n"
        b"--out\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--out--\r\n"
    )
    assert read(raw) is None
