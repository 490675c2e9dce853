"""Explain is production: what it says of a mail is what then happens, and it writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, exc, select

from maildesk.core.reading import Evidence
from maildesk.store import views
from maildesk.store.db import Database
from maildesk.store.schema import metadata
from maildesk.work.explain import explain
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.work.mix import Mix

COUNT = 200
SEED = 20_260_921


def explained(desk: Desk, raw: bytes, envelope: Any) -> dict[str, Any]:
    return explain(raw, envelope, Evidence(), desk.store, desk.live, desk.now)


def happened(desk: Desk, key: str) -> dict[str, Any]:
    """What became of a mail, in explain's words; a mail that came of a stopped one stands behind that."""
    row = desk.row(key)
    mails = []
    with desk.store.db.reading() as conn:
        shown = views.ticket_show(conn, row["ticket"]) if row["ticket"] else None
        listed = views.outbox_list(conn, limit=100_000)
    for mail in row["mails"]:
        mails += [mail, *(other for other in reversed(listed) if other["cause"] == mail["once"])]
    if shown:
        for name in ("entries", "events", "mails"):
            del shown[name]
    return {
        "disposition": row["disposition"],
        "why": row["why"],
        "proof": row["proof"],
        "match": row["match"],
        "rules": row["rules"],
        "ticket": shown,
        "mails": [{"to": m["to"], "template": m["kind"], "subject": m["subject"]} for m in mails],
    }


def said(before: dict[str, Any]) -> dict[str, Any]:
    """The same part of what explain says."""
    mails = [{name: mail[name] for name in ("to", "template", "subject")} for mail in before["mails"]]
    return {
        **{name: before[name] for name in ("disposition", "why", "proof", "match", "rules", "ticket")},
        "mails": mails,
    }


def test_what_explain_says_is_what_happens(tmp_path: Path, database_url: str) -> None:
    dispositions: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    stopped = 0
    with a_desk(tmp_path, database_url) as desk:
        mix = Mix(desk, SEED)
        for n in range(COUNT):
            name, raw, envelope = mix.next()
            before = explained(desk, raw, envelope)
            key = desk.deliver(raw, envelope)
            desk.run()
            after = happened(desk, key)
            assert said(before) == after, (n, name, raw.decode("utf-8", "replace"))
            dispositions[after["disposition"]] += 1
            kinds[name] += 1
            stopped += sum(mail["subject"] is None for mail in after["mails"])
    assert set(dispositions) == {
        "new-ticket", "reply", "agent-reply", "note", "command", "third-party", "bounce", "auto-reply",
        "duplicate", "held",
    }, dispositions  # fmt: skip
    assert len(kinds) >= 18, kinds
    assert stopped, "no mail of the mix was stopped by the last gate"


def contents(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: [tuple(row) for row in conn.execute(select(table))] for table in metadata.sorted_tables
    }


def test_explain_changes_nothing(tmp_path: Path, database_url: str) -> None:
    with a_desk(tmp_path, database_url) as desk:
        desk.handle(a_mail())
        notice = desk.mails(to="alice@desk.example")[0]
        with desk.store.db.reading() as conn:
            before = contents(conn)
        desk.explain(a_mail(message_id="<other@customer.example>"))
        desk.explain(an_answer(notice, "alice@desk.example", "#resolve\nTurn it off.", "<a@desk.example>"))
        with desk.store.db.reading() as conn:
            assert contents(conn) == before
        assert sum(map(len, before.values())) > 20


def test_explain_runs_where_writing_is_an_error(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    reading = Database.reading

    @contextmanager
    def tried(self: Database) -> Iterator[Connection]:
        with reading(self) as conn:
            yield conn
            for table in metadata.sorted_tables:
                # On PostgreSQL an error ends the transaction; a savepoint lets each table be tried.
                conn.exec_driver_sql("SAVEPOINT trial")
                with pytest.raises(exc.DBAPIError) as error:
                    conn.execute(table.delete())
                refused.append(f"{table.name}: {error.value.orig}")
                conn.exec_driver_sql("ROLLBACK TO SAVEPOINT trial")

    with a_desk(tmp_path, database_url) as desk:
        desk.handle(a_mail())
        monkeypatch.setattr(Database, "reading", tried)
        monkeypatch.setattr(desk.store, "submit", lambda *_: pytest.fail("explain writes"))
        desk.explain(a_mail(message_id="<other@customer.example>"))
        monkeypatch.undo()
    assert len(refused) == len(metadata.sorted_tables)
    assert all("read-only" in line or "readonly" in line for line in refused), refused


def test_explain_says_what_a_waiting_mail_waits_for(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.deliver(a_mail())
        later = a_mail(
            message_id="<second@customer.example>", headers={"In-Reply-To": "<first@customer.example>"}
        )
        found = desk.explain(later)
        assert (found["disposition"], found["mails"]) == (None, [])
        assert "waits for it" in found["why"][0]


def test_explain_twice_says_the_same(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        assert desk.explain(a_mail()) == desk.explain(a_mail())
