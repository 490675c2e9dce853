"""Answers that the last gate stops, on a running desk, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.telling import ERRORS_HOUR
from maildesk.store import views
from tests.desk import Desk, a_desk, a_mail, an_answer, text_of

JANE, TIM = "jane@customer.example", "tim@customer.example"
ALICE, BOB = "alice@desk.example", "bob@desk.example"
FOUND = f"It contains {BOB}, the private address of Bob Brown, which customers are not shown."


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """A desk on each database."""
    with a_desk(tmp_path, database_url) as one:
        yield one


def events(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(e["kind"], e["why"]) for e in found["events"]]


def test_an_answer_that_is_stopped_leaves_the_ticket_unanswered(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    notice = desk.mails(ALICE, "new_ticket")[0]
    row = desk.handle(an_answer(notice, ALICE, f"Write to {BOB}.\n\n#status resolved", "<a@desk.example>"))
    assert row["disposition"] == "agent-reply"
    assert desk.mails(JANE, "answer") == []
    found = desk.ticket(number)
    assert (found["answered"], found["first_response"], found["last_agent"]) == (False, None, None)
    assert (found["status"], found["assignee"]) == ("in-progress", "alice")
    (_, answer) = found["entries"]
    assert answer["kind"] == "stopped-answer"
    assert answer["remark"].startswith(f"It was not sent to {JANE}: {FOUND}")
    (stopped,) = (why for kind, why in events(found) if kind == "stopped")
    assert stopped.startswith(f"the last gate stopped the mail to {JANE}: {FOUND}")
    assert events(found)[-1] == ("mail", f"error to {ALICE}")
    (mail,) = (mail for mail in found["mails"] if mail["kind"] == "answer")
    assert mail["state"] == "stopped"
    assert mail["trouble"].startswith(f"Stopped by the last gate: {FOUND}")


def test_the_agent_mends_it_by_a_reply_to_what_came_back(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    notice = desk.mails(ALICE, "new_ticket")[0]
    desk.handle(an_answer(notice, ALICE, f"Write to {BOB}.", "<a@desk.example>"))
    (back,) = desk.mails(ALICE, "error")
    text = text_of(back)
    assert FOUND in text
    assert f"> Write to {BOB}." in text
    desk.now += 1
    mended = desk.handle(an_answer(back, ALICE, "Write to us.", "<a2@desk.example>"))
    assert (mended["disposition"], mended["proof"], mended["ticket"]) == ("agent-reply", "token", number)
    assert len(desk.mails(JANE, "answer")) == 1
    found = desk.ticket(number)
    assert (found["answered"], found["first_response"]) == (True, desk.now)
    assert [entry["kind"] for entry in found["entries"]] == ["customer", "stopped-answer", "agent-reply"]


def test_an_answer_that_was_given_stays_given(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    notice = desk.mails(ALICE, "new_ticket")[0]
    desk.now += 1
    given = desk.now
    desk.handle(an_answer(notice, ALICE, "Off and on?", "<a@desk.example>"))
    desk.now += 1
    desk.handle(an_answer(notice, ALICE, f"Or write to {BOB}.", "<a2@desk.example>"))
    found = desk.ticket(number)
    assert (found["answered"], found["first_response"], found["last_agent"]) == (True, given, given)


def test_an_answer_to_two_is_given_back_once(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    acknowledgment = desk.mails(JANE, "acknowledgment")[0]
    desk.handle(an_answer(acknowledgment, JANE, "Tim?", "<b@customer.example>", {"Cc": TIM}))
    notice = desk.mails(ALICE, "customer_reply")[0]
    desk.handle(an_answer(notice, ALICE, f"Write to {BOB}.", "<a@desk.example>"))
    assert len(desk.mails(ALICE, "error")) == 1
    found = desk.ticket(number)
    assert [kind for kind, _ in events(found)].count("stopped") == 2
    answer = found["entries"][-1]
    assert f"not sent to {JANE}" in answer["remark"]
    assert f"not sent to {TIM}" in answer["remark"]


def test_a_colleague_is_told_that_it_was_not_sent(desk: Desk) -> None:
    desk.handle(a_mail(text="The printer is on fire."))
    notice = desk.mails(BOB, "new_ticket")[0]
    desk.handle(an_answer(notice, BOB, "#assign bob", "<b@desk.example>"))
    to_alice = desk.handle(a_mail("Tim <tim@customer.example>", message_id="<t@customer.example>"))
    desk.handle(an_answer(desk.mails(BOB, "new_ticket")[-1], BOB, "#assign bob", "<b2@desk.example>"))
    desk.handle(an_answer(desk.mails(ALICE, "new_ticket")[-1], ALICE, f"Write to {BOB}.", "<a@desk.example>"))
    (told,) = desk.mails(BOB, "colleague_answer")
    text = text_of(told)
    assert "It was not sent to tim@customer.example" in " ".join(text.split())
    assert desk.ticket(to_alice["ticket"])["answered"] is False


def test_a_stopped_answer_excuses_no_line_of_a_note(desk: Desk) -> None:
    """It never went out, so what stands in it is no less internal."""
    desk.handle(a_mail())
    notice = desk.mails(ALICE, "new_ticket")[0]
    secret = "The lock of the back door takes any key at all."
    desk.handle(an_answer(notice, ALICE, f"{secret} Ask {BOB}.", "<a@desk.example>"))
    desk.handle(an_answer(notice, ALICE, f"{secret}\n\n#note", "<n@desk.example>"))
    desk.handle(an_answer(notice, ALICE, secret, "<a2@desk.example>"))
    assert desk.mails(JANE, "answer") == []
    assert len(desk.mails(ALICE, "error")) == 2


def test_beyond_the_limit_the_ticket_and_the_outbox_say_so(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    notice = desk.mails(ALICE, "new_ticket")[0]
    for n in range(ERRORS_HOUR + 2):
        desk.handle(an_answer(notice, ALICE, f"{n}: write to {BOB}.", f"<a{n}@desk.example>"))
    assert len(desk.mails(ALICE, "error")) == ERRORS_HOUR
    found = desk.ticket(number)
    kinds = [entry["kind"] for entry in found["entries"]]
    assert kinds == ["customer", *["stopped-answer"] * (ERRORS_HOUR + 2)]
    assert found["answered"] is False
    with desk.store.db.reading() as conn:
        last = views.outbox_list(conn, state="stopped")[0]
    assert f"Alice Ames is not told by mail: they have had {ERRORS_HOUR} mails" in last["trouble"]


def test_a_row_that_another_node_holds_is_not_decided(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from maildesk.store import attempts

    number = desk.handle(a_mail())["ticket"]
    notice = desk.mails(ALICE, "new_ticket")[0]
    desk.deliver(an_answer(notice, ALICE, f"Write to {BOB}.", "<a@desk.example>"))
    desk.inbound.step(desk.now)
    monkeypatch.setattr(attempts, "begin", lambda *_: set())
    desk.outbound.step(desk.now)
    assert "stopped" not in [kind for kind, _ in events(desk.ticket(number))]
    monkeypatch.undo()
    desk.run()
    assert [kind for kind, _ in events(desk.ticket(number))].count("stopped") == 1
