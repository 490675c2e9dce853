"""Winmail.dat: what Outlook packs is taken out, and what is damaged is kept as it came."""

from __future__ import annotations

import base64
import struct

import pytest

from maildesk.core import message, tnef

BODY, LONG_NAME, MIME_TYPE = 0x1000, 0x3707, 0x370E


def attribute(key: int, data: bytes, level: int = 2) -> bytes:
    return struct.pack("<BHHI", level, key, 6, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*items: tuple[int, str]) -> bytes:
    """Each a string; between them a number, one with a name, and a list of bytes, as Outlook writes them."""
    out = b""
    for key, text in items:
        data = text.encode("utf-16-le") + b"\0\0"
        out += struct.pack("<HHII", 0x1F, key, 1, len(data)) + data + b"\0" * (-len(data) % 4)
        out += struct.pack("<HHI", 3, 0x3705, 1)
        out += struct.pack("<HH16sIII", 3, 0x8001, b"g" * 16, 0, 7, 9)
        out += struct.pack("<HH16sII4sI", 3, 0x8002, b"g" * 16, 1, 4, b"n\0\0\0", 9)
        out += struct.pack("<HHII4s", 0x1102, 0x3702, 1, 3, b"abc\0")
    return struct.pack("<I", 5 * len(items)) + out


def packed(*files: tuple[str, bytes], text: str = "") -> bytes:
    out = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x9007, struct.pack("<II", 1252, 0), 1)
    if text:
        out += attribute(0x9003, properties((BODY, text)), 1)
    for name, data in files:
        out += attribute(0x9002, b"\1" * 14) + attribute(0x8010, b"SHORT~1.TXT\0") + attribute(0x800F, data)
        out += attribute(0x9005, properties((LONG_NAME, name), (MIME_TYPE, "text/x-note")))
    return out


def mail(data: bytes, body: bytes = b"Hello") -> bytes:
    return (
        b"From: j@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n%s\r\n--b\r\n"
        b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n%s--b--\r\n'
    ) % (body, base64.encodebytes(data))


def test_files_stand_in_the_place_of_winmail_dat() -> None:
    raw = mail(packed(("Größe.txt", b"one"), ("../b.txt", b"two"), text="packed"))
    seen = message.parse(raw)
    assert seen.text == "Hello"
    assert [(file.name, file.type, file.size, file.part) for file in seen.attachments] == [
        ("Größe.txt", "text/x-note", 3, "2#1"),
        ("_b.txt", "text/x-note", 3, "2#2"),
    ]
    assert [message.part_bytes(raw, file.part) for file in seen.attachments] == [b"one", b"two"]
    with pytest.raises(KeyError):
        message.part_bytes(raw, "2#3")


def test_the_text_counts_where_the_mail_has_no_other() -> None:
    assert message.parse(mail(packed(text="Grüße\r\naus Köln"), b"")).text == "Grüße\naus Köln"


def test_a_name_in_the_codepage_of_its_sender() -> None:
    data = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x9007, struct.pack("<II", 1251, 0), 1)
    data += attribute(0x9002, b"\1" * 14) + attribute(0x8010, "счёт.txt\0".encode("cp1251"))
    assert [file.name for file in tnef.read(data + attribute(0x800F, b"x"))[0]] == ["счёт.txt"]


@pytest.mark.parametrize("cut", range(6, len(packed(("a.txt", b"one"))), 7))
def test_a_damaged_one_is_kept_whole_or_gives_what_it_still_has(cut: int) -> None:
    data = packed(("a.txt", b"one"))[:cut]
    raw = mail(data)
    (file,) = message.parse(raw).attachments
    assert message.part_bytes(raw, file.part) in (data, b"one")
    assert file.name in ("winmail.dat", "SHORT~1.TXT", "a.txt")


def test_at_most_a_hundred_files() -> None:
    assert len(tnef.read(packed(*[("a.txt", b"x")] * 150))[0]) == tnef.MAX_FILES
