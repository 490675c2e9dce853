"""A held mail that is released twice at the same time, on two nodes, counts once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from maildesk.store import inbox as inbox_rows
from maildesk.store.schema import entry, inbox
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from tests.crash.test_nodes import a_node
from tests.desk import a_mail, an_answer

ALICE, JANE = "Alice Ames <alice@desk.example>", "jane@customer.example"


@pytest.mark.parametrize("other", ["by hand", "by another answer"])
def test_two_releases_at_once_count_once(database_url: str, tmp_path: Path, live: Live, other: str) -> None:
    with (
        a_node("first", database_url, tmp_path, live) as first,
        a_node("second", database_url, tmp_path, live) as second,
    ):
        number = first.handle(a_mail())["ticket"]
        weak = a_mail(ALICE, subject=f"Re: [#{number}]", text="Off and on.", message_id="<a@desk.example>")
        key = first.handle(weak)["key"]
        (asked,) = first.mails(to="alice@desk.example", template="held")

        def meanwhile(_raw: bytes) -> None:
            """While the first node reads her answer, the second one is faster."""
            if other == "by hand":
                assert second.store.write("decide", lambda conn: inbox_rows.release(conn, key, "admin"))
            else:
                second.deliver(an_answer(asked, ALICE, "#release", "<yes2@desk.example>"))
            while second.inbound.step(second.now):
                pass

        first.deliver(an_answer(asked, ALICE, "#release", "<yes1@desk.example>"))
        Inbound(first.store, lambda: live, testing_before_read=meanwhile).step(first.now)
        first.run()
        second.run()
        with first.store.db.reading() as conn:
            came = {row.key: (row.state, row.disposition) for row in conn.execute(select(inbox))}
            entries = [row.kind for row in conn.execute(select(entry).order_by(entry.c.id))]
        assert came[key] == ("done", "agent-reply")
        assert set(came.values()) == {("done", "new-ticket"), ("done", "agent-reply"), ("done", "command")}
        assert entries == ["customer", "agent-reply"]
        assert len(first.mails(to=JANE, template="answer")) == 1
        assert len(first.mails(to="alice@desk.example", template="error")) == 1, "the slower one is told"
