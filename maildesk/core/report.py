"""Report: what the machine-readable part of a delivery report says (RFC 3464, RFC 6522, RFC 3463)."""

import re
from dataclasses import dataclass

from maildesk.core import address, charset, mime

STATUS = re.compile(r"(?<![\d.-])([245]\.[0-9]\.\d{1,3})(?![\d]|\.\d)")
REPLY = re.compile(
    r"(?:(?<![\d.:/-])|(?<=(?i:code) :))([45][0-9][0-9])(?=[ -](?!\d{1,3}\.\d{1,3}\.\d{1,3})|[:;,]|$)"
)
_MAX_RECIPIENTS = 1000
_MAX_REPORT = 1024 * 1024
TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
    "message/partial",
)
_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)", re.MULTILINE)
_ADDRESS = re.compile(
    r"(?:\"[^\"\s]{1,128}\"|[^\s<>()\[\],;:\"]{1,128})@(?:\[[^\]\s]{1,64}\]|[^\s<>()\[\],;:\"]{1,253})"
)

_UNITEXT = re.compile(r"\\x\{(0{0,2}[0-9A-Fa-f]{2,4}|0?1[0-9A-Fa-f]{4})\}")
"""How RFC 6533 writes other letters where only ASCII may stand."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a report says of one recipient. Words as in the report, lower-case where RFC 3464 says so."""

    address: str
    action: str
    status: str
    diagnostic: str


def recipients(root: mime.Entity) -> tuple[Recipient, ...] | None:
    """The recipients of the report in a mail, or None if the mail bears no such part."""
    found: list[Recipient] = []
    seen = False
    left = _MAX_REPORT
    for entity in root.walk():
        if entity.type in TYPES and not entity.children:
            seen = True
            data = entity.content()[:left]
            left -= len(data)
            found += from_text(charset.decode(data, entity.params.get("charset", "")))
    return tuple(found[:_MAX_RECIPIENTS]) if seen else None


def from_text(text: str) -> list[Recipient]:
    """The recipients in text that holds the fields of a delivery report, wherever their groups begin."""
    found: list[Recipient] = []
    for group in groups(text.replace("\r\n", "\n").replace("\r", "\n")):
        where = _mailbox(group, "original-recipient") or _mailbox(group, "final-recipient")
        final = _mailbox(group, "final-recipient") or where
        if not where and "action" not in group and "status" not in group:
            continue
        diagnostic = group.get("diagnostic-code", "")
        kind, split, rest = diagnostic.partition(";")
        diagnostic = rest.strip() if split and " " not in kind.strip() else diagnostic
        status = STATUS.search(group.get("status", ""))
        action = re.match(r"[a-z]+", group.get("action", "").lower())
        found.append(
            Recipient(
                final or where, action[0] if action else "", status[1] if status else "", diagnostic[:2000]
            )
        )
    return found


def groups(text: str) -> list[dict[str, str]]:
    """The groups of fields in a report, names lower-case, values on one line."""
    return [
        {match[1].lower(): _value(match) for match in reversed(list(_FIELD.finditer(block)))}
        for block in re.split(r"\n[ \t]*\n", text)[:_MAX_RECIPIENTS]
    ]


def _value(match: re.Match[str]) -> str:
    # An address is taken as it stood in the SMTP dialogue: RFC 2047 knows no encoded words inside one.
    return charset.line(match[2]) if match[1].lower().endswith("-recipient") else charset.words(match[2])


def _mailbox(group: dict[str, str], name: str) -> str:
    value = group.get(name, "")
    kind, split, rest = value.partition(";")
    if kind.strip().lower() == "utf-8":
        rest = _UNITEXT.sub(lambda found: chr(int(found[1], 16)), rest)
    match = _ADDRESS.search(rest if split else value)
    return address.normal(match[0]) if match else ""


def returned(root: mime.Entity) -> mime.Entity | None:
    """The mail (or its header) that came back inside the report."""
    for entity in root.walk():
        if entity.type in _RETURNED and not entity.children and entity is not root:
            nested = entity.nested()
            if nested.headers:
                return nested
    return None
