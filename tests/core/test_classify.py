"""Kinds: persons, machines, and what a machine may answer."""

import pytest

from maildesk.core.bounce import Bounce
from maildesk.core.classify import Kind, classify
from maildesk.core.message import parse


def kind(headers: str, null_return_path: bool = False, bounce: Bounce | None = None) -> Kind:
    head = headers if headers.startswith("From:") else f"From: jane@shop.example\r\n{headers}"
    return classify(parse(head.encode() + b"\r\n\r\nHello"), null_return_path, bounce)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("Subject: Printer", "person"),
        ("Auto-Submitted: no", "person"),
        ("Auto-Submitted: No", "person"),
        ("Precedence: normal", "person"),
        ("Subject: Re: the out of office printer", "person"),
        ("Subject: Abwesenheitsnotiz einrichten", "person"),
        ("From: postmaster@shop.example\r\nSubject: Re: Printer", "auto-generated"),
        (
            "From: noreply@shop.example\r\nSubject: Re: Printer\r\nIn-Reply-To: <d1@desk.example>",
            "auto-generated",
        ),
        ("Subject: Delivery problem with my parcel", "person"),
        ("Auto-Submitted: auto-replied (vacation)", "auto-replied"),
        ("Auto-Submitted: Auto-Replied; owner-email=x", "auto-replied"),
        ("X-Autoreply: yes", "auto-replied"),
        ("X-Autorespond: away", "auto-replied"),
        ("Precedence: auto_reply", "auto-replied"),
        ("Subject: Automatic reply: Printer", "auto-replied"),
        ("Subject: Out of Office: Printer", "auto-replied"),
        ("Subject: Abwesenheitsnotiz: Drucker", "auto-replied"),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : Panne", "auto-replied"),
        ("Subject: Respuesta =?utf-8?q?autom=C3=A1tica?=: x", "auto-replied"),
        ("X-Amazon-Auto-Reply: true", "auto-replied"),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "auto-replied"),
        ("X-Mailer: vacation 1.2.7", "auto-replied"),
        ("X-BoxTrapper: x", "auto-replied"),
        ("X-Delivery-Agent: TMDA/1.1", "auto-replied"),
        ("Content-Type: multipart/report; report-type=disposition-notification", "auto-replied"),
        ("In-Reply-To: <d1@desk.example>\r\nSubject: On vacation", "auto-replied"),
        ("Subject: On vacation my card was stolen", "person"),
        ("Auto-Submitted: auto-generated", "auto-generated"),
        ("X-List-Administrivia: yes", "auto-generated"),
        ("X-OTRS-Loop: yes", "auto-generated"),
        ("Content-Type: multipart/report; report-type=feedback-report", "auto-generated"),
        ("Subject: complaint about message from 192.0.2.7", "auto-generated"),
        ("Subject: Email Feedback Report for IP 192.0.2.7", "auto-generated"),
        ("Subject: complaint about message from Jane", "person"),
        ("Auto-Submitted: auto-notified", "auto-generated"),
        ("Return-Path: <>", "auto-generated"),
        ("Precedence: bulk", "auto-generated"),
        ("X-Auto-Response-Suppress: All", "auto-generated"),
        ("X-Cron-Env: <LOGNAME=root>", "auto-generated"),
        ("From: no-reply@shop.example\r\n", "auto-generated"),
        ("From: MAILER-DAEMON@shop.example\r\n", "auto-generated"),
        ("From: root@shop.example\r\n", "auto-generated"),
        ("From: rooter@shop.example\r\n", "person"),
    ],
)
def test_kind(headers: str, expected: str) -> None:
    found = kind(headers)
    assert found.kind == expected
    assert found.may_autorespond is (expected == "person")
    assert found.because.endswith(".")


@pytest.mark.parametrize(
    "headers",
    [
        "From: root@shop.example\r\nSubject: Re: Printer\r\nIn-Reply-To: <d1@desk.example>",
        "From: postmaster@shop.example\r\nSubject: AW: Printer\r\nReferences: <d1@desk.example>",
    ],
)
def test_a_machine_may_share_its_address_with_a_person(headers: str) -> None:
    found = kind(headers)
    assert (found.kind, found.may_autorespond) == ("person", False)


def test_because_names_the_header() -> None:
    assert "auto-submitted" in kind("Auto-Submitted: auto-replied").because
    assert "auto-replied" in kind("Auto-Submitted: auto-replied").because


@pytest.mark.parametrize(
    "headers",
    [
        "List-Id: <talk.shop.example>",
        "List-Id: <talk.shop.example>\r\nPrecedence: bulk",
        "Precedence: list",
        "Mailing-List: contact x@shop.example",
        "X-Google-Group-Id: 1",
    ],
)
def test_a_list_in_between_leaves_a_person(headers: str) -> None:
    found = kind(headers)
    assert (found.kind, found.may_autorespond, found.is_list) == ("person", False, True)


@pytest.mark.parametrize(
    "headers",
    [
        "From: a@shop.example, b@shop.example\r\n",
        "From: \r\n",
        "X-Auto-Response-Suppress: All\r\nIn-Reply-To: <d1@desk.example>",
        "X-Loop: shop",
    ],
)
def test_persons_that_no_machine_may_answer(headers: str) -> None:
    found = kind(headers)
    assert (found.kind, found.may_autorespond, found.is_list) == ("person", False, False)


@pytest.mark.parametrize(("subject", "expected"), [("Abuse", "auto-generated"), ("Fwd: Abuse", "person")])
def test_a_feedback_report_in_parts(subject: str, expected: str) -> None:
    raw = (
        f"From: jane@shop.example\r\nSubject: {subject}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\n\r\nSee below\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n"
        "--b--\r\n"
    )
    assert classify(parse(raw.encode())).kind == expected


def test_null_return_path_of_the_envelope() -> None:
    assert kind("Subject: x", null_return_path=True).kind == "auto-generated"
    assert kind("Subject: Out of office", null_return_path=True).kind == "auto-replied"


def test_bounce_comes_first() -> None:
    failed = Bounce("a@x.example", ("a@x.example",), "5.1.1", "failed", "userunknown", "", "", ())
    found = kind("Auto-Submitted: auto-replied", bounce=failed)
    assert (found.kind, found.may_autorespond) == ("bounce", False)
    assert "5.1.1" in found.because
