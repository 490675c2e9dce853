"""The fields of a ticket that commands set: one row serves the command in a mail and the option of the CLI."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from maildesk.core.model import PRIORITIES, Status
from maildesk.core.policy import Agent, Policy


@dataclass(frozen=True, slots=True)
class Field:
    """`parse` turns a person's word into the value, or raises ValueError with a sentence that names the choices."""

    name: str
    help: str
    parse: Callable[[str, Policy], object]


def choice(what: str, word: str, names: Iterable[str]) -> str:
    """The name that is meant. Raises ValueError with the nearest and all valid names."""
    known = tuple(names)
    if word.lower() in known:
        return word.lower()
    near = difflib.get_close_matches(word.lower(), known, n=1)
    hint = f"did you mean {near[0]}? Known" if near else "known"
    problem = f"'{word}' is no {what}" if word else f"the {what} is missing"
    raise ValueError(f"{problem}; {hint}: {', '.join(known) or 'none'}.")


def agent(word: str, policy: Policy) -> Agent:
    """The agent of this id or address. Raises ValueError with the nearest and all ids."""
    if found := policy.agent_at(word.lower()):
        return found
    by_id = {agent.id: agent for agent in policy.agents}
    return by_id[choice("agent", word, by_id)]


STATUS_WORDS = {
    "wait": Status.WAITING_CUSTOMER,
    "pending": Status.WAITING_CUSTOMER,
    "hold": Status.WAITING_THIRD_PARTY,
    "progress": Status.IN_PROGRESS,
    "open": Status.IN_PROGRESS,
    "resolve": Status.RESOLVED,
    "solved": Status.RESOLVED,
    "close": Status.CLOSED,
    "reopen": Status.REOPENED,
}

# New and assigned come about by themselves: nobody may send a ticket back to them by name.
STATUSES = tuple(status.value for status in Status if status not in (Status.NEW, Status.ASSIGNED))


def _status(word: str, policy: Policy) -> Status:
    found = choice("status", word, (*STATUSES, *STATUS_WORDS))
    return STATUS_WORDS.get(found) or Status(found)


def _topic(word: str, policy: Policy) -> str:
    found = choice("help topic", word, (*(topic.name for topic in policy.topics), "none"))
    return "" if found == "none" else found


def _assignee(word: str, policy: Policy) -> str:
    if word.lower() == "none":
        return ""
    if agent := policy.agent_at(word.lower()):
        return agent.id
    return choice("agent", word, (*(agent.id for agent in policy.agents), "none"))


FIELDS: tuple[Field, ...] = (
    Field("status", "where the ticket stands", _status),
    Field("priority", "how urgent it is", lambda word, _: choice("priority", word, PRIORITIES)),
    Field("topic", "help topic, what it is about; or none", _topic),
    Field("assignee", "the agent whose ticket it is, or none", _assignee),
)

BY_NAME = {field.name: field for field in FIELDS}
