"""After a restore: what is kept back, and what goes out all the same because somebody wants it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select

from maildesk.core.decide import WAIT
from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.core.reading import Evidence
from maildesk.store import control, inbox, outbox, restores, schema, waiting
from maildesk.store.restores import Restored
from tests.desk import Desk, a_desk, a_mail

THEN = Evidence(replayed=True)
"""Of a mail that came before the restore."""


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk that was just put back from a backup of three days ago."""
    with a_desk(tmp_path, database_url) as found:
        restored = Restored(found.now - 3 * DAY, found.now, False)
        found.store.write("work", lambda conn: restores.put(conn, restored, "admin"))
        found.store.write("work", lambda conn: control.pause(conn, "all", found.now, "admin"))
        yield found


def states(desk: Desk) -> dict[str, int]:
    with desk.store.db.reading() as conn:
        return outbox.counts(conn)


def again(desk: Desk, mail: EmailMessage, at: int, evidence: Evidence = THEN) -> str:
    """A mail of then comes again."""
    key = desk.deliver(mail, evidence=evidence, written=at)
    desk.run()
    return key


def kept(desk: Desk, kind: str) -> str:
    """The once-key of the mail of a kind that is kept back."""
    with desk.store.db.reading() as conn:
        found = select(schema.outbox.c.once).where(
            schema.outbox.c.state == "restored", schema.outbox.c.kind == kind
        )
        return str(conn.execute(found).scalar_one())


def resume(desk: Desk) -> None:
    desk.store.write("work", lambda conn: control.resume(conn, "all", desk.now))
    desk.run()


def test_what_somebody_wants_is_sent_however_old(desk: Desk) -> None:
    again(desk, a_mail(), desk.now - 2 * DAY)
    assert states(desk) == {"restored": 3}
    with desk.store.db.reading() as conn:
        [why] = conn.execute(select(schema.inbox.c.why)).scalars()
    assert "before the desk was restored" in why
    once = kept(desk, "acknowledgment")
    assert desk.store.write("work", lambda conn: outbox.retry(conn, once, desk.now))
    desk.run()
    assert states(desk) == {"restored": 2, "todo": 1}, "all sending is paused"
    desk.now += HOUR
    resume(desk)
    assert states(desk) == {"restored": 2, "sent": 1}
    assert len(desk.mails(to="jane@customer.example", template="acknowledgment")) == 1


@pytest.mark.parametrize("parked", ["", "junk"])
def test_a_mail_that_is_released_is_answered(desk: Desk, parked: str) -> None:
    """Held then, released now: nobody has seen what follows from it."""
    if parked:
        mail = a_mail()
    else:
        again(desk, a_mail(), desk.now - 2 * DAY)
        number = desk.tickets()[0]["number"]
        mail = a_mail(
            "alice@desk.example", subject=f"[#{number}]", text="It is the cable.", message_id="<2@a>"
        )
    held = again(desk, mail, desk.now - DAY, Evidence(replayed=True, parked=parked))
    assert desk.row(held)["disposition"] == "held"
    before = states(desk).get("restored", 0)
    assert desk.store.write("decide", lambda conn: inbox.release(conn, held, "admin"))
    desk.run()
    assert desk.row(held)["disposition"] == ("new-ticket" if parked else "agent-reply")
    assert states(desk).get("restored", 0) == before
    resume(desk)
    sent = desk.mails(to="jane@customer.example")
    assert [mail["Auto-Submitted"] for mail in sent] == (["auto-replied"] if parked else [None])


def test_a_mail_in_quarantine_is_still_of_then(desk: Desk) -> None:
    """It was decided before it was lost: what failed now went well then."""
    key = desk.deliver(a_mail(), evidence=THEN, written=desk.now - DAY)
    values = {"state": "quarantined", "errors": 3}
    change = schema.inbox.update().values(values)
    desk.store.write("work", lambda conn: conn.execute(change))
    assert desk.store.write("work", lambda conn: inbox.retry(conn, key))
    desk.run()
    assert desk.row(key)["disposition"] == "new-ticket"
    assert states(desk) == {"restored": 3}


def test_what_waited_for_its_decision_in_the_backup_is_of_then(desk: Desk) -> None:
    desk.deliver(a_mail(), written=desk.now - 3 * DAY - HOUR)
    desk.store.write("work", restores.begin)
    desk.run()
    assert states(desk) == {"restored": 3}


def test_new_mail_is_answered_whatever_its_server_says_of_the_time(desk: Desk) -> None:
    """A mail that somebody moves back into the INBOX has an old time, and is new to the desk."""
    again(desk, a_mail(), desk.now - 2 * DAY, Evidence())
    resume(desk)
    assert states(desk) == {"sent": 3}


def test_a_ticket_lives_in_its_own_time(desk: Desk) -> None:
    """A customer's mail long after the ticket was closed opens a follow-up, as it did then."""
    day = desk.now - 40 * DAY
    again(desk, a_mail(), day)
    number = desk.tickets()[0]["number"]
    agent = "alice@desk.example"
    closing = a_mail(agent, subject=f"[#{number}]", text="#close\n", message_id="<close@a>")
    again(desk, closing, day + DAY, Evidence(replayed=True, login="alice", proven=(agent,)))
    assert desk.ticket(number)["status"] == "closed"
    assert desk.ticket(number)["closed"] == day + DAY
    later = a_mail(subject=f"Re: [#{number}]", text="Again it is broken, as before.", message_id="<later@x>")
    again(desk, later, day + 30 * DAY)
    assert len(desk.tickets()) == 2


def test_what_waited_to_be_released_is_not_sent_twice(tmp_path: Path, database_url: str) -> None:
    """It may have been released after the backup was made, and what comes again waits again."""
    with a_desk(tmp_path, database_url, limits={"acks_unproven_hour": 0, "mails_per_agent_hour": 1}) as desk:
        for n in range(2):
            desk.handle(a_mail(f"p{n}@d{n}.example", message_id=f"<{n}@d.example>"))
        assert states(desk) == {"waiting": 4, "sent": 2}
        desk.store.write("work", restores.begin)
        assert states(desk) == {"restored": 4, "sent": 2}
        restored = Restored(desk.now - DAY, desk.now, False)
        desk.store.write("work", lambda conn: restores.put(conn, restored, "admin"))
        again(desk, a_mail("p3@d3.example", message_id="<3@d.example>"), desk.now - 2 * HOUR)
        assert states(desk) == {"restored": 7, "sent": 2}
        assert desk.store.write("work", lambda conn: waiting.release(conn, waiting.WHOM, desk.now)) == 0


def replay(desk: Desk, name: str, over: bool, done: int = 2) -> None:
    with desk.store.db.reading() as conn:
        restored = restores.last(conn)
    assert restored
    how_far = restores.Replay(restored.at, 2, done, over)
    desk.store.write("work", lambda conn: restores.put_replay(conn, name, how_far, desk.now))


def waits(desk: Desk) -> bool:
    """Whether mail waits for mailboxes."""
    with desk.store.db.reading() as conn:
        restored = restores.last(conn)
        assert restored
        return restores.replaying(conn, restored, desk.now)


def test_nothing_is_decided_before_all_mailboxes_are_read_again(desk: Desk) -> None:
    """An answer in one mailbox, the mail that it answers in another, and a token of a ticket that is yet to come."""
    for name in ("one", "two"):
        replay(desk, name, over=False)
    answer = a_mail(subject="Re: My printer is broken", text="Still broken.", message_id="<2@x>")
    answer["In-Reply-To"] = "<first@customer.example>"
    new = desk.deliver(a_mail("kim@x.example", message_id="<new@x>", subject="New"))
    late = again(desk, answer, desk.now - HOUR)
    first = again(desk, a_mail(), desk.now - 2 * HOUR)
    replay(desk, "one", over=True)
    desk.run()
    assert {desk.row(key)["state"] for key in (new, late, first)} == {"new"}
    replay(desk, "two", over=True)
    desk.run()
    found = {key: (desk.row(key)["disposition"], desk.row(key)["ticket"]) for key in (new, late, first)}
    assert found[first][0] == found[new][0] == "new-ticket"
    assert found[late] == ("reply", found[first][1])


def test_a_mailbox_that_cannot_be_read_is_not_waited_for(desk: Desk) -> None:
    replay(desk, "gone", over=False)
    key = again(desk, a_mail(), desk.now - HOUR)
    assert desk.row(key)["state"] == "new"
    desk.now += WAIT + SECOND
    desk.run()
    assert desk.row(key)["disposition"] == "new-ticket"


def test_a_mailbox_that_fails_at_the_same_mail_again_and_again_is_not_waited_for(desk: Desk) -> None:
    for done in (0, 1):
        replay(desk, "one", over=False, done=done)
    for still in (True, False, False):
        desk.now += WAIT // 2 + SECOND
        assert waits(desk) == still
        # It begins anew, and comes as far as before.
        for done in (0, 1):
            replay(desk, "one", over=False, done=done)
    replay(desk, "one", over=False)
    assert waits(desk), "it has come further"


def test_a_clock_that_is_set_back_keeps_no_mail_waiting(desk: Desk) -> None:
    replay(desk, "one", over=False)
    assert waits(desk)
    desk.now -= DAY
    assert not waits(desk)


def test_mailboxes_have_their_time_from_the_first_start_on(desk: Desk) -> None:
    """Who restores a desk may look at it for an hour before it runs."""

    def start(*mailboxes: str) -> None:
        desk.store.write("work", lambda conn: restores.started(conn, mailboxes, desk.now))

    with desk.store.db.reading() as conn:
        restored = restores.last(conn)
    assert restored
    desk.store.write("work", lambda conn: restores.expect(conn, ["one", "gone"], restored))
    desk.now += HOUR
    start()
    assert not waits(desk), "nobody reads them any more"
    start("one")
    assert waits(desk)
    desk.now += WAIT + SECOND
    start("one")
    assert not waits(desk), "it had its time"
