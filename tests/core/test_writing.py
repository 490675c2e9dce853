"""The bytes of a mail are read back by the standard library as what was put in."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.core import address, writing
from maildesk.core.material import PartRef

LONG_ID = "AM0PR04MB" + "x" * 90 + "@AM0PR04MB1234.eurprd04.prod.outlook.example"
EVIL = [
    "x\r\nBcc: evil@example.org",
    "x\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "x\r\n\r\nbody",
    "x\u2028Bcc: y",
    "x\x85Bcc: y",
    "x\x00y\x1b[31m",
]
VALUES = [
    "plain",
    "Grüße aus Köln [#482913]",
    "日本語の件名です。とても長い件名なので折り返しが必要です。",
    "=?utf-8?q?fake?= word",
    "a " * 120 + "end",
    "w" * 290,
    "w" * 400,
    "mixed ünï plain words at the end [#482913]",
    "🙂" * 40,
    "x",
    "",
]


def read(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in raw.split(b"\r\n"))
    assert raw.isascii()
    return message


@pytest.mark.parametrize("value", VALUES)
def test_header_comes_back(value: str) -> None:
    raw = writing.header("Subject", value)
    assert str(read(raw + b"\r\n")["Subject"]) == value.strip()


def test_tag_stays_readable_beside_an_encoded_subject() -> None:
    assert b"[#482913]" in writing.header("Subject", "Grüße aus Köln [#482913]")


@pytest.mark.parametrize("value", EVIL)
def test_header_injection(value: str) -> None:
    ref = PartRef("e", "1", "0" * 64)
    head = b"".join(
        (
            writing.header("Subject", value),
            writing.address("From", value, "a@b.example"),
            writing.ids("References", [value, "good@x.example"]),
            b"".join(s for s in writing.attachment(value, value, ref) if isinstance(s, bytes)),
        )
    )
    message = read(head)
    expected = {
        "subject",
        "from",
        "references",
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
    }
    assert {name.lower() for name in message.keys()} == expected  # noqa: SIM118 - a message is no mapping
    assert b"\x1b" not in head
    assert b"\x00" not in head


@pytest.mark.parametrize("mailbox", ["a@b\r\nBcc: x@y", "a\n@b", "a<x@b>", "nobody", "a@b c"])
def test_no_address_no_header(mailbox: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        writing.address("To", "x", mailbox)


@pytest.mark.parametrize(
    "name",
    [
        "Jane Doe",
        'Jane "JD" Doe',
        "Doe, Jane (customer)",
        "Jörg Müller (customer)",
        "a\\b",
        "=?x?q?y?=",
        "王小明 " * 30,
    ],
)
def test_display_name_comes_back(name: str) -> None:
    raw = writing.address("From", name, "support@desk.example")
    assert len(read(raw + b"\r\n")["From"].addresses) == 1
    # The standard library's address parser puts spaces between encoded words (RFC 2047 6.2 says not to).
    ((found,), defects) = address.parse(raw.decode().removeprefix("From: ").replace("\r\n", ""))
    assert (found.address, found.name) == ("support@desk.example", name.strip()[:150].strip())
    assert not defects


def test_name_that_is_the_address_is_left_out() -> None:
    assert writing.address("To", "a@b.example", "a@b.example") == b"To: a@b.example\r\n"


def test_long_ids_are_folded_between_ids_only() -> None:
    raw = writing.ids("References", [LONG_ID, "b@c.example", LONG_ID])
    assert raw.count(LONG_ID.encode()) == 2
    assert b"=?" not in raw
    lines = raw.split(b"\r\n")[:-1]
    assert [line.strip().removeprefix(b"References:").strip()[:1] for line in lines] == [b"<"] * 3


def test_ids_that_are_none_are_left_out() -> None:
    assert writing.ids("References", ["a b", "ü@x", "<x>", "ok@x"]) == b"References: <ok@x>\r\n"
    assert writing.ids("In-Reply-To", []) == b""


@given(st.text(max_size=400))
def test_any_text_comes_back(content: str) -> None:
    _comes_back(content)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "short",
        "trailing space \nand tab\t\n",
        ".\n..\n",
        "From here\n",
        "x" * 5_000,
        "ü" * 2_000,
        "日本 " * 800,
        "a=b=20\n",
        "\n\n\nx",
    ],
)
def test_text_comes_back(content: str) -> None:
    _comes_back(content)


def _comes_back(content: str) -> None:
    raw = writing.text("plain", content)
    message = read(raw)
    expected = writing.clean(content)
    assert message.get_content().replace("\r\n", "\n").removesuffix("\n") == expected.removesuffix("\n")


@given(st.text(max_size=300))
def test_any_header_is_one_field(value: str) -> None:
    message = read(writing.header("X-Test", value) + b"\r\n")
    assert len(message.keys()) == 1
    assert str(message["X-Test"]).split() == writing.one_line(value).split()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("Rechnung März.pdf", "Rechnung März.pdf"),
        ('a";x="b.txt', 'a";x="b.txt'),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("契約書" * 30 + ".docx", "契約書" * 30 + ".docx"),
        ("n" * 300 + ".pdf", "n" * 146 + ".pdf"),
        ("", "file"),
    ],
)
def test_filename_comes_back(name: str, expected: str) -> None:
    head, _ = writing.attachment(name, "application/pdf", PartRef("e", "1", "0" * 64))
    assert isinstance(head, bytes)
    assert read(head).get_filename() == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("image/png", "image/png"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("text/plain; x=y", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
    ],
)
def test_content_type_is_tamed(kind: str, expected: str) -> None:
    head, _ = writing.attachment("x", kind, PartRef("e", "1", "0" * 64))
    assert isinstance(head, bytes)
    assert read(head).get_content_type() == expected


def test_joined_keeps_references_apart() -> None:
    a, b = PartRef("e", "1", "0" * 64), PartRef("e", "2", "0" * 64)
    assert writing.joined([b"1", b"2", a, b"3", b, b"4"]) == (b"12", a, b"3", b, b"4")
