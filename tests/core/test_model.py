"""The table of moves, written out once more by hand, and the words of the model."""

from __future__ import annotations

import pytest

from maildesk.core.model import MOVES, Disposition, Move, Participant, Status, moved
from tests.core.given import JANE, TOM, a_ticket

TABLE = """
status                customer's reply   agent's answer   assign     unassign   answer bounced   answer stopped
new                   -                  in-progress      assigned   -          -                -
assigned              -                  in-progress      -          new        -                -
in-progress           -                  -                -          -          -                -
waiting-customer      in-progress        -                -          -          in-progress      in-progress
waiting-third-party   -                  -                -          -          -                -
resolved              reopened           -                -          -          in-progress      in-progress
closed                reopened           -                -          -          -                in-progress
reopened              -                  in-progress      -          -          -                -
"""
COLUMNS = (
    Move.CUSTOMER_REPLY,
    Move.AGENT_ANSWER,
    Move.ASSIGN,
    Move.UNASSIGN,
    Move.ANSWER_BOUNCED,
    Move.ANSWER_STOPPED,
)
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]


def test_the_table_names_every_status_and_every_move() -> None:
    assert [row[0] for row in ROWS] == [status.value for status in Status]
    assert set(COLUMNS) == set(Move)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_move(row: list[str]) -> None:
    status = Status(row[0])
    for move, to in zip(COLUMNS, row[1:], strict=True):
        assert moved(status, move) is (status if to == "-" else Status(to)), move


def test_no_move_leads_to_where_the_ticket_is() -> None:
    assert not [pair for pair, to in MOVES.items() if pair[0] is to]


def test_nothing_but_unassigning_leads_back_to_new() -> None:
    assert {move for (_, move), to in MOVES.items() if to is Status.NEW} == {Move.UNASSIGN}


def test_no_mail_closes_a_ticket() -> None:
    assert not [pair for pair, to in MOVES.items() if to in (Status.CLOSED, Status.RESOLVED)]


def test_dispositions_in_the_order_that_decides() -> None:
    assert [d.value for d in Disposition] == [
        "new-ticket", "reply", "agent-reply", "note", "command", "survey-answer", "third-party", "bounce",
        "auto-reply", "duplicate", "outgoing", "ignored-by-rule", "held", "quarantined",
    ]  # fmt: skip


def test_who_takes_part() -> None:
    tom = Participant(TOM, "Tom", "collaborator")
    ticket = a_ticket(participants=(tom, *a_ticket().participants))
    assert ticket.requester.address == JANE
    assert ticket.participant(TOM) == tom
    assert ticket.participant("nobody@customer.example") is None


def test_a_generation_counts_per_person_and_kind() -> None:
    ticket = a_ticket(generations=(("mail:a@b", "public", 2),))
    assert ticket.generation("mail:a@b", "public") == 2
    assert ticket.generation("mail:a@b", "internal") == 0
    assert ticket.generation("mail:c@d", "public") == 0
