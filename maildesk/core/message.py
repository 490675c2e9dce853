"""Message: a mail as the desk reads it. `parse` never raises, never hangs, and reads the same every time."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass

from mailparser.dates import parse_mail_date

from maildesk.core import address, charset, mime, parts
from maildesk.core.address import Address
from maildesk.core.parts import Attachment

__all__ = ["Address", "Attachment", "Message", "parse", "part_bytes"]

MAX_ADDRESSES = 1000
_MAX_IDS = 1000
_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^\s<>,;\"]+@[^\s<>,;\"]+")
_SPACE = re.compile(r"\s+")
_BROKEN = (mime.NO_FIELD, mime.NO_END, mime.TOO_MANY)
# RFC 5322, 3.6 and RFC 2045: these stand in a mail once, if at all.
_ONCE = {
    *("from", "sender", "reply-to", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
}
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-delivered-to", "x-envelope-to")


@dataclass(frozen=True, slots=True)
class Message:
    """What a mail says, decoded, within the limits. Nothing here is proven.

    `from_` holds every address of every From field. `date` is the Date header in microseconds UTC. `text` is
    the whole readable body with "\\n" line ends; `html` the first HTML body as it came (never to be shown
    unsanitised). Header names are lower-case; values are decoded, on one line.
    """

    sha256: str
    size: int
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    subject: str
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: int | None
    has_received: bool
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    list_id: str
    language: str
    defects: tuple[str, ...]

    @property
    def author(self) -> Address | None:
        """Whom it says it is from: the first of From, else of Sender, else of Reply-To; None if it says nobody."""
        return next(iter((*self.from_, *self.sender, *self.reply_to)), None)

    @property
    def ambiguous(self) -> str:
        """Why other programs may read another header than we do, in words; "" if they can't."""
        if any(defect in _BROKEN or defect.startswith(mime.TOO_LONG) for defect in self.defects):
            return "its header is broken"
        count = Counter(name for name, _ in self.headers if name in _ONCE)
        name = next((name for name, times in count.items() if times > 1), "")
        return f"its header has {count[name]} {name.title()} fields" if name else ""

    def header(self, name: str) -> str:
        """The first header of that name, "" if there is none."""
        name = name.lower()
        for known, value in self.headers:
            if known == name:
                return value
        return ""

    def headers_all(self, name: str) -> tuple[str, ...]:
        """All headers of that name, in order."""
        name = name.lower()
        return tuple(value for known, value in self.headers if known == name)


def parse(raw: bytes) -> Message:
    """Read a mail within limits (25 MB, 500 parts, depth 40, 500 headers, 1,000 addresses).

    What exceeds a limit or breaks a rule is named in `defects`.
    """
    root, defects = mime.split(raw)
    fields: dict[str, list[str]] = {}
    for name, value in root.headers:
        fields.setdefault(name, []).append(value)
    lists = _Lists(fields, defects)
    body = parts.content(root)
    defects += body.defects
    text = "\n".join(body.texts) if len(body.texts) > 1 else "".join(body.texts)
    headers = tuple((name, charset.words(value)) for name, value in root.headers)
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name, value)
    return Message(
        sha256=hashlib.sha256(raw).hexdigest(),
        size=len(raw),
        from_=lists.read("from"),
        sender=lists.read("sender"),
        reply_to=lists.read("reply-to"),
        to=lists.read("to"),
        cc=lists.read("cc"),
        delivered_to=_delivered(fields),
        subject=first.get("subject", ""),
        message_id=next(iter(_ids(fields.get("message-id", [])[:1])), ""),
        in_reply_to=_ids(fields.get("in-reply-to", [])),
        references=_ids(fields.get("references", [])),
        date=_date(fields.get("date", []), defects),
        has_received="received" in fields,
        text=text[: parts.MAX_TEXT],
        html=body.html,
        attachments=tuple(body.attachments),
        headers=headers,
        list_id=_list_id(first.get("list-id", "")),
        language=_language(first.get("content-language", "")),
        defects=tuple(dict.fromkeys(charset.line(defect) for defect in defects)),
    )


def part_bytes(raw: bytes, part: str) -> bytes:
    """The decoded content of an attachment, by its `Attachment.part`. Raises KeyError if there is no such part."""
    return parts.part_bytes(mime.split(raw)[0], part)


class _Lists:
    """The address headers of one mail, sharing one limit."""

    def __init__(self, fields: dict[str, list[str]], defects: list[str]) -> None:
        self.fields = fields
        self.defects = defects
        self.left = MAX_ADDRESSES

    def read(self, name: str) -> tuple[Address, ...]:
        values = self.fields.get(name, [])
        if name == "from" and len(values) > 1:
            self.defects.append(f"{len(values)} From fields")
        found: tuple[Address, ...] = ()
        for value in values:
            addresses, problems = address.parse(value, self.left)
            found += addresses
            self.left -= len(addresses)
            self.defects += [f"{name}: {problem}" for problem in problems]
        return found


def _delivered(fields: dict[str, list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in _DELIVERED:
        for value in fields.get(name, [])[:20]:
            one = address.normal(value)
            if one:
                found[one] = None
    return tuple(found)


def _ids(values: list[str]) -> tuple[str, ...]:
    """Message-IDs without <>, in order. A folded id is joined; one without <> is taken if it stands alone."""
    found: dict[str, None] = {}
    for value in values:
        inside = [_SPACE.sub("", one) for one in _ID.findall(value)] or _BARE_ID.findall(value)
        for one in inside or ([charset.line(value)] if value and " " not in value.strip() else []):
            clean = charset.line(one).strip("<>")
            if clean and len(found) < _MAX_IDS:
                found[clean] = None
    return tuple(found)


def _date(values: list[str], defects: list[str]) -> int | None:
    if not values:
        return None
    result = parse_mail_date(values[0])
    defects += [f"date: {reason}" for reason in result.reasons]
    if result.value is None:
        return None
    return int(result.value.timestamp()) * 1_000_000


def _list_id(value: str) -> str:
    inside = _ID.search(value)
    return (inside[1] if inside else value).strip().lower()


def _language(value: str) -> str:
    """The first tag of Content-Language (RFC 3282), "" if it is no tag."""
    tag = value.partition(",")[0].strip()
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", tag) else ""
