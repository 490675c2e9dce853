"""Pause and shadow: what is not sent, on any node, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.core.model import DAY, HOUR
from maildesk.store import control, outbox
from maildesk.store.schema import attempt
from maildesk.work.live import Live
from tests.crash.test_nodes import a_node
from tests.desk import Desk, a_desk, a_mail, a_policy


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as found:
        yield found


def pause(desk: Desk, what: str) -> None:
    desk.store.write("work", lambda conn: control.pause(conn, what, desk.now, "admin"))


def resume(desk: Desk, what: str) -> int | None:
    return desk.store.write("work", lambda conn: control.resume(conn, what, desk.now))


def states(desk: Desk) -> dict[str, int]:
    with desk.store.db.reading() as conn:
        return outbox.counts(conn)


def test_acknowledgments_wait(desk: Desk) -> None:
    pause(desk, "acknowledgments")
    desk.handle(a_mail())
    assert states(desk) == {"todo": 1, "sent": 2}
    assert desk.mails(template="acknowledgment") == []
    desk.now += DAY - HOUR
    assert resume(desk, "acknowledgments") == 0
    desk.run()
    assert states(desk) == {"sent": 3}


def test_an_acknowledgment_of_yesterday_is_only_recorded(desk: Desk) -> None:
    pause(desk, "all")
    desk.handle(a_mail())
    desk.now += DAY + HOUR
    desk.handle(a_mail(message_id="<2@x.example>", subject="Another"))
    assert states(desk) == {"todo": 6}
    assert resume(desk, "all") == 1
    desk.run()
    assert states(desk) == {"late": 1, "sent": 5}, "agents get theirs, however late"
    assert resume(desk, "all") is None


def test_every_node_obeys(desk: Desk, database_url: str, tmp_path: Path) -> None:
    pause(desk, "all")
    desk.deliver(a_mail())
    with a_node("second", database_url, tmp_path / "second", desk.live) as other:
        other.run()
        assert states(desk) == {"todo": 3}
        resume(desk, "all")
        other.run()
        assert states(desk) == {"sent": 3}


def test_a_pause_stands_once(desk: Desk) -> None:
    for what in ("all", "acknowledgments"):
        assert desk.store.write("work", lambda conn, what=what: control.pause(conn, what, 0, "a"))  # type: ignore[misc]
        assert not desk.store.write("work", lambda conn, what=what: control.pause(conn, what, 1, "b"))  # type: ignore[misc]
    with desk.store.db.reading() as conn:
        assert [(one.what, one.at, one.actor) for one in control.pauses(conn)] == [
            ("acknowledgments", 0, "a"),
            ("all", 0, "a"),
        ]


def test_a_shadow_composes_and_sends_nothing(desk: Desk) -> None:
    desk.live = Live(a_policy(mode="shadow"), desk.live.templates, "test")
    desk.handle(a_mail())
    assert (states(desk), desk.mails()) == ({"shadow": 3}, [])
    desk.live = Live(a_policy(), desk.live.templates, "test")
    desk.run()
    assert states(desk) == {"shadow": 3}, "what the shadow wrote never goes out by itself"
    with desk.store.db.reading() as conn:
        assert conn.execute(attempt.select()).all() == []


def test_what_a_shadow_wrote_can_be_sent(desk: Desk) -> None:
    desk.live = Live(a_policy(mode="shadow"), desk.live.templates, "test")
    row = desk.handle(a_mail())
    desk.live = Live(a_policy(), desk.live.templates, "test")
    once = row["mails"][0]["once"]
    assert desk.store.write("work", lambda conn: outbox.retry(conn, once, desk.now))
    desk.run()
    assert states(desk) == {"shadow": 2, "sent": 1}
    [mail] = desk.mails()
    assert mail["Message-ID"] == f"<{row['mails'][0]['message_id']}>"


def test_a_shadow_by_another_gate(desk: Desk) -> None:
    """A mail that waited when the desk became a shadow is not sent, too."""
    desk.deliver(a_mail())
    desk.inbound.step(desk.now)
    desk.live = Live(a_policy(mode="shadow"), desk.live.templates, "test")
    desk.run()
    assert states(desk) == {"shadow": 3}
