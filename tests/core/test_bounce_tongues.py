"""Reports in many tongues: known by their subject, or by the code of SMTP in them."""

import pytest

from maildesk.core.bounce import Bounce, bounce
from maildesk.core.classify import classify
from maildesk.core.message import parse
from tests.core.reports import POSTMASTER, RETURNED
from tests.core.reports_tongues import LATE, STATUS_NOTICES, TONGUES

CODE = "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##"
UNKNOWN = "Ny hafatrao"
"""A tongue of which no word is known here."""


def read(subject: str, text: str, head: str = f"From: Microsoft Exchange <{POSTMASTER}>\n") -> Bounce | None:
    raw = f"{head}To: support@desk.example\nSubject: {subject}\n\n{text}".encode()
    return bounce(parse(raw), raw)


@pytest.mark.parametrize("tongue", TONGUES)
def test_with_a_code(tongue: str) -> None:
    subject, begin, above = TONGUES[tongue]
    found = read(
        subject,
        f"{begin}\n\njane@shop.example<mailto:jane@shop.example>\n...\n\n{above}\n\njane@shop.example\n{CODE}\n\n"
        f"Original message headers:\n\n{RETURNED}",
    )
    assert found is not None
    assert (found.recipients, found.status, found.action) == (("jane@shop.example",), "5.1.1", "failed")


@pytest.mark.parametrize("tongue", TONGUES)
def test_without_a_code(tongue: str) -> None:
    subject, begin, _ = TONGUES[tongue]
    found = read(subject, f"{begin}\n\njane@shop.example\n\n")
    assert found is not None
    assert (found.recipients, found.status, found.action) == (("jane@shop.example",), "5.0.0", "failed")


@pytest.mark.parametrize("tongue", LATE)
def test_late(tongue: str) -> None:
    found = read(*LATE[tongue])
    assert found is not None
    assert (found.recipients, found.status, found.action) == (("jane@shop.example",), "4.0.0", "delayed")


@pytest.mark.parametrize("tongue", LATE)
def test_a_parcel_may_be_late(tongue: str) -> None:
    subject = LATE[tongue][0]
    assert read(subject, "Parcel 7.\n", "From: Parcels <info@parcels.example>\nReturn-Path: <>\n") is None


@pytest.mark.parametrize("tongue", STATUS_NOTICES)
def test_notices_of_windows(tongue: str) -> None:
    found = read(*STATUS_NOTICES[tongue], head=f"From: {POSTMASTER}\n")
    assert found is not None
    assert (found.recipients, found.status) == (("jane@shop.example",), "5.0.0")


@pytest.mark.parametrize(
    "head",
    [
        f"From: {POSTMASTER}\n",
        "From: Outlook <outlook@desk.example>\nX-MS-Exchange-Message-Is-Ndr:\n",
    ],
)
def test_a_tongue_that_we_do_not_know(head: str) -> None:
    found = read(UNKNOWN, f"Tsy tonga:\n\njane@shop.example\n{CODE}\n", head)
    assert found is not None
    assert (found.recipients, found.status) == (("jane@shop.example",), "5.1.1")


def test_a_postmaster_who_answers_may_quote_a_code() -> None:
    log = "Hello,\nour log says:\n550 5.7.1 <support@desk.example>: rejected\nCan you look?\n"
    assert read("Re: [#7] My mail", log, f"From: Jane <{POSTMASTER}>\n") is None
    assert read("My mail", log, "From: Jane <jane@shop.example>\n") is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Delivery status notification: success",
            "Your message was successfully delivered to these recipients.",
        ),
        ("Delivery status notification: success", "Your message was relayed to these recipients."),
        ("Return receipt", "<jane@shop.example> (successfully delivered to mailbox)"),
    ],
)
def test_receipts_in_words(subject: str, text: str) -> None:
    tail = "\n\njane@shop.example: 250 2.0.0 Delivered\n"
    assert read(subject, text + tail, "From: Mailer Daemon <MAILER-DAEMON@mx.example>\n") is None


@pytest.mark.parametrize("name", ["Majordomo", "LISTSERV", "mailman", "sympa"])
def test_what_a_list_server_answers_is_no_person_s(name: str) -> None:
    message = parse(f"From: {name}@shop.example\nSubject: results: Order 7\n\nCommand 'hello'?\n".encode())
    assert classify(message).kind == "auto-generated"
