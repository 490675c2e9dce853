"""What follows when the last gate stops a mail: the ticket does not look answered, and the agent gets the text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core.changes import Decision, Notice, Snapshot, Stop
from maildesk.core.decide import decide
from maildesk.core.model import Entry, EntryKind, Status, Ticket
from maildesk.core.stopped import Stopped
from maildesk.core.telling import ERRORS_HOUR
from tests.core.given import ALICE, JANE, NUMBER, POLICY, TOM, a_snapshot, a_ticket, mails
from tests.desk import START

FOUND = "It contains bob@desk.example, the private address of Bob Brown."
AT = START + 100
ANSWER = Entry("row", NUMBER, EntryKind.AGENT_REPLY, ALICE, "Alice Ames", AT, "Ask Bob.", "Ask Bob.")


def answered(**changes: Any) -> Ticket:
    """Jane's ticket as Alice's answer left it."""
    known = {
        "status": Status.IN_PROGRESS,
        "assignee": "alice",
        "answered": True,
        "first_response": AT,
        "last_agent": AT,
        "last_customer": START,
    }
    return a_ticket(**{**known, **changes})


def stopped(
    ticket: Ticket, answers: tuple[int, ...] = (), answer: Entry = ANSWER, to: str = JANE, **snapshot: Any
) -> Decision:
    notice = Notice("once", "answer", to, NUMBER, AT, entry=answer.key, person=f"mail:{to}")
    cause = Stopped("once", notice, answer, answers, (FOUND,))
    return decide(cause, a_snapshot(ticket, **snapshot), POLICY, AT + 1)


def ticket(snapshot: Snapshot) -> Ticket:
    return snapshot.tickets[NUMBER]


def test_a_stopped_answer_is_given_back_and_does_not_count() -> None:
    decision = stopped(answered())
    after = ticket(decision.after)
    assert (after.answered, after.first_response, after.last_agent) == (False, None, None)
    assert (after.status, after.assignee) == (Status.IN_PROGRESS, "alice")
    (back,) = decision.notices
    assert (back.kind, back.to, back.token, back.generation) == ("error", ALICE, "public", 0)
    assert (back.facts["text"], back.facts["errors"]) == (
        "Ask Bob.",
        [FOUND],
    )
    (stop,) = (one for one in decision.changes if isinstance(one, Stop))
    assert stop.remark == f"It was not sent to {JANE}: {FOUND}"
    assert decision.why == (f"Stopped by the last gate: {FOUND}",)


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ("in-progress", "in-progress"), ("waiting-customer", "in-progress"), ("resolved", "in-progress"),
        ("closed", "in-progress"), ("waiting-third-party", "waiting-third-party"),
    ],
)  # fmt: skip
def test_what_its_commands_ended_is_in_progress_again(was: str, is_: str) -> None:
    assert ticket(stopped(answered(status=Status(was))).after).status.value == is_


@pytest.mark.parametrize(
    ("others", "customer", "clocks"),
    [
        ((), START, (False, None, None)),
        # Before the customer's last word: that is not answered.
        ((START + 1,), START + 50, (False, START + 1, START + 1)),
        ((START + 1, START + 60), START + 50, (True, START + 1, START + 60)),
        ((AT,), START, (True, AT, AT)),
    ],
)
def test_the_clocks_are_those_of_the_answers_beside_it(
    others: tuple[int, ...], customer: int, clocks: tuple[bool, int | None, int | None]
) -> None:
    after = ticket(stopped(answered(last_customer=customer), others).after)
    assert (after.answered, after.first_response, after.last_agent) == clocks


def test_a_customer_who_wrote_since_is_not_answered_by_it() -> None:
    after = ticket(stopped(answered(answered=False, last_customer=AT + 1), (START + 1,)).after)
    assert after.answered is False


def test_the_second_mail_of_the_same_answer_tells_nobody_again() -> None:
    already = replace(ANSWER, kind=EntryKind.STOPPED, remark=f"It was not sent to {JANE}: {FOUND}")
    decision = stopped(answered(status=Status.RESOLVED), answer=already, to=TOM)
    assert not decision.notices
    assert ticket(decision.after).status is Status.RESOLVED, "somebody has resolved it since"
    (stop,) = (one for one in decision.changes if isinstance(one, Stop))
    assert stop.remark == f"{already.remark} It was not sent to {TOM}: {FOUND}"


def test_beyond_the_limit_it_is_said_how_many_there_were() -> None:
    times = {("error", ALICE): (AT,) * ERRORS_HOUR}
    decision = stopped(answered(), notice_times=times)
    assert not decision.notices
    assert ticket(decision.after).answered is False
    assert f"Alice Ames is not told by mail: they have had {ERRORS_HOUR} mails" in decision.why[1]


def test_an_answer_of_the_admin_goes_to_the_department() -> None:
    decision = stopped(answered(assignee=""), answer=replace(ANSWER, author="", author_name="admin"))
    assert mails(decision) == [("error", ALICE)]
    assert decision.notices[0].facts["text"] == "Ask Bob."


def test_an_answer_to_an_agent_who_is_the_customer_is_given_back_too() -> None:
    assert mails(stopped(answered(), to="bob@desk.example")) == [("error", ALICE)]


@pytest.mark.parametrize(("to", "told"), [(JANE, [("error", ALICE)]), ("bob@desk.example", [])])
def test_an_automatic_mail_changes_nothing_but_is_told(to: str, told: list[tuple[str, str]]) -> None:
    entry = replace(ANSWER, kind=EntryKind.CUSTOMER, author=to)
    notice = Notice("once", "acknowledgment", to, NUMBER, AT, entry="row", person=f"mail:{to}")
    before = answered()
    decision = decide(Stopped("once", notice, entry, (AT,), (FOUND,)), a_snapshot(before), POLICY, AT + 1)
    assert ticket(decision.after) == before
    assert mails(decision) == told
    assert [one.facts["text"] for one in decision.notices] == [""] * len(told)


def test_without_its_ticket_nothing_can_be_decided() -> None:
    notice = Notice("once", "answer", JANE, NUMBER, AT, entry="row")
    with pytest.raises(ValueError, match="not loaded"):
        decide(Stopped("once", notice, ANSWER, (), (FOUND,)), a_snapshot(), POLICY, AT)
