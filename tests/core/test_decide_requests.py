"""Requests at the command line: the same decision as for mail, or a refusal that says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from maildesk.core.changes import Append, Decision, Snapshot
from maildesk.core.decide import Refused, Request, decide
from maildesk.core.model import Status
from tests.core.given import ALICE, JANE, NUMBER, POLICY, a_snapshot, a_ticket
from tests.desk import START

OPEN = a_snapshot(a_ticket())


def requested(
    snapshot: Snapshot = OPEN, ticket: int | None = NUMBER, agent: str = "", **values: Any
) -> Decision:
    request = Request("request", agent or "admin", POLICY.agent(agent), ticket, **values)
    return decide(request, snapshot, POLICY, START)


def mails(decision: Decision) -> list[tuple[str, str]]:
    return [(notice.kind, notice.to) for notice in decision.notices]


def test_setting_fields() -> None:
    decision = requested(lines=("#priority high", "#topic printing", "#status resolved"))
    assert decision.disposition == "command"
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.priority, ticket.topic, ticket.status) == ("high", "printing", Status.RESOLVED)
    assert not decision.notices


def test_setting_what_is_set_changes_nothing() -> None:
    assert requested(lines=("#priority normal", "#assign none")).changes == ()


def test_assigning_tells_the_agent() -> None:
    decision = requested(lines=("#assign bob",))
    assert mails(decision) == [("handoff", "bob@desk.example")]
    assert decision.after.tickets[NUMBER].status is Status.ASSIGNED
    back = requested(decision.after, lines=("#assign none",))
    assert back.after.tickets[NUMBER].status is Status.NEW
    assert mails(back) == [("handoff", ALICE), ("handoff", "bob@desk.example")]


def test_an_agent_who_takes_a_ticket_is_not_told_of_it() -> None:
    assert mails(requested(agent="bob", lines=("#assign bob",))) == []


def test_a_topic_may_move_the_ticket_to_its_department() -> None:
    decision = requested(lines=("#topic invoices",))
    assert decision.after.tickets[NUMBER].department == "billing"
    assert mails(decision) == [("handoff", "bob@desk.example")]


@pytest.mark.parametrize(
    ("agent", "assignee", "author"),
    [("alice", "alice", ALICE), ("", "", "")],
    ids=["as an agent", "as admin"],
)
def test_answering(agent: str, assignee: str, author: str) -> None:
    decision = requested(agent=agent, text="Turn it off.")
    assert decision.disposition == "agent-reply"
    assert mails(decision) == [("answer", JANE)]
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.assignee, ticket.status, ticket.answered) == (assignee, Status.IN_PROGRESS, True)
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert (entry.author, entry.new_text, entry.key) == (author, "Turn it off.", "request")


def test_a_note() -> None:
    decision = requested(agent="alice", text="For us.", internal=True)
    assert decision.disposition == "note"
    assert not decision.notices


def test_a_text_is_text_whatever_it_begins_with() -> None:
    decision = requested(text="#close\nis what I would type")
    assert decision.disposition == "agent-reply"
    assert decision.after.tickets[NUMBER].status is Status.IN_PROGRESS


def test_opening_a_ticket_for_somebody() -> None:
    decision = requested(
        a_snapshot(),
        None,
        requester=JANE,
        requester_name="Jane Doe",
        subject="Called about her printer",
        text="It is broken.",
    )
    assert decision.disposition == "new-ticket"
    ticket = decision.after.tickets[decision.ticket or 0]
    assert (ticket.requester.address, ticket.subject, ticket.department) == (
        JANE,
        "Called about her printer",
        "support",
    )
    assert mails(decision) == [
        ("acknowledgment", JANE),
        ("new_ticket", ALICE),
        ("new_ticket", "bob@desk.example"),
    ]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ticket": 999_999}, "there is no ticket #999999; `maildesk ticket list`"),
        ({"lines": ("#priority hgih",)}, "did you mean high?"),
        ({"lines": ("#priority high", "#nonsense")}, "there is no such command"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        requested(**values)
    assert words in str(refused.value)


def test_a_merged_ticket_is_followed() -> None:
    decision = requested(
        a_snapshot(a_ticket(), aliases={555_555: NUMBER}), 555_555, lines=("#priority high",)
    )
    assert decision.after.tickets[NUMBER].priority == "high"
