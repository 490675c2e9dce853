"""Held mail: released, decided again, and doing nothing until then."""

from __future__ import annotations

import pytest

from maildesk.core import identity
from maildesk.core.model import MINUTE
from maildesk.store import inbox
from tests.desk import DESK, Desk, an_answer, text_of
from tests.work.authority import ALICE, JANE, handled, spoofed, state

# Held mail


def test_a_released_mail_is_carried_out_with_the_same_once_keys(desk: Desk, number: int) -> None:
    row, _ = handled(desk, spoofed(number, "Off and on.\n\n#resolve"))
    key = row["key"]
    held = desk.mails(template="held")
    assert desk.store.write("work", lambda conn: inbox.release(conn, key, "admin"))
    desk.run()
    row = desk.row(key)
    assert (row["disposition"], row["proof"], row["ticket"]) == ("agent-reply", "authenticated", number)
    assert "admin" in " ".join(row["why"])
    found = state(desk, number)
    assert (found["status"], found["assignee"], found["entries"]) == (
        "resolved",
        "alice",
        ["customer", "agent-reply"],
    )
    (answer,) = desk.mails(template="answer")
    assert "Off and on." in text_of(answer)
    once = [mail["once"] for mail in row["mails"] if mail["kind"] == "answer"]
    assert once == [identity.once_key(key, "answer", JANE, number)]
    assert len(desk.mails(template="held")) == len(held) == 1
    assert not desk.store.write("work", lambda conn: inbox.release(conn, key, "admin")), "only once"
    desk.run()
    assert len(desk.mails(template="answer")) == 1


def test_a_copy_with_proof_is_decided_and_the_held_one_is_its_duplicate(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    weak = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak.replace_header("To", DESK)
    strong = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    held, _ = handled(desk, weak)
    assert held["disposition"] == "held"
    row, mails = handled(desk, strong)
    assert (row["disposition"], mails) == ("agent-reply", [("answer", JANE)])
    assert desk.row(held["key"])["disposition"] == "duplicate"
    assert not desk.store.write("work", lambda conn: inbox.release(conn, held["key"], "admin"))
    row, mails = handled(desk, strong)
    assert (row["disposition"], mails) == ("duplicate", [])
    assert state(desk, number)["entries"] == ["customer", "agent-reply"]


@pytest.mark.parametrize("by", ["release", "proof"])
@pytest.mark.usefixtures("number")
def test_a_mail_that_came_twice_without_proof_can_still_be_carried_out(desk: Desk, by: str) -> None:
    notice = desk.mails(to=ALICE)[0]
    strong = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak.replace_header("To", DESK)
    held, _ = handled(desk, weak)
    copy, mails = handled(desk, weak)
    assert (copy["disposition"], mails) == ("duplicate", [])
    if by == "release":
        desk.store.write("work", lambda conn: inbox.release(conn, held["key"], "admin"))
        desk.run()
        assert desk.row(held["key"])["disposition"] == "agent-reply"
    else:
        assert handled(desk, strong)[0]["disposition"] == "agent-reply"
    assert len(desk.mails(template="answer")) == 1


def test_a_held_mail_changes_nothing_until_it_is_released(desk: Desk, number: int) -> None:
    before = desk.ticket(number)
    handled(desk, spoofed(number, "#close"))
    desk.now += 10 * 24 * 60 * MINUTE
    desk.run()
    assert desk.ticket(number) == before
