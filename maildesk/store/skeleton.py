"""Composed mails as they are stored: own bytes, and references to attachments that are stored once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator

from maildesk.core.material import PartRef

_LINE = 57


class Changed(Exception):
    """A composed mail, or an attachment of it, is not what it was: it does not go out."""


def pack(segments: tuple[bytes | PartRef, ...]) -> bytes:
    """One value for the outbox row: a JSON header line that says what follows, then the own bytes."""
    header = [len(s) if isinstance(s, bytes) else [s.entry, s.part, s.sha256] for s in segments]
    return json.dumps(header).encode() + b"\n" + b"".join(s for s in segments if isinstance(s, bytes))


def unpack(data: bytes) -> Iterator[bytes | PartRef]:
    """The segments again, in order."""
    line, _, rest = data.partition(b"\n")
    at = 0
    for item in json.loads(line):
        if isinstance(item, int):
            yield rest[at : at + item]
            at += item
        else:
            yield PartRef(*item)


def encoded(content: bytes) -> Iterator[bytes]:
    """An attachment as base64 in lines of 76 letters (RFC 2045, 6.8), the same bytes each time."""
    for at in range(0, len(content), _LINE * 1_000):
        piece = content[at : at + _LINE * 1_000]
        lines = (piece[i : i + _LINE] for i in range(0, len(piece), _LINE))
        yield b"".join(base64.b64encode(line) + b"\r\n" for line in lines)


def digest(data: bytes) -> str:
    """The SHA-256 of a composed mail. It covers every byte that goes out: attachments stand in it by their own."""
    return hashlib.sha256(data).hexdigest()


def encoded_size(content: int) -> int:
    """How many bytes `encoded` makes of so many."""
    return -(-content // 3) * 4 + -(-content // _LINE) * 2


def refs(data: bytes) -> tuple[PartRef, ...]:
    """The attachments that a mail refers to, each once."""
    return tuple(dict.fromkeys(segment for segment in unpack(data) if isinstance(segment, PartRef)))


def size(data: bytes, part: Callable[[PartRef], bytes]) -> int:
    """The bytes of the mail as it goes out."""
    return sum(len(s) if isinstance(s, bytes) else encoded_size(len(part(s))) for s in unpack(data))


def render(data: bytes, part: Callable[[PartRef], bytes]) -> Iterator[bytes]:
    """The mail as it goes out; `part` fetches the decoded content of an attachment.

    Raises Changed where that is not the content with which the mail was composed.
    """
    for segment in unpack(data):
        if isinstance(segment, bytes):
            yield segment
            continue
        content = part(segment)
        if hashlib.sha256(content).hexdigest() != segment.sha256:
            raise Changed(
                f"the attachment {segment.part} of the mail {segment.entry} is not what it was when this mail was "
                "composed"
            )
        yield from encoded(content)
