"""Who is reminded of held mail: its agent, in one list, and after three days the admin."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from maildesk.core.model import DAY, HOUR, MINUTE
from maildesk.core.reading import Evidence
from maildesk.store import inbox
from tests.desk import Desk, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, JANE, handled, spoofed

ADMIN = "admin@desk.example"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url, admin=ADMIN) as one:
        yield one


def flood(desk: Desk, number: int, count: int, first: int = 0) -> list[str]:
    """Mails in Alice's name; their row keys."""
    keys = []
    for n in range(first, first + count):
        mail = spoofed(number, f"Number {n}")
        mail.replace_header("Message-ID", f"<spoof{n}@evil.example>")
        mail.replace_header("Subject", f"Number {n} [#{number}]")
        keys.append(str(handled(desk, mail)[0]["key"]))
    return keys


def chores(desk: Desk) -> None:
    desk.chores()
    desk.run()


def the_list(desk: Desk) -> EmailMessage:
    (found,) = desk.mails(template="held_list")
    return found


def release(to: EmailMessage, text: str, n: int = 1) -> EmailMessage:
    return an_answer(to, ALICE, text, f"<yes{n}@desk.example>")


def test_what_is_beyond_five_an_hour_comes_in_one_list(desk: Desk, number: int) -> None:
    flood(desk, number, 9)
    assert len(desk.mails(template="held")) == 5
    chores(desk)
    assert not desk.mails(template="held_list"), "they wait for others"
    for _ in range(3):
        desk.now += HOUR
        chores(desk)
    found = the_list(desk)
    assert found["To"].addresses[0].addr_spec == ALICE
    text = text_of(found)
    assert [n for n in range(9) if f"Number {n}" in text] == [5, 6, 7, 8]


def test_the_list_is_answered_by_numbers(desk: Desk, number: int) -> None:
    keys = flood(desk, number, 8)
    desk.now += HOUR
    chores(desk)
    row, mails = handled(desk, release(the_list(desk), "#release", 1))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert "numbers" in " ".join(row["why"])
    handled(desk, release(the_list(desk), "#release 1, 3", 2))
    assert [desk.row(key)["disposition"] for key in keys[5:]] == ["agent-reply", "held", "agent-reply"]
    row, _ = handled(desk, release(the_list(desk), "#release 2 3", 3))
    assert [desk.row(key)["disposition"] for key in keys[5:]] == ["agent-reply", "held", "agent-reply"], (
        "all or nothing"
    )
    handled(desk, release(the_list(desk), "#release 2", 4))
    assert desk.row(keys[6])["disposition"] == "agent-reply"
    assert len(desk.mails(to=JANE, template="answer")) == 3


def test_a_list_of_one_mail_needs_no_number(desk: Desk, number: int) -> None:
    keys = flood(desk, number, 6)
    desk.now += HOUR
    chores(desk)
    text = text_of(the_list(desk))
    assert "This mail has your address as its sender" in text
    assert "UTC" in text, "a time names its zone"
    assert f"tell the admin ({ADMIN})" in text
    handled(desk, release(the_list(desk), "#release"))
    assert desk.row(keys[5])["disposition"] == "agent-reply"


def test_what_is_not_held_any_more_is_in_no_list(desk: Desk, number: int) -> None:
    keys = flood(desk, number, 7)
    desk.store.write("decide", lambda conn: inbox.release(conn, keys[5], "admin"))
    desk.run()
    desk.now += HOUR
    chores(desk)
    text = text_of(the_list(desk))
    assert "Number 5" not in text
    assert "Number 6" in text


def test_a_machine_that_answers_lists_gets_no_list_of_its_answers(desk: Desk, number: int) -> None:
    flood(desk, number, 6)
    for n in range(1, 4):
        desk.now += HOUR + MINUTE
        chores(desk)
        handled(desk, release(the_list(desk), "I am away.", n))
    assert len(desk.mails(template="held_list")) == 1


def test_after_three_days_the_admin_hears_once(desk: Desk, number: int) -> None:
    flood(desk, number, 1)
    desk.now += 3 * DAY - HOUR
    chores(desk)
    assert not desk.mails(template="held_long")
    desk.now += HOUR
    for _ in range(2):
        chores(desk)
        desk.now += DAY
    (told,) = desk.mails(template="held_long")
    assert told["To"].addresses[0].addr_spec == ADMIN
    text = text_of(told)
    assert "Number 0" in text
    assert "support+" not in told.as_string(), "the admin has the command line"
    flood(desk, number, 1, first=1)
    desk.now += 3 * DAY
    chores(desk)
    assert "Number 1" in desk.mails(template="held_long")[1].as_string()


def test_what_lies_in_junk_is_told_to_nobody(desk: Desk) -> None:
    desk.handle(a_mail(ALICE, text="#close\n"), evidence=Evidence(parked="junk"))
    desk.now += 4 * DAY
    chores(desk)
    assert desk.mails() == []


def test_a_desk_without_an_admin_goes_on(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        number = desk.handle(a_mail())["ticket"]
        flood(desk, number, 1)
        desk.now += 4 * DAY
        chores(desk)
        chores(desk)
        assert not desk.mails(template="held_long")
