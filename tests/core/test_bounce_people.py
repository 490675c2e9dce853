"""Mails that speak of deliveries and are no reports: of people, of those who are away, of shops and monitors."""

import pytest

from maildesk.core.bounce import Bounce, bounce
from maildesk.core.message import parse
from maildesk.core.reading import Envelope
from tests.core.given import a_reading
from tests.core.reports import REPORTS

STATUS = (
    "Reporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; bob@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)
QMAIL = REPORTS["qmail, two recipients"][2]
JANE = "From: Jane <jane@shop.example>\r\n"


def read(raw: str, null_return_path: bool = False) -> Bounce | None:
    data = raw.encode()
    return bounce(parse(data), data, null_return_path)


def forwarded(subject: str, head: str = JANE) -> str:
    """What mail clients make of a report that is forwarded inline: its parts become attachments."""
    return (
        f"{head}Subject: {subject}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nWhat is this?\r\n\r\n> could not be delivered to bob@shop.example\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\n{STATUS}\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    "subject",
    [
        "Fwd: Undelivered Mail Returned to Sender",
        "FW: Delivery Status Notification (Failure)",
        "WG: Unzustellbar: Bestellung",
        "TR: Undeliverable: Commande",
        "Re: failure notice",
        "AW: Mail delivery failed",
        "Отв: Недоставленное сообщение",
        "My mails come back",
        "Undelivered Mail Returned to Sender",
    ],
)
def test_forwarded_inline(subject: str) -> None:
    assert read(forwarded(subject)) is None


def test_the_same_from_a_server_is_a_report() -> None:
    found = read(forwarded("Undelivered Mail", "From: postmaster@mx.example\r\n"))
    assert found is not None
    assert found.recipients == ("bob@shop.example",)
    assert read(forwarded("Something", "From: relay@mx.example\r\n"), null_return_path=True) is not None
    assert read(forwarded("Something", "From: relay@mx.example\r\n")) is None


@pytest.mark.parametrize(("sender", "kind"), [("", "bounce"), ("relay@mx.example", "person")])
def test_the_empty_return_path_of_the_envelope_counts(sender: str, kind: str) -> None:
    raw = forwarded("Something", "From: relay@mx.example\r\n").encode()
    assert a_reading(raw, envelope=Envelope("smtp", sender)).kind.kind == kind


@pytest.mark.parametrize("subject", ["failure notice", "Undelivered mail", "Re: failure notice", "Help"])
@pytest.mark.parametrize("quote", ["", "> "])
def test_pasted(subject: str, quote: str) -> None:
    text = "\r\n".join(quote + line for line in QMAIL.split("\n"))
    assert read(f"{JANE}Subject: {subject}\r\n\r\nLook what I got from you:\r\n\r\n{text}") is None


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\r\nReturn-Path: <>\r\nSubject: Re: Your order\r\n",
        "Return-Path: <>\r\nSubject: Out of office: Your order\r\n",
        "From: postmaster@shop.example\r\nReturn-Path: <>\r\nSubject: Automatische Antwort: Undeliverable: x\r\n",
    ],
)
def test_who_is_away_cannot_be_reached(head: str) -> None:
    text = "I am away and can not be reached. Errors are reported to bob@shop.example.\r\n"
    head = head if head.startswith("From:") else JANE + head
    assert read(f"{head}\r\n{text}") is None


def test_who_is_away_quotes_what_we_wrote() -> None:
    head = f"{JANE}Return-Path: <>\r\nSubject: Automatic reply: Your parcel\r\n"
    assert (
        read(f"{head}\r\nI am away.\r\n\r\n> Your parcel could not be delivered to bob@shop.example.") is None
    )


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (
            "From: noreply@parcels.example\r\nAuto-Submitted: auto-generated\r\n"
            "Subject: Delivery failure: parcel 4711\r\n",
            "Your parcel could not be delivered to bob@shop.example.",
        ),
        (
            "From: info@parcels.example\r\nReturn-Path: <>\r\nSubject: Delivery problem\r\n",
            "We did not reach you at home. The parcel has not been delivered.",
        ),
        (
            "From: postmaster@mx.example\r\nAuto-Submitted: auto-generated\r\nSubject: Disk report\r\n",
            "An error occurred when writing: quota exceeded. Write to root@mx.example.",
        ),
        (
            "From: postmaster@mx.example\r\nSubject: Your question\r\n",
            "User unknown means that nobody is there.",
        ),
        (
            "From: root <root@mx.example>\r\nSubject: Logwatch for mx\r\n",
            "  20 550 5.1.1 User unknown\r\n550 5.1.1 bob@shop.example\r\n",
        ),
        (
            "From: Jane <jane@shop.example>\r\nSubject: Undeliverable: Order 7\r\n",
            "I got this:\r\n#550 5.1.1 RESOLVER; ##\r\n",
        ),
        (
            "From: Jane <jane@shop.example>\r\nSubject: No entregado: mi pedido\r\n",
            "Mi pedido no se ha entregado.\r\n",
        ),
    ],
)
def test_shops_and_monitors(head: str, text: str) -> None:
    assert read(f"{head}\r\n{text}") is None


@pytest.mark.parametrize("action", ["Delivery", "Complaint", "Send"])
def test_a_notification_of_no_failure(action: str) -> None:
    text = '{"notificationType": "' + action + '", "mail": {"destination": ["jane@shop.example"]}}'
    assert read(f"From: x@notify.example\r\nx-amz-sns-message-id: 1\r\n\r\n{text}") is None


@pytest.mark.parametrize(
    "title", ["System Administrator", "Mail Administrator", "Microsoft Outlook", "Jane, Postmaster"]
)
def test_people_bear_titles_of_servers(title: str) -> None:
    text = "Hello,\r\nyour mail could not be delivered to bob@shop.example. Please look into it.\r\nJane\r\n"
    head = f'From: "{title}" <jane@shop.example>\r\n'
    assert read(f"{head}Subject: Question\r\n\r\n{text}") is None
    assert read(f"{head}Subject: Undeliverable: Bill\r\n\r\n{text}") is not None
    assert read(f"{head}Subject: Question\r\nReturn-Path: <>\r\n\r\n{text}") is not None


def test_a_parcel_that_a_machine_tells_of() -> None:
    head = "From: Parcels <info@parcel.example>\r\nReturn-Path: <>\r\nSubject: Delivery failed\r\n\r\n"
    assert read(f"{head}Your parcel could not be delivered to your address.\r\n") is None
    assert read(f"{head}Your message could not be delivered to <bob@shop.example>.\r\n") is not None


def test_a_report_that_tells_of_success_by_its_status_alone() -> None:
    raw = forwarded("Delivery report", "From: postmaster@mx.example\r\n").replace("Action: failed\r\n", "")
    assert read(raw) is not None
    assert read(raw.replace("5.1.1", "2.1.5")) is None
