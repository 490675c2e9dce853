"""Reports made to take time or to confuse: each costs little, and none raises."""

import random
import time

import pytest

from maildesk.core.bounce import bounce
from maildesk.core.classify import classify
from maildesk.core.message import parse
from tests.core.reports import REPORTS
from tests.core.reports_more import MORE
from tests.core.reports_providers import PROVIDERS
from tests.core.reports_servers import SERVERS

SIZE = 1_000_000
SECONDS = 5.0
"""Of CPU. What is quadratic takes minutes of it."""
UNITS = [
    "@",
    "a@a-",
    "a@b.c.d.e.",
    "x" * 63 + "@",
    "<a@b.example>:\n",
    " a@b.example\n",
    "a@b.example <",
    "to: ",
    "smtp=",
    "following recipients\n",
    "one or more recipient\nx\ny\n",
    "user ",
    "mailbox of a ",
    "From: x\n",
    "-----",
    "copy of the ",
    "message-id: <" + "a" * 900 + "\n",
    "Final-Recipient: a@b.example\n\n",
    "Action: failed\n",
    "5.1.1 ",
    "code :550",
    "550 5.1.1 x\n",
    "imceasmtp-a+40",
    '"a b',
    "contact ",
    "sender domain ",
    "message frozen ",
    "Final-Recipient: a@b.example\nAction: failed\n",
    "宛先",
    "\n",
    " ",
]
REPORT = (
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: "
)
HEADS = {
    "daemon": "From: mailer-daemon@mx.example\r\nSubject: failure notice\r\n\r\n",
    "delivery-status": f"From: postmaster@mx.example\r\n{REPORT}message/delivery-status\r\n\r\n",
    "returned mail": f"From: postmaster@mx.example\r\n{REPORT}message/rfc822\r\n\r\n",
    "notification": "From: a@b.example\r\nx-amz-sns-message-id: 1\r\n\r\n{",
    "subject": "From: postmaster@mx.example\r\nSubject: ",
    "from": "From: ",
    "failed recipients": "From: postmaster@mx.example\r\nX-Failed-Recipients: ",
}


def seconds(raw: bytes) -> float:
    message = parse(raw)
    started = time.process_time()
    classify(message, bounce=bounce(message, raw))
    return time.process_time() - started


@pytest.mark.parametrize("head", HEADS)
def test_bombs_end_soon(head: str) -> None:
    for unit in UNITS:
        text = (unit * (SIZE // len(unit.encode()))).encode()
        if not HEADS[head].endswith(("\r\n", "{")):
            text = text.replace(b"\n", b" ") + b"\r\n\r\nHello"
        assert seconds(HEADS[head].encode() + text) < SECONDS, (head, unit)


def test_headers_without_end_before_an_announcement() -> None:
    text = "From: x\n" * 8000 + "Not delivered to the following recipients:\n\n  a@b.example\n"
    assert seconds(HEADS["daemon"].encode() + text.encode()) < SECONDS


def test_many_delivery_statuses_are_bounded() -> None:
    part = (
        "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" + "Final-Recipient: a@b.example\n\n" * 1500
    )
    head = f"From: postmaster@mx.example\r\n{REPORT.partition('--b')[0]}"
    assert seconds((head + part * 400).encode()) < SECONDS


def test_mutants_raise_nothing() -> None:
    """Reports with bytes and lines swapped, doubled and lost, from a fixed seed."""
    chance = random.Random(7)
    whole = [
        f"From: {sender}\nSubject: {subject}\n\n{text}".encode()
        for sender, subject, text, *_ in (
            *REPORTS.values(),
            *MORE.values(),
            *SERVERS.values(),
            *PROVIDERS.values(),
        )
    ]
    for _ in range(500):
        lines = chance.choice(whole).split(b"\n")
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(lines))
            match chance.randrange(4):
                case 0:
                    lines[at] = lines[at] * chance.randrange(3)
                case 1:
                    lines.insert(at, chance.choice(chance.choice(whole).split(b"\n")))
                case 2:
                    lines[at] = bytes(chance.choice((byte, chance.randrange(256))) for byte in lines[at])
                case _:
                    lines[at], lines[0] = lines[0], lines[at]
        raw = b"\n".join(lines)
        message = parse(raw)
        assert classify(message, bounce=bounce(message, raw)).because.endswith(".")
