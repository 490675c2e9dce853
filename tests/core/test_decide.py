"""THE decision on what customers write: dispositions, fields, mails and reasons."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.changes import Append, Burn, Join, Remember, Set
from maildesk.core.decide import Arrival, decide
from maildesk.core.model import DAY, HOUR, Participant, Proof, Status
from maildesk.core.reading import Envelope
from tests.core.given import (
    ALICE,
    JANE,
    KEY,
    NUMBER,
    OPEN,
    POLICY,
    RE,
    SENT,
    TOM,
    a_reading,
    a_snapshot,
    a_ticket,
    a_token,
    decided,
    kinds,
    links,
    mails,
)
from tests.desk import DESK, START, a_policy

NEW = [("acknowledgment", JANE), ("new_ticket", ALICE), ("new_ticket", "bob@desk.example")]


def test_a_new_mail_opens_a_ticket() -> None:
    decision = decided(a_snapshot())
    assert decision.disposition == "new-ticket"
    assert decision.ticket is not None
    ticket = decision.after.tickets[decision.ticket]
    assert (ticket.subject, ticket.department, ticket.status) == (
        "My printer is broken",
        "support",
        Status.NEW,
    )
    assert (ticket.topic, ticket.tags, ticket.requester) == (
        "printing",
        ("hardware",),
        Participant(JANE, "Jane Doe", "requester"),
    )
    assert mails(decision) == NEW
    assert kinds(decision) == ["customer"]
    assert decision.rules[0] == ("printers", True, "subject contains 'printer'")
    assert isinstance(decision.changes[-1], Remember)


def test_the_number_is_the_first_free_one() -> None:
    first = decided(a_snapshot()).ticket
    assert first is not None
    second = decided(a_snapshot(taken=frozenset([first]))).ticket
    assert (len(str(first)), len(str(second))) == (6, 7)


@pytest.mark.parametrize(
    ("mail", "department", "told"),
    [
        ({"to": "billing@desk.example"}, "billing", ["bob"]),
        ({"to": "Billing@Desk.Example, support@desk.example"}, "billing", ["bob", "alice"]),
        ({"to": DESK, "headers": {"Cc": "billing@desk.example"}}, "support", ["alice", "bob"]),
        (
            {"to": "x@elsewhere.example", "headers": {"Delivered-To": "billing@desk.example"}},
            "billing",
            ["bob"],
        ),
        (
            {"to": "x@elsewhere.example", "envelope": Envelope("smtp", JANE, ("billing@desk.example",))},
            "billing",
            ["bob"],
        ),
        ({"to": "x@elsewhere.example"}, "support", ["alice", "bob"]),
        # A rule that routes the ticket elsewhere tells those alone.
        ({"to": DESK, "subject": "My invoice"}, "billing", ["bob"]),
        ({"to": DESK, "text": "There is a fire!"}, "support", ["bob"]),
    ],
)
def test_where_a_new_ticket_goes_and_who_is_told(
    mail: dict[str, Any], department: str, told: list[str]
) -> None:
    decision = decided(a_snapshot(), **{"subject": "Hello", **mail})
    assert decision.ticket is not None
    assert decision.after.tickets[decision.ticket].department == department
    assert [to for kind, to in mails(decision) if kind == "new_ticket"] == [
        f"{name}@desk.example" for name in told
    ]


def test_what_rules_set() -> None:
    decision = decided(a_snapshot(), subject="My invoice is on fire", text="fire in the printer room")
    assert decision.ticket is not None
    ticket = decision.after.tickets[decision.ticket]
    # The topic names a department and a priority; a rule that sets the priority itself wins over the topic's.
    assert (ticket.topic, ticket.department, ticket.priority) == ("invoices", "billing", "emergency")
    assert (ticket.assignee, ticket.status) == ("bob", Status.ASSIGNED)
    by_topic = decided(a_snapshot(), subject="My invoice", text="x")
    assert by_topic.after.tickets[by_topic.ticket or 0].priority == "low"
    actors = {change.actor for change in decision.changes if isinstance(change, Set)}
    assert actors == {"rule invoices", "rule fire"}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("an automatic mail", {"headers": {"Auto-Submitted": "auto-generated"}}, "machines and lists"),
    ("a list", {"headers": {"List-Id": "<office.customer.example>"}}, "machines and lists"),
    ("asked not to", {"headers": {"X-Auto-Response-Suppress": "All"}}, "machines and lists"),
    ("a null return path", {"envelope": Envelope("smtp", "", (DESK,))}, "machines and lists"),
    ("our own address", {"sender": DESK}, "is an address of this desk"),
    ("our own reply address", {"sender": "billing+x@desk.example"}, "is an address of this desk"),
    ("two senders", {"sender": f"{JANE}, {TOM}"}, "machines and lists"),
]


@pytest.mark.parametrize(("name", "mail", "because"), REFUSED, ids=[row[0] for row in REFUSED])
def test_who_gets_no_acknowledgment(name: str, mail: dict[str, Any], because: str) -> None:
    decision = decided(a_snapshot(), **mail)
    assert decision.disposition == "new-ticket", name
    assert "acknowledgment" not in [kind for kind, _ in mails(decision)]
    assert [to for kind, to in mails(decision) if kind == "new_ticket"], "the agents are told all the same"
    assert because in " ".join(decision.why)


def test_a_mail_without_sender_opens_a_ticket_that_answers_nobody() -> None:
    raw = b"To: support@desk.example\r\nSubject: Hi\r\nMessage-ID: <a@b>\r\n\r\nHello\r\n"
    decision = decide(Arrival(KEY, START, a_reading(raw)), a_snapshot(), POLICY, START)
    assert decision.disposition == "new-ticket"
    assert [kind for kind, _ in mails(decision)] == ["new_ticket", "new_ticket"]


@pytest.mark.parametrize(
    ("earlier", "acknowledged"),
    [
        ([], True),
        ([START - 1] * 4, True),
        ([START - 1] * 5, False),
        ([START - HOUR + 1] * 5, False),
        ([START - HOUR] * 5, True),
        ([START - 2 * HOUR] * 19, True),
        ([START - 2 * HOUR] * 20, False),
        ([START - DAY + 1] * 20, False),
        ([START - DAY] * 20, True),
    ],
)
def test_the_limits_of_an_address(earlier: list[int], acknowledged: bool) -> None:
    snapshot = a_snapshot(notice_times={("acknowledgment", JANE): tuple(earlier)})
    decision = decided(snapshot)
    assert (("acknowledgment", JANE) in mails(decision)) is acknowledged
    assert ("within the" in " ".join(decision.why)) is not acknowledged


@pytest.mark.parametrize(("had", "acknowledged"), [(59, True), (60, False)])
def test_the_limit_of_a_domain(had: int, acknowledged: bool) -> None:
    decision = decided(a_snapshot(domain_acks={"customer.example": had}))
    assert (("acknowledgment", JANE) in mails(decision)) is acknowledged


@pytest.mark.parametrize(("had", "waits"), [(1_999, False), (2_000, True)])
def test_beyond_the_limit_of_all_unproven_senders_it_waits(had: int, waits: bool) -> None:
    decision = decided(a_snapshot(unproven_acks=had))
    (acknowledgment,) = [n for n in decision.notices if n.kind == "acknowledgment"]
    assert bool(acknowledgment.waits) is waits
    assert acknowledgment.unproven


def test_a_proven_sender_is_not_delayed() -> None:
    snapshot = replace(OPEN, unproven_acks=5_000)
    decision = decided(snapshot, to=a_token(JANE), subject="A new laptop")
    (acknowledgment,) = [n for n in decision.notices if n.kind == "acknowledgment"]
    assert decision.proof is Proof.TOKEN
    assert (acknowledgment.waits, acknowledgment.unproven) == ("", False)


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("new", "new"), ("assigned", "assigned"), ("in-progress", "in-progress"), ("reopened", "reopened"),
        ("waiting-customer", "in-progress"), ("waiting-third-party", "waiting-third-party"),
        ("resolved", "reopened"), ("closed", "reopened"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "mail",
    [
        {"to": a_token(JANE), "subject": RE},
        {"subject": f"{RE} [#{NUMBER}]"},
        {"headers": {"In-Reply-To": f"<{SENT}>"}},
    ],
    ids=["token", "subject", "references"],
)
def test_a_customers_reply_in_every_status(status: str, after: str, mail: dict[str, Any]) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status(status), closed=START, answered=True)})
    decision = decided(snapshot, **mail)
    assert (decision.disposition, decision.ticket) == ("reply", NUMBER)
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.status.value, ticket.answered, ticket.last_customer) == (after, False, START)
    assert mails(decision) == [("customer_reply", ALICE), ("customer_reply", "bob@desk.example")]


def test_a_reply_goes_to_the_assignee_alone() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(assignee="bob")})
    assert mails(decided(snapshot, subject=f"[#{NUMBER}]")) == [("customer_reply", "bob@desk.example")]


def test_a_reply_goes_to_the_department_where_the_assignee_has_left() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(assignee="carol")})
    assert [to for _, to in mails(decided(snapshot, subject=f"[#{NUMBER}]"))] == [ALICE, "bob@desk.example"]


@pytest.mark.parametrize(("later", "disposition"), [(14 * DAY, "reply"), (14 * DAY + 1, "new-ticket")])
def test_the_reopen_window(later: int, disposition: str) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.CLOSED, closed=START)})
    decision = decide(
        Arrival(KEY, START + later, a_reading(subject=f"{RE} [#{NUMBER}]")), snapshot, POLICY, START + later
    )
    assert decision.disposition == disposition
    if disposition == "reply":
        assert decision.after.tickets[NUMBER].status is Status.REOPENED
        return
    assert decision.after.tickets[NUMBER] == snapshot.tickets[NUMBER]
    assert links(decision) == [("follow-up", NUMBER)]
    assert mails(decision) == NEW
    assert decision.after.tickets[decision.ticket or 0].subject == "My printer is broken"


def test_the_reopen_window_ends_for_the_writer_and_not_for_a_slow_fetch() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.CLOSED, closed=START)})
    arrival = Arrival(KEY, START + 13 * DAY, a_reading(subject=f"{RE} [#{NUMBER}]"))
    decision = decide(arrival, snapshot, POLICY, START + 20 * DAY)
    assert decision.disposition == "reply"
    assert decision.after.tickets[NUMBER].status is Status.REOPENED


@pytest.mark.parametrize(
    "mail",
    [{"subject": f"Re: x [#{NUMBER}]"}, {"headers": {"In-Reply-To": f"<{SENT}>"}}],
    ids=["number", "references"],
)
def test_a_stranger_opens_a_linked_ticket(mail: dict[str, Any]) -> None:
    decision = decided(sender="mallory@elsewhere.example", **mail)
    assert decision.disposition == "new-ticket"
    assert decision.ticket != NUMBER
    assert links(decision) == [("possibly", NUMBER)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]
    assert decision.after.tickets[decision.ticket or 0].requester.address == "mallory@elsewhere.example"


@pytest.mark.parametrize("status", list(Status))
def test_a_stranger_with_a_participants_token_changes_nothing(status: Status) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=status, closed=START)})
    decision = decided(snapshot, sender="Tim <tim@elsewhere.example>", to=a_token(JANE), subject=RE)
    assert (decision.disposition, decision.ticket) == ("third-party", NUMBER)
    assert decision.after.tickets[NUMBER] == snapshot.tickets[NUMBER]
    assert kinds(decision) == ["third-party"]
    assert {kind for kind, _ in mails(decision)} == {"customer_reply"}
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert "Jane Doe's reply address" in entry.remark


def test_a_mail_to_a_remembered_reply_address_opens_a_related_ticket() -> None:
    decision = decided(to=a_token(JANE), subject="A new laptop")
    assert decision.disposition == "new-ticket"
    assert links(decision) == [("related", NUMBER)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]


def test_a_burnt_token_still_proves_the_mail_that_shows_it() -> None:
    decision = decided(to=a_token(JANE), subject=RE, headers={"Cc": "tim@elsewhere.example"})
    assert decision.proof is Proof.TOKEN
    assert [c.person for c in decision.changes if isinstance(c, Burn)] == [identity.person_of_address(JANE)]
    assert [c.participant.address for c in decision.changes if isinstance(c, Join)] == [
        "tim@elsewhere.example"
    ]
    again = decided(decision.after, to=a_token(JANE), subject=RE, message_id="<again@customer.example>")
    assert (again.disposition, again.proof) == ("reply", Proof.CLAIMED)
    assert not [c for c in again.changes if isinstance(c, Burn)]


def test_copies_of_a_claimed_mail_are_shown_only() -> None:
    decision = decided(
        a_snapshot(), headers={"Cc": "tim@elsewhere.example", "Reply-To": "other@elsewhere.example"}
    )
    ticket = decision.after.tickets[decision.ticket or 0]
    assert [p.address for p in ticket.participants] == [JANE]
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert "tim@elsewhere.example" in entry.remark
    assert "other@elsewhere.example" in entry.remark


def test_a_proven_mail_brings_no_more_people_than_the_bound() -> None:
    many = ", ".join(f"p{i}@elsewhere.example" for i in range(80))
    decision = decided(to=a_token(JANE), subject=RE, headers={"Cc": many})
    assert len(decision.after.tickets[NUMBER].participants) == 51
    assert "More than 50" in " ".join(decision.why)


def test_deciding_changes_no_snapshot_and_repeats() -> None:
    before = copy.deepcopy(OPEN)
    one, two = decided(to=a_token(JANE), subject=RE), decided(to=a_token(JANE), subject=RE)
    assert one == two
    assert before == OPEN


def test_each_notice_has_its_own_once_key() -> None:
    decision = decided(a_snapshot())
    assert len({notice.once for notice in decision.notices}) == len(decision.notices) == 3
    expected = identity.once_key(KEY, "acknowledgment", JANE, decision.ticket)
    assert decision.notices[0].once == expected


def test_an_agent_of_two_departments_is_told_once() -> None:
    policy = a_policy(rules=[])
    decision = decided(a_snapshot(), policy, to="support@desk.example, billing@desk.example")
    assert mails(decision).count(("new_ticket", "bob@desk.example")) == 1
