"""Behind: who wrote a mail that a form or a group address sent in its own name. Nothing of it is proven."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from maildesk.core import address
from maildesk.core.address import Address
from maildesk.core.classify import AUTO_GENERATED, PERSON, Kind, is_machine
from maildesk.core.message import Message
from maildesk.core.model import PRIORITIES, Priority
from maildesk.core.origins import Form
from maildesk.core.policy import Policy

_FIELD = re.compile(r"^([^:\n]{1,80}):(.*)$", re.MULTILINE)
_MARKS = " \t\r*_>|-"
"""What quoting, tables and bold text put around a key or a value."""
_FIELDS = 200
_VIA = re.compile(r"^(.+?) via \S.*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Behind:
    """The person, as what passed the mail on names them. `through` is that, in words.

    `topic` is the name of a help topic and `priority` one of PRIORITIES, both "" where a form does not say them.
    """

    address: str
    name: str
    through: str
    topic: str = ""
    priority: Priority | None = None


def behind(message: Message, policy: Policy) -> Behind | None:
    """Who is behind a mail; None where it is whom From says, or where nobody is named."""
    if len(message.from_) != 1:
        return None
    sender = message.from_[0]
    form = next((form for form in policy.forms if form.from_ == sender.address), None)
    if form:
        return _by_form(message, form, policy)
    if any(group.address == sender.address for group in policy.lists):
        found = _first(message, ("x-original-from", "x-original-sender", "reply-to"), sender.address, policy)
        if found:
            via = _VIA.match(sender.name)
            name = found.name or _named(message, found.address) or (via[1].strip(" '\"") if via else "")
            return Behind(found.address, name or found.address, f"the list {sender.address}")
    return None


def fields(text: str) -> dict[str, str]:
    """The `Key: value` lines of a text, by their keys in small letters; of a key that comes twice the first."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(text[:100_000]):
        key, value = match[1].strip(_MARKS).lower(), match[2].strip(_MARKS)
        if key and value:
            found.setdefault(key, value)
        if len(found) >= _FIELDS:
            break
    return found


def kind_of(kind: Kind, message: Message, found: Behind | None, policy: Policy) -> Kind:
    """The kind of a mail, knowing what passed it on: a person stands behind a form, and no list is a machine."""
    if found and kind.kind == AUTO_GENERATED and not is_machine(found.address):
        return Kind(PERSON, True, False, f"{found.name} wrote it through {found.through}.")
    if kind.kind == PERSON and kind.is_list and (found or _passed_on(message, policy)):
        return replace(
            kind, may_autorespond=True, is_list=False, because="A person wrote it to a list of ours."
        )
    return kind


def _passed_on(message: Message, policy: Policy) -> bool:
    """Whether one of our lists or groups passed it on with its From as it was."""
    post = message.header("list-post").lower()
    return any(
        message.list_id == group.address.replace("@", ".") or f"<mailto:{group.address}>" in post
        for group in policy.lists
    )


def _by_form(message: Message, form: Form, policy: Policy) -> Behind | None:
    said = fields(message.text)

    def field(name: str) -> str:
        return said.get(name.strip().lower(), "") if name else ""

    found: Address | None
    if form.requester_field:
        found = _usable(address.parse(field(form.requester_field))[0], form.from_, policy)
    else:
        found = _first(message, ("reply-to", "x-original-from"), form.from_, policy)
    if found is None:
        return None
    return Behind(
        address=found.address,
        name=field(form.name_field)[:200] or found.name or found.address,
        through=f"the form of {form.from_}",
        topic=_topic(field(form.topic_field), policy),
        priority=next((p for p in PRIORITIES if p == field(form.priority_field).lower()), None),
    )


def _topic(said: str, policy: Policy) -> str:
    low = said.lower()
    return next((topic.name for topic in policy.topics if low in (topic.name, topic.title.lower())), "")


def _first(message: Message, headers: tuple[str, ...], own: str, policy: Policy) -> Address | None:
    for name in headers:
        named = message.reply_to if name == "reply-to" else address.parse(message.header(name))[0]
        if found := _usable(named, own, policy):
            return found
    return None


def _usable(named: tuple[Address, ...], own: str, policy: Policy) -> Address | None:
    """The one address that is neither its own nor ours; None where there is none, or several."""
    ours = {own, *policy.desk_addresses, *(group.address for group in policy.lists)}
    others = {one.address: one for one in reversed(named) if one.address not in ours}
    return next(iter(others.values())) if len(others) == 1 else None


def _named(message: Message, wanted: str) -> str:
    return next((one.name for one in message.reply_to if one.address == wanted and one.name), "")
