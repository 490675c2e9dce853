"""The fields of delivery reports as servers write them, right or wrong: action, status, recipients."""

import base64

import pytest

from maildesk.core.bounce import Bounce, bounce
from maildesk.core.message import parse

JANE, BOB = "jane@shop.example", "bob@shop.example"
RETURNED = "--b\nContent-Type: message/rfc822\n\nTo: jane@shop.example\nSubject: Order 7\n\nHi\n"


def part(fields: str, head: str = "Content-Type: message/delivery-status") -> str:
    return f"{head}\n\n{fields}\n"


def read(
    second: str, sender: str = "MAILER-DAEMON@mx.example", subject: str = "Undelivered"
) -> Bounce | None:
    raw = (
        f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\nIt failed.\n\n--b\n{second}\n{RETURNED}--b--\n"
    ).encode()
    return bounce(parse(raw), raw)


def fields(
    final: str = f"rfc822; {JANE}", status: str = "5.1.1", said: str = "smtp; 550 no", action: str = "failed"
) -> str:
    return f"Final-Recipient: {final}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: {said}\n"


WHOLE = f"Reporting-MTA: dns; mx.example\n\n{fields()}"
PLAIN = "Content-Type: text/plain; name=deliverystatus.txt"
CODED = "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64"


@pytest.mark.parametrize(
    "second",
    [
        part(WHOLE),
        part(WHOLE, "Content-Type: message/global-delivery-status"),
        part(WHOLE.replace("\n\n", "\n \n")),
        part(WHOLE.replace("\n\n", "\n")),
        part(WHOLE.lower()),
        part(WHOLE, PLAIN),
        part(base64.b64encode(WHOLE.encode()).decode(), CODED),
    ],
)
def test_how_the_part_is_written(second: str) -> None:
    found = read(second)
    assert found is not None
    assert (found.recipients, found.status, found.action) == ((JANE,), "5.1.1", "failed")


@pytest.mark.parametrize("between", ["\n", ""])
def test_groups_with_and_without_a_line_between(between: str) -> None:
    found = read(
        part(fields() + between + "Original-Recipient: rfc822; x@shop.example\n" + fields(f"rfc822; {BOB}"))
    )
    assert found is not None
    assert found.recipients == (JANE, BOB)


@pytest.mark.parametrize(
    ("word", "action"),
    [
        ("failed", "failed"),
        ("Failed (bounced)", "failed"),
        ("failure", "failed"),
        ("expired", "failed"),
        ("error", "failed"),
        ("who-knows", "failed"),
        ("delayed", "delayed"),
        ("deferred", "delayed"),
    ],
)
def test_words_in_the_place_of_the_action(word: str, action: str) -> None:
    found = read(part(fields(action=word)))
    assert found is not None
    assert (found.recipients, found.action) == ((JANE,), action)


def test_an_unknown_action_with_a_status_of_success_is_a_receipt() -> None:
    assert read(part(fields(action="who-knows", status="2.1.5", said="smtp; 250 ok"))) is None
    assert read(part(fields(action="deliverable", status="2.1.5", said="smtp; 250 ok"))) is None


@pytest.mark.parametrize(
    ("status", "said", "better"),
    [
        ("5.0.0", "smtp; 550 5.1.1 User unknown", "5.1.1"),
        ("5.5.0", "smtp; 550 5.1.1 User unknown", "5.1.1"),
        ("4.4.7", "smtp; 452 4.2.2 mailbox full", "4.2.2"),
        ("4.0.0", "smtp; 552 5.2.2 mailbox full", "5.2.2"),
        ("5.1.1 (bad destination mailbox address)", "smtp; 550 no", "5.1.1"),
        ("5.5.0", "smtp; 550 mailbox unavailable", "5.5.0"),
        ("5.0.0", "smtp; 550 No such user here", "5.0.0"),
        ("5.7.26", "smtp; 550 5.7.1 no", "5.7.26"),
    ],
)
def test_the_status_is_the_server_s_where_it_says_something(status: str, said: str, better: str) -> None:
    found = read(part(fields(status=status, said=said)))
    assert found is not None
    assert found.status == better


@pytest.mark.parametrize(
    ("final", "address"),
    [
        ('rfc822; "jane smith"@shop.example', '"jane smith"@shop.example'),
        ("rfc822; IMCEASMTP-jane+40shop+2Eexample@mx.example", JANE),
        ("x400; /DD.RFC-822=jane(a)shop.example/O=shop/C=us/", JANE),
        ("x400; /S=jane/O=shop/C=us/", JANE),
    ],
)
def test_addresses_inside_others(final: str, address: str) -> None:
    found = read(part(fields(final)))
    assert found is not None
    assert found.recipients == (address,)
