"""Showing: what a template gets to see of a notice and its material. Plain data, no object that acts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from maildesk.core import body, notices
from maildesk.core.address import normal
from maildesk.core.changes import Notice
from maildesk.core.material import Material
from maildesk.core.message import Attachment
from maildesk.core.model import Entry, EntryKind, Participant, Proof, Ticket
from maildesk.core.policy import Department, Policy
from maildesk.core.writing import clean, one_line

ATTACHED = 10_000_000
"""The customer's files that one mail to an agent carries, in bytes; larger ones are named."""

TEXT = 100_000
"""Characters of an entry that a mail to an agent shows."""

# How the line above the card begins, in the text part. Nothing that others write may look like it: see `_apart`.
_RULE = re.compile(r"[^\w>=]{0,9}[=\u2550\ua78a\u2e40\u1400]{5}")
_BEFORE = 1_500
NOTES = 10
"""The notes that a handoff shows, at most."""
PUBLIC = (EntryKind.CUSTOMER, EntryKind.AGENT_REPLY)

BEFORE: Mapping[str, tuple[EntryKind, ...]] = {
    "customer_reply": PUBLIC,
    "note": PUBLIC,
    "handoff": PUBLIC,
    "colleague_answer": PUBLIC,
    "bounced": (EntryKind.AGENT_REPLY,),
    "unreachable": PUBLIC,
    "late": (EntryKind.AGENT_REPLY,),
}
"""The kinds of mail that show the last entry, of these kinds, before their own."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a mail's entry: those that go with it, and those that are only named."""

    entry: str
    attached: tuple[Attachment, ...]
    named: tuple[Attachment, ...]


def shown_entry(notice: Notice, material: Material) -> Entry | None:
    """The entry that a mail shows: its own, or for a ticket that changes hands the customer's last one."""
    if material.entry is None and notice.kind == "handoff":
        return _last(material, (EntryKind.CUSTOMER,))
    return material.entry


def files(notice: Notice, material: Material) -> Files:
    """Which files go with the mail: all of an answer, up to the limit of a mail to an agent."""
    entry = shown_entry(notice, material)
    if entry is None or notice.kind in ("acknowledgment", "bounced", "unreachable", "late"):
        return Files("", (), ())
    if notices.BY_NAME[notice.kind].audience == "customer":
        return Files(entry.key, entry.attachments, ())
    attached: list[Attachment] = []
    named: list[Attachment] = []
    room = ATTACHED
    for attachment in entry.attachments:
        fits = attachment.size <= room
        room -= attachment.size if fits else 0
        (attached if fits else named).append(attachment)
    return Files(entry.key, tuple(attached), tuple(named))


def name_of(participant: Participant, policy: Policy) -> str:
    """How a mail calls a participant. An agent's private address is never a name."""
    agent = policy.agent_at(participant.address)
    if agent and normal(participant.name) in agent.addresses:
        return agent.name
    return one_line(participant.name) or participant.address


def desk_address(ticket: Ticket | None, policy: Policy) -> str:
    """The address that a ticket's mails come from: the one it was opened by, if that is its department's."""
    if ticket is None:
        return policy.address
    department = policy.department(ticket.department)
    owner = policy.desk_addresses.get(ticket.opened_by, "")
    return ticket.opened_by if owner == department.name else department.address


def context(notice: Notice, material: Material, policy: Policy, subject: str) -> dict[str, object]:
    """All that a template may use: text, numbers, lists and mappings. Every key is there for every kind."""
    ticket, entry = material.ticket, shown_entry(notice, material)
    department = policy.department(ticket.department) if ticket else policy.departments[0]
    attached = files(notice, material)
    agent = notices.BY_NAME[notice.kind].audience == "agent"
    text = clean(entry.new_text if entry else "").strip("\n").rstrip()
    return {
        "kind": notice.kind,
        "language": policy.language,
        "subject": one_line(subject),
        "desk": {"name": policy.name, "address": policy.address, "admin": policy.admin},
        "department": _department(department),
        "text": _apart(_cut(text, TEXT)) if agent else text,
        "shows": entry.kind.value if entry else "",
        "author": _author(entry, agent, policy, text),
        "others": _others(notice, ticket, policy),
        "files": [_file(one) for one in (*attached.attached, *attached.named)],
        "not_attached": [_file(one) for one in attached.named],
        "ticket": _ticket(ticket, policy) if ticket else None,
        "reply": _reply(notice, ticket, policy) if agent else None,
        "remark": clean(entry.remark) if entry and agent else "",
        "proven": entry is None or entry.kind is not EntryKind.CUSTOMER or entry.proof != Proof.CLAIMED.value,
        "whole": _whole(notice, entry),
        "before": _before(notice, material, entry) if agent else None,
        "after": _after(material, entry) if notice.kind == "handoff" else None,
        "notes": _notes(material, entry) if notice.kind == "handoff" else [],
        "facts": _facts(notice.facts),
        "agent": _agent_name(notice, policy),
        "personal": "",
        "confirms": notice.token == "confirm" and policy.reply_address != "none",
    }


def _agent_name(notice: Notice, policy: Policy) -> str:
    agent = policy.agent_at(notice.to)
    return one_line(agent.name) if agent else ""


def size(octets: int) -> str:
    """A file's size for people, in units of a thousand."""
    if octets < 1_000:
        return f"{octets} bytes"
    if octets < 999_500:
        return f"{round(octets / 1_000)} KB"
    return f"{octets / 1_000_000:.1f} MB"


def _department(department: Department) -> dict[str, object]:
    return {
        "name": department.from_name or department.title,
        "signature": clean(department.signature).strip(),
    }


def _author(entry: Entry | None, agent: bool, policy: Policy, text: str) -> str:
    """Who wrote it. A customer is told of agents by name only, and of the command line not at all.

    Nor is a customer told again what the text's last line says: the agent has signed it by hand.
    """
    if entry is None:
        return ""
    if agent:
        return one_line(entry.author_name) or entry.author
    known = policy.agent_at(entry.author)
    name = one_line(known.name) if known else ""
    last = text.rpartition("\n")[2].strip(" \t,.-").casefold()
    return "" if "@" in name or last in (name.casefold(), name.partition(" ")[0].casefold()) else name


def _others(notice: Notice, ticket: Ticket | None, policy: Policy) -> list[str]:
    known = ticket.participants if ticket else ()
    return [name_of(person, policy) for person in known if person.address and person.address != notice.to]


def _ticket(ticket: Ticket, policy: Policy) -> dict[str, object]:
    topic, assignee = policy.topic(ticket.topic), policy.agent(ticket.assignee)
    requester = ticket.requester
    return {
        "number": ticket.number,
        "subject": one_line(ticket.subject),
        "source": ticket.source,
        "status": ticket.status.value,
        "priority": ticket.priority,
        "topic": topic.title if topic else ticket.topic,
        "assignee": assignee.name if assignee else ticket.assignee,
        "department": policy.department(ticket.department).title,
        "tags": list(ticket.tags),
        "requester": {"name": one_line(requester.name), "address": requester.address},
    }


def _reply(notice: Notice, ticket: Ticket | None, policy: Policy) -> dict[str, object]:
    """What a plain reply does: `kind` is public, internal, or "" where it does nothing."""
    people = [(p.role, name_of(p, policy)) for p in ticket.participants if p.address] if ticket else []
    to = [name for role, name in people if role == "requester"]
    copies = [name for role, name in people if role != "requester"]
    return {"kind": notice.token, "to": to[0] if to else "", "cc": copies if to else []}


def _file(attachment: Attachment) -> dict[str, object]:
    return {"name": one_line(attachment.name), "size": size(attachment.size)}


def _whole(notice: Notice, entry: Entry | None) -> str:
    """The whole first mail, where a quote was cut from it: that may say what the mail is about.

    A signature that was cut is not worth reading the mail twice.
    """
    if notice.kind != "new_ticket" or entry is None:
        return ""
    whole, new = clean(entry.text).strip(), clean(entry.new_text).strip()
    if whole.split() == new.split():
        return ""
    again = body.new_text(whole)
    # A quote without any mark was found by the mail's HTML: then less is new than the text alone tells.
    quoted = any(span.kind == body.QUOTE for span in again.spans)
    less = again.text != new and again.text.startswith(new)
    return _cut(whole, TEXT) if quoted or less else ""


def _apart(text: str) -> str:
    """Text of others, in which a line that looks like the one above the card is quoted: the card is ours alone."""
    lines = text.split("\n")
    return "\n".join(f"> {line}" if _RULE.match(_visible(line)) else line for line in lines)


def _visible(line: str) -> str:
    """The line as the eye compares it: without spaces and letters that do not show, wide letters as narrow ones."""
    if line.isascii() and "=" not in line:
        return line
    # Letter by letter: to put many marks on one letter in order takes the square of their number.
    plain = "".join(unicodedata.normalize("NFKC", letter) for letter in line)
    return "".join(letter for letter in plain if letter.isprintable() and not letter.isspace())


def _before(notice: Notice, material: Material, entry: Entry | None) -> dict[str, object] | None:
    """What the customer read or wrote last; for a mail that came back, the answer that was in it."""
    kinds = BEFORE.get(notice.kind)
    if kinds is None:
        return None
    last = _last(material, kinds, entry.key if entry else "")
    return _quote(last) if last else None


def _after(material: Material, entry: Entry | None) -> dict[str, object] | None:
    """The last answer given since the entry that a mail shows: whoever gets the ticket must not answer once more."""
    last = _last(material, PUBLIC)
    if last is None or entry is None or last.key == entry.key or last.kind is not EntryKind.AGENT_REPLY:
        return None
    keys = [one.key for one in material.thread]
    return _quote(last) if keys.index(last.key) > keys.index(entry.key) else None


def _last(material: Material, kinds: tuple[EntryKind, ...], without: str = "") -> Entry | None:
    """The newest entry of these kinds; with `without`, the newest one older than the entry of that key."""
    keys = [entry.key for entry in material.thread]
    older = material.thread[: keys.index(without)] if without in keys else material.thread
    return next((entry for entry in reversed(older) if entry.kind in kinds), None)


def _notes(material: Material, entry: Entry | None) -> list[dict[str, object]]:
    found = [e for e in material.thread if e.kind is EntryKind.NOTE and (entry is None or e.key != entry.key)]
    return [_quote(note) for note in found[-NOTES:]]


def _quote(entry: Entry) -> dict[str, object]:
    text = clean(entry.new_text).strip()
    return {
        "author": one_line(entry.author_name) or entry.author,
        "text": _cut(text, _BEFORE),
        "kind": entry.kind.value,
    }


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit].rstrip() + " ..."


def _facts(facts: Mapping[str, object]) -> dict[str, object]:
    """The notice's facts as plain values (they come back from the store as JSON)."""
    return {
        "errors": _texts(facts.get("errors")),
        "understood": _texts(facts.get("understood")),
        "files": _texts(facts.get("files")),
        "text": clean(str(facts.get("text", ""))).strip("\n"),
        "subject": one_line(str(facts.get("subject", ""))),
        "from": one_line(str(facts.get("from", ""))),
        "about": facts.get("about"),
        "lines": clean(str(facts.get("lines", ""))).strip("\n"),
        "key": one_line(str(facts.get("key", ""))),
        "proof": one_line(str(facts.get("proof", ""))),
        "mails": _mails(facts.get("mails")),
        "more": facts.get("more", 0),
        "name": one_line(str(facts.get("name", ""))),
        "over": bool(facts.get("over")),
        "sentence": clean(str(facts.get("sentence", ""))),
        "since": one_line(str(facts.get("since", ""))),
        "until": one_line(str(facts.get("until", ""))),
        "new": bool(facts.get("new")),
        "shown": one_line(str(facts.get("shown", ""))),
        "by": one_line(str(facts.get("by", ""))),
    }


def _mails(values: object) -> list[dict[str, object]]:
    """Held mails, as they stand in a list of them."""
    rows = values if isinstance(values, list | tuple) else []
    return [
        {
            "key": one_line(str(row["key"])),
            "from": one_line(str(row.get("from", ""))),
            "subject": one_line(str(row.get("subject", ""))),
            "about": row.get("about"),
            "at": one_line(str(row.get("at", ""))),
        }
        for row in rows
    ]


def _texts(values: object) -> list[str]:
    return [one_line(str(value)) for value in values] if isinstance(values, list | tuple) else []
