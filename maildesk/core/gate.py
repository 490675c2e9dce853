"""The last gate: what must not stand in a mail to a customer, whatever wrote it there."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from maildesk.core import identity, quotes
from maildesk.core.changes import Notice
from maildesk.core.identity import TOKEN_LETTERS, Keys
from maildesk.core.material import Material
from maildesk.core.model import Entry, EntryKind
from maildesk.core.policy import Policy
from maildesk.core.writing import one_line

LINE = 30
"""A line of a note counts from this many letters on: shorter ones are what anybody says."""

_LETTERS = re.compile(rf"[a-zA-Z2-7]{{{TOKEN_LETTERS},}}")
_WINDOWS = 200
_COMMAND_LINK = re.compile(r"mailto:[^\s<>\"']{0,2000}?(?:#|%23)(?:\s|%20)*[^\W\d_]", re.IGNORECASE)
# The line above the card in mails to agents, however it is quoted (templates/*/card.txt, card.html).
_CARD_LINE = re.compile(r"^[ \t>|]*={10} maildesk #\d+ ={10}[ \t]*$", re.MULTILINE)
_UNNAMED = "?"
_TAG = re.compile(r"<[^<>]*>")
_TOKEN = "a reply address that belongs to somebody else: who has it can write in their name"
_LINK = "a mailto link that writes a #command for whoever clicks on it"
_CARD = "the lines about the ticket that maildesk writes for agents, which customers are not shown"
_PLACES = {
    "From": "the department's name",
    "To": "the recipient's name",
    "file names": "the names of the files",
    "headers": "the headers",
    "subject": "the subject",
    "text": "the text or signature",
    "HTML": "the text or signature",
}


def findings(
    parts: Mapping[str, str],
    notice: Notice,
    material: Material,
    policy: Policy,
    keys: Keys,
    template_text: str = "",
    apart: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """What a mail to a customer must not show: sentences for agents alone, which say what it is and what to do.

    `parts` are the decoded header values and bodies by name; those whose name begins with "HTML" are markup.
    `template_text` is what the template says without the entry's text, `apart` the parts as they are `without_own`.
    Attached files are not looked into.
    """
    found: dict[str, list[str]] = {}
    for name, content in parts.items():
        markup = name.startswith("HTML")
        text = html.unescape(content) if markup else content
        if _foreign_token(text, notice, keys):
            found.setdefault(_TOKEN, []).append(name)
        others = html.unescape(apart[name]) if apart and markup else apart[name] if apart else text
        for agent, address in _agents_named(others.lower(), notice, policy):
            what = f"{address}, the private address of {agent}, which customers are not shown"
            found.setdefault(what, []).append(name)
        if _COMMAND_LINK.search(text):
            found.setdefault(_LINK, []).append(name)
        # The one place where an agent's text stands line by line.
        if name == "text" and _CARD_LINE.search(text):
            found.setdefault(_CARD, []).append(name)
    for entry in _leaking_notes(parts, material, template_text):
        who = one_line(entry.author_name) or "somebody"
        found.setdefault(f"a line of an internal note by {who}, which customers are not shown", ["text"])
    return tuple(_sentence(what, where) for what, where in found.items())


def without_own(notice: Notice, material: Material, policy: Policy) -> Material | None:
    """The material without the subject and the requester's name, where the recipient wrote an agent's address there.

    They knew it first, and every mail of the ticket bears it: that is no leak to them, and nobody could take it out.
    None where there is none, or where anybody else wrote it: a participant, or who took the ticket down for them.
    """
    ticket = material.ticket
    first = next((entry for entry in material.thread if entry.kind is EntryKind.CUSTOMER), None)
    if ticket is None or first is None or ticket.source != "email":
        return None
    own = ticket.requester
    if notice.person != identity.person_of_address(own.address) or first.author != own.address:
        return None
    if not _agents_named(f"{ticket.subject}\n{own.name}".lower(), notice, policy):
        return None
    people = tuple(replace(one, name=_UNNAMED) if one is own else one for one in ticket.participants)
    return replace(material, ticket=replace(ticket, subject="", participants=people))


def _sentence(what: str, where: list[str]) -> str:
    places = " and ".join(dict.fromkeys(_PLACES.get(name, name) for name in where))
    return f"It contains {what}. Take it out of {places} and reply again."


def _foreign_token(text: str, notice: Notice, keys: Keys) -> bool:
    mine = identity.person_ref(keys, notice.person)
    for run in _LETTERS.findall(text):
        last = len(run) - TOKEN_LETTERS
        starts: Iterable[int] = range(last + 1) if last < _WINDOWS else (0, last)
        for start in starts:
            token = identity.read_token(keys, run[start : start + TOKEN_LETTERS])
            if token and (token.person != mine or token.kind != "public"):
                return True
    return False


def _agents_named(text: str, notice: Notice, policy: Policy) -> list[tuple[str, str]]:
    """The agents with an address in the text, and which; an agent who gets the mail as a customer knows it."""
    named = []
    for agent in policy.agents:
        for address in agent.addresses:
            domain = address.rpartition("@")[2]
            if notice.to in agent.addresses or f"@{domain}" not in text:
                continue
            local = re.escape(address.rpartition("@")[0])
            pattern = rf"(?<![\w.+-]){local}(?:\+[^\s@]{{0,64}})?@{re.escape(domain)}(?![\w-]|\.\w)"
            if re.search(pattern, text):
                named.append((agent.name, address))
                break
    return named


def _leaking_notes(parts: Mapping[str, str], material: Material, template_text: str) -> list[Entry]:
    if not any(entry.kind is EntryKind.NOTE for entry in material.thread):
        return []
    shown = "\n".join(
        _flat(html.unescape(_TAG.sub(" ", content)) if name.startswith("HTML") else content)
        for name, content in parts.items()
    )
    customers = [_whole(e) for e in material.thread if e.kind is EntryKind.CUSTOMER]
    # An agent's answer excuses a line only if it was there before the note: a later one may be this very mail,
    # or wait to be looked at here for that line.
    answers: list[str] = []
    leaking = []
    for entry in material.thread:
        if entry.kind is EntryKind.AGENT_REPLY:
            answers.append(_whole(entry))
        elif entry.kind is EntryKind.NOTE:
            known = "\n".join([_flat(template_text), *customers, *answers])
            if any(line in shown and line not in known for line in _lines(entry) if len(line) >= LINE):
                leaking.append(entry)
    return leaking


def _whole(entry: Entry) -> str:
    return _flat(f"{entry.text}\n{entry.new_text}")


def _lines(note: Entry) -> list[str]:
    return [_line(line) for line in dict.fromkeys(f"{note.text}\n{note.new_text}".split("\n"))]


def _line(line: str) -> str:
    return " ".join(quotes.unmarked(line).split()).casefold()


def _flat(text: str) -> str:
    return " ".join(line for line in map(_line, text.split("\n")) if line)
