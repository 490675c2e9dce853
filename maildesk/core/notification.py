"""Notification: what became of a mail, as Amazon SES posts it through SNS, in JSON."""

import json
import re
from dataclasses import dataclass

from maildesk.core import address, charset
from maildesk.core.message import Message
from maildesk.core.report import STATUS, Recipient

_MAX = 256 * 1024
_MAX_RECIPIENTS = 1000
_BROKEN = re.compile(r"!\n[ \t]?")
"""How an old Sendmail breaks a line of more than 990 characters."""


@dataclass(frozen=True, slots=True)
class Notification:
    """`failed` are those whom the mail did not reach, none if it tells of a delivery or a complaint.

    `message_id` is that of the mail it speaks of, without <>, "" if it does not say.
    """

    failed: tuple[Recipient, ...]
    message_id: str


def read(message: Message) -> Notification | None:
    """The notification in a mail; None if it bears none."""
    if not message.header("x-amz-sns-message-id"):
        return None
    said = _object(message.text.strip()[:_MAX])
    if said.get("Type") == "Notification":  # not posted raw: the notification is a string inside another
        said = _object(str(said.get("Message", ""))[:_MAX])
    if not (said.get("notificationType") or said.get("eventType")):
        return None
    bounced = _inside(said, "bounce").get("bouncedRecipients")
    found = [_recipient(one) for one in bounced[:_MAX_RECIPIENTS]] if isinstance(bounced, list) else []
    message_id = _inside(_inside(said, "mail"), "commonHeaders").get("messageId")
    return Notification(
        failed=tuple(one for one in found if one.address),
        message_id=charset.line(str(message_id or "")).strip("<> ")[:998],
    )


def _object(text: str) -> dict[str, object]:
    try:
        said = json.JSONDecoder(strict=False).raw_decode(_BROKEN.sub("", text))[0]
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _inside(said: dict[str, object], name: str) -> dict[str, object]:
    inner = said.get(name)
    return inner if isinstance(inner, dict) else {}


def _recipient(one: object) -> Recipient:
    said = one if isinstance(one, dict) else {}
    status = STATUS.search(str(said.get("status") or "")[:100])
    named = str(said.get("emailAddress") or "")[:1000]
    return Recipient(
        address=address.normal(named.rpartition("<")[2]),
        action="delayed" if said.get("action") == "delayed" else "failed",
        status=status[1] if status else "",
        diagnostic=str(said.get("diagnosticCode") or "")[:2000].removeprefix("smtp;").strip(),
    )
