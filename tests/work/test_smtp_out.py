"""Mail out by SMTP, end to end: what a relay's answers bring about for mails, tickets and people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from maildesk.core.model import DAY, HOUR, MINUTE, SECOND
from maildesk.core.retry import BARRED
from maildesk.store import outbox, schema, views, ways_out
from maildesk.work.chores import Chores
from tests.desk import DESK, Desk, a_mail, text_of
from tests.servers.relay import CUT, FakeRelay
from tests.work.sending import ALICE, JANE, a_desk_at, answered, attempts, mails, rows


@pytest.fixture
def desk(relay: FakeRelay, tmp_path: Path) -> Iterator[Desk]:
    with a_desk_at(relay, tmp_path) as found:
        yield found


def test_mails_go_out_with_the_desks_return_path_and_keep_the_relays_answer(
    desk: Desk, relay: FakeRelay
) -> None:
    desk.handle(a_mail())
    assert sorted(mail.to for mail in relay.taken) == [ALICE, "bob@desk.example", JANE]
    assert {mail.sender for mail in relay.taken} == {DESK}
    assert relay.connections == 1
    with desk.store.db.reading() as conn:
        shown = views.outbox_show(conn, rows(desk, to=JANE)[0].once)
    assert shown is not None
    assert shown["attempts"][0]["answer"].startswith("250 2.0.0 queued as")


def test_a_department_sends_from_its_own_address(desk: Desk, relay: FakeRelay) -> None:
    desk.handle(a_mail(to="billing@desk.example", subject="Question"))
    assert {mail.sender for mail in relay.taken} == {"billing@desk.example"}


@pytest.mark.parametrize(
    ("verb", "answer"), [("MAIL", "421 4.3.2 not now"), ("GREETING", "554 no"), ("GREETING", CUT)]
)
def test_what_befalls_all_mail_counts_against_none(
    desk: Desk, relay: FakeRelay, verb: str, answer: str
) -> None:
    relay.script(verb, *[answer] * 9)
    desk.handle(a_mail())
    assert [(row.state, row._mapping["try"], row.holder) for row in rows(desk)] == [("ready", 0, None)] * 3
    assert attempts(desk) == []
    with desk.store.db.reading() as conn:
        (paused,) = ways_out.closed(conn, desk.now)
    assert paused["since"] == desk.now
    assert paused["trouble"]
    # It is tried again after 10 s, 30 s, 1, 2 and 5 minutes, with one mail each time.
    for wait in (10, 30, 60, 120, 300, 300):
        desk.now += wait * SECOND - 1
        desk.run()
        connections = relay.connections
        desk.now += 1
        desk.run()
        assert relay.connections == connections + 1
    desk.now += 10 * DAY
    relay._script.clear()
    desk.run()
    assert {row.state for row in rows(desk)} == {"sent"}
    assert len(relay.taken) == 3
    with desk.store.db.reading() as conn:
        assert ways_out.closed(conn, desk.now) == []


def test_a_sender_whom_the_relay_refuses_holds_up_nobody_else(desk: Desk, relay: FakeRelay) -> None:
    """The mails of billing wait, uncounted, and are tried again; those of the main department go meanwhile."""
    relay.script("MAIL", *["550 5.7.1 not yours"] * 3)
    desk.handle(a_mail(to="billing@desk.example", subject="Question"))
    waiting = [(row.state, row._mapping["try"], row.holder, row.not_before) for row in rows(desk)]
    assert waiting == [("ready", 0, None, desk.now + BARRED)] * len(waiting)
    assert len(waiting) == 2
    assert attempts(desk) == []
    with desk.store.db.reading() as conn:
        (barred,) = ways_out.closed(conn, desk.now)
    assert barred["node"] == "main <billing@desk.example>"
    relay._script.clear()
    desk.handle(a_mail(message_id="<2@customer.example>"))
    assert {mail.sender for mail in relay.taken} == {DESK}
    desk.now += BARRED
    desk.run()
    assert {row.state for row in rows(desk)} == {"sent"}
    assert {mail.sender for mail in relay.taken} == {DESK, "billing@desk.example"}


def test_a_refused_answer_brings_the_ticket_back_and_tells_the_agent(desk: Desk, relay: FakeRelay) -> None:
    number = answered(desk, relay)
    assert desk.ticket(number)["status"] == "waiting-customer"
    relay.script("RCPT", "550 5.1.1 no such user here")
    desk.run()
    ticket = desk.ticket(number)
    assert ticket["status"] == "in-progress"
    entry = ticket["entries"][-1]
    assert (entry["kind"], entry["author_name"]) == ("bounce", "maildesk")
    assert entry["remark"] == f"Our mail to {JANE} did not arrive: there is no such mailbox (5.1.1)."
    (row,) = rows(desk, kind="answer")
    assert (row.state, row.trouble) == ("failed", "550 5.1.1 no such user here")
    told = mails(relay, ALICE)[-1]
    assert "there is no such mailbox" in text_of(told)
    # Only a token says for good that there is no such address.
    with desk.store.db.reading() as conn:
        assert list(conn.execute(select(schema.person))) == []


def test_a_refused_mail_to_an_agent_is_told_to_colleagues_and_comes_to_rest(
    desk: Desk, relay: FakeRelay
) -> None:
    relay.script("RCPT", *["550 5.1.1 no such user"] * 50)
    desk.handle(a_mail())
    assert {row.state for row in rows(desk)} == {"failed"}
    assert {row.kind for row in rows(desk)} == {"acknowledgment", "new_ticket", "bounced", "unreachable"}
    assert len(rows(desk)) < 10


def test_a_mail_that_is_put_off_is_tried_for_five_days(desk: Desk, relay: FakeRelay) -> None:
    number = answered(desk, relay)
    relay.script("RCPT", *["450 4.2.0 greylisted"] * 1_000)
    seen = []
    while rows(desk, kind="answer")[0].state in ("todo", "ready"):
        tried = len([c for c in relay.commands if c == f"RCPT TO:<{JANE}>"])
        desk.run()
        if len([c for c in relay.commands if c == f"RCPT TO:<{JANE}>"]) > tried:
            seen.append(desk.now)
        desk.now = max(desk.now + 1, rows(desk, kind="answer")[0].not_before)
    waits = [later - earlier for earlier, later in pairwise(seen)]
    assert waits[:6] == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 4 * HOUR]
    assert rows(desk, kind="answer")[0].state == "undelivered"
    assert desk.ticket(number)["status"] == "in-progress"
    assert len(attempts(desk)) > 30


def test_an_answer_on_its_way_for_four_hours_is_told_once(desk: Desk, relay: FakeRelay) -> None:
    number = answered(desk, relay)
    relay.script("RCPT", "450 4.2.0 greylisted")
    chores = Chores(desk.store, lambda: desk.live)
    desk.run()
    desk.now += 4 * HOUR - 1
    assert chores.step(desk.now) == 0
    desk.now += 1
    assert chores.step(desk.now) == 1
    assert chores.step(desk.now) == 0
    assert desk.ticket(number)["status"] == "waiting-customer"
    assert desk.ticket(number)["entries"][-1]["remark"].startswith(f"Our mail to {JANE} has not arrived yet")
    desk.run()
    assert "tried again for five days" in text_of(mails(relay, ALICE)[-1])
    assert rows(desk, kind="answer")[0].state == "sent"


def test_an_answer_behind_a_closed_relay_is_told_too(desk: Desk, relay: FakeRelay) -> None:
    answered(desk, relay)
    relay.stop()
    desk.now += 60 * SECOND
    desk.outbound.close()
    desk.run()
    desk.now += 4 * HOUR
    desk.run()
    chores = Chores(desk.store, lambda: desk.live)
    assert chores.step(desk.now) == 1
    assert "does not answer" in desk.ticket(desk.tickets()[0]["number"])["entries"][-1]["text"]


def test_two_attempts_without_an_answer_are_the_last(desk: Desk, relay: FakeRelay) -> None:
    answered(desk, relay)
    relay.script("CONTENT", CUT, CUT)
    desk.run()
    assert rows(desk, kind="answer")[0].state == "ready"
    desk.now += MINUTE
    desk.run()
    (row,) = rows(desk, kind="answer")
    assert row.state == "maybe-sent"
    twice = [mail.data for mail in relay.taken if mail.to == JANE][1:]
    assert len(twice) == 2
    assert len(set(twice)) == 1
    # Who looks after it may send it once more; then what was before counts no more.
    assert desk.store.write("work", lambda conn: outbox.retry(conn, row.once, desk.now))
    relay.script("CONTENT", CUT)
    desk.run()
    assert rows(desk, kind="answer")[0].state == "ready"
    desk.now += MINUTE
    desk.run()
    assert rows(desk, kind="answer")[0].state == "sent"


def test_a_mail_that_was_sent_twice_without_a_record_is_not_sent_again(desk: Desk, relay: FakeRelay) -> None:
    answered(desk, relay)
    (row,) = rows(desk, kind="answer")
    # Two processes died while they sent it.
    desk.store.write(
        "work",
        lambda conn: conn.execute(
            schema.outbox.update().where(schema.outbox.c.id == row.id).values({"try": 2, "holder": "gone"})
        ),
    )
    before = len(relay.taken)
    desk.run()
    assert rows(desk, kind="answer")[0].state == "maybe-sent"
    assert len(relay.taken) == before


def test_bodies_go_after_thirty_days(desk: Desk, relay: FakeRelay) -> None:
    desk.handle(a_mail())
    chores = Chores(desk.store, lambda: desk.live)
    desk.now += 30 * DAY - 1
    assert chores.step(desk.now) == 0
    desk.now += 1
    assert chores.step(desk.now) == 3
    assert all(row.skeleton is None and row.state == "sent" for row in rows(desk))
    assert len(attempts(desk)) == 3
    desk.run()
    assert len(relay.taken) == 3
