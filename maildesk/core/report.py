"""Report: what the machine-readable part of a delivery report says (RFC 3464, RFC 6522, RFC 3463)."""

import re
from dataclasses import dataclass

from maildesk.core import address, charset, encapsulated, mime

STATUS = re.compile(r"(?<![\d.-])([245]\.[0-9]\.\d{1,3})(?![\d]|\.\d)")
REPLY = re.compile(
    r"(?:(?<![\d.:/-])|(?<=(?i:code) :))([45][0-9][0-9])(?=[ -](?!\d{1,3}\.\d{1,3}\.\d{1,3})|[:;,]|$)"
)
_MAX_RECIPIENTS = 1000
_OPENING = ("original-recipient", "final-recipient")
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
    r"(?:\"[^\"\r\n]{1,128}\"|[^\s<>()\[\],;:\"]{1,128})@(?:\[[^\]\s]{1,64}\]|[^\s<>()\[\],;:\"]{1,253})"
)

# The words of RFC 3464 2.3.3, and what else is written in their place; others say nothing, and the status decides.
_ACTIONS = {
    **{word: word for word in ("failed", "delayed", "delivered", "relayed", "expanded")},
    **dict.fromkeys(("failure", "fail", "error", "expired", "bounced", "undeliverable"), "failed"),
    **dict.fromkeys(("delay", "deferred"), "delayed"),
    "deliverable": "delivered",
}
_UNITEXT = re.compile(r"\\x\{(0{0,2}[0-9A-Fa-f]{2,4}|0?1[0-9A-Fa-f]{4})\}")
"""How RFC 6533 writes other letters where only ASCII may stand."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What a report says of one recipient. `action`: a word of RFC 3464 2.3.3; what is not said is ""."""

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
    if not seen and root.type == "multipart/report":
        # The part is there, under another name.
        texts = [one for one in root.children[1:] if one.type == "text/plain"]
        for data in (one.content()[:_MAX_REPORT] for one in texts[:10]):
            found += [one for one in from_text(data.decode("utf-8", "replace")) if one.address and one.action]
        seen = bool(found)
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
        word = _ACTIONS.get(action[0], "") if action else ""
        found.append(Recipient(final or where, word, status[1] if status else "", diagnostic[:2000]))
    return found


def groups(text: str) -> list[dict[str, str]]:
    """The groups of fields in a report, names lower-case, values on one line. Of equal fields the first counts."""
    found: list[dict[str, str]] = []
    for block in re.split(r"\n[ \t]*\n", text)[:_MAX_RECIPIENTS]:
        group: dict[str, str] = {}
        found.append(group)
        for match in _FIELD.finditer(block):
            name = match[1].lower()
            if name in group and name in _OPENING and ("action" in group or "status" in group):
                group = {}  # the next recipient, without the empty line between
                found.append(group)
            if name not in group:
                group[name] = _value(match)
    return found


def _value(match: re.Match[str]) -> str:
    # An address is taken as it stood in the SMTP dialogue: RFC 2047 knows no encoded words inside one.
    return charset.line(match[2]) if match[1].lower().endswith("-recipient") else charset.words(match[2])


def _mailbox(group: dict[str, str], name: str) -> str:
    value = group.get(name, "")
    kind, split, rest = value.partition(";")
    if kind.strip().lower() == "utf-8":
        rest = _UNITEXT.sub(lambda found: chr(int(found[1], 16)), rest)
    if kind.strip().lower() == "x400" and (inside := encapsulated.attribute(rest)):
        return inside
    match = _ADDRESS.search(rest if split else value)
    return encapsulated.plain(address.normal(match[0])) if match else ""


def returned(root: mime.Entity) -> mime.Entity | None:
    """The mail (or its header) that came back inside the report."""
    for entity in root.walk():
        if entity.type in _RETURNED and not entity.children and entity is not root:
            nested = entity.nested()
            if nested.headers:
                return nested
    return None
