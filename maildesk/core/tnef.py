"""TNEF: the files that Outlook packs into one "winmail.dat" (MS-OXTNEF). Never raises; a damaged one ends early.

An own reader: the one library for it has had no release since 2021, and all that is wanted here is names and bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from maildesk.core import charset

MAX_FILES = 100
SIGNATURE = b"\x78\x9f\x3e\x22"
_NEXT_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_CODEPAGE, _PROPERTIES = 0x9007, 0x9003
_LONG_NAME, _MIME_TYPE, _BODY = 0x3707, 0x370E, 0x1000
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING, _UNICODE = 0x1E, 0x1F
_VARIABLE = (_STRING, _UNICODE, 0xD, 0x102)
_MAX_PROPERTIES = 1_000


@dataclass(slots=True)
class File:
    """One file. `name` is as it came, "" if it has none; `type` its media type, if it is told."""

    name: str = ""
    type: str = ""
    data: bytes = b""


def read(data: bytes) -> tuple[list[File], str]:
    """The files, at most 100, and the plain text of the mail, if it is there."""
    files: list[File] = []
    text = codepage = ""
    for key, value in _attributes(data):
        if key == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif key == _PROPERTIES:
            text = text or _properties(value, codepage).get(_BODY, "")
        elif key == _NEXT_FILE:
            if len(files) == MAX_FILES:
                break
            files.append(File())
        elif files and key == _TITLE:
            files[-1].name = files[-1].name or charset.decode(value.rstrip(b"\0"), codepage)
        elif files and key == _DATA:
            files[-1].data = value
        elif files and key == _FILE_PROPERTIES:
            found = _properties(value, codepage)
            files[-1].name = found.get(_LONG_NAME) or files[-1].name
            files[-1].type = found.get(_MIME_TYPE, "")
    return [file for file in files if file.data], text


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Level (1 octet), key and type (2 and 2), length (4), value, checksum (2)."""
    if not data.startswith(SIGNATURE):
        return
    at = 6
    while at + 11 <= len(data):
        key, length = struct.unpack_from("<H2xI", data, at + 1)
        if at + 9 + length > len(data):
            return
        yield key, data[at + 9 : at + 9 + length]
        at += 11 + length


def _properties(data: bytes, codepage: str) -> dict[int, str]:
    """The properties that are strings, by their key."""
    found: dict[int, str] = {}
    try:
        at = 4
        for _ in range(min(struct.unpack_from("<I", data)[0], _MAX_PROPERTIES)):
            kind, key = struct.unpack_from("<HH", data, at)
            at += 4
            if key >= 0x8000:  # one with a name: a GUID, and a number or a string
                by_name, length = struct.unpack_from("<II", data, at + 16)
                at += 24 + (_padded(length) if by_name else 0)
            single = kind & 0xFFF
            count = 1
            if kind & 0x1000 or single in _VARIABLE:
                count = struct.unpack_from("<I", data, at)[0]
                at += 4
            if single not in _VARIABLE:
                at += _SIZES[single] * count
                continue
            for _ in range(min(count, _MAX_PROPERTIES)):
                length = struct.unpack_from("<I", data, at)[0]
                value = data[at + 4 : at + 4 + length]
                at += 4 + _padded(length)
                if single in (_STRING, _UNICODE):
                    label = "utf-16-le" if single == _UNICODE else codepage
                    found.setdefault(key, charset.decode(value, label).rstrip("\0"))
    except (struct.error, KeyError):
        return found  # what stands before the damage holds
    return found


def _padded(length: int) -> int:
    return (length + 3) & ~3
