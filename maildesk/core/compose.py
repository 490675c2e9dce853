"""Composing: a notice and what it shows become the bytes of a mail, or are stopped at the last gate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Literal, Protocol

from maildesk.core import gate, identity, notices, personal, showing, writing
from maildesk.core.body import AGAIN, line_hashes
from maildesk.core.changes import Notice
from maildesk.core.deskaddress import reply_address
from maildesk.core.draft import domain
from maildesk.core.identity import Keys, TokenKind
from maildesk.core.material import Blocked, Composed, Material, PartRef
from maildesk.core.model import Entry, EntryKind, Ticket
from maildesk.core.moment import date
from maildesk.core.policy import Policy
from maildesk.core.subject import NO_SUBJECT, tagged

__all__ = ["Templates", "compose"]

REFERENCES = 20
_CARD_ESCAPED = re.compile(r"([\\,;])")
_LABELS = {EntryKind.CUSTOMER: "customer", EntryKind.THIRD_PARTY: "third party"}


class Templates(Protocol):
    """The texts of mails in one language."""

    def render(self, name: str, kind: Literal["txt", "html"], context: Mapping[str, object]) -> str:
        """The text of the template `name`; HTML is complete, with its CSS inlined."""


def compose(
    notice: Notice, material: Material, policy: Policy, keys: Keys, templates: Templates
) -> Composed | Blocked:
    """The mail of a notice: the same bytes for the same arguments. Blocked if the last gate finds something.

    Raises ValueError where the material lacks what the mail is about, so that no empty mail goes out.
    """
    kind = notices.BY_NAME[notice.kind]
    ticket = material.ticket
    if ticket is None and notice.ticket is not None:
        raise ValueError(f"the ticket #{notice.ticket} of the notice {notice.once} was not loaded")
    subject = _subject(notice, ticket, policy)
    context = showing.context(notice, material, policy, subject)
    agent = policy.agent_at(notice.to) if notice.kind == "welcome" else None
    if agent:
        context = {**context, "personal": personal.address(agent, notice.generation, policy, keys)}
    if notice.kind == "answer" and not context["text"] and not context["files"]:
        raise ValueError(f"the notice {notice.once} is an answer without text and files")
    words = _words(notice, material, policy, templates, context)
    recipient, text, markup = words["To"], words["text"], words["HTML"]
    sender, display = showing.desk_address(ticket, policy), _display(notice, material, policy)
    threading = _threading(notice, material, policy, keys, sender, display)
    if kind.audience == "customer":
        parts = {
            "From": display,
            "headers": threading.decode(),
            "file names": "\n".join(one.name for one in showing.files(notice, material).attached),
        }
        apart = None
        if others := gate.without_own(notice, material, policy):
            seen = showing.context(notice, others, policy, _subject(notice, others.ticket, policy))
            apart = parts | _words(notice, others, policy, templates, seen)
        template = _template_text(material, templates, context, notice.kind)
        if found := gate.findings(parts | words, notice, material, policy, keys, template, apart):
            return Blocked(found)
    message_id = identity.message_id(keys, notice.once, domain(policy))
    head = b"".join(
        (
            writing.address("From", display, sender),
            writing.address("To", recipient, notice.to),
            writing.header("Subject", subject),
            writing.header("Date", format_datetime(date(notice.at, policy.zone))),
            writing.ids("Message-ID", [message_id]),
            threading,
            _machines(notice),
            _filters(notice, ticket) if kind.audience == "agent" else b"",
            writing.header("X-Maildesk-Trace", identity.trace(keys, message_id)),
            b"MIME-Version: 1.0\r\n",
        )
    )
    return Composed(
        message_id=message_id,
        subject=subject,
        sender=sender,
        to=notice.to,
        segments=writing.joined([head, *_body(notice, material, keys, text, markup, _card(context))]),
        lines=_lines(notice, text),
    )


def _subject(notice: Notice, ticket: Ticket | None, policy: Policy) -> str:
    if ticket:
        return writing.one_line(tagged(ticket.subject, ticket.number))
    about = str(notice.facts.get("subject", "")) or NO_SUBJECT
    if notice.kind == "alarm":
        return writing.one_line(about)
    if notice.kind == "welcome":
        return f"Your personal address of {writing.one_line(policy.name)}"
    held = notice.kind in ("held", "held_list", "held_long")
    return writing.one_line(f"{'Held' if held else 'Not done'}: {about}")


def _words(
    notice: Notice,
    material: Material,
    policy: Policy,
    templates: Templates,
    context: Mapping[str, object],
) -> dict[str, str]:
    """What people read of the mail, part by part."""
    return {
        "To": _recipient(notice, material.ticket, policy),
        "subject": _subject(notice, material.ticket, policy),
        "text": templates.render(notice.kind, "txt", context),
        "HTML": templates.render(notice.kind, "html", context),
    }


def _display(notice: Notice, material: Material, policy: Policy) -> str:
    """The display name in From: the department for customers, else whose words they are."""
    kind, ticket = notices.BY_NAME[notice.kind], material.ticket
    if kind.audience == "customer":
        department = policy.department(ticket.department if ticket else "")
        return department.from_name or department.title
    if kind.internal or ticket is None:
        return f"INTERNAL #{ticket.number}" if ticket else "INTERNAL"
    name, label = _author(material.entry, ticket, policy)
    mark = " !" if ticket.priority == "emergency" else ""
    return f"{writing.one_line(name)[:80]} ({label}){mark}"


def _author(entry: Entry | None, ticket: Ticket, policy: Policy) -> tuple[str, str]:
    if entry is None:
        return showing.name_of(ticket.requester, policy) or "somebody", "customer"
    return entry.author_name or entry.author or "somebody", _LABELS.get(entry.kind, entry.kind.value)


def _recipient(notice: Notice, ticket: Ticket | None, policy: Policy) -> str:
    agent = policy.agent_at(notice.to)
    if agent and notices.BY_NAME[notice.kind].audience == "agent":
        return agent.name
    people = ticket.participants if ticket else ()
    participant = next((p for p in people if identity.person_of_address(p.address) == notice.person), None)
    return showing.name_of(participant, policy) if participant else ""


def _threading(
    notice: Notice, material: Material, policy: Policy, keys: Keys, sender: str, display: str
) -> bytes:
    """The fields that keep a ticket's mails together and bring the answer home."""
    ticket = material.ticket
    known = material.references[-(REFERENCES - 1) :]
    if ticket is None:
        fields = writing.ids("In-Reply-To", known[-1:]) + writing.ids("References", known)
        if notice.token != "confirm":
            return fields
        confirms = identity.confirm_token(keys, identity.message_id(keys, notice.once, domain(policy)))
        answers = reply_address(sender, confirms, policy)
        return fields + (writing.address("Reply-To", display, answers) if answers else b"")
    anchor = identity.anchor(keys, ticket.number, notice.person, domain(policy))
    fields = writing.ids("In-Reply-To", known[-1:]) + writing.ids("References", [anchor, *known])
    if notice.token not in ("public", "internal"):
        return fields
    kind: TokenKind = "internal" if notice.token == "internal" else "public"
    token = identity.token(keys, ticket.number, notice.person, kind, notice.generation)
    answers = reply_address(sender, token, policy)
    return fields + (writing.address("Reply-To", display, answers) if answers else b"")


def _machines(notice: Notice) -> bytes:
    """What tells machines to keep quiet (RFC 3834; MS-OXCMAIL 2.2.3.2.14)."""
    if not notices.BY_NAME[notice.kind].automatic:
        return b""
    answered = "auto-replied" if notice.kind == "acknowledgment" else "auto-generated"
    return writing.header("Auto-Submitted", answered) + writing.header("X-Auto-Response-Suppress", "All")


def _filters(notice: Notice, ticket: Ticket | None) -> bytes:
    """Fields for the filters of an agent's mail client, and the mark of an emergency."""
    fields = [("Kind", notice.kind)]
    if ticket:
        fields += [
            ("Ticket", str(ticket.number)),
            ("Status", ticket.status.value),
            ("Priority", ticket.priority),
            ("Department", ticket.department),
            ("Topic", ticket.topic),
            ("Assignee", ticket.assignee),
        ]
    urgent = writing.header("Importance", "high") if ticket and ticket.priority == "emergency" else b""
    return urgent + b"".join(writing.header(f"X-Maildesk-{name}", value) for name, value in fields if value)


def _card(context: Mapping[str, object]) -> bytes:
    """The contact card (RFC 2426) of a personal address; b"" where there is none."""
    address, desk = str(context["personal"]), context["desk"]
    if not address or not isinstance(desk, Mapping):
        return b""
    name = _CARD_ESCAPED.sub(r"\\\1", writing.one_line(f"{desk['name']} (personal)"))
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", f"N:{name};;;;", f"EMAIL;TYPE=INTERNET:{address}")
    return writing.file("desk.vcf", "vcard", "\n".join((*lines, "END:VCARD", "")))


def _body(
    notice: Notice, material: Material, keys: Keys, text: str, markup: str, card: bytes = b""
) -> list[bytes | PartRef]:
    alternative = writing.multipart(
        "alternative",
        identity.boundary(keys, notice.once, 0),
        [[writing.text("plain", text)], [writing.text("html", markup)]],
    )
    files = showing.files(notice, material)
    if card:
        return writing.multipart("mixed", identity.boundary(keys, notice.once, 1), [alternative, [card]])
    if not files.attached:
        return alternative
    attached = [
        writing.attachment(one.name, one.type, PartRef(files.entry, one.part, one.sha256))
        for one in files.attached
    ]
    return writing.multipart("mixed", identity.boundary(keys, notice.once, 1), [alternative, *attached])


def _template_text(material: Material, templates: Templates, context: Mapping[str, object], kind: str) -> str:
    """What the template says by itself; only asked for where a note could be found in it."""
    if not any(entry.kind is EntryKind.NOTE for entry in material.thread):
        return ""
    return templates.render(kind, "txt", {**context, "text": ""})


def _lines(notice: Notice, text: str) -> tuple[str, ...]:
    """The hashes by which an answer's quote is told from its new text.

    An error mail gives an agent's own text back to be sent again: that text is no quote in the next mail.
    """
    own = set(line_hashes(str(notice.facts.get("text", "")))) if notice.kind == "error" else set()
    return tuple(AGAIN + line if line in own else line for line in line_hashes(text))
