"""Writing: the bytes of a mail from its values. Same values, same bytes; 7bit, CRLF, short lines.

The standard library's generator encodes long Message-IDs (RFC 2047 in References breaks threads, cpython
gh-100991) and takes several times as long; what stands here is the small part of MIME that our mails need.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import quote

from maildesk.core.material import PartRef

WIDTH = 76
_CRLF = b"\r\n"
# What could end a header, drive a terminal, or turn the reading direction around.
_UNSEEN = re.compile("[\x00-\x20\x7f-\xa0\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff]")
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,900}")
_ADDRESS = re.compile("[^\x00-\x1f\x7f-\x9f<>\u2028\u2029\ud800-\udfff]+@[^\\s<>]+")
_TYPE = re.compile(r"(?:text|image|audio|video|application|font)/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 _.,()+-]{1,60}")
_LONG_WORD = 300
_CHUNK = 39  # octets in an encoded word: with "Subject: " before it, it still fits the line
_NAME_LETTERS = 150


def one_line(text: str) -> str:
    """The text on one line, without control characters and marks that turn the reading direction."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _UNSEEN.sub(" ", text).strip()


def clean(text: str) -> str:
    """The text with "\\n" line ends and without control characters (tabs stay) and lone surrogates."""
    if text.isascii() and text.replace("\n", " ").isprintable():
        return text
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _LINE_END.sub("\n", text)))


def header(name: str, value: str) -> bytes:
    """An unstructured header field; what is not ASCII is encoded (RFC 2047), line breaks become spaces."""
    return _folded(name, _words(one_line(value)))


def address(name: str, display: str, mailbox: str) -> bytes:
    """A field with one mailbox (RFC 5322, 3.4). Raises ValueError for what is no address.

    An address that is not ASCII stays as it is (RFC 6532): it needs a server that speaks SMTPUTF8.
    """
    if not _ADDRESS.fullmatch(mailbox):
        raise ValueError(f"{mailbox!r} cannot stand in a header: it is no address")
    shown = one_line(display)[:_NAME_LETTERS].strip()
    if not shown or shown == mailbox:
        return _folded(name, [mailbox])
    if shown.isascii() and "=?" not in shown:
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        return _folded(name, [f'"{escaped}"', f"<{mailbox}>"])
    return _folded(name, [*_encoded(shown), f"<{mailbox}>"])


def ids(name: str, values: Sequence[str]) -> bytes:
    """A field of Message-IDs (given without <>), folded between them only; b"" if none can be written."""
    tokens = [f"<{value}>" for value in values if _ID.fullmatch(value)]
    return _folded(name, tokens) if tokens else b""


def text(subtype: str, content: str) -> bytes:
    """A text part with its header fields. Any text keeps its words and lines."""
    lines = clean(content).split("\n")
    data = "\r\n".join(lines).encode("utf-8")
    encoding = "7bit"
    if not data.isascii() or max(map(len, lines)) > 990:
        encoding, data = _transfer(data)
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + data + (b"" if data.endswith(_CRLF) else _CRLF)


def _transfer(data: bytes) -> tuple[str, bytes]:
    if sum(byte > 127 for byte in data[:20_000]) * 3 > len(data[:20_000]):
        return "base64", _BARE_LF.sub(_CRLF, base64.encodebytes(data))
    return "quoted-printable", _BARE_LF.sub(_CRLF, binascii.b2a_qp(data, istext=True))


def multipart(
    subtype: str, boundary: str, parts: Sequence[Sequence[bytes | PartRef]]
) -> list[bytes | PartRef]:
    """A multipart body with its Content-Type field, as segments."""
    mark = boundary.encode()
    kind = subtype.encode()
    segments: list[bytes | PartRef] = [
        b"Content-Type: multipart/" + kind + b';\r\n boundary="' + mark + b'"\r\n\r\n'
    ]
    for part in parts:
        segments += [b"--" + mark + _CRLF, *part, _CRLF]
    return [*segments, b"--" + mark + b"--\r\n"]


def attachment(name: str, kind: str, ref: PartRef) -> list[bytes | PartRef]:
    """An attachment: header fields, and the reference in place of its base64."""
    # A message may not be base64 (RFC 2046, 5.2.1), and a stored part is: it travels as a plain file.
    known = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    head = (
        f"Content-Type: {known}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment{_filename(name)}\r\n\r\n"
    )
    return [head.encode(), ref]


def file(name: str, subtype: str, content: str) -> bytes:
    """A text of ours as an attached file."""
    head, _, rest = text(subtype, content).partition(_CRLF)
    return head + _CRLF + f"Content-Disposition: attachment{_filename(name)}".encode() + _CRLF + rest


def joined(segments: Sequence[bytes | PartRef]) -> tuple[bytes | PartRef, ...]:
    """The same segments with neighbouring bytes made one."""
    found: list[bytes | PartRef] = []
    run: list[bytes] = []
    for segment in segments:
        if isinstance(segment, bytes):
            run.append(segment)
            continue
        found += [b"".join(run), segment]
        run = []
    return (*found, b"".join(run)) if run else tuple(found)


def _filename(name: str) -> str:
    """The filename parameter: quoted if it is plain and short, else in the pieces of RFC 2231."""
    shown = one_line(name).replace("/", "_").replace("\\", "_")
    if len(shown) > _NAME_LETTERS:
        tail = "." + shown.rpartition(".")[2]
        kept = tail if len(tail) < 20 else ""
        shown = shown[: _NAME_LETTERS - len(kept)] + kept
    if _PLAIN_NAME.fullmatch(shown):
        return f';\r\n filename="{shown}"'
    escaped = "utf-8''" + quote(shown or "file", safe="")
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,20}", escaped)
    if len(pieces) == 1:
        return f";\r\n filename*={escaped}"
    return "".join(f";\r\n filename*{at}*={piece}" for at, piece in enumerate(pieces))


def _words(value: str) -> list[str]:
    """The tokens of an unstructured value: what lies between the first and the last odd word is encoded."""
    words = value.split(" ")
    odd = [
        at for at, word in enumerate(words) if not word.isascii() or "=?" in word or len(word) > _LONG_WORD
    ]
    if not odd:
        return words
    first, last = odd[0], odd[-1] + 1
    return [*words[:first], *_encoded(" ".join(words[first:last])), *words[last:]]


def _encoded(value: str) -> list[str]:
    """Encoded words that split between characters only (RFC 2047, 5)."""
    chunks: list[bytes] = [b""]
    for character in value:
        octets = character.encode("utf-8")
        if len(chunks[-1]) + len(octets) > _CHUNK:
            chunks.append(b"")
        chunks[-1] += octets
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks]


def _folded(name: str, tokens: Sequence[str]) -> bytes:
    lines = [f"{name}:"]
    for at, token in enumerate(tokens):
        if at and len(lines[-1]) + 1 + len(token) > WIDTH:
            lines.append("")
        lines[-1] += f" {token}"
    return "\r\n".join(lines).encode("utf-8") + _CRLF
