"""Entity: the MIME structure of a mail, cut out of its raw bytes.

An own splitter and not `email.message_from_bytes`: it looks at bytes, not lines, so 25 MB of anything take
bounded time and memory, nothing recurses beyond the depth limit, attachments keep their exact bytes, and a
plain mail costs a tenth of a millisecond. RFC 2045, 2046, 2183, 2231.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote_to_bytes

from maildesk.core import charset

MAX_BYTES = 25 * 1024 * 1024
MAX_PARTS = 500
MAX_DEPTH = 40
MAX_HEADERS = 500
MAX_VALUE = 16 * 1024
MAX_CONTENT_VALUE = 2 * 1024
TOO_MANY = f"more than {MAX_HEADERS} header fields"
NO_FIELD = "header line that is no field"
NO_END = "header ends without an empty line"
TOO_LONG = "header of "
_MAX_HEADER_BLOCK = 1024 * 1024
_MAX_CANDIDATES = 20_000

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]{0,9}:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_KNOWN_FIELD = re.compile(
    rb"\n(?:from|to|cc|subject|date|message-id|received|return-path|reply-to|mime-version|content-[a-z-]+"
    rb"|x-[\w-]+"
    rb"|references|in-reply-to|sender|delivered-to|dkim-signature)[ \t]{0,9}:",
    re.IGNORECASE,
)
_LEADING = re.compile(rb"[\r\n \t]{1,1000}(?=[!-9;-~]{1,200}:)")
_BLANK = re.compile(rb"\n\r?\n")
_BARE_CR = re.compile(rb"\r(?!\n)")
_TAIL = re.compile(rb"(--)?[ \t]{0,200}(?:\r?\n|\r|\Z)")
_GUESS = re.compile(rb"(?<=\n)--([^\s-][^\r\n]{0,199}?)[ \t]*\r?\n(?=content-)", re.IGNORECASE)
_SPACED = re.compile(rb"\w +\w")
_PROSE = re.compile(rb"[.,!?;:'()<>-]")
_NAMED_CHARSET = re.compile(rb"(?:charset\s?=\s?[\"']?|=\?)([A-Za-z0-9][\w.:-]{2,40})", re.IGNORECASE)
_HINT_BYTES = 65_536
_PARAM = re.compile(r";\s*([^\s=;\"]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)")
_SECTION = re.compile(r"(.+?)\*(\d{1,3})?(\*)?")
# The names without what mailers put between, before or behind their letters.
_ENCODINGS = {
    "base64": "base64",
    "quotedprintable": "quoted-printable",
    "xuuencode": "uuencode",
    "uuencode": "uuencode",
    "xuue": "uuencode",
    "uue": "uuencode",
}
_NO_DASHES = str.maketrans("", "", "-_ ")
# A server has put a space behind the mark (RFC 2045 section 6.7, rule 3).
_SOFT_BREAK = re.compile(rb"=[ \t]{1,200}(\r?\n)")
_CLOSING = re.compile(rb"(?<=\n)--([^\s-][^\r\n]{0,199}?)--[ \t]{0,9}(?:\r?\n|\Z)")
_FOLD = re.compile("\r?\n[ \t]+")


@dataclass(slots=True)
class Entity:
    """One MIME entity. `path` is stable for the same raw mail: "1" for a mail without parts, "2", "1.3"."""

    raw: bytes
    start: int
    end: int
    path: str
    headers: list[tuple[str, str]]
    type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    filename: str = ""
    encoding: str = ""
    children: list["Entity"] = field(default_factory=list)

    def header(self, name: str) -> str:
        """The first field of that (lower-case) name as it stands, "" if there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return ""

    def content(self) -> bytes:
        """The content with its transfer encoding undone, as far as it can be."""
        data = self.raw[self.start : self.end]
        if self.encoding == "base64" and not _is_prose(data):
            return charset.unbase64(data)
        if self.encoding == "quoted-printable":
            return binascii.a2b_qp(_SOFT_BREAK.sub(rb"=\1", data))
        if self.encoding == "uuencode":
            return _unuuencode(data)
        return data

    def walk(self) -> Iterator["Entity"]:
        """This entity and all below, in the order of the mail."""
        yield self
        for child in self.children:
            yield from child.walk()

    def nested(self) -> "Entity":
        """The mail inside a message/rfc822 (or text/rfc822-headers) part, as a mail of its own."""
        return split(self.content())[0]


@dataclass(slots=True)
class _Work:
    raw: bytes
    parts: int = 0
    candidates: int = 0
    hint: str | None = None
    defects: list[str] = field(default_factory=list)


def split(raw: bytes) -> tuple[Entity, list[str]]:
    """The tree of a mail within the limits, and a word on each limit and rule it broke. Never raises."""
    work, start = _begun(raw)
    return _entity(work, start, len(work.raw), "", 1, "text/plain"), work.defects


def header(raw: bytes) -> list[tuple[str, str]]:
    """The header fields of a mail, exactly as `split` reads them."""
    work, start = _begun(raw)
    return _headers(work, start, len(work.raw))[0]


def _begun(raw: bytes) -> tuple[_Work, int]:
    work = _Work(raw)
    if len(raw) > MAX_BYTES:
        work.defects.append(f"mail of {len(raw)} bytes: only the first {MAX_BYTES} were read")
        work.raw = raw = raw[:MAX_BYTES]
    if b"\n" not in raw and b"\r" in raw:
        work.raw = raw = _BARE_CR.sub(b"\n", raw)
    leading = _LEADING.match(raw)
    return work, leading.end() if leading else 0


def _entity(work: _Work, start: int, end: int, path: str, depth: int, default: str) -> Entity:
    headers, body = _headers(work, start, end)
    entity = Entity(work.raw, body, end, path or "1", headers, type=default)
    work.parts += 1
    for name, value in headers:
        if name == "content-type":
            kind, entity.params = parameters(value)
            entity.type = kind if kind.count("/") == 1 and " " not in kind else default
            break
    disposition, extra = parameters(entity.header("content-disposition"))
    entity.disposition = disposition
    entity.filename = filename(extra.get("filename") or entity.params.get("name") or extra.get("name") or "")
    encoding = parameters(entity.header("content-transfer-encoding"))[0]
    entity.encoding = _ENCODINGS.get(encoding.translate(_NO_DASHES), encoding)
    if entity.type.startswith("multipart/"):
        _split_multipart(work, entity, path, depth)
    return entity


def _headers(work: _Work, start: int, end: int) -> tuple[list[tuple[str, str]], int]:
    """The header fields of an entity, unfolded no further than necessary, and where its content begins."""
    raw = work.raw
    if raw.startswith((b"\n", b"\r\n"), start):
        return [], start + (1 if raw[start] == 10 else 2)
    blank = _BLANK.search(raw, start, end)
    stop = blank.start() + 1 if blank else end
    body = blank.end() if blank else end
    if stop - start > _MAX_HEADER_BLOCK:
        work.defects.append(f"{TOO_LONG}{stop - start} bytes: only the first {_MAX_HEADER_BLOCK} were read")
        stop = start + _MAX_HEADER_BLOCK
    headers: list[tuple[str, str]] = []
    at = start
    while at < stop:
        found = _FIELD.match(raw, at, stop)
        if found is None:
            next_line = raw.find(b"\n", at, stop) + 1 or stop
            later = _KNOWN_FIELD.search(raw, at, min(stop, at + 2048)) if blank else None
            above = (
                later and not headers and later.start() + 1 == next_line and _two_fields(raw, next_line, stop)
            )
            if above:
                # A line above the header, from a tool that passed the mail on.
                work.defects.append(NO_FIELD)
                at = next_line
                continue
            if raw.startswith((b"From ", b">From "), at) or (later and headers):
                # A continuation that lost its indentation: known fields follow before the empty line.
                work.defects.append(NO_FIELD)
                at = later.start() + 1 if later and headers else next_line
                continue
            if next_line < stop or blank is None or headers:
                work.defects.append(NO_END)
            return headers, at
        at = found.end()
        if len(headers) >= MAX_HEADERS:
            work.defects.append(TOO_MANY)
            break
        name = found[1].decode("ascii").lower()
        value = found[2]
        limit = MAX_CONTENT_VALUE if name.startswith("content-") else MAX_VALUE
        if len(value) > limit:
            work.defects.append(f"header field {name[:40]} of {len(value)} bytes was cut")
            value = value[:limit]
        headers.append((name, _text(work, value)))
    return headers, body


def _two_fields(raw: bytes, at: int, stop: int) -> bool:
    first = _FIELD.match(raw, at, stop)
    return first is not None and _KNOWN_FIELD.match(raw, first.end() - 1, stop) is not None


def _text(work: _Work, value: bytes) -> str:
    if value.isascii():
        text = value.decode("ascii")
    else:
        if work.hint is None:
            work.hint = _hint(work.raw)
        text = charset.decode_raw(value, work.hint)
    text = text.strip()
    return _FOLD.sub(" ", text) if "\n" in text else text


def _hint(raw: bytes) -> str:
    """The first charset that a mail names, for what it names none for; "" if none says more than a guess."""
    for found in islice(_NAMED_CHARSET.finditer(raw, 0, _HINT_BYTES), 20):
        label = found[1].decode("ascii")
        if charset.codec(label) not in ("", "ascii", "utf-8", "cp1252"):
            return label
    return ""


def _split_multipart(work: _Work, entity: Entity, path: str, depth: int) -> None:
    if depth >= MAX_DEPTH:
        work.defects.append(f"parts nested deeper than {MAX_DEPTH}")
        return
    boundary = entity.params.get("boundary", "").encode("utf-8", "surrogateescape")
    spans = _spans(work, entity, boundary) if boundary else []
    if not spans:
        work.defects.append("multipart without its boundary")
        guess = _boundary(entity, boundary)
        spans = _spans(work, entity, guess) if guess else []
    if not spans:
        entity.type = "text/plain"  # nothing to take apart: what is there is shown as it stands
        return
    default = "message/rfc822" if entity.type == "multipart/digest" else "text/plain"
    for number, (start, end) in enumerate(spans, 1):
        if work.parts >= MAX_PARTS:
            work.defects.append(f"more than {MAX_PARTS} parts")
            break
        child = f"{path}.{number}" if path else str(number)
        entity.children.append(_entity(work, start, end, child, depth + 1, default))


def _boundary(entity: Entity, declared: bytes) -> bytes:
    """The boundary where the one that is declared stands nowhere: without a comment or a space, or as it is used."""
    bare = declared.partition(b"(")[0].strip()
    if bare and entity.raw.find(b"--" + bare, entity.start, entity.end) >= 0:
        return bare
    stop = min(entity.end, entity.start + 65_536)
    if found := _GUESS.search(entity.raw, entity.start, stop):
        return found[1]
    found = _CLOSING.search(entity.raw, entity.start, stop)
    opens = found and entity.raw.find(b"--" + found[1], entity.start, found.start()) >= 0
    return found[1] if found and opens else b""


def _spans(work: _Work, entity: Entity, boundary: bytes) -> list[tuple[int, int]]:
    """Where the parts lie between lines of `boundary`. Parts after a closing line are taken too."""
    raw, end = entity.raw, entity.end
    token = b"--" + boundary
    spans: list[tuple[int, int]] = []
    opened = -1
    at = entity.start
    while len(spans) <= MAX_PARTS:
        at = raw.find(token, at, end)
        if at < 0:
            break
        work.candidates += 1
        if work.candidates > _MAX_CANDIDATES:
            work.defects.append("too many boundary-like lines")
            break
        tail = _TAIL.match(raw, at + len(token), end)
        if tail is None or (at > entity.start and raw[at - 1] not in b"\r\n"):
            at += 1
            continue
        if opened >= 0:
            spans.append((opened, max(opened, _before_newline(raw, at))))
        opened = -1 if tail[1] else tail.end()
        at = max(tail.end() - 1, at + len(token))  # the line end may belong to the next delimiter too
    if 0 <= opened < end:
        spans.append((opened, end))
        work.defects.append("multipart without its closing line")
    return spans


def _before_newline(raw: bytes, at: int) -> int:
    if raw[at - 1 : at] == b"\n":
        at -= 1
    return at - 1 if raw[at - 1 : at] == b"\r" else at


def _is_prose(data: bytes) -> bool:
    """Words with spaces and stops between them: they only claim to be base64."""
    start = data[:4096]
    spaces = len(_SPACED.findall(start))
    return spaces > 2 and spaces * 16 > len(start) and _PROSE.search(start) is not None


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The lower-case main value and the parameters of a structured field, RFC 2231 pieces joined."""
    if ";" not in value:
        return value.partition("(")[0].strip().strip("\"'").lower(), {}
    main = value.partition(";")[0].partition("(")[0].strip().strip("\"'").lower()
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for match in _PARAM.finditer(value):
        name, text = match[1].lower(), match[2].strip()
        if text.startswith('"'):
            text = text[1:].removesuffix('"').replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section:
            encoded = bool(section[3]) or section[2] is None
            pieces.setdefault(section[1], {}).setdefault(int(section[2] or 0), (encoded, text))
        else:
            plain.setdefault(name, text)
    for name, parts in pieces.items():
        plain[name] = _join_pieces(parts)
    return main, plain


def _join_pieces(parts: dict[int, tuple[bool, str]]) -> str:
    label = ""
    data = b""
    for number in sorted(parts):
        encoded, text = parts[number]
        if encoded and number == min(parts) and text.count("'") >= 2:
            label, _, text = text.split("'", 2)
        elif encoded and number == min(parts) and charset.codec(text.partition("'")[0]):
            label, _, text = text.partition("'")  # the language is left out
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "surrogateescape")
    return charset.decode(data, label)


_BAD_IN_NAME = re.compile("[\x00-\x1f\x7f/\\\\\u202a-\u202e\u2066-\u2069]+")


def filename(text: str) -> str:
    """A file name that is safe to show: one line, no path, no direction tricks, at most 200 characters."""
    name = _BAD_IN_NAME.sub("_", charset.words(text)).strip(" .")
    if len(name) > 200:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:180]}.{ending}" if dot and len(ending) < 20 else name[:200]
    return name


_UU_BEGIN = re.compile(rb"(?:\A|\n)begin[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,255})\r?\n")


def _unuuencode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    return uudecoded(data[begin.end() if begin else 0 :])


def uudecoded(data: bytes) -> bytes:
    """The bytes of uuencoded lines up to "end" or the first line that is none."""
    out = []
    for line in data.splitlines():
        if line.strip() == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # A line padded wrongly: its length octet says how much of it counts.
            try:
                out.append(binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3]))
            except (binascii.Error, IndexError):
                break
    return b"".join(out)
