"""A mail for which memory is too little, or whose bytes are damaged: three times alone, and it is given up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.compose import compose
from maildesk.core.decide import decide
from maildesk.store.schema import raw
from maildesk.work import inbound, outbound
from tests.desk import Desk, a_desk, a_mail

BIG = "A very large mail"


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as found:
        yield found


def three(desk: Desk) -> list[str]:
    """Mails that are accepted, the second of them large."""
    subjects = ("One", BIG, "Three")
    return [desk.deliver(a_mail(subject=s, message_id=f"<{len(s)}@customer.example>")) for s in subjects]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A large mail cannot be decided; how often that was tried."""
    tried: list[int] = []

    def hungry(arrival: Any, *rest: Any) -> Any:
        if arrival.reading.message.subject == BIG:
            tried.append(1)
            raise MemoryError
        return decide(arrival, *rest)

    monkeypatch.setattr(inbound, "decide", hungry)
    monkeypatch.setattr("maildesk.log.stumbled", lambda *_: None)
    return tried


def test_a_mail_that_cannot_be_decided_for_want_of_memory_is_given_up_alone(
    desk: Desk, calls: list[int]
) -> None:
    keys = three(desk)
    assert desk.inbound.step(desk.now) == 3
    rows = [desk.row(key) for key in keys]
    assert [(row["state"], row["errors"]) for row in rows] == [("new", 0)] * 3, "nothing counts among others"
    desk.run()
    rows = [desk.row(key) for key in keys]
    assert [(row["state"], row["errors"]) for row in rows] == [("done", 0), ("quarantined", 3), ("done", 0)]
    assert len(calls) == 1 + 3


def test_what_a_group_has_no_memory_for_is_decided_one_by_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = desk.inbound._transaction

    def hungry(conn: Any, readings: Any, *rest: Any) -> Any:
        if len(readings) > 1:
            raise MemoryError
        return whole(conn, readings, *rest)

    monkeypatch.setattr(desk.inbound, "_transaction", hungry)
    monkeypatch.setattr("maildesk.log.stumbled", lambda *_: None)
    keys = three(desk)
    desk.run()
    assert [(desk.row(key)["state"], desk.row(key)["errors"]) for key in keys] == [("done", 0)] * 3


def test_a_mail_that_cannot_be_composed_for_want_of_memory_is_given_up_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(notice: Any, *rest: Any) -> Any:
        if notice.kind == "acknowledgment":
            raise MemoryError
        return compose(notice, *rest)

    monkeypatch.setattr(outbound, "compose", hungry)
    monkeypatch.setattr("maildesk.log.stumbled", lambda *_: None)
    mails = desk.handle(a_mail())["mails"]
    assert {(mail["kind"], mail["state"]) for mail in mails} == {
        ("acknowledgment", "quarantined"),
        ("new_ticket", "sent"),
    }


def test_a_mail_whose_stored_bytes_are_damaged_is_given_up_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maildesk.log.stumbled", lambda *_: None)
    keys = three(desk)
    damage = raw.update().where(raw.c.key == keys[1]).values(z=b"no compressed mail")
    desk.store.write("work", lambda conn: conn.execute(damage))
    desk.run()
    rows = [desk.row(key) for key in keys]
    assert [(row["state"], row["errors"]) for row in rows] == [("done", 0), ("quarantined", 3), ("done", 0)]
    assert "zlib.error" in rows[1]["trouble"]
