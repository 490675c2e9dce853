"""Reading a store through: what is not whole is found, on both databases, and what is whole is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from maildesk.store import examine, schema
from tests.desk import Desk, a_desk, a_mail


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """A desk with three tickets."""
    with a_desk(tmp_path, database_url) as one:
        for number in range(3):
            one.handle(a_mail(message_id=f"<{number}@customer.example>", subject=f"Broken {number}"))
        yield one


def silent(what: str, done: int) -> None:
    assert done, what


def change(desk: Desk, statement: str) -> None:
    """Changes the store as somebody with its password could."""
    with desk.store.db.connect() as conn:
        if desk.store.db.is_sqlite:
            conn.exec_driver_sql("pragma foreign_keys = off")
        else:
            conn.exec_driver_sql("set session_replication_role = replica")
        assert conn.execute(text(statement)).rowcount
        conn.invalidate()


CHAINS = [
    ("update event set data = '{}' where seq = 2", "the data of event 2 was changed"),
    ("update event set at = at + 1 where seq = 1", "event 1 was changed"),
    ("update event set kind = 'opened' where seq = 2", "event 2 was changed"),
    ("update event set prev = 'x' where seq = 2", "event 2 does not follow the one before it"),
    ("delete from event where seq = 2", "event 2 is missing"),
    ("delete from event where seq > 2", "its last event is not the one that the ticket names"),
    ("delete from event where seq > 0", "its last event is not the one that the ticket names"),
]


def test_a_changed_history(desk: Desk) -> None:
    for number in range(3, len(CHAINS) + 1):
        desk.handle(a_mail(message_id=f"<{number}@customer.example>", subject=f"Broken {number}"))
    assert list(examine.chains(desk.store.db, silent)) == []
    numbers = sorted(ticket["number"] for ticket in desk.tickets())
    assert len(numbers) == len(CHAINS) + 1, "one stays whole"
    for number, (statement, _) in zip(numbers, CHAINS, strict=False):
        change(desk, f"{statement} and ticket = {number}")
    found = list(examine.chains(desk.store.db, silent))
    assert found == [(number, told) for number, (_, told) in zip(numbers, CHAINS, strict=False)]


def test_long_stores_are_read_in_pieces(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "PIECE", 2)
    # Data that was erased leaves its chain whole.
    change(desk, "update event set data = null, salt = null where seq = 1")
    assert list(examine.chains(desk.store.db, silent)) == []
    change(desk, "update event set at = at + 1 where seq = 1")
    told: list[tuple[str, int]] = []
    assert len(list(examine.chains(desk.store.db, lambda what, done: told.append((what, done))))) == 3
    assert told == [("tickets", 2), ("tickets", 3)]
    change(desk, "update raw set size = size + 1")
    assert len(list(examine.mails(desk.store.db, silent, None))) == 3
    assert len(list(examine.mails(desk.store.db, silent, 2))) == 2


def test_a_changed_mail(desk: Desk) -> None:
    assert list(examine.mails(desk.store.db, silent, None)) == []
    change(desk, "update raw set z = substr(z, 1, 40) where id = 1")
    [(_, why)] = examine.mails(desk.store.db, silent, None)
    assert why == "its compressed bytes are cut"
    change(desk, "update raw set z = substr(z, 20, 40) where id = 1")
    [(_, why)] = examine.mails(desk.store.db, silent, None)
    assert why == "its compressed bytes are damaged"


def test_orphans(desk: Desk) -> None:
    with desk.store.db.reading() as conn:
        assert list(examine.orphans(conn)) == []
    change(desk, "insert into attempt values (4711, 1, 0, 'sent', '')")
    change(desk, "insert into alias values (7, 4712)")
    change(desk, "update inbox set ticket = 4713 where id = 1")
    change(desk, "update outbox set ticket = 4714 where id < 3")
    with desk.store.db.reading() as conn:
        assert sorted(examine.orphans(conn)) == [
            ("alias", "ticket", 1, "4712"),
            ("attempt", "outbox", 1, "4711"),
            ("inbox", "ticket", 1, "4713"),
            ("outbox", "ticket", 2, "4714"),
        ]


def test_who_holds_what(desk: Desk) -> None:
    change(desk, "update outbox set state = 'ready', holder = 'gone#1' where id = 1")
    change(desk, "update inbox set state = 'taken', holder = 'main#1' where id = 1")
    change(desk, "update inbox set state = 'taken', holder = (select max(id) from node) where id = 2")
    with desk.store.db.reading() as conn:
        assert [holder for _, holder in examine.lost(conn, desk.store.db, schema.outbox, desk.now)] == [
            "gone#1"
        ]
        assert [holder for _, holder in examine.lost(conn, desk.store.db, schema.inbox, desk.now)] == [
            "main#1"
        ]
