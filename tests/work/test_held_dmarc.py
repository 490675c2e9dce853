"""Held mail and DMARC: who fails it gets no confirmation, and releases nothing."""

from __future__ import annotations

import pytest

from maildesk.core.authres import Result
from maildesk.core.model import DAY, HOUR
from maildesk.core.reading import Evidence
from tests.desk import Desk, a_mail, an_answer
from tests.work.authority import ALICE, spoofed, theirs

FAILS = Evidence(authority="mx.desk.example", results=(Result("dmarc", "fail", "desk.example"),))


def test_mail_that_fails_it_gets_no_confirmation_and_stands_in_no_list(desk: Desk, number: int) -> None:
    row = desk.handle(spoofed(number), evidence=FAILS)
    assert row["disposition"] == "held"
    assert not desk.mails(template="held")
    desk.now += 2 * HOUR
    desk.chores()
    desk.run()
    assert not desk.mails(template="held_list")


def test_an_answer_that_fails_it_releases_nothing(desk: Desk, number: int) -> None:
    held = desk.handle(spoofed(number))
    (asked,) = desk.mails(template="held")
    answer = an_answer(asked, ALICE, "#release", "<yes@desk.example>")
    desk.handle(answer, evidence=FAILS)
    assert desk.row(held["key"])["disposition"] == "held"
    desk.now += DAY
    row = desk.handle(an_answer(asked, ALICE, "#release", "<yes2@desk.example>"))
    assert row["disposition"] == "command"
    assert desk.row(held["key"])["disposition"] == "agent-reply"


@pytest.mark.usefixtures("number")
def test_a_personal_address_proves_nothing_with_it(desk: Desk) -> None:
    row = desk.handle(a_mail(ALICE, theirs(desk), "Chair", "#close\nHi", "<p@desk.example>"), evidence=FAILS)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")
