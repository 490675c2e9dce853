"""Hostile sizes: a mail made to keep a reader busy is recorded like any other, and the next one is not held up.

How long single parsers take for such mails is in `tests/fuzz/`.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable

import pytest

from maildesk.core.message import parse
from maildesk.core.reading import Envelope
from maildesk.store import views
from tests.desk import DESK, Desk, a_mail
from tests.work.authority import JANE

CAME = Envelope("smtp", JANE, (DESK,), "127.0.0.1")
HEAD = f"From: Jane <{JANE}>\r\nTo: {DESK}\r\nSubject: Bomb\r\nMessage-ID: <bomb@x.example>\r\n".encode()


def part(text: bytes, kind: bytes = b"text/plain") -> bytes:
    return b"--b\r\nContent-Type: " + kind + b"\r\n\r\n" + text + b"\r\n"


def addresses(count: int) -> list[bytes]:
    return [b"a%d@x.example" % n for n in range(count)]


def nested(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    return HEAD + b"MIME-Version: 1.0\r\n" + opened + b"Content-Type: text/plain\r\n\r\nHello.\r\n"


def zipped() -> bytes:
    """A file of some KB that would be 50 MB: nobody unpacks it."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    mail = a_mail(message_id="<bomb@x.example>", subject="Bomb")
    mail.add_attachment(found.getvalue(), maintype="application", subtype="zip", filename="a.zip")
    mail.add_attachment(
        gzip.compress(bytes(50_000_000)), maintype="application", subtype="gzip", filename="a.gz"
    )
    return mail.as_bytes()


MIXED = HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
BOMBS: dict[str, Callable[[], bytes]] = {
    "10,000 headers": lambda: HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\nHello.\r\n",
    "10,000 addresses": lambda: HEAD + b"Cc: " + b",\r\n ".join(addresses(10_000)) + b"\r\n\r\nHello.\r\n",
    "10,000 addresses in 100 fields": lambda: HEAD + (b"Cc: " + b", ".join(addresses(100)) + b"\r\n") * 100
    + b"\r\nHello.\r\n",
    "10,000 references": lambda: HEAD + b"References: <" + b">\r\n <".join(addresses(10_000)) + b">\r\n\r\nHello.\r\n",
    "10,000 parts": lambda: MIXED + part(b"Hello.") * 10_000 + b"--b--\r\n",
    "10,000 files": lambda: MIXED + part(b"x", b"application/octet-stream; name=a.bin") * 10_000 + b"--b--\r\n",
    "parts without end": lambda: nested(2_000),
    "a mail in a mail in a mail": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"Hello.\r\n",
    "one header of 1 MB": lambda: HEAD + b"X-Long: " + b"a " * 500_000 + b"\r\n\r\nHello.\r\n",
    "one line of 5 MB": lambda: HEAD + b"\r\n" + b"a" * 5_000_000,
    "encoded words": lambda: HEAD.replace(b"Bomb", b"=?utf-8?q?a?= " * 20_000) + b"\r\nHello.\r\n",
    "zip and gzip": zipped,
    "a text for regular expressions": lambda: HEAD + b"\r\n" + (b"On a b c " * 9_000 + b"\n") * 3 + b"\n" * 200_000,
    "quotes within quotes": lambda: HEAD + b"\r\n" + b"\r\n".join(b">" * n + b" x" for n in range(2_000)),
    "HTML within HTML": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"Hello.",
    "one tag of 100,000 attributes": lambda: HEAD + b"Content-Type: text/html\r\n\r\n<p " + b"a=b " * 100_000
    + b">Hello.",
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(desk: Desk, name: str) -> None:
    desk.deliver(a_mail(message_id="<before@customer.example>", subject="Before"))
    key = desk.deliver(BOMBS[name](), CAME)
    desk.deliver(a_mail(message_id="<after@customer.example>", subject="After"))
    desk.run()
    row = desk.row(key)
    assert row["disposition"] == "new-ticket", row["trouble"]
    found = desk.ticket(row["ticket"])
    assert found["requester"] == JANE
    assert {t["subject"] for t in desk.tickets()} >= {"Before", "After"}
    # What is read of it is bounded, and so is what agents see and get.
    with desk.store.db.reading() as conn:
        message = parse(views.raw_mail(conn, key))
    assert len(message.headers) <= 500
    assert len(message.to) + len(message.cc) <= 1_000
    assert len(message.references) <= 1_000
    (entry,) = found["entries"]
    assert len(entry["attachments"]) <= 500
    assert len(entry["remark"]) <= 5_000
    assert all(len(mail.as_bytes()) < 30_000_000 for mail in desk.mails())
