"""An answer that was written by hand, and its copy in the INBOX: one entry, whichever is read first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.core.reading import Envelope, Evidence
from maildesk.store import inbox
from tests.desk import DESK, Desk, a_desk, a_mail

ASKED = a_mail()
BY_HAND = a_mail(
    DESK,
    "jane@customer.example",
    "Re: My printer is broken",
    "It is the cable.",
    "<by-hand@desk.example>",
    {"Cc": DESK, "In-Reply-To": "<first@customer.example>"},
)
COPY = Envelope("imap", None, (DESK,), "support/INBOX")
SENT = Envelope("imap", None, (), "support/Sent")


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as found:
        found.handle(ASKED)
        yield found


def fates(desk: Desk, *keys: str) -> list[str]:
    desk.run()
    return [desk.row(key)["disposition"] for key in keys]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("first", ["copy", "sent"])
def test_the_answer_stands_once_on_its_ticket(desk: Desk, first: str, together: bool) -> None:
    went = len(desk.mails())
    keys = {}
    for which in ("copy", "sent") if first == "copy" else ("sent", "copy"):
        envelope, evidence = (COPY, Evidence()) if which == "copy" else (SENT, Evidence(sent=True))
        keys[which] = desk.deliver(BY_HAND, envelope, evidence)
        if not together:
            desk.run()
            if which == "copy" == first:
                assert fates(desk, keys["copy"]) == ["held"]
    assert fates(desk, keys["copy"], keys["sent"]) == ["duplicate", "agent-reply"]
    [ticket] = desk.tickets()
    entries = desk.ticket(ticket["number"])["entries"]
    assert [entry["kind"] for entry in entries] == ["customer", "agent-reply"]
    assert len(desk.mails()) == went, "nobody is sent anything"


def test_without_a_folder_of_sent_mail_it_can_be_released(desk: Desk) -> None:
    key = desk.deliver(BY_HAND, COPY)
    assert fates(desk, key) == ["held"]
    assert desk.explain(BY_HAND)["disposition"] in ("held", "duplicate")
    assert desk.store.write("decide", lambda conn: inbox.release(conn, key, "admin"))
    assert fates(desk, key) == ["agent-reply"]
    assert len(desk.tickets()) == 1
