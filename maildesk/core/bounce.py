"""Bounce: a report that a mail of ours was not delivered, and to whom, and why."""

import re
from dataclasses import dataclass

from maildesk.core import address, charset, failure, mime, report
from maildesk.core.message import Message

_MACHINE = re.compile(
    r"(?:mailer[._-]?daemon|postmaster|mail[._-]?daemon|mmdf|double-bounce|bounces?|mail[._-]?(?:system"
    r"|delivery)"
    r"|mdaemon|daemon)(?:[+=.-][^@]*)?@",
    re.IGNORECASE,
)
_MACHINE_NAME = re.compile(
    r"mail(?:er)? delivery|mailer-daemon|mail (?:system|administrator|router|server)|postmaster"
    r"|delivery (?:system|sub)"
    r"|internet mail|microsoft (?:outlook|exchange)|message transfer|system administrator|mail destination",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"^[ \t>*-]{0,10}(?:.{0,60}(?:copy of (?:the|your) (?:original )?(?:message|mail|email)"
    r"|original message (?:follows|headers?|is below|text|below)|returned message (?:follows|below|header)"
    r"|unsent message (?:follows|below)|undelivered (?:message|mail) (?:follows|below)"
    r"|message (?:headers?|text) follows?|first \d+ (?:lines|bytes|characters) of .{0,30}message"
    r"|(?:full|undelivered|your|the) message (?:follows|header)|header of the (?:message|mail))"
    r"|[ \t]*-{3,} ?(?:original message|returned (?:message|mail)|message header|forwarded message).{0,30})",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_HEADER = re.compile(
    r"^[ \t>|]{0,6}(?:received|return-path|message-id|from|date):[ \t]", re.IGNORECASE | re.MULTILINE
)
_MESSAGE_ID = re.compile(r"^[ \t>|]{0,6}message-id:\s{0,4}<?([^<>\s]{3,998})>?", re.IGNORECASE | re.MULTILINE)
_ID = re.compile(r"<([^<>\s]{3,998})>")
_LOOKS = re.compile(r"[^\s<>()\[\],;:\"'`=/]{1,64}@(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z0-9-]{2,63}")
_LED = re.compile(
    r"^[ \t*-]{0,9}(?:(?:recipient|to|user|address|mailbox|e-?mail|rcpt to|final-recipient"
    r"|original-recipient)[ \t]*(?:address)?"
    r"[ \t]*[:=](?:[^\n@]{0,60}[\s:;<\"'])?)?[\"'<]{0,2}"
    r"([^\s<>()\[\],;:\"'`=]{1,64}@(?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z0-9-]{2,63})",
    re.IGNORECASE | re.MULTILINE,
)
_TEXT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounce:
    """A failed or delayed delivery. `recipient` is the first of `recipients`.

    `status`: RFC 3463, "" if unknown. `action`: failed or delayed. `reason`: a word of `failure`'s table.
    `original_*` identify the mail that came back, from the copy in the report.
    """

    recipient: str
    recipients: tuple[str, ...]
    status: str
    action: str
    reason: str
    diagnostic: str
    original_message_id: str
    original_references: tuple[str, ...]


def bounce(message: Message, raw: bytes) -> Bounce | None:
    """What a mail reports of a delivery that failed or is late; None if it is no such report."""
    kind = message.header("content-type").lower()
    formal = "multipart/report" in kind or "delivery-status" in kind
    if (
        not formal
        and not _looks_like_one(message)
        and not any(
            one.type in ("message/delivery-status", "message/global-delivery-status")
            for one in message.attachments
        )
    ):
        return None
    root = mime.split(raw)[0]
    returned = report.returned(root)
    found = report.recipients(root)
    if found is not None:
        failed = [one for one in found if one.action in ("failed", "delayed", "")]
        if found and not failed:
            return None  # delivered, relayed or expanded: a receipt
        told = [one for one in failed if one.action != "delayed"] or failed
        if told and any(one.address for one in told):
            return _formal(message, told, returned)
    elif "disposition-notification" in kind or "feedback-report" in kind:
        return None
    return _informal(message, returned, certain=found is not None)


def _looks_like_one(message: Message) -> bool:
    """Two signs of a report, or one and words that only reports use.

    One sign is not enough: customers write "Delivery problem" about parcels, and companies write from info@.
    """
    if message.header("x-failed-recipients"):
        return True
    senders = (*message.from_, *message.sender)
    signs = 0
    signs += (
        any(_MACHINE.match(one.address) or _MACHINE_NAME.search(one.name) for one in senders) or not senders
    )
    signs += message.header("return-path").replace(" ", "") in ("<>", "<MAILER-DAEMON>")
    signs += failure.SUBJECT.match(message.subject[:300]) is not None
    signs += "auto-" in message.header("auto-submitted")
    return signs >= 2 or (signs == 1 and failure.STRONG.search(message.text[:_TEXT]) is not None)


def _formal(message: Message, told: list[report.Recipient], returned: mime.Entity | None) -> Bounce:
    first = next(one for one in told if one.address)
    addresses = tuple(dict.fromkeys(one.address for one in told if one.address))
    status = first.status
    better = report.STATUS.search(first.diagnostic)
    if better and (status[2:] in ("", "0.0") or status[:1] != better[1][:1]):
        status = better[1]
    action = first.action or ("delayed" if status.startswith("4") else "failed")
    explained = first.diagnostic or _own_text(message)[:2000]
    return Bounce(
        recipient=addresses[0],
        recipients=addresses,
        status=status,
        action=action,
        reason=failure.reason(status, explained),
        diagnostic=" ".join(charset.line(explained).split())[:1000],
        original_message_id=_original_id(message, returned),
        original_references=_original_references(returned),
    )


def _informal(message: Message, returned: mime.Entity | None, certain: bool) -> Bounce | None:
    """A report in prose: qmail, Exim, Exchange, Notes and many more."""
    text = _own_text(message)
    whole = message.text[:_TEXT]
    fields = [one for one in report.from_text(whole) if one.address] if "-recipient:" in whole.lower() else []
    recipients = _recipients(message, text, fields, returned)
    told = failure.told(text) or failure.SUBJECT.match(message.subject[:300]) is not None
    if not certain and not (told or message.header("x-failed-recipients")):
        return None
    near = _near(text, recipients[0]) if recipients else text
    status = next((one.status for one in fields if one.status), "") or _status(near) or _status(text)
    delayed = failure.DELAYED.search(f"{message.subject}\n{text[:4000]}") is not None
    reason = failure.reason(status, near) or failure.reason("", text)
    if not status:
        code = report.REPLY.search(near) or report.REPLY.search(text)
        status = failure.status(reason, "4" if delayed else (code[1][0] if code else "5"))
    if not recipients and not certain and not told:
        return None
    return Bounce(
        recipient=recipients[0] if recipients else "",
        recipients=recipients,
        status=status,
        action=next((one.action for one in fields if one.action), "") or ("delayed" if delayed else "failed"),
        reason=reason,
        diagnostic=" ".join(charset.line(near[:2000]).split())[:1000],
        original_message_id=_original_id(message, returned),
        original_references=_original_references(returned),
    )


def _own_text(message: Message) -> str:
    """What the report itself says, before the mail that it returns."""
    text = message.text[:_TEXT]
    marker = _MARKER.search(text)
    end = marker.start() if marker and marker.start() > 20 else len(text)
    header = [match.start() for match in _RETURNED_HEADER.finditer(text[:end])]
    for here, later in zip(header, header[2:], strict=False):
        if later - here < 600 and here > 20:  # three such lines close together: a mail's header, unannounced
            end = here
            break
    return text[:end]


def _recipients(
    message: Message, text: str, fields: list[report.Recipient], returned: mime.Entity | None
) -> tuple[str, ...]:
    found = [one.address for one in fields]
    for value in message.headers_all("x-failed-recipients"):
        found += [one.address for one in address.parse(value)[0]]
    if not found:
        ours = {one.address for one in (*message.to, *message.from_, *message.sender)}
        listed = [address.normal(match[1].rstrip(".")) for match in _LED.finditer(text)]
        anywhere = [address.normal(match[0].rstrip(".")) for match in _LOOKS.finditer(text)]
        candidates = [one for one in listed if _may_fail(one, ours)] or [
            one for one in anywhere if _may_fail(one, ours)
        ]
        sent_to: list[str] = []
        if returned is not None:
            for name in ("to", "cc", "x-original-to", "delivered-to"):
                sent_to += [one.address for one in address.parse(returned.header(name))[0]]
        known = [one for one in dict.fromkeys(sent_to) if one in candidates or one in anywhere]
        found = known or candidates or [one for one in sent_to[:1] if one not in ours]
        found = found or [one for one in listed if one and one not in ours]
    return tuple(dict.fromkeys(found))[:1000]


def _may_fail(one: str, ours: set[str]) -> bool:
    return bool(one) and one not in ours and not one.startswith(("mailer-daemon@", "postmaster@", "abuse@"))


def _near(text: str, recipient: str) -> str:
    """The passage that speaks of the recipient, where codes and reasons stand."""
    at = text.lower().find(recipient)
    return text if at < 0 else text[at : at + 1500]


def _status(text: str) -> str:
    found = [match[1] for match in report.STATUS.finditer(text[:8000])]
    return next((one for one in found if not one.endswith(".0.0")), found[0] if found else "")


def _original_id(message: Message, returned: mime.Entity | None) -> str:
    if returned is not None:
        value = returned.header("message-id")
        match = _ID.search(value)
        return charset.line(match[1] if match else value.strip("<> "))[:998]
    match = _MESSAGE_ID.search(message.text[: 4 * _TEXT])
    return charset.line(match[1]) if match else ""


def _original_references(returned: mime.Entity | None) -> tuple[str, ...]:
    if returned is None:
        return ()
    values = [value for name, value in returned.headers if name in ("references", "in-reply-to")]
    return tuple(dict.fromkeys(charset.line(one) for value in values for one in _ID.findall(value)))[:1000]
