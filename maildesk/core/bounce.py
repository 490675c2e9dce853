"""Bounce: a report that a mail of ours was not delivered, and to whom, and why."""

import re
from dataclasses import dataclass

from maildesk.core import address, charset, failure, mime, notification, prose, reasons, report
from maildesk.core.away import away
from maildesk.core.message import Message
from maildesk.core.subject import marked

_DAEMON = re.compile(r"(?:^|[\s<\"(])mailer[._-]?daemon\b|\bmail delivery (?:sub)?system\b", re.IGNORECASE)
_MACHINE = re.compile(
    r"(?:mailer[._-]?daemon|post[._-]?master|mail[._-]?daemon|mmdf|double-bounce|bounces?|mail[._-]?(?:system|delivery)"
    r"|mdaemon|daemon)(?:[+=.-][^@]*)?@",
    re.IGNORECASE,
)
_MACHINE_NAME = re.compile(
    r"mail(?:er)? delivery|mailer-daemon|mail (?:system|administrator|router|server)|postmaster"
    r"|delivery (?:system|sub)"
    r"|internet mail|microsoft (?:outlook|exchange)|message transfer|system administrator|mail destination"
    r"|interscan|mail ?marshal|list ?serv|majordomo|mailman",
    re.IGNORECASE,
)
_TITLE = re.compile(r"administrator|microsoft outlook|internet mail|postmaster", re.IGNORECASE)
# A mailing list's own addresses; what they write is a report where the list's software says so in a header.
_LIST_MACHINE = re.compile(
    r"(?:[^@]+-(?:admin|owner|bounces|request)|owner-[^@]+|mailman|listserv|majordomo|sympa|ecartis)@",
    re.IGNORECASE,
)
_LIST_HEADERS = ("x-mlserver", "x-list-administrivia", "x-mailman-version", "x-listserver", "x-loop")
_MESSAGE_ID = re.compile(
    r"\bmessage-?id:?\s{0,4}<([^<>\s]{3,998})>|^[ \t>|]{0,6}message-id:\s{0,4}([^<>\s]{3,998})",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"<([^<>\s]{3,998})>")
# Details of a status beside which another one says more (RFC 3463 3.5 asks to give the problem instead of 4.7).
_VAGUE = ("", "0.0", "5.0", "4.7")


@dataclass(frozen=True, slots=True)
class Bounce:
    """A failed or delayed delivery. `recipient` is the first of `recipients`.

    `status`: RFC 3463, "" if unknown. `action`: failed or delayed. `reason`: a word of `reasons`' table.
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


def bounce(message: Message, raw: bytes, null_return_path: bool = False) -> Bounce | None:
    """What a mail reports of a delivery that failed or is late; None if it is no such report.

    `null_return_path`: the envelope sender was <>.
    """
    posted = notification.read(message)
    if posted is not None:
        return _formal(message, list(posted.failed), None, posted.message_id) if posted.failed else None
    kind = message.header("content-type").lower()
    declared = "multipart/report" in kind or "delivery-status" in kind
    by_server = _by_server(message, null_return_path)
    bears = declared or any(one.type in report.TYPES for one in message.attachments)
    about = failure.SUBJECT.match(message.subject[:300]) is not None
    if not (declared or (bears and by_server) or _looks_like_one(message, by_server, about)):
        return None
    root = mime.split(raw)[0]
    returned = report.returned(root)
    found = report.recipients(root)
    if found is None and returned is not None and returned.type == "multipart/report":
        # A gateway has wrapped the report.
        found, returned = report.recipients(returned), report.returned(returned)
    if found is not None:
        failed = [one for one in found if _is_failed(one)]
        if found and not failed:
            return None  # delivered, relayed or expanded: a receipt
        told = [one for one in failed if one.action != "delayed"] or failed
        if any(one.address for one in told):
            return _formal(message, told, returned)
        return _informal(message, returned, told, certain=True)
    if "disposition-notification" in kind or "feedback-report" in kind:
        return None
    return _informal(message, returned, [], certain="report-type=delivery-status" in kind.replace('"', ""))


def _is_failed(one: report.Recipient) -> bool:
    return one.action in ("failed", "delayed") or (not one.action and not one.status.startswith("2"))


def _by_server(message: Message, null_return_path: bool) -> bool:
    """Whether a mail server or a mailing list's software sent it, by its name or by the empty return path."""
    returned_to = message.header("return-path").replace(" ", "").upper()
    return null_return_path or returned_to in ("<>", "<MAILER-DAEMON>") or _by_name(message)


def _by_name(message: Message) -> bool:
    senders = (*message.from_, *message.sender)
    if not senders or any(_MACHINE.match(one.address) or _MACHINE_NAME.search(one.name) for one in senders):
        return True
    return any(_LIST_MACHINE.match(one.address) for one in senders) and any(
        map(message.header, _LIST_HEADERS)
    )


def _looks_like_one(message: Message, by_server: bool, about: bool) -> bool:
    """A mail server's mail about a delivery. A person's is none, whatever it is about or quotes.

    Customers write "Delivery problem" about parcels, shops have machines that do, and so has who is away.
    """
    if _marked(message):
        return True
    if not by_server or away(message.subject, answers=True):
        return False
    text = message.text[: prose.TEXT]
    # People answer, too, and quote what their server has said.
    by_words = failure.strong(text) or (failure.coded(text) and not marked(message.subject))
    return about or (by_words and not _by_title(message))


def _by_title(message: Message) -> bool:
    """Nothing but a display name shows a server, and people bear such titles, too."""
    senders = (*message.from_, *message.sender)
    return message.header("return-path").replace(" ", "") != "<>" and any(
        _TITLE.search(one.name) and not _MACHINE.match(one.address) for one in senders
    )


def _marked(message: Message) -> bool:
    """Its header says that it is a report: by a field of Exim or Exchange, or by its sender."""
    present = {name for name, _ in message.headers}
    return (
        bool(message.header("x-failed-recipients"))
        or "x-ms-exchange-message-is-ndr" in present
        or _from_daemon(message)
    )


def _from_daemon(message: Message) -> bool:
    return _DAEMON.search(message.header("from")[-300:]) is not None


def _formal(
    message: Message, told: list[report.Recipient], returned: mime.Entity | None, message_id: str = ""
) -> Bounce:
    first = next(one for one in told if one.address)
    addresses = tuple(dict.fromkeys(one.address for one in told if one.address))
    explained = first.diagnostic or prose.near(prose.own_text(message.text), first.address)[:2000]
    status = _better(first.status, first.diagnostic)
    reason = reasons.reason(status, explained)
    if not status:
        status = reasons.status(explained, reasons.kind(explained, first.action == "delayed") or "5")
    return Bounce(
        recipient=addresses[0],
        recipients=addresses,
        status=status,
        action=first.action or ("delayed" if status.startswith("4") else "failed"),
        reason=reason,
        diagnostic=" ".join(charset.line(explained).split())[:1000],
        original_message_id=message_id or _original_id(message, returned),
        original_references=_original_references(returned),
    )


def _better(status: str, diagnostic: str) -> str:
    """The status, or what the server's answer says where the status is vague or of another class."""
    found = report.STATUS.search(diagnostic)
    if found and (status[2:] in _VAGUE or status[:1] != found[1][:1]):
        return found[1]
    return status


def _informal(
    message: Message, returned: mime.Entity | None, told: list[report.Recipient], certain: bool
) -> Bounce | None:
    """A report in prose: qmail, Exim, Exchange, Notes and many more. `told` are groups of a report that name nobody."""
    text = prose.own_text(message.text)
    returned = returned or prose.returned(message.text, len(text))
    whole = message.text[: prose.TEXT]
    fields = [one for one in report.from_text(whole) if one.address] if "-recipient:" in whole.lower() else []
    said = failure.told(text) or failure.SUBJECT.match(message.subject[:300]) is not None
    if not (certain or said or _marked(message)):
        return None
    if failure.done(text) and not failure.told(text):
        return None  # a receipt
    recipients = _recipients(message, text, fields, returned)
    if not (certain or recipients or _by_name(message) or (returned is not None and failure.strong(text))):
        return None  # a parcel, perhaps
    near = prose.near(text, recipients[0], recipients[1:10]) if recipients else text
    status = next((one.status for one in (*told, *fields) if one.status), "")
    status = status or _status(near) or _status(text)
    delayed = failure.late(message.subject, text)
    reason = reasons.reason(status, near) or reasons.reason("", text)
    if not status:
        words = near if reasons.reason("", near) else text
        status = reasons.status(words, reasons.kind(near, delayed) or reasons.kind(text, delayed) or "5")
    action = next((one.action for one in (*told, *fields) if one.action), "")
    return Bounce(
        recipient=recipients[0] if recipients else "",
        recipients=recipients,
        status=status,
        action=action or ("delayed" if delayed else "failed"),
        reason=reason,
        diagnostic=" ".join(charset.line(near[:2000]).split())[:1000],
        original_message_id=_original_id(message, returned),
        original_references=_original_references(returned),
    )


def _recipients(
    message: Message, text: str, fields: list[report.Recipient], returned: mime.Entity | None
) -> tuple[str, ...]:
    """Whom the mail did not reach, by the surest of the places where a report in words may say so."""
    found = [one.address for one in fields]
    for value in message.headers_all("x-failed-recipients"):
        found += [one.address for one in address.parse(value)[0]]
    if not found:
        senders = {one.address for one in (*message.from_, *message.sender)}
        ours = senders | {one.address for one in message.to}
        sure = (prose.headed(text), prose.announced(text), prose.named(text))
        listed, anywhere = prose.led(text), prose.anywhere(text)
        candidates = _may_fail(listed, ours) or _may_fail(anywhere, ours)
        sent_to = _sent_to(returned)
        known = [one for one in sent_to if one in candidates or one in anywhere]
        found = (
            next(filter(None, (_may_fail(those, ours) or _others(those, ours) for those in sure)), [])
            or known
            or candidates
            or _others(sent_to[:1], ours)
            # Somebody wrote to themselves.
            or next(filter(None, (_others(those, senders) for those in (*sure, listed))), [])
            or _others([*anywhere, *sent_to], senders)[:1]
        )
    return tuple(dict.fromkeys(found))[:1000]


def _may_fail(those: list[str], ours: set[str]) -> list[str]:
    machines = ("mailer-daemon@", "postmaster@", "abuse@")
    return [one for one in _others(those, ours) if not one.startswith(machines)]


def _others(those: list[str], ours: set[str]) -> list[str]:
    return [one for one in those if one not in ours]


def _sent_to(returned: mime.Entity | None) -> list[str]:
    if returned is None:
        return []
    names = ("to", "cc", "x-original-to", "delivered-to")
    return list(
        dict.fromkeys(one.address for name in names for one in address.parse(returned.header(name))[0])
    )


def _status(text: str) -> str:
    found = [match[1] for match in report.STATUS.finditer(text[:8000]) if match[1][0] != "2"]
    return next((one for one in found if one[2:] not in _VAGUE), found[0] if found else "")


def _original_id(message: Message, returned: mime.Entity | None) -> str:
    if returned is not None and (value := returned.header("message-id")):
        match = _ID.search(value)
        return charset.line(match[1] if match else value.strip("<> "))[:998]
    match = _MESSAGE_ID.search(message.text[: 4 * prose.TEXT])
    return charset.line(match[1] or match[2]) if match else ""


def _original_references(returned: mime.Entity | None) -> tuple[str, ...]:
    if returned is None:
        return ()
    values = [value for name, value in returned.headers if name in ("references", "in-reply-to")]
    return tuple(dict.fromkeys(charset.line(one) for value in values for one in _ID.findall(value)))[:1000]
