"""Parsed: a mail as `maildesk parse` prints it."""

from dataclasses import asdict

from maildesk.core import body, bounce, classify, message, subject

_KINDS = {classify.PERSON: "message", classify.BOUNCE: "bounce"}


def to_json(raw: bytes) -> dict[str, object]:
    """What the desk reads in a mail, in plain data. The keys are a format that others rely on."""
    mail = message.parse(raw)
    failed = bounce.bounce(mail, raw)
    kind = classify.classify(mail, bounce=failed)
    sender = mail.author
    return {
        "from_addr": sender.address if sender else None,
        "from_name": sender.name if sender else None,
        "reply_to_addr": mail.reply_to[0].address if mail.reply_to else None,
        "to": [one.address for one in mail.to],
        "cc": [one.address for one in mail.cc],
        "subject": mail.subject,
        "message_id": mail.message_id or None,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "date": mail.date,
        "text": mail.text,
        "reply_text": body.new_text(
            mail.text, html=mail.html, passed_on=subject.passes_on(mail.subject)
        ).text,
        "html": bool(mail.html),
        "attachments": [
            {
                "filename": one.name,
                "content_type": one.type,
                "size": one.size,
                "sha256": one.sha256,
                "inline": one.inline,
                "content_id": one.cid or None,
            }
            for one in mail.attachments
        ],
        "kind": _KINDS.get(kind.kind, "auto_reply"),
        "may_autorespond": kind.may_autorespond,
        "bounce": _bounce(failed) if failed else None,
        "list_id": mail.list_id or None,
        "language": mail.language or None,
        "defects": list(mail.defects),
    }


def _bounce(failed: bounce.Bounce) -> dict[str, object]:
    kept = ("recipient", "recipients", "status", "action", "reason", "diagnostic")
    values = asdict(failed)
    return {key: list(values[key]) if key == "recipients" else values[key] for key in kept}
