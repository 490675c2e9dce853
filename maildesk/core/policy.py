"""Frozen models of everything an admin configures that a decision depends on.

One definition serves the code, the error sentences and the reference manual: every field has a description.
What only an edge needs (listeners, database, folders) is in `maildesk.config.settings`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import regex
from pydantic import AfterValidator, Field

from maildesk.core.frozen import Frozen as Frozen
from maildesk.core.frozen import MailAddress as MailAddress
from maildesk.core.frozen import Name as Name
from maildesk.core.model import Priority
from maildesk.core.origins import Form, Group, Login


def _pattern(value: str) -> str:
    if not value.isprintable():
        raise ValueError("there is a control character in it; write regular expressions in 'single quotes'")
    try:
        regex.compile(value)
    except regex.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def _one_or_many(value: str | tuple[str, ...]) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else value
    if "" in found:
        raise ValueError("an empty text says nothing; write a word, or delete it")
    return found


def _id(value: str) -> str:
    if value == "none":
        raise ValueError("'none' is no name for an agent: #assign none gives a ticket to nobody")
    return value


Words = Annotated[str | tuple[str, ...], AfterValidator(_one_or_many)]
TOKEN = "{token}"
"""Stands in patterns of addresses for the letters that are each mail's own."""

Patterns = Annotated[
    str | tuple[str, ...],
    AfterValidator(lambda value: tuple(_pattern(p) for p in _one_or_many(value))),
]


class Agent(Frozen):
    """A person who answers tickets from their own mail client."""

    id: Annotated[Name, AfterValidator(_id)] = Field(description="Short name, used by #assign and in rules.")
    name: str = Field(min_length=1, description="Full name, shown to customers.")
    addresses: tuple[MailAddress, ...] = Field(
        min_length=1, description="Addresses they write from; mail for them goes to the first."
    )
    departments: tuple[Name, ...] = Field(min_length=1, description="Departments whose tickets they get.")

    @property
    def address(self) -> str:
        """Where this agent's mail goes."""
        return self.addresses[0]


class Department(Frozen):
    """A part of the house with its own addresses, name and signature."""

    name: Name = Field(description="Short name, used by rules.")
    title: str = Field(min_length=1, description="Name that people read.")
    addresses: tuple[MailAddress, ...] = Field(
        min_length=1, description="Addresses that customers write to; mails go out from the first."
    )
    from_name: str = Field("", description="Display name of mails to customers; the title if left out.")
    signature: str = Field("", description="Text below each answer to a customer.")

    @property
    def address(self) -> str:
        """The address its mails are sent from."""
        return self.addresses[0]


class Topic(Frozen):
    """A help topic: what a ticket is about."""

    name: Name = Field(description="Short name, used by #topic and in rules.")
    title: str = Field(min_length=1, description="Name that people read.")
    department: Name | None = Field(None, description="Department that a ticket of this topic moves to.")
    priority: Priority | None = Field(None, description="Priority that a ticket of this topic gets.")


class Test(Frozen):
    """What one field of a mail is compared with. Each operator takes one text or a list (any of them)."""

    is_: Words = Field((), alias="is", description="Equal, ignoring case.")
    contains: Words = Field((), description="Contains, ignoring case.")
    starts: Words = Field((), description="Starts with, ignoring case.")
    ends: Words = Field((), description="Ends with, ignoring case; '@example.com' tests a domain.")
    matches: Patterns = Field((), description="Regular expression found anywhere, at most 0.1 s.")
    exists: bool | None = Field(None, description="Whether there is anything at all.")


class When(Frozen):
    """Conditions; all that are written must hold."""

    from_: Test | None = Field(None, alias="from", description="The From address.")
    to: Test | None = Field(None, description="Any To address, Cc address or envelope recipient.")
    subject: Test | None = Field(None, description="The subject.")
    body: Test | None = Field(None, description="The new text, without quotes and signature.")
    all: tuple[When, ...] = Field((), description="Every one of these holds.")
    any: tuple[When, ...] = Field((), description="At least one of these holds.")
    none: tuple[When, ...] = Field((), description="Not one of these holds.")


class Then(Frozen):
    """What a rule sets. The first rule that sets a field wins, unless a later one says `override`."""

    topic: Name | None = Field(None, description="Help topic.")
    priority: Priority | None = Field(None, description="Priority.")
    department: Name | None = Field(None, description="Department.")
    assignee: Name | None = Field(None, description="Agent who gets it.")
    tag: Words = Field((), description="Tags to add.")


class Rule(Frozen):
    """One entry of `config/rules.toml`."""

    name: str = Field(min_length=1, description="Shown in explanations and in the ticket's history.")
    on: tuple[Literal["opened", "replied"], ...] = Field(
        ("opened",), min_length=1, description="When the rule is tried."
    )
    when: When = Field(default_factory=When, description="Conditions; none means always.")
    then: Then = Field(description="What it sets.")
    override: bool = Field(False, description="Win over earlier rules that set the same field.")
    stop: bool = Field(False, description="Try no further rule after this one hit.")


MOST_TICKETS = 1_000
"""So many of a sender's tickets of a day are counted."""


class Limits(Frozen):
    """Bounds on what is taken in and on automatic mail."""

    mail_bytes: int = Field(25_000_000, ge=10_000, description="Largest mail taken, in bytes.")
    acks_per_address_hour: int = Field(5, ge=0, description="Acknowledgments to one address an hour.")
    acks_per_address_day: int = Field(20, ge=0, description="Acknowledgments to one address a day.")
    acks_per_domain_hour: int = Field(60, ge=0, description="Acknowledgments to one domain an hour.")
    acks_unproven_hour: int = Field(
        2_000,
        ge=0,
        description="Acknowledgments an hour to unproven senders in all; above it they wait to be released.",
    )
    mails_per_ticket_hour: int = Field(
        30,
        ge=1,
        description="Automatic mails to one person about one ticket an hour; the rest is only recorded.",
    )
    mails_per_ticket_day: int = Field(
        150,
        ge=1,
        description="Automatic mails to one person about one ticket a day; the rest is only recorded.",
    )
    tickets_per_address_hour: int = Field(
        60,
        ge=1,
        le=MOST_TICKETS,
        description="New tickets of one sender an hour that agents hear of; above it these mails wait to be released.",
    )
    tickets_per_address_day: int = Field(
        200,
        ge=1,
        le=MOST_TICKETS,
        description="New tickets of one sender a day that agents hear of; above it these mails wait to be released.",
    )
    mails_per_agent_hour: int = Field(
        5_000,
        ge=1,
        description="Automatic mails of one kind to one agent an hour; above it they wait to be released.",
    )
    held_notices_hour: int = Field(5, ge=0, description="Notices of held mail to one agent an hour.")


class Policy(Frozen):
    """All that decisions depend on, as one immutable value."""

    name: str = Field(min_length=1, description="Name of the desk, shown in mails.")
    address: MailAddress = Field(description="Main address of the desk.")
    language: Name = Field("en", description="Language of templates: a folder below `templates`.")
    zone: str = Field("UTC", description="Time zone of dates in mails, like Europe/Berlin.")
    mode: Literal["live", "shadow"] = Field(
        "live",
        description="In `shadow` everything is decided and composed, and nothing is sent: to run beside an old system.",
    )
    admin: MailAddress | None = Field(
        None, description="Who is told by mail when something is wrong with the desk."
    )
    reopen_days: int = Field(14, ge=0, description="Days after closing within which a reply reopens.")
    reply_address: Literal["plus", "pattern", "none"] = Field(
        "plus",
        description="Where answers go: to the desk's address with + and a token, to `reply_pattern`, or, with"
        " `none`, to the desk's address alone: then a reply proves nothing.",
    )
    reply_pattern: str = Field(
        "", description="Addresses that all come to the desk, like ticket-{token}@in.example.com."
    )
    return_path: Literal["fixed", "verp", "null"] = Field(
        "fixed",
        description="Where bounces go: to one address, to one of each mail's own, or nowhere.",
    )
    return_address: str = Field(
        "",
        description="Address for bounces, the one in From if left out; with `verp` like bounce+{token}@example.com.",
    )
    departments: tuple[Department, ...] = Field(min_length=1)
    agents: tuple[Agent, ...] = Field(min_length=1)
    topics: tuple[Topic, ...] = ()
    rules: tuple[Rule, ...] = ()
    forms: tuple[Form, ...] = ()
    lists: tuple[Group, ...] = ()
    logins: tuple[Login, ...] = ()
    limits: Limits = Limits()

    @cached_property
    def _agents_by_address(self) -> dict[str, Agent]:
        return {address: agent for agent in self.agents for address in agent.addresses}

    @cached_property
    def desk_addresses(self) -> dict[str, str]:
        """Every address of the desk, with the name of its department. The main address is always one."""
        found = {self.address: self.departments[0].name}
        found.update({a: department.name for department in self.departments for a in department.addresses})
        return found

    def is_group(self, address: str) -> bool:
        """Whether it is a list or group address whose mail comes to this desk."""
        return any(group.address == address for group in self.lists)

    def agent_at(self, address: str) -> Agent | None:
        """The agent who writes from this normalised address."""
        return self._agents_by_address.get(address)

    def agent(self, id_: str) -> Agent | None:
        """The agent of this id."""
        return next((agent for agent in self.agents if agent.id == id_), None)

    def department(self, name: str) -> Department:
        """The department of this name; the first one if it has gone from the configuration."""
        for department in self.departments:
            if department.name == name:
                return department
        return self.departments[0]

    def topic(self, name: str) -> Topic | None:
        """The help topic of this name."""
        return next((topic for topic in self.topics if topic.name == name), None)

    def agents_of(self, department: str) -> tuple[Agent, ...]:
        """The agents of a department, in the order of the file."""
        return tuple(agent for agent in self.agents if department in agent.departments)
