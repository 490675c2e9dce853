"""A relay that gives our mails other Message-IDs, where nothing but a login proves who writes."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.reading import Evidence
from tests.desk import Desk, a_desk, a_mail, an_answer

ALICE, BOB, JANE = "alice@desk.example", "bob@desk.example", "jane@customer.example"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, reply_address="none") as desk:
        yield desk


def answered(desk: Desk, to: EmailMessage, agent: str, text: str, name: str) -> dict[str, Any]:
    """An agent answers, logged in; what became of it."""
    evidence = Evidence(login=agent.partition("@")[0], proven=(agent,))
    return desk.handle(an_answer(to, agent, text, f"<{name}@desk.example>"), evidence=evidence)


def a_renamed_note(desk: Desk) -> EmailMessage:
    """Bob's note about a customer, as it came to Alice, who knows earlier mails of the ticket."""
    desk.handle(a_mail())
    answered(desk, desk.mails(ALICE, "new_ticket")[0], ALICE, "Off and on?", "a1")
    answered(desk, desk.mails(BOB, "new_ticket")[0], BOB, "#note\nShe has never paid.", "b1")
    note = desk.mails(ALICE, "note")[0]
    assert len(note["References"].split()) == 3
    note.replace_header("Message-ID", "<renamed@relay.example>")
    return note


def test_an_answer_to_a_renamed_note_goes_to_no_customer(desk: Desk) -> None:
    note = a_renamed_note(desk)
    assert answered(desk, note, ALICE, "No wonder.", "a2")["disposition"] == "command"
    assert "#note on a line of its own" in desk.mails(ALICE, "error")[0].as_string()
    # Neither does one after the first has said what it is: that says nothing of the mail they answer.
    assert answered(desk, note, ALICE, "#note\nNo wonder.", "a3")["disposition"] == "note"
    assert answered(desk, note, ALICE, "Send a reminder.", "a4")["disposition"] == "command"
    assert len(desk.mails(JANE, "answer")) == 1


def test_it_goes_to_the_customer_if_the_agent_says_so(desk: Desk) -> None:
    note = a_renamed_note(desk)
    assert answered(desk, note, ALICE, "#public\nWe come at three.", "a2")["disposition"] == "agent-reply"
    assert len(desk.mails(JANE, "answer")) == 2
    assert answered(desk, note, ALICE, "She never pays.", "a3")["disposition"] == "command"


def test_an_answer_to_a_note_that_kept_its_id_stays_internal(desk: Desk) -> None:
    a_renamed_note(desk)
    note = desk.mails(ALICE, "note")[0]
    assert answered(desk, note, ALICE, "No wonder.", "a2")["disposition"] == "note"


def copied(desk: Desk, text: str) -> tuple[EmailMessage, EmailMessage]:
    """What Alice was sent of a new ticket, and her answer to it, as it came to Bob, to whom she copied it by hand."""
    desk.handle(a_mail())
    sent = desk.mails(ALICE, "new_ticket")[0]
    direct = an_answer(sent, ALICE, text, "<a1@desk.example>")
    direct["Cc"] = BOB
    desk.handle(direct, evidence=Evidence(login="alice", proven=(ALICE,)))
    return sent, direct


def test_an_answer_to_a_note_that_was_copied_by_hand_is_a_note(desk: Desk) -> None:
    sent, note = copied(desk, "#note\nShe has never paid.")
    assert answered(desk, note, BOB, "No wonder.", "b1")["disposition"] == "note"
    # Nothing else of that thread is one for that, though it names the note.
    assert answered(desk, sent, ALICE, "Off and on?", "a2")["disposition"] == "agent-reply"
    desk.handle(
        an_answer(desk.mails(JANE, "answer")[0], JANE, "It is still broken.", "<j2@customer.example>")
    )
    again = desk.mails(ALICE, "customer_reply")[0]
    assert "<a1@desk.example>" in again["References"]
    assert answered(desk, again, ALICE, "And the cable?", "a3")["disposition"] == "agent-reply"
    assert answered(desk, note, BOB, "#public\nWe come at three.", "b2")["disposition"] == "agent-reply"


def test_an_answer_to_a_colleagues_answer_goes_to_the_customer(desk: Desk) -> None:
    _, answer = copied(desk, "Off and on?")
    assert answered(desk, answer, BOB, "And the cable?", "b1")["disposition"] == "agent-reply"
