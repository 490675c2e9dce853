"""Forms, lists, logins and archives, through the whole desk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from maildesk.core.model import DAY
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import inbox, outbox, schema
from tests.desk import DESK, START, Desk, a_desk, a_mail, an_answer

JANE, ALICE = "jane@customer.example", "alice@desk.example"
SHOP, GROUP = "noreply@shop.example", "support@lists.example"
OLD = START - 400 * DAY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    forms = [{"from": SHOP, "requester_field": "E-Mail", "topic_field": "Topic", "priority_field": "Urgency"}]
    with a_desk(tmp_path, forms=forms, lists=[{"address": GROUP}]) as one:
        yield one


def sent(desk: Desk) -> list[tuple[str, str]]:
    return [(str(m["To"]), str(m["Subject"]).partition(" [")[0]) for m in desk.mails()]


# Forms and lists


def filled_in(text: str, **headers: str) -> Any:
    return a_mail(
        sender=SHOP,
        subject="Contact",
        text=f"E-Mail: {JANE}\n{text}\n",
        message_id="<form@shop.example>",
        headers=headers,
    )


def test_a_form_opens_a_ticket_for_who_filled_it_in(desk: Desk) -> None:
    row = desk.handle(filled_in("Topic: Invoices\nMessage: it is wrong"))
    ticket = desk.ticket(row["ticket"])
    assert (row["disposition"], row["proof"]) == ("new-ticket", "claimed")
    assert (ticket["requester"], ticket["topic"], ticket["department"]) == (JANE, "invoices", "billing")
    assert ticket["priority"] == "low", "as the topic says"
    assert SHOP in ticket["entries"][0]["remark"]
    assert ticket["entries"][0]["text"].startswith(f"E-Mail: {JANE}")
    (acknowledgment,) = desk.mails(template="acknowledgment")
    assert acknowledgment["To"] == JANE
    # Its answer comes from Jane herself, with her token.
    row = desk.handle(an_answer(acknowledgment, f"Jane <{JANE}>", "More of it.", "<2@customer.example>"))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", ticket["number"], "token")


def test_rules_come_after_a_form(desk: Desk) -> None:
    row = desk.handle(filled_in("Topic: Printing\nUrgency: low\nMessage: there is fire"))
    ticket = desk.ticket(row["ticket"])
    assert (ticket["topic"], ticket["priority"], ticket["assignee"]) == ("printing", "emergency", "bob")


def test_a_form_that_comes_twice_is_one_ticket(desk: Desk) -> None:
    first = desk.handle(filled_in("Message: hello"))
    again = desk.handle(filled_in("Message: hello"), Envelope("pipe"))
    assert (again["disposition"], again["ticket"]) == ("duplicate", first["ticket"])


def test_an_agent_who_fills_a_form_in_can_do_nothing_on_a_ticket(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    mail = filled_in("#close", References="<first@customer.example>")
    mail.set_content(f"E-Mail: {ALICE}\n\n#close\n")
    row = desk.handle(mail)
    assert (row["disposition"], desk.ticket(number)["status"]) == ("held", "new")


def test_a_list_gives_the_person_and_gets_no_copies(desk: Desk) -> None:
    mail = a_mail(
        sender=f"Jane Doe via Support <{GROUP}>",
        to=GROUP,
        headers={"X-Original-From": f"Jane Doe <{JANE}>", "List-ID": "<support.lists.example>"},
    )
    row = desk.handle(mail, Envelope("lmtp", "bounces@lists.example", (DESK,)))
    ticket = desk.ticket(row["ticket"])
    assert (ticket["requester"], ticket["requester_name"]) == (JANE, "Jane Doe")
    (acknowledgment,) = desk.mails(template="acknowledgment")
    assert acknowledgment["To"] == f"Jane Doe <{JANE}>"
    proven = an_answer(acknowledgment, JANE, "And more.", "<2@customer.example>", {"Cc": GROUP})
    row = desk.handle(proven)
    assert row["proof"] == "token"
    assert desk.ticket(ticket["number"])["participants"] == [JANE]


# Logins


def test_a_login_lets_an_agent_act(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    mail = a_mail(ALICE, subject=f"Re: [#{number}]", text="Done.\n\n#resolve", message_id="<a@desk.example>")
    assert desk.handle(mail)["disposition"] == "held"
    login = Evidence(login="alice", proven=(ALICE,))
    row = desk.handle(mail, evidence=login)
    assert (row["disposition"], row["proof"], row["login"]) == ("agent-reply", "authenticated", "alice")
    assert desk.ticket(number)["status"] == "resolved"


# Archives


def archived(desk: Desk, mail: Any, days: int, how: str = "open") -> dict[str, Any]:
    key = desk.deliver(mail, Envelope("import"), Evidence(imported=how), OLD + days * DAY)
    desk.run()
    return desk.row(key)


@pytest.mark.parametrize("how", ["open", "closed"])
def test_an_archive_is_history(desk: Desk, how: str) -> None:
    first = archived(desk, a_mail(), 0, how)
    answer = a_mail(
        ALICE, to=JANE, text="Off and on.\n\n#close", message_id="<2@desk.example>",
        headers={"References": "<first@customer.example>"},
    )  # fmt: skip
    second = archived(desk, answer, 1, how)
    desk_itself = a_mail(
        DESK, to=JANE, text="Did it help?", message_id="<3@desk.example>",
        headers={"References": "<2@desk.example>"},
    )  # fmt: skip
    third = archived(desk, desk_itself, 2, how)
    late = a_mail(
        text="Broken again.", message_id="<4@customer.example>", headers={"References": "<3@desk.example>"}
    )
    fourth = archived(desk, late, 300, how)
    assert [row["disposition"] for row in (first, second, third, fourth)] == [
        "new-ticket", "agent-reply", "agent-reply", "reply",
    ]  # fmt: skip
    (ticket,) = desk.tickets()
    found = desk.ticket(ticket["number"])
    assert [(e["kind"], e["at"], e["author"]) for e in found["entries"]] == [
        ("customer", OLD, JANE),
        ("agent-reply", OLD + DAY, ALICE),
        ("agent-reply", OLD + 2 * DAY, DESK),
        ("customer", OLD + 300 * DAY, JANE),
    ]
    assert (found["created"], found["source"]) == (OLD, "import")
    assert found["status"] == ("closed" if how == "closed" else "in-progress")
    assert desk.mails() == []
    with desk.store.db.reading() as conn:
        assert outbox.counts(conn) == {}


def test_history_moves_no_living_ticket(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    before = desk.ticket(number)
    row = archived(desk, a_mail(text="Old.", message_id="<0@customer.example>", subject=f"[#{number}]"), 0)
    assert (row["disposition"], row["ticket"]) == ("reply", number)
    after = desk.ticket(number)
    same = ("status", "last_customer", "created", "answered", "closed")
    assert {key: after[key] for key in same} == {key: before[key] for key in same}
    assert len(after["entries"]) == 2


@pytest.mark.parametrize("kind", ["bounce", "vacation", "ours"])
def test_an_archive_tells_nobody_of_anything(desk: Desk, kind: str) -> None:
    number = desk.handle(a_mail())["ticket"]
    count = len(desk.mails())
    mail = {
        "bounce": a_mail(
            "mailer-daemon@x.example", subject="Undelivered Mail Returned to Sender", message_id="<b@x>"
        ),
        "vacation": a_mail(
            subject="Out of office", message_id="<v@x>", headers={"Auto-Submitted": "auto-replied"}
        ),
        "ours": a_mail(ALICE, to="tom@customer.example", message_id="<o@x>", text="Hi.\n\n#close"),
    }[kind]
    archived(desk, mail, 0)
    assert len(desk.mails()) == count
    assert desk.ticket(number)["status"] == "new"
    assert len(desk.tickets()) == 1


def test_an_imported_bounce_moves_no_ticket(desk: Desk) -> None:
    number = desk.handle(a_mail())["ticket"]
    (acknowledgment,) = desk.mails(template="acknowledgment")
    done = a_mail(ALICE, subject=f"[#{number}]", text="Done.\n\n#resolve", message_id="<a@desk.example>")
    desk.handle(done, evidence=Evidence(login="alice", proven=(ALICE,)))
    cites = {"In-Reply-To": str(acknowledgment["Message-ID"]), "Auto-Submitted": "auto-replied"}
    text = "<jane@customer.example>: host mx.customer.example said: 550 5.1.1 User unknown"
    bounce = a_mail(
        "mailer-daemon@mx.example", subject="Undelivered Mail Returned to Sender", message_id="<b@mx.example>",
        text=text, headers=cites,
    )  # fmt: skip
    assert archived(desk, bounce, 500)["disposition"] == "bounce"
    assert desk.ticket(number)["status"] == "resolved"


def test_what_came_already_is_not_imported_again(desk: Desk) -> None:
    first = desk.handle(a_mail())
    row = archived(desk, a_mail(), 0)
    assert (row["disposition"], row["ticket"]) == ("duplicate", first["ticket"])
    late = archived(desk, a_mail(text="Later.", message_id="<l@customer.example>"), 10_000)
    assert late["received"] == START, "never in the future"


def test_a_mail_whose_source_is_known_leaves_nothing_behind(desk: Desk) -> None:
    for text in (b"Subject: one\r\n\r\nA\r\n", b"Subject: two\r\n\r\nB\r\n"):
        desk.accept(text, Envelope("import"), Evidence(), source_key="import:1").result()
    with desk.store.db.reading() as conn:
        for table in (schema.inbox, schema.raw):
            assert conn.execute(select(func.count()).select_from(table)).scalar_one() == 1
        assert inbox.known(conn, ["import:1", "import:2"]) == {"import:1"}
