"""Circles: desks that are each other's customers and agents come to rest, whatever a gateway between them takes away.

Nothing tells these desks that the mail is automatic, nor that it is about something they know.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.model import DAY, HOUR, MINUTE, SECOND
from maildesk.store import views, waiting
from tests.desk import a_desk, a_mail
from tests.work.gateway import Gateway, address, ring, settings, told, waits
from tests.work.postman import JANE, listed
from tests.work.watched import Watched, told_of

LONG = bool(os.environ.get("MAILDESK_LONG"))
HOURLY = 60 if LONG else 4
"""New tickets of one sender an hour that agents hear of: the default, or few, so that the test is quick."""
ACKS = 5
LIMITS = {"tickets_per_address_hour": HOURLY}
HEADERS = ["", "references in-reply-to", "reply-to", "auto-submitted"]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def nothing_is_lost(gateway: Gateway) -> None:
    """Each mail that came is in a ticket, held or a machine's; Carol has a mail of each ticket, or it waits."""
    for domain, desk in gateway.desks.items():
        with desk.store.db.reading() as conn:
            came = Counter(row["disposition"] for row in views.arrivals(conn, limit=10_000))
        entries = sum(len(desk.ticket(ticket["number"])["entries"]) for ticket in desk.tickets())
        assert entries + came["held"] + came["auto-reply"] == came.total() == gateway.came[domain], came
        about = {
            m["ticket"] for m in listed(desk) if m["to"].startswith("carol") and m["kind"] == "new_ticket"
        }
        others = {t["number"] for t in desk.tickets() if not t["requester"].startswith("carol")}
        assert about == others


@pytest.mark.parametrize("also", HEADERS)
def test_three_desks_that_are_each_the_next_ones_agent(tmp_path: Path, stack: ExitStack, also: str) -> None:
    desks = ring(stack, tmp_path, ("north", "east", "south"), agents=1, limits=LIMITS)
    gateway = Gateway(desks.values(), also)
    gateway.ask()
    gateway.rest()
    names = list(desks)
    for at, (name, desk) in enumerate(desks.items()):
        before, after = address(names[at - 1]), address(names[(at + 1) % 3])
        # Of Jane's ticket, and of what the desk before writes; of what the one after writes none, as it is the agent.
        assert told(desk, after) == HOURLY + 1
        assert told(desk, f"carol@{name}.example") <= 2 * HOURLY + 1
        acks = {told(desk, other, kind="acknowledgment") for other in (before, after)}
        assert acks == ({ACKS} if also != "auto-submitted" else {0, 1}), "a person wrote the first"
        assert waits(desk) > 0
        assert f"of them on tickets of {before}" in told_of(desk, "notices")
    nothing_is_lost(gateway)


def test_the_circle_stays_at_rest_until_somebody_lets_it_go_on(tmp_path: Path, stack: ExitStack) -> None:
    desks = ring(stack, tmp_path, ("north", "east", "south"), agents=1, limits=LIMITS)
    gateway = Gateway(desks.values())
    gateway.ask()
    gateway.rest()
    for desk in desks.values():
        desk.now += 2 * HOUR
    assert gateway.rest() == 0
    # The admin of one desk takes it all for genuine: the others have their limits.
    north = desks["north"]
    north.store.write("work", lambda conn: waiting.release(conn, [waiting.AGENTS], north.now))
    assert waits(north) == 0
    assert 0 < gateway.rest() <= 3 * (2 * HOURLY + 2 * ACKS)
    nothing_is_lost(gateway)


def test_a_slow_circle_is_stopped_within_the_day(tmp_path: Path, stack: ExitStack) -> None:
    """None of the limits of an hour is ever reached."""
    daily = {"tickets_per_address_day": 8, "acks_per_address_day": 3, "acks_per_address_hour": 3}
    desks = ring(stack, tmp_path, ("north", "east", "south"), agents=1, limits={**LIMITS, **daily})
    gateway = Gateway(desks.values())
    gateway.give("north.example", a_mail(JANE, address("north")))
    gateway.rest(every=13 * MINUTE)
    for at, desk in enumerate(desks.values()):
        assert told(desk, address(list(desks)[(at + 1) % 3])) <= 8 + 1
    assert any(told_of(desk, "notices") for desk in desks.values())
    nothing_is_lost(gateway)


def test_three_desks_that_are_each_others_admins_too(tmp_path: Path, stack: ExitStack) -> None:
    """What the alarm tells opens a ticket at the next desk, and ends there."""
    desks = ring(stack, tmp_path, ("north", "east", "south"), agents=1, admins=True, limits=LIMITS)
    gateway = Gateway(desks.values())
    gateway.ask()
    gateway.rest()
    watches = [Watched(desk).alarms for desk in desks.values()]
    over = 0
    for _ in range(10):
        for watch, desk in zip(watches, desks.values(), strict=True):
            watch.step(desk.now)
        over += gateway.rest()
    assert over == len(desks), "each alarm is told once"
    nothing_is_lost(gateway)


@pytest.mark.parametrize("also", HEADERS if LONG else ["", "auto-submitted"])
@pytest.mark.parametrize(
    ("names", "agents"),
    [(("north", "south"), 0), (("north", "south"), 1), (("north", "east", "south"), 0)],
    ids=["two customers", "two agents", "three customers"],
)
def test_desks_that_are_each_others(
    tmp_path: Path, stack: ExitStack, names: Sequence[str], also: str, agents: int
) -> None:
    desks = ring(stack, tmp_path, names, agents, limits=LIMITS)
    gateway = Gateway(desks.values(), also)
    gateway.ask()
    gateway.rest()
    for name, desk in desks.items():
        for other in names:
            if other != name:
                assert told(desk, address(other), kind="acknowledgment") <= ACKS
                assert told(desk, address(other)) <= HOURLY + 1
    assert gateway.carried <= len(names) * (len(names) - 1) * (ACKS + HOURLY + 1)
    nothing_is_lost(gateway)


DEPARTMENTS = ("support", "billing", "sales")


@pytest.mark.parametrize("untagged", [False, True], ids=["with numbers", "without numbers"])
def test_departments_of_one_desk_that_are_each_the_next_ones_agent(tmp_path: Path, untagged: bool) -> None:
    """No acknowledgment ever goes to the desk itself, so none of their limits ends this."""
    own = {name: f"{name}@north.example" for name in DEPARTMENTS}
    agents = [
        {"id": f"a{at}", "name": name, "addresses": [own[DEPARTMENTS[(at + 1) % 3]]], "departments": [name]}
        for at, name in enumerate(DEPARTMENTS)
    ]
    departments = [{"name": name, "title": name, "addresses": [own[name]]} for name in DEPARTMENTS]
    changes: dict[str, Any] = {"departments": departments, "agents": agents, "rules": [], "topics": []}
    with a_desk(tmp_path, address=own["support"], limits=LIMITS, **changes) as desk:
        gateway = Gateway([desk], untagged=untagged)
        gateway.give("north.example", a_mail(JANE, own["support"]))
        gateway.rest()
        if not untagged:
            # It names a ticket in an agent's name: it is held, and so is the question whether it is theirs.
            assert gateway.carried == 2
            return
        # And the acknowledgment to Jane, which the gate stopped.
        assert gateway.carried == len(DEPARTMENTS) * HOURLY + 2
        assert waits(desk) == 2
        assert len(desk.tickets()) == gateway.came["north.example"] == gateway.carried + 1
        assert "2 mails to agents wait" in told_of(desk, "notices")


@pytest.mark.parametrize("untagged", [False, True], ids=["with numbers", "without numbers"])
def test_a_desk_that_is_its_own_customer_and_agent(tmp_path: Path, untagged: bool) -> None:
    own = address("north")
    with a_desk(tmp_path, **settings("north", own, LIMITS)) as desk:
        gateway = Gateway([desk], untagged=untagged)
        for n, sender in enumerate((JANE, own, "carol@north.example")):
            gateway.give("north.example", a_mail(sender, own, message_id=f"<{n}@north.example>"))
        gateway.rest()
        # Of Jane's and Carol's tickets; of its own it needs not be told.
        assert told(desk, own) == 2
        assert waits(desk) == 0
        assert len(desk.tickets()) == (5 if untagged else 3)
        nothing_is_lost(gateway)


def test_one_agent_gets_so_many_mails_whoever_writes(tmp_path: Path) -> None:
    """Thousands of strangers, each with one ticket: no limit on a sender sees that."""
    with a_desk(tmp_path, **settings("north", "", {**LIMITS, "mails_per_agent_hour": 5})) as desk:
        carol = "carol@north.example"
        for n in range(9):
            desk.now += SECOND
            desk.handle(a_mail(f"p{n}@d{n}.example", address("north"), message_id=f"<{n}@d.example>"))
        assert (told(desk, carol), waits(desk)) == (5, 4)
        assert "4 mails to agents wait" in told_of(desk, "notices")
        desk.now += HOUR
        desk.handle(a_mail("later@d.example", address("north"), message_id="<later@d.example>"))
        assert (told(desk, carol), waits(desk)) == (6, 4)
        desk.store.write("work", lambda conn: waiting.release(conn, [waiting.AGENTS], desk.now))
        desk.run()
        assert (told(desk, carol), waits(desk)) == (10, 0)
        assert told_of(desk, "notices") == ""


def test_a_storm_of_one_sender_keeps_nobody_elses_mail_from_agents(tmp_path: Path) -> None:
    limits = {"mails_per_agent_hour": 5, "tickets_per_address_hour": 2}
    with a_desk(tmp_path, **settings("north", "", limits)) as desk:
        carol = "carol@north.example"
        for n in range(9):
            desk.now += SECOND
            desk.deliver(a_mail("alerts@m.example", address("north"), message_id=f"<{n}@m.example>"))
        # In one batch with them, and by what the store counts.
        desk.deliver(a_mail("ann@d.example", address("north"), message_id="<ann@d.example>"))
        desk.run()
        assert (told(desk, carol), waits(desk)) == (3, 7)
        assert "7 of them on tickets of alerts@m.example" in told_of(desk, "notices")
        desk.handle(a_mail("jane@d.example", address("north"), message_id="<jane@d.example>"))
        assert (told(desk, carol), waits(desk)) == (4, 7)
        # Once released they are mails to Carol as others are.
        desk.store.write("work", lambda conn: waiting.release(conn, [waiting.AGENTS], desk.now))
        desk.run()
        assert (told(desk, carol), waits(desk)) == (11, 0)
        assert not any(mail["trouble"] for mail in listed(desk))
        desk.handle(a_mail("tim@d.example", address("north"), message_id="<tim@d.example>"))
        assert (told(desk, carol), waits(desk)) == (11, 1)


def test_a_desk_without_acknowledgments_hears_of_its_agents_tickets(tmp_path: Path) -> None:
    limits = {"acks_per_address_hour": 0}
    with a_desk(tmp_path, **settings("north", "other@north.example", limits)) as desk:
        desk.handle(a_mail("carol@north.example", address("north"), message_id="<1@north.example>"))
        assert (told(desk, "other@north.example"), waits(desk)) == (1, 0)


def test_what_nobody_releases_ends_after_three_days(tmp_path: Path) -> None:
    with a_desk(tmp_path, **settings("north", "", {**LIMITS, "mails_per_agent_hour": 1})) as desk:
        for n in range(3):
            desk.handle(a_mail(f"p{n}@d{n}.example", address("north"), message_id=f"<{n}@d.example>"))
        desk.store.write("work", lambda conn: waiting.expire(conn, desk.now + 3 * DAY - SECOND, 0))
        assert waits(desk) == 2
        # However long nobody was there to look.
        desk.now += 30 * DAY
        assert desk.store.write("work", lambda conn: waiting.expire(conn, desk.now, 0)) == 2
        assert told(desk, "carol@north.example", "late") == 2
