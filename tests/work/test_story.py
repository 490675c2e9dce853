"""The main job, on both databases: a mail becomes a ticket, is answered, and the answer's answer joins it."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildesk.core import markup
from tests.desk import a_desk, a_mail, an_answer, text_of

ALICE = "Alice Ames <alice@desk.example>"
JANE = "jane@customer.example"


def test_mail_answer_and_reply(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        opened = desk.handle(a_mail())
        number = opened["ticket"]
        assert opened["disposition"] == "new-ticket"
        acknowledgment = desk.mails(JANE, "acknowledgment")[0]
        assert f"[#{number}]" in acknowledgment["Subject"]
        assert acknowledgment["Auto-Submitted"] == "auto-replied"

        note = desk.mails("alice@desk.example", "new_ticket")[0]
        answered = desk.handle(
            an_answer(note, ALICE, "Please switch it off and on.\n\n#priority high", "<a1@desk.example>")
        )
        assert (answered["disposition"], answered["ticket"], answered["proof"]) == (
            "agent-reply",
            number,
            "token",
        )
        answer = desk.mails(JANE, "answer")[0]
        text = text_of(answer)
        assert "Please switch it off and on." in text
        assert "#priority" not in answer.as_string()
        assert "alice@desk.example" not in answer.as_string()
        assert answer["In-Reply-To"] == "<first@customer.example>"

        again = desk.handle(an_answer(answer, JANE, "Now it smokes.", "<second@customer.example>"))
        assert (again["disposition"], again["ticket"]) == ("reply", number)
        told = desk.mails("alice@desk.example", "customer_reply")[0]
        assert "Now it smokes." in text_of(told)
        # Alice claimed the ticket by answering: Bob is left in peace.
        assert not desk.mails("bob@desk.example", "customer_reply")

        ticket = desk.ticket(number)
        assert (ticket["status"], ticket["priority"], ticket["assignee"]) == ("in-progress", "high", "alice")
        assert [e["kind"] for e in ticket["entries"]] == ["customer", "agent-reply", "customer"]
        assert [e["seq"] for e in ticket["events"]] == list(range(1, len(ticket["events"]) + 1))


@pytest.mark.parametrize("where", ["{text}\n\n{quote}", "{quote}\n\n{text}"])
def test_a_quote_without_any_mark_reaches_no_customer(tmp_path: Path, where: str) -> None:
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail(text="Hello\n\nit prints nothing but blank pages.\nPlease help\n\nJane\n"))
        note = desk.mails("alice@desk.example", "new_ticket")[0]
        mail = a_mail(
            ALICE,
            str(note["Reply-To"]),
            f"Re: {note['Subject']}",
            where.format(text="Use the other tray.", quote=text_of(note).strip()),
            "<a1@desk.example>",
            {"In-Reply-To": str(note["Message-ID"])},
        )
        assert desk.handle(mail)["disposition"] == "agent-reply"
        assert text_of(desk.mails(JANE, "answer")[0]).startswith("Use the other tray.\n\nAlice Ames\n")


def test_a_text_that_was_returned_is_no_command_in_the_quote_of_the_next_mail(tmp_path: Path) -> None:
    """Some clients quote the HTML without a mark: the wrong command stands below the separator then."""
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        note = desk.mails("alice@desk.example", "new_ticket")[0]
        desk.handle(an_answer(note, ALICE, "Off and on.\n#priorty high", "<a1@desk.example>"))
        error = desk.mails("alice@desk.example", "error")[0]
        quote = markup.text_of(text_of(error, "html")).replace("> ", "")
        assert "\n#priorty high\n" in quote
        mail = a_mail(
            ALICE,
            str(error["Reply-To"]),
            f"Re: {error['Subject']}",
            f"Off and on.\n#priority high\n\n-----Original Message-----\nFrom: x\nSent: y\n\n{quote}",
            "<a2@desk.example>",
            {"In-Reply-To": str(error["Message-ID"])},
        )
        assert desk.handle(mail)["disposition"] == "agent-reply"
        assert text_of(desk.mails(JANE, "answer")[0]).startswith("Off and on.\n\nAlice Ames\n")


def test_attachments_go_both_ways(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        mail = a_mail()
        mail.add_attachment(
            b"\x89PNG" + bytes(range(256)) * 50, maintype="image", subtype="png", filename="blank page.png"
        )
        desk.handle(mail)
        note = desk.mails("alice@desk.example", "new_ticket")[0]
        (file,) = note.iter_attachments()
        assert file.get_filename() == "blank page.png"
        assert file.get_content() == b"\x89PNG" + bytes(range(256)) * 50
        reply = an_answer(note, ALICE, "See the manual.", "<a1@desk.example>")
        reply.add_attachment(b"%PDF manual", maintype="application", subtype="pdf", filename="Händbuch.pdf")
        desk.handle(reply)
        (manual,) = desk.mails(JANE, "answer")[0].iter_attachments()
        assert (manual.get_filename(), manual.get_content()) == ("Händbuch.pdf", b"%PDF manual")


def test_a_file_beside_commands_reaches_the_customer_and_a_logo_does_not(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        note = desk.mails("alice@desk.example", "new_ticket")[0]
        logo = an_answer(note, ALICE, "#priority high", "<a1@desk.example>")
        logo.add_attachment(
            b"GIF89a", maintype="image", subtype="gif", disposition="inline", cid="<logo@desk>"
        )
        assert desk.handle(logo)["disposition"] == "command"
        filed = an_answer(note, ALICE, "#resolve", "<a2@desk.example>")
        filed.add_attachment(b"%PDF manual", maintype="application", subtype="pdf", filename="manual.pdf")
        assert desk.handle(filed)["disposition"] == "agent-reply"
        (answer,) = desk.mails(JANE, "answer")
        assert [file.get_filename() for file in answer.iter_attachments()] == ["manual.pdf"]
