"""What no single field of the policy shows: names that do not exist, addresses used twice, patterns that do not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from maildesk.config.positions import Path
from maildesk.core.address import normal
from maildesk.core.policy import TOKEN, Policy, Test, Then, When

Told = tuple[Path, str]


def problems(policy: Policy) -> Iterator[Told]:
    """Paths as pydantic's, and sentences."""
    yield from _names(policy)
    yield from _owners(policy)
    yield from _rules(policy)
    yield from _returns(policy)
    yield from _departments(policy)
    yield from _origins(policy)
    if policy.admin in policy.desk_addresses:
        yield ("admin",), f"{policy.admin} is an address of the desk itself; write one that a person reads"


def _names(policy: Policy) -> Iterator[Told]:
    """Names that two have, and departments that there are not."""
    yield from _twice("agents", "id", [a.id for a in policy.agents])
    yield from _twice("departments", "name", [d.name for d in policy.departments])
    yield from _twice("topics", "name", [t.name for t in policy.topics])
    yield from _twice("rules", "name", [r.name for r in policy.rules])
    yield from _twice("logins", "name", [login.name for login in policy.logins])
    departments = [d.name for d in policy.departments]
    for i, agent in enumerate(policy.agents):
        for j, name in enumerate(agent.departments):
            yield from _unknown(("agents", i, "departments", j), "department", name, departments)
    for i, topic in enumerate(policy.topics):
        yield from _unknown(("topics", i, "department"), "department", topic.department, departments)


def _twice(kind: str, key: str, names: list[str]) -> Iterator[Told]:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield (kind, i, key), f"{name!r} is used twice; each {kind[:-1]} needs its own {key}"


def _unknown(path: Path, what: str, name: str | None, known: Iterable[str]) -> Iterator[Told]:
    if name is not None and name not in known:
        yield path, f"there is no {what} {name!r}; known: {', '.join(sorted(set(known))) or 'none'}"


def _owners(policy: Policy) -> Iterator[Told]:
    """Addresses of departments and agents that somebody else has."""
    owners: dict[str, str] = {}
    for i, department in enumerate(policy.departments):
        for j, address in enumerate(department.addresses):
            if address in owners:
                yield ("departments", i, "addresses", j), _taken(address, owners)
            owners[address] = f"the department {department.name!r}"
    for i, agent in enumerate(policy.agents):
        for j, address in enumerate(agent.addresses):
            path = ("agents", i, "addresses", j)
            if address == policy.address:
                yield path, f"{address} is the desk's own address; an agent needs a private one"
            elif address in owners:
                yield path, _taken(address, owners)
            owners[address] = f"the agent {agent.id!r}"


def _taken(address: str, owners: dict[str, str]) -> str:
    return f"{address} is already an address of {owners[address]}; delete it at one of them"


def _rules(policy: Policy) -> Iterator[Told]:
    departments, agents = [d.name for d in policy.departments], [a.id for a in policy.agents]
    topics = [t.name for t in policy.topics]
    for i, rule in enumerate(policy.rules):
        then: Path = ("rules", i, "then")
        yield from _unknown((*then, "topic"), "topic", rule.then.topic, topics)
        yield from _unknown((*then, "department"), "department", rule.then.department, departments)
        yield from _unknown((*then, "assignee"), "agent", rule.then.assignee, agents)
        if rule.then == Then() and not rule.stop:
            yield then, "sets nothing; write a topic, priority, department, assignee or tag"
        for path in _empty_tests(rule.when):
            told = "compares nothing; write is, contains, starts, ends, matches or exists"
            yield ("rules", i, "when", *path), told


def _empty_tests(when: When) -> Iterator[Path]:
    """The paths of tests without an operator, which would hold for every mail."""
    for key, test in (("from", when.from_), ("to", when.to), ("subject", when.subject), ("body", when.body)):
        if test == Test():
            yield (key,)
    for key, parts in (("all", when.all), ("any", when.any), ("none", when.none)):
        for i, part in enumerate(parts):
            yield from ((key, i, *path) for path in _empty_tests(part))


def _returns(policy: Policy) -> Iterator[Told]:
    """What is wrong with the addresses for answers and for bounces."""
    for key, pattern in (("reply_pattern", policy.reply_pattern), ("return_address", policy.return_address)):
        wanted = key == "reply_pattern" or policy.return_path == "verp"
        if not pattern:
            continue
        filled = pattern.replace(TOKEN, "x" * 40)
        if not normal(filled):
            yield (key,), f"{pattern!r} is not a mail address; write it like reply+{TOKEN}@example.com"
        elif wanted and (pattern.count(TOKEN) != 1 or TOKEN not in pattern.rpartition("@")[0]):
            yield (
                (key,),
                f"{pattern!r} needs {TOKEN} once before the @; write it like reply+{TOKEN}@example.com",
            )
        elif not wanted and TOKEN in pattern:
            yield (key,), f'{TOKEN} is filled in only with return_path = "verp"; write one plain address'
        elif len(filled.rpartition("@")[0]) > 64:
            yield (
                (key,),
                f"{pattern!r} is too long before the @: with a token of 40 letters at most 64 may stand there",
            )
    if policy.reply_address == "pattern" and not policy.reply_pattern:
        yield ("reply_address",), f'"pattern" needs reply_pattern, like "ticket-{TOKEN}@in.example.com"'
    if policy.return_path == "verp" and policy.reply_address == "none" and not policy.return_address:
        yield ("return_path",), f'"verp" needs return_address, like "bounce+{TOKEN}@example.com"'


def _departments(policy: Policy) -> Iterator[Told]:
    """Departments without anybody, and addresses that have no room for a token."""
    plus = policy.reply_address == "plus"
    for i, department in enumerate(policy.departments):
        if not policy.agents_of(department.name):
            told = f"nobody is told of its tickets; write {department.name!r} into an agent's departments"
            yield ("departments", i, "name"), told
        for j, address in enumerate(department.addresses if plus else ()):
            yield from _too_long(("departments", i, "addresses", j), address)
    if plus:
        yield from _too_long(("address",), policy.address)


def _too_long(path: Path, address: str) -> Iterator[Told]:
    # RFC 5321, 4.5.3.1.1 allows 64 octets before the @; "+" and a token take 41 of them.
    if len(address.partition("@")[0]) > 23:
        yield path, f"{address} is too long before the @; at most 23 letters, as reply addresses add 41"


def _origins(policy: Policy) -> Iterator[Told]:
    """What forms, lists and logins must not have in common with each other or with the desk."""
    desk = policy.desk_addresses
    own = "is an address of this desk; name one that is not"
    seen: dict[str, str] = {}
    for kind, key, addresses in (
        ("forms", "from", [form.from_ for form in policy.forms]),
        ("lists", "address", [group.address for group in policy.lists]),
    ):
        for i, address in enumerate(addresses):
            if address in desk:
                yield (kind, i, key), f"{address} {own}"
            elif address and address in seen:
                yield (kind, i, key), f"{address} is named already, in {seen[address]}; delete one of them"
            seen.setdefault(address, f"config/{kind}.toml")
    for i, login in enumerate(policy.logins):
        for j, address in enumerate(login.addresses):
            if address in desk:
                yield ("logins", i, "addresses", j), f"{address} {own}"
