"""No loops: two desks, and a desk and machines that answer, come to rest; what cannot be told is limited.

A postman carries what a desk sends to the other side and brings back what that answers, for a bounded number
of rounds; a run that has not come to rest by then fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.core.reading import Envelope
from tests.desk import DESK, START, Desk, a_desk, a_mail, an_answer

JANE, ALICE, BOB = "jane@customer.example", "alice@desk.example", "bob@desk.example"
NORTH, SOUTH = "support@north.example", "support@south.example"
ROUNDS = 30

# What answers a mail: the mails that come back.
Machine = Callable[[EmailMessage], list[EmailMessage]]


class Postman:
    """Brings a desk's mails, each once, to the machines that live at their addresses."""

    def __init__(self, desk: Desk, machines: dict[str, Machine]) -> None:
        self.desk = desk
        self.machines = machines
        self._carried: set[str] = set()
        self.rounds = 0

    def new(self) -> list[EmailMessage]:
        """What the desk has sent since the last time."""
        found = [mail for mail in self.desk.mails() if str(mail["Message-ID"]) not in self._carried]
        self._carried |= {str(mail["Message-ID"]) for mail in found}
        return found

    def rest(self, rounds: int = ROUNDS, every: int = SECOND) -> None:
        """Carries mail until nothing moves any more. Fails where that takes more than the rounds allowed."""
        for self.rounds in range(rounds):
            moved = False
            for mail in self.new():
                machine = self.machines.get(parseaddr(str(mail["To"]))[1])
                for answer in machine(mail) if machine else []:
                    self.desk.now += every
                    self.desk.handle(answer)
                    moved = True
            if not moved:
                return
        raise AssertionError(f"no rest after {rounds} rounds; {len(self.desk.mails())} mails were sent")


class Responder:
    """A vacation responder: answers every mail, as dumb as can be, and bears only what `signs` say."""

    def __init__(self, address: str, signs: str, text: str = "") -> None:
        self.address = address
        self.text = text or f"{address.partition('@')[0].title()} is at the seaside until Monday.\n"
        self.signs = signs.split()
        self.answered = 0

    def __call__(self, mail: EmailMessage) -> list[EmailMessage]:
        self.answered += 1
        headers: dict[str, str] = {}
        if "rfc3834" in self.signs:
            headers["Auto-Submitted"] = "auto-replied"
        if "in-reply-to" in self.signs:
            headers["In-Reply-To"] = str(mail["Message-ID"])
        subject = f"Re: {mail['Subject']}" if "tag" in self.signs else "I am at the seaside"
        to = str(mail["Reply-To"]) if "reply-to" in self.signs and mail["Reply-To"] else str(mail["From"])
        local, _, domain = self.address.partition("@")
        answer = a_mail(
            self.address, to, subject, self.text,
            f"<{local}-{self.answered}@{domain}>", headers,
        )  # fmt: skip
        return [answer]


def automatic(desk: Desk, to: str) -> list[str]:
    """The templates of the automatic mails that somebody got."""
    return [m["kind"] for m in listed(desk) if m["to"] == to and m["kind"] != "answer"]


def listed(desk: Desk) -> list[dict[str, Any]]:
    from maildesk.store import views

    with desk.store.db.reading() as conn:
        return list(reversed(views.outbox_list(conn, limit=10_000)))


SIGNS = [
    "rfc3834",
    "in-reply-to",
    "tag",
    "rfc3834 in-reply-to tag",
    "reply-to",
    "reply-to in-reply-to",
    "reply-to tag",
]


@pytest.mark.parametrize("signs", SIGNS)
def test_a_customers_vacation_responder_comes_to_rest(desk: Desk, signs: str) -> None:
    responder = Responder(JANE, signs)
    postman = Postman(desk, {JANE: responder})
    desk.handle(a_mail())
    postman.rest()
    assert len(automatic(desk, JANE)) <= 2
    if "rfc3834" in signs or "tag" in signs or "in-reply-to" in signs:
        assert len(desk.tickets()) == 1
    # A person's answer wakes it once more, and that rests, too.
    notice = desk.mails(to=ALICE)[0]
    desk.handle(an_answer(notice, ALICE, "Turn it off.", "<a@desk.example>"))
    before = len(automatic(desk, JANE))
    postman.rest()
    assert len(automatic(desk, JANE)) - before <= 2


def test_a_responder_that_bears_no_sign_is_stopped_within_the_hour(desk: Desk) -> None:
    responder = Responder(JANE, "")
    postman = Postman(desk, {JANE: responder})
    desk.handle(a_mail())
    postman.rest()
    assert automatic(desk, JANE) == ["acknowledgment"] * 5
    assert responder.answered == 5
    # Jane and her machine write on: no more within the hour.
    for i in range(3):
        desk.now += 60 * SECOND
        desk.handle(a_mail(subject=f"Another {i}", message_id=f"<another{i}@customer.example>"))
    postman.rest()
    assert len(automatic(desk, JANE)) == 5


def test_a_responder_that_bears_no_sign_is_stopped_within_the_day(desk: Desk) -> None:
    responder = Responder(JANE, "")
    postman = Postman(desk, {JANE: responder})
    for i in range(8):
        desk.handle(a_mail(subject=f"Hour {i}", message_id=f"<hour{i}@customer.example>"))
        postman.rest()
        desk.now += HOUR + SECOND
    assert len(automatic(desk, JANE)) == 20
    desk.now = START + DAY + 10 * HOUR
    desk.handle(a_mail(subject="The next day", message_id="<next@customer.example>"))
    postman.rest()
    assert len(automatic(desk, JANE)) == 25, "the next day it is told again"


def test_the_slowest_machine_is_stopped_all_the_same(desk: Desk) -> None:
    """One that answers after 13 minutes never has five acknowledgments in an hour."""
    postman = Postman(desk, {JANE: Responder(JANE, "")})
    desk.handle(a_mail())
    postman.rest(rounds=60, every=13 * 60 * SECOND)
    assert len(automatic(desk, JANE)) == 20


def test_the_limit_of_the_configuration_counts(tmp_path: Path) -> None:
    with a_desk(tmp_path, limits={"acks_per_address_hour": 2}) as desk:
        desk.handle(a_mail())
        Postman(desk, {JANE: Responder(JANE, "")}).rest()
        assert automatic(desk, JANE) == ["acknowledgment"] * 2


@pytest.mark.parametrize("signs", [*SIGNS, ""])
def test_an_agents_vacation_responder_comes_to_rest(desk: Desk, signs: str) -> None:
    responder = Responder(ALICE, signs)
    postman = Postman(desk, {ALICE: responder})
    desk.handle(a_mail())
    postman.rest()
    marked = "rfc3834" in signs or "tag" in signs or "in-reply-to" in signs
    assert len(automatic(desk, ALICE)) <= (2 if marked else 6), automatic(desk, ALICE)
    assert len(automatic(desk, JANE)) == 1
    if "rfc3834" in signs:
        assert responder.answered == 1


@pytest.mark.parametrize("signs", ["rfc3834", "in-reply-to", "tag", "rfc3834 in-reply-to tag", ""])
def test_two_agents_responders_do_not_feed_each_other(desk: Desk, signs: str) -> None:
    postman = Postman(desk, {ALICE: Responder(ALICE, signs), BOB: Responder(BOB, signs)})
    desk.handle(a_mail())
    postman.rest()
    assert len(automatic(desk, ALICE)) <= (2 if signs else 20), automatic(desk, ALICE)
    assert len(automatic(desk, BOB)) <= (2 if signs else 20), automatic(desk, BOB)


@pytest.mark.parametrize("signs", ["rfc3834", "in-reply-to", "tag", ""])
def test_everybody_away_at_once_comes_to_rest(desk: Desk, signs: str) -> None:
    machines: dict[str, Machine] = {who: Responder(who, signs) for who in (JANE, ALICE, BOB)}
    postman = Postman(desk, machines)
    desk.handle(a_mail())
    postman.rest()
    assert len(automatic(desk, JANE)) <= (2 if signs else 5)


def test_a_responder_that_names_the_agents_address_is_stopped(desk: Desk) -> None:
    """The gate returns each of its mails to the agent, and the machine answers that, too."""
    responder = Responder(ALICE, "reply-to in-reply-to", f"Back on Monday; {ALICE} is not read until then.\n")
    postman = Postman(desk, {ALICE: responder})
    desk.handle(a_mail())
    postman.rest()
    assert len(desk.mails(to=JANE)) == 1
    assert automatic(desk, ALICE) == ["new_ticket", *["error"] * 20]


# Two desks


def write_to(to: str, sender: str, n: int = 1) -> EmailMessage:
    return a_mail(sender, to, "Question", "A question.\n", f"<question{n}@{sender.partition('@')[2]}>")


@contextmanager
def two_desks(folder: Path, customers: bool) -> Iterator[tuple[Desk, Desk]]:
    """Two desks: each writes to the other as to a customer, or has the other's address as an agent's."""

    def settings(own: str, other: str) -> dict[str, Any]:
        agents = [
            {
                "id": "carol",
                "name": "Carol",
                "addresses": [f"carol@{own.partition('@')[2]}"],
                "departments": ["support"],
            }
        ]
        if not customers:
            agents.append(
                {"id": "other", "name": "Other Desk", "addresses": [other], "departments": ["support"]}
            )
        return {
            "address": own,
            "departments": [{"name": "support", "title": "Support", "addresses": [own]}],
            "agents": agents,
            "rules": [],
            "topics": [],
        }

    (folder / "north").mkdir()
    (folder / "south").mkdir()
    with (
        a_desk(folder / "north", **settings(NORTH, SOUTH)) as north,
        a_desk(folder / "south", **settings(SOUTH, NORTH)) as south,
    ):
        yield north, south


def carry(desks: tuple[Desk, Desk]) -> int:
    """Carries mail between the desks until they rest; the number of mails that went over."""
    north, south = desks
    ways = ((Postman(north, {}), south, SOUTH), (Postman(south, {}), north, NORTH))
    over = 0
    for _ in range(ROUNDS):
        moved = 0
        for postman, other, address in ways:
            for mail in postman.new():
                to = parseaddr(str(mail["To"]))[1]
                if to.replace("+", "@").partition("@")[0] == "support" and to.endswith(
                    address.partition("@")[2]
                ):
                    other.now = postman.desk.now = max(other.now, postman.desk.now) + SECOND
                    sender = parseaddr(str(mail["From"]))[1]
                    other.handle(mail, Envelope("smtp", sender, (to,), "127.0.0.1"))
                    moved += 1
        if not moved:
            return over
        over += moved
    raise AssertionError(f"no rest after {ROUNDS} rounds; {over} mails went over")


@pytest.mark.parametrize(
    "customers", [True, False], ids=["each the other's customer", "each the other's agent"]
)
def test_two_desks_come_to_rest(tmp_path: Path, customers: bool) -> None:
    with two_desks(tmp_path, customers) as desks:
        north, south = desks
        # Somebody at each desk writes to the other under their desk's own name.
        north.handle(write_to(NORTH, SOUTH))
        south.handle(write_to(SOUTH, NORTH))
        north.handle(write_to(NORTH, JANE))
        south.handle(write_to(SOUTH, JANE))
        carry(desks)
        assert len(automatic(north, SOUTH)) <= 2
        assert len(automatic(south, NORTH)) <= 2
        # The automatic mails of the other desk have opened nothing.
        assert len(north.tickets()) == len(south.tickets()) == 2


def test_an_agents_answer_to_another_desk_comes_to_rest(tmp_path: Path) -> None:
    with two_desks(tmp_path, customers=True) as desks:
        north, south = desks
        north.handle(write_to(NORTH, SOUTH))
        carry(desks)
        notice = north.mails(to="carol@north.example", template="new_ticket")[0]
        north.handle(an_answer(notice, "carol@north.example", "Here is the answer.", "<carol@north.example>"))
        carry(desks)
        # South opened a ticket for the answer, as for any customer; its acknowledgment moved nothing.
        assert [t["requester"] for t in south.tickets()] == [NORTH]
        assert len(automatic(south, NORTH)) == 1
        notice = south.mails(to="carol@south.example")[-1]
        south.handle(an_answer(notice, "carol@south.example", "Thank you.", "<carol@south.example>"))
        carry(desks)
        assert len(automatic(south, NORTH)) == 1
        assert len(automatic(north, SOUTH)) <= 2


def test_a_desk_whose_headers_a_gateway_strips_is_stopped(tmp_path: Path) -> None:
    """A relay that keeps neither Auto-Submitted nor our trace makes a desk look like a person."""
    with two_desks(tmp_path, customers=True) as desks:
        north, south = desks
        ways = ((Postman(north, {}), south, SOUTH), (Postman(south, {}), north, NORTH))
        north.handle(write_to(NORTH, SOUTH))
        for _ in range(ROUNDS):
            moved = False
            for postman, other, address in ways:
                for mail in postman.new():
                    if parseaddr(str(mail["To"]))[1] != address:
                        continue
                    for name in (
                        "Auto-Submitted",
                        "X-Auto-Response-Suppress",
                        "X-Maildesk-Trace",
                        "References",
                        "In-Reply-To",
                    ):
                        del mail[name]
                    moved = True
                    other.now = postman.desk.now = max(other.now, postman.desk.now) + SECOND
                    other.handle(
                        mail, Envelope("smtp", parseaddr(str(mail["From"]))[1], (address,), "127.0.0.1")
                    )
            if not moved:
                break
        else:
            raise AssertionError("no rest")
        assert len(automatic(north, SOUTH)) <= 5
        assert len(automatic(south, NORTH)) <= 5


def test_our_own_mail_sent_back_to_us_is_nothing(desk: Desk) -> None:
    desk.handle(a_mail())
    for mail in desk.mails():
        row = desk.handle(mail, Envelope("smtp", JANE, (DESK,), "127.0.0.1"))
        assert (row["disposition"], row["mails"]) == ("duplicate", [])


def test_a_bounce_of_a_bounce_notice_ends(desk: Desk) -> None:
    """The customer's address is dead, and so is the agent's."""

    def dead(mail: EmailMessage) -> list[EmailMessage]:
        dead.count += 1  # type: ignore[attr-defined]
        to = parseaddr(str(mail["To"]))[1]
        report = a_mail(
            "MAILER-DAEMON@relay.example", DESK, "Undelivered Mail Returned to Sender",
            f"<{to}>: 550 5.1.1 user unknown\n", f"<bounce{dead.count}@relay.example>",  # type: ignore[attr-defined]
            {"Auto-Submitted": "auto-replied", "X-Failed-Recipients": to,
             "In-Reply-To": str(mail["Message-ID"])},
        )  # fmt: skip
        return [report]

    dead.count = 0  # type: ignore[attr-defined]
    desk.handle(a_mail())
    postman = Postman(desk, {JANE: dead, ALICE: dead, BOB: dead})
    postman.rest()
    assert len(automatic(desk, JANE)) == 1
    # Of the new ticket, of the customer's bounce, and of the colleague who is not reached.
    assert automatic(desk, ALICE) == automatic(desk, BOB) == ["new_ticket", "bounced", "unreachable"]


class Forward:
    """An agent's address that forwards to a dead one: each mail comes back as a report of the far end.

    It names the far address alone; with `whole` the returned mail as it was, else with its Message-ID replaced.
    """

    def __init__(self, name: str, whole: bool) -> None:
        self.name, self.whole = name, whole
        self.bounced = 0

    def __call__(self, mail: EmailMessage) -> list[EmailMessage]:
        self.bounced += 1
        far = f"{self.name}@far.example"
        original = mail["Message-ID"] if self.whole else f"<replaced{self.bounced}@relay.example>"
        report = a_mail(
            "MAILER-DAEMON@far.example", DESK, "Undelivered Mail Returned to Sender",
            f"<{far}>: 550 5.1.1 user unknown\n", f"<{self.name}{self.bounced}@far.example>",
            {"Auto-Submitted": "auto-replied", "X-Failed-Recipients": far},
        )  # fmt: skip
        head = f"Message-ID: {original}\nReferences: {mail['References']}\nSubject: {mail['Subject']}\n\n"
        report.add_attachment(head.encode(), "text", "rfc822-headers", filename="head")
        return [report]


@pytest.mark.parametrize("whole", [True, False], ids=["our Message-ID", "only the anchor"])
def test_an_agent_whose_mail_is_forwarded_to_a_dead_address_comes_to_rest(
    tmp_path: Path, whole: bool
) -> None:
    with a_desk(tmp_path, limits={"mails_per_ticket_hour": 1_000}) as desk:
        number = desk.handle(a_mail())["ticket"]
        desk.handle(
            an_answer(desk.mails(to=BOB)[0], BOB, "Off and on?\n\n#status resolved", "<b@desk.example>")
        )
        desk.handle(an_answer(desk.mails(to=BOB)[0], BOB, "#assign alice", "<b2@desk.example>"))
        Postman(desk, {ALICE: Forward("alice", whole)}).rest()
        assert desk.ticket(number)["status"] == "resolved", "the customer got the answer"
        assert automatic(desk, ALICE) == ["new_ticket", "handoff"], (
            "nobody is told where they are not reached"
        )
        assert automatic(desk, BOB) == ["new_ticket", "unreachable"]
        assert [e["agent"] for e in desk.ticket(number)["events"] if e["kind"] == "unreached"] == [
            "alice"
        ] * 2


@pytest.mark.parametrize("whole", [True, False], ids=["our Message-ID", "only the anchor"])
@pytest.mark.parametrize("every", [SECOND, 2 * HOUR], ids=["at once", "slowly"])
def test_a_department_whose_mail_is_forwarded_to_dead_addresses_comes_to_rest(
    tmp_path: Path, whole: bool, every: int
) -> None:
    """None of the limits of an hour is needed."""
    with a_desk(tmp_path, limits={"mails_per_ticket_hour": 1_000}) as desk:
        machines: dict[str, Machine] = {who: Forward(who[:3], whole) for who in (JANE, ALICE, BOB)}
        desk.handle(a_mail())
        Postman(desk, machines).rest(every=every)
        assert automatic(desk, JANE) == ["acknowledgment"]
        for agent in (ALICE, BOB):
            assert automatic(desk, agent) == ["new_ticket", "bounced", "unreachable"]


@pytest.mark.parametrize("signs", ["reply-to", "reply-to tag", "reply-to in-reply-to"])
def test_machines_that_answer_each_other_through_a_ticket_are_stopped(tmp_path: Path, signs: str) -> None:
    """Both sides keep to the reply address and bear no sign of a machine: to the desk they are two people."""
    with a_desk(tmp_path, limits={"mails_per_ticket_hour": 6}) as desk:
        machines: dict[str, Machine] = {who: Responder(who, signs) for who in (JANE, ALICE, BOB)}
        desk.handle(a_mail())
        Postman(desk, machines).rest()
        number = desk.tickets()[0]["number"]
        told = [
            m for m in listed(desk) if m["ticket"] == number and m["to"] == ALICE and m["kind"] != "answer"
        ]
        assert 0 < len(told) <= 6
        # Nothing is lost: what nobody was told of is in the ticket, and says so.
        kept = [e for t in desk.tickets() for e in desk.ticket(t["number"])["entries"]]
        assert len(kept) > len(told)
