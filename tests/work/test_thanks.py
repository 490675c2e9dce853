"""A customer who only says thank you, through a whole desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import a_desk, a_mail, an_answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Thank you very much!\n\nJane", "resolved"),
        ("Many thanks, Alice!", "resolved"),
        ("Thank you!\n\nIt still prints blank pages.\n\nJane", "reopened"),
    ],
)
def test_thanks_leave_a_resolved_ticket_alone(text: str, status: str, tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        number = desk.handle(a_mail())["ticket"]
        [told] = desk.mails("alice@desk.example", "new_ticket")
        desk.handle(an_answer(told, "alice@desk.example", "Mended.\n\n#resolve", "<answer@desk.example>"))
        [answer] = desk.mails("jane@customer.example", "answer")
        desk.handle(an_answer(answer, "Jane Doe <jane@customer.example>", text, "<thanks@customer.example>"))
        assert desk.ticket(number)["status"] == status
        assert desk.ticket(number)["entries"][-1]["text"].startswith(text[:10])
