"""Loading for a decision: as much as it needs, whatever mails name and however often they came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from maildesk.core.changes import Snapshot
from maildesk.core.identity import mid_hash
from maildesk.core.matching import Copy, Wanted
from maildesk.core.model import DAY
from maildesk.store import tickets
from maildesk.store.db import AT_ONCE
from maildesk.store.tickets import COPIES, REFS
from tests.desk import START, Desk, a_desk, a_mail, an_answer

JANE, ALICE = "jane@customer.example", "alice@desk.example"
ONE = mid_hash("one@customer.example")


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as found:
        yield found


def loaded(desk: Desk, **wanted: Any) -> Snapshot:
    with desk.store.db.reading() as conn:
        look_up = Wanted(**{name: frozenset(values) for name, values in wanted.items()})
        return tickets.load(conn, look_up, desk.store.keys, desk.now)


def the_same_id(desk: Desk, count: int, sender: str = JANE) -> list[str]:
    """Mails of a sender that uses one Message-ID for all of them; their keys."""
    mails = [a_mail(sender, text=f"Report {n}.", message_id="<one@customer.example>") for n in range(count)]
    keys = [desk.deliver(mail) for mail in mails]
    desk.run()
    return keys


def test_of_one_message_id_for_all_mails_only_the_newest_are_loaded(desk: Desk) -> None:
    keys = the_same_id(desk, COPIES + 5)
    the_same_id(desk, 3, "tom@customer.example")
    assert {desk.row(key)["disposition"] for key in keys} == {"new-ticket"}
    copy = Copy(ONE, JANE, "another", START)
    assert [seen.key for seen in loaded(desk, seen=[copy]).seen[ONE]] == keys[-COPIES:]
    assert len(loaded(desk, mids=[ONE], own=[ONE]).mids[ONE]) == REFS
    again = desk.handle(a_mail(text=f"Report {COPIES + 4}.", message_id="<one@customer.example>"))
    assert (again["disposition"], again["why"][-1]) == ("duplicate", f"It came first as mail {keys[-1]}.")


def test_however_often_a_mail_comes_again_it_is_carried_out_once(desk: Desk) -> None:
    desk.handle(a_mail())
    (notice,) = desk.mails(ALICE, "new_ticket")
    answer = an_answer(notice, ALICE, "Turn it off.", "<a@desk.example>")
    first = desk.handle(answer)
    for _ in range(COPIES + 2):
        again = desk.handle(answer)
        assert again["disposition"] == "duplicate"
        assert again["why"][-1] == f"It came first as mail {first['key']}."
    assert len(desk.mails(JANE, "answer")) == 1


def test_bytes_without_message_id_are_looked_up_within_a_week(desk: Desk) -> None:
    row = desk.handle(a_mail(message_id=None))
    for days, known in ((7, True), (-7, True), (8, False), (-8, False)):
        copy = Copy("", JANE, row["sha256"], START + days * DAY)
        assert bool(loaded(desk, seen=[copy]).seen) is known, days


@contextmanager
def most_values() -> Iterator[list[int]]:
    """How many values each statement has."""
    found: list[int] = []

    def count(_conn: Any, _cursor: Any, _statement: str, values: Any, _context: Any, many: bool) -> None:
        found.append(max(map(len, values)) if many else len(values))

    event.listen(Engine, "before_cursor_execute", count)
    yield found
    event.remove(Engine, "before_cursor_execute", count)


def test_a_batch_that_names_very_much_is_decided(desk: Desk) -> None:
    """Fifty reports of failures, each with a thousand references: more values than a statement may have."""

    def report(n: int) -> bytes:
        named = " ".join(f"<{n}-{i}@x.example>" for i in range(1_000))
        returned = a_mail(headers={"References": named}).as_bytes(policy=policy.SMTP)
        head = a_mail("MAILER-DAEMON@x.example", subject="Undelivered Mail", message_id=f"<{n}@x.example>")
        head.replace_header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="b"')
        head.set_payload("")
        status = (
            b"Reporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@x.example\r\nAction: failed\r\n"
        )
        body = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + status
        return (
            head.as_bytes(policy=policy.SMTP).rstrip()
            + b"\r\n\r\n" + body + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + returned + b"\r\n--b--\r\n"
        )  # fmt: skip

    keys = [desk.deliver(report(n)) for n in range(50)]
    with most_values() as values:
        desk.run()
    assert {desk.row(key)["disposition"] for key in keys} == {"bounce"}
    assert AT_ONCE <= max(values) < 2 * AT_ONCE


def test_more_tickets_than_a_statement_takes(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    with desk.store.db.reading() as conn:
        found = tickets.tickets(conn, [number, *range(70_000)])
    assert [one.requester.address for one in found.values()] == [JANE]
