"""A ticket that changes hands: what its new agent sees, and how they answer."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.desk import Desk, a_desk, a_mail, an_answer, text_of

JANE, ALICE, BOB = "jane@customer.example", "alice@desk.example", "bob@desk.example"


def handed_to_alice(desk: Desk) -> tuple[int, EmailMessage]:
    """Bob has answered a ticket of billing, which Alice never heard of, and gives it to her."""
    number = desk.handle(a_mail(to="billing@desk.example", subject="My invoice"))["ticket"]
    [told] = desk.mails(BOB, "new_ticket")
    desk.handle(an_answer(told, BOB, "We look into it.", "<bob1@desk.example>"))
    desk.handle(an_answer(told, BOB, "#assign alice", "<bob2@desk.example>"))
    assert not desk.mails(ALICE, "new_ticket")
    [handoff] = desk.mails(ALICE, "handoff")
    return number, handoff


def test_whoever_gets_a_ticket_sees_that_it_was_answered(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        _, handoff = handed_to_alice(desk)
        shown = text_of(handoff)
        assert "Jane Doe wrote:\n> Hello," in shown
        assert "After that, Bob Brown answered:\n> We look into it." in shown
        assert 'To answer Jane Doe, write "#public" on a line of its own' in shown


@pytest.mark.parametrize(
    ("text", "became", "sent"),
    [
        ("#public\n\nHere is your refund.", "agent-reply", 1),
        ("Here is your refund.\n\n#Public", "agent-reply", 1),
        ("Here is your refund.", "note", 0),
        ("#public\n#note\n\nHere is your refund.", "command", 0),
        ("#public please\n\nHere is your refund.", "command", 0),
    ],
)
def test_an_answer_to_a_handoff_is_public_where_it_says_so(
    text: str, became: str, sent: int, tmp_path: Path
) -> None:
    with a_desk(tmp_path) as desk:
        _, handoff = handed_to_alice(desk)
        row = desk.handle(an_answer(handoff, ALICE, text, "<alice@desk.example>"))
        assert row["disposition"] == became
        found = [mail for mail in desk.mails(JANE, "answer") if "Here is your refund." in text_of(mail)]
        assert len(found) == sent
        assert all("#" not in text_of(mail) for mail in found)
        assert len(desk.mails(ALICE, "error")) == (became == "command")


def test_a_mail_that_is_given_back_names_its_files(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        _, handoff = handed_to_alice(desk)
        answer = an_answer(handoff, ALICE, "#clsoe\n\nSee the file.", "<alice@desk.example>")
        answer.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="manual.pdf")
        desk.handle(answer)
        [error] = desk.mails(ALICE, "error")
        assert "Attach your files again: manual.pdf" in text_of(error)


@pytest.mark.parametrize("below", ["", "<p>This mail is confidential.</p>"])
def test_a_card_in_an_unmarked_quote_of_html_never_reaches_the_customer(below: str, tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        [told] = desk.mails(ALICE, "new_ticket")
        body = text_of(told, "html").partition("<body")[2].partition(">")[2].partition("</body>")[0]
        answer = an_answer(told, ALICE, "", "<alice@desk.example>")
        answer.set_content(f"<html><body><p>Short answer.</p>{body}{below}</body></html>", subtype="html")
        desk.handle(answer)
        for mail in desk.mails(JANE, "answer"):
            assert "Status:" not in text_of(mail)
            assert "Commands, each on a line" not in text_of(mail)
        assert desk.mails(JANE, "answer") or desk.mails(ALICE, "error")
