"""No loops: a desk and machines that answer come to rest; what cannot be told is limited."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest

from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.core.reading import Envelope
from tests.desk import DESK, START, Desk, a_desk, a_mail, an_answer
from tests.work.postman import ALICE, BOB, JANE, Machine, Postman, Responder, automatic, listed

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


def test_slow_machines_that_answer_each_other_through_a_ticket_are_stopped_within_the_day(
    tmp_path: Path,
) -> None:
    """Every answer takes 13 minutes: nobody gets 30 mails within an hour."""
    with a_desk(tmp_path, limits={"mails_per_ticket_day": 8}) as desk:
        people = (JANE, ALICE)
        desk.handle(a_mail())
        number = desk.tickets()[0]["number"]
        Postman(desk, {who: Responder(who, "reply-to in-reply-to") for who in people}).rest(
            rounds=60, every=13 * 60 * SECOND
        )
        about = [m for m in listed(desk) if (m["ticket"], m["to"]) == (number, ALICE)]
        assert len([m for m in about if m["kind"] != "answer"]) == 8
