"""Parts: what of a mail is its body and what is attached to it."""

import hashlib
import re
from dataclasses import dataclass, field

from maildesk.core import charset, markup, mime, tnef

MAX_TEXT = 2 * 1024 * 1024
_UU = re.compile(
    rb"(?:\A|\n)begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n((?:[!-`][^\r\n]{1,90}\r?\n)+)[` ]?\r?\n?end\b"
)
_UU_LIMIT = 20
_PIECE = 12
_PIECES = 50
_MOST_COMPARED = 32_768
"""Two texts are compared by so many pieces, of so many letters, from so many characters of the second text."""
_LINK = re.compile(r"https?://[^\s>]+|(?:mailto|cid):[^\s>]+")
_NO_LETTERS = re.compile(r"[\W_]+")
_HTML = re.compile(rb"\s{0,99}<(?:!doctype\s+)?html\b", re.IGNORECASE)
# Two of them stand in no standard and in mails.
_TEXTS = frozenset(
    {
        "text/plain", "text/html", "text/enriched", "text/richtext", "text", "text/markdown", "text/x-markdown",
        "plain/text", "text/ascii",
    }
)  # fmt: skip
_REPORTS = frozenset(
    {"message/delivery-status", "message/disposition-notification", "message/global-delivery-status"}
)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/zip": ".zip",
    "application/json": ".json",
    "text/csv": ".csv",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/pgp-keys": ".asc",
    "application/ms-tnef": ".dat",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a mail. `part` finds its bytes again (`part_bytes`); `size` and `sha256` are of those bytes.

    `name` is safe to show and never empty. `cid` is the Content-ID without <>. `inline` means that the mail's
    HTML shows it (it has a cid, or says so).
    """

    part: str
    name: str
    type: str
    size: int
    sha256: str
    cid: str
    inline: bool


@dataclass(slots=True)
class Content:
    """What the parts of a mail add up to. `packed` is the text in Outlook's winmail.dat."""

    texts: list[str] = field(default_factory=list)
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    packed: str = ""


def content(root: mime.Entity) -> Content:
    """Body texts in order (plain, else rendered HTML), the first HTML, and all attachments."""
    found = Content()
    _collect(root, found, in_related=False)
    if not found.texts and found.packed.strip():
        found.texts.append(found.packed)
    if not found.texts:
        _read_report(root, found)
    return found


def _read_report(root: mime.Entity, found: Content) -> None:
    """Where no part is meant for people, what a mail server tells other mail servers is better than nothing."""
    for entity in root.walk():
        if entity.type in _REPORTS and not entity.children:
            found.texts = [text for text in (_read(entity, found)[0],) if text.strip()]
            if found.texts:
                return


def part_bytes(root: mime.Entity, part: str) -> bytes:
    """The decoded content of the part at that path. Raises KeyError if the mail has no such part."""
    path, _, number = part.partition("#")
    for entity in root.walk():
        if entity.path == path and (not entity.children or entity is not root):
            data = entity.content()
            if number:
                packed = [file.data for file in tnef.read(data)[0]] or [
                    block for _, block in _uu_blocks(data)
                ]
                at = int(number) - 1 if number.isdecimal() else -1
                if not 0 <= at < len(packed):
                    break
                return packed[at]
            return data
    raise KeyError(part)


def _collect(entity: mime.Entity, found: Content, in_related: bool) -> None:
    if entity.children:
        if entity.type == "multipart/alternative":
            _alternative(entity, found)
            return
        for child in entity.children:
            _collect(child, found, in_related or entity.type == "multipart/related")
        return
    if entity.type.startswith("multipart/"):
        return
    if _is_body(entity, found):
        text, html = _read(entity, found)
        if html and found.texts and _squeezed(text) in _squeezed("\n".join(found.texts)):
            text = ""  # the same again as HTML, mislabelled multipart/mixed
        found.html = found.html or html
        if text.strip():
            found.texts.append(text)
        if entity.filename:
            _attach(entity, found, in_related)  # body and file: whichever its sender meant, it is there
    else:
        _attach(entity, found, in_related)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _is_body(entity: mime.Entity, found: Content) -> bool:
    if entity.type not in _TEXTS or entity.disposition == "attachment":
        return False
    # A text with a name is a file, except where it is the only body there is.
    return not entity.filename or not found.texts


def _alternative(entity: mime.Entity, found: Content) -> None:
    """The first plain text that says something, else the HTML; the rest is attached (RFC 2046 5.1.4).

    Both, the HTML first, where the plain text is about something else: "your program shows no HTML" is no mail.
    """
    inner = Content()
    plain: list[str] = []
    rendered: list[str] = []
    for child in entity.children:
        if child.children:
            _collect(child, inner, False)
        elif _is_body(child, inner):
            text, html = _read(child, inner)
            (rendered if html else plain).append(text)
            inner.html = inner.html or html
        else:
            _attach(child, inner, bool(child.header("content-id")))
    plain = [text for text in plain if text.strip()][:1]
    others = inner.texts or [text for text in rendered if text.strip()][:1]
    texts = plain or others
    if plain and others and not _says(plain[0], "\n".join(others)):
        texts = others if _says("\n".join(others), plain[0]) else others + plain
    found.texts += texts
    found.html = found.html or inner.html
    found.attachments += inner.attachments
    found.defects += inner.defects
    found.packed = found.packed or inner.packed


def _says(text: str, other: str) -> bool:
    """Whether a text says at least half of what another one does, however that is spaced, marked and linked."""
    # Alternatives stand in alternatives: the same megabyte would be compared at each level.
    whole, letters = _letters(text[: 4 * _MOST_COMPARED]), _letters(other[:_MOST_COMPARED])
    starts = range(0, max(len(letters) - _PIECE, 0) + 1, max(_PIECE, len(letters) // _PIECES))
    there = sum(letters[at : at + _PIECE] in whole for at in starts)
    return there * 2 >= len(starts)


def _letters(text: str) -> str:
    return _NO_LETTERS.sub("", _LINK.sub("", text)).casefold()


def _read(entity: mime.Entity, found: Content) -> tuple[str, str]:
    """The text of a body part and its HTML source ("" for a plain one)."""
    data = entity.content()
    is_html = entity.type == "text/html" or (
        not entity.header("content-type") and _HTML.match(data) is not None
    )
    if not is_html and b"begin " in data:
        data = _take_uu(entity, data, found)
    if len(data) > MAX_TEXT * 4:
        data = data[: MAX_TEXT * 4]
        found.defects.append(f"text of part {entity.path} was cut")
    text = charset.decode(data, entity.params.get("charset", ""), html=is_html)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\ufffd" in text:
        found.defects.append(f"part {entity.path} is not in its charset")
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT]
        found.defects.append(f"text of part {entity.path} was cut")
    if is_html:
        return markup.text_of(text), text[: markup.MAX_CHARACTERS]
    if entity.params.get("format", "").lower() == "flowed":
        text = _unflowed(text, entity.params.get("delsp", "").lower() == "yes")
    return text, ""


def _unflowed(text: str, delsp: bool) -> str:
    """Paragraphs of format=flowed text joined again (RFC 3676 section 4)."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flowed = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flowed and delsp else content
        if open_depth == depth and content != "-- ":
            out.append(kept)
        else:
            out.append(("\n" if out else "") + ">" * depth + (" " if depth and kept else "") + kept)
        open_depth = depth if flowed else -1
    return "".join(out)


def _uu_blocks(data: bytes) -> list[tuple[str, bytes]]:
    """Files that stand uuencoded in a plain text, as mailers did before MIME."""
    return [
        (match[1].decode("utf-8", "replace"), mime.uudecoded(match[2]))
        for _, match in zip(range(_UU_LIMIT), _UU.finditer(data), strict=False)
    ]


def _take_uu(entity: mime.Entity, data: bytes, found: Content) -> bytes:
    for number, (name, block) in enumerate(_uu_blocks(data), 1):
        part = f"{entity.path}#{number}"
        found.attachments.append(
            _attachment(part, mime.filename(name), "application/octet-stream", block, "", False)
        )
    return _UU.sub(b"\n", data, count=_UU_LIMIT)


def _take_tnef(entity: mime.Entity, data: bytes, found: Content) -> bool:
    """The files in Outlook's winmail.dat stand in its place: nothing else opens it."""
    files, text = tnef.read(data)
    for number, file in enumerate(files, 1):
        part = f"{entity.path}#{number}"
        name = mime.filename(file.name) or f"part-{entity.path}-{number}"
        kind = file.type.lower() if file.type.count("/") == 1 else "application/octet-stream"
        found.attachments.append(_attachment(part, name, kind, file.data, "", False))
    found.packed = found.packed or text.replace("\r\n", "\n").replace("\r", "\n")[:MAX_TEXT]
    return bool(files)


def _attach(entity: mime.Entity, found: Content, in_related: bool) -> None:
    data = entity.content()
    if data.startswith(tnef.SIGNATURE) and _take_tnef(entity, data, found):
        return
    cid = charset.line(entity.header("content-id")).strip("<> ")[:500]
    inline = (
        entity.disposition == "inline" or (bool(cid) and entity.disposition != "attachment") or in_related
    )
    name = entity.filename
    if not name and entity.type == "message/rfc822":
        subject = next((value for key, value in mime.header(data[:65_536]) if key == "subject"), "")
        stem = mime.filename(charset.words(subject))
        name = f"{stem}.eml" if stem else ""
    name = name or f"part-{entity.path}{_EXTENSIONS.get(entity.type, '')}"
    found.attachments.append(_attachment(entity.path, name, entity.type, data, cid, inline))


def _attachment(part: str, name: str, kind: str, data: bytes, cid: str, inline: bool) -> Attachment:
    digest = hashlib.sha256(data).hexdigest()
    return Attachment(part, name, charset.line(kind)[:200], len(data), digest, cid, inline)
