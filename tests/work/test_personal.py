"""Personal addresses: an agent opens tickets by theirs, also for customers; nobody else can use it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from maildesk.core.authres import Result
from maildesk.core.reading import Evidence
from maildesk.work.requests import welcome
from tests.desk import DESK, Desk, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, handled, state, theirs

GMAIL = """Please have a look.

#priority high

---------- Forwarded message ---------
From: Jane Doe <jane@customer.example>
Date: Mon, 21 Sep 2026 at 10:00
Subject: The lamp
To: <alice@desk.example>

It is dark here.

Jane
"""
OUTLOOK = """Please have a look.
#priority high

-----Original Message-----
From: Jane Doe [mailto:jane@customer.example]
Sent: Monday, 21 September 2026 10:00
To: Alice Ames
Subject: The lamp

It is dark here.

Jane
"""
APPLE = """Please have a look.
#priority high

> Begin forwarded message:
>
> From: Jane Doe <jane@customer.example>
> Subject: The lamp
> Date: 21 September 2026 at 10:00:00 CEST
> To: alice@desk.example
>
> It is dark here.
>
> Jane
"""


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as one:
        yield one


def write(
    desk: Desk, text: str, subject: str = "Fwd: The lamp", sender: str = ALICE, n: int = 1, cc: str = ""
) -> EmailMessage:
    return a_mail(sender, theirs(desk), subject, text, f"<p{n}@desk.example>", {"Cc": cc} if cc else None)


def welcomed(desk: Desk, agent: str, new: bool, key: str) -> str:
    found = desk.policy.agent(agent)
    assert found
    sent = welcome(found, new, "admin (root)", key, desk.store, desk.live, desk.now)
    desk.run()
    return sent


@pytest.mark.parametrize("text", [GMAIL, OUTLOOK, APPLE], ids=["Gmail", "Outlook", "Apple Mail"])
def test_a_forwarded_mail_opens_a_ticket_for_the_customer(desk: Desk, text: str) -> None:
    row, mails = handled(desk, write(desk, text))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "token")
    found = desk.ticket(row["ticket"])
    assert (found["requester"], found["requester_name"], found["priority"]) == (JANE, "Jane Doe", "high")
    (entry,) = found["entries"]
    assert entry["text"].strip() == "It is dark here.\n\nJane"
    assert "Alice Ames forwarded this mail and wrote: Please have a look." in entry["remark"]
    assert [to for kind, to in mails if kind == "acknowledgment"] == [JANE]
    assert found["subject"] == "The lamp", "the customer reads no Fwd: of ours"
    assert not [why for why in row["why"] if "commands only" in why]
    for mail in desk.mails(to=JANE):
        for shown in (mail.as_string(), text_of(mail)):
            assert "have a look" not in shown
            assert ALICE not in shown


@pytest.mark.parametrize("text", [GMAIL, OUTLOOK, APPLE], ids=["Gmail", "Outlook", "Apple Mail"])
def test_a_copy_with_more_lines_sends_the_customer_nothing(desk: Desk, text: str) -> None:
    """A gateway adds lines to one of two copies: what the agent wrote to colleagues is no answer by that."""
    first, _ = handled(desk, write(desk, text))
    row, mails = handled(desk, write(desk, "CAUTION\nIt came\nfrom\noutside.\n\n" + text))
    assert (row["disposition"], row["ticket"], mails) == ("duplicate", first["ticket"], [])
    assert len(desk.mails(to=JANE)) == 1


def test_an_agent_opens_many_tickets_in_an_hour(desk: Desk) -> None:
    """They are on the phone, and colleagues hear of each; agents get no more acknowledgments than others."""
    for n in range(7):
        row, mails = handled(desk, write(desk, "My chair squeaks.", f"Chair {n}", n=n))
        assert ("new_ticket", BOB) in [(m["kind"], m["to"]) for m in row["mails"] if m["state"] == "sent"]
    assert [kind for kind, _ in mails] == ["new_ticket"]


def test_a_mail_forwarded_as_an_attachment_does_so_too(desk: Desk) -> None:
    mail = write(desk, "Please have a look.\n")
    mail.add_attachment(a_mail(subject="The lamp", text="It is dark here.\n"))
    row, _ = handled(desk, mail)
    found = desk.ticket(row["ticket"])
    assert (found["requester"], found["entries"][0]["text"].strip()) == (JANE, "It is dark here.")


def test_answers_to_the_customer_go_to_the_customer(desk: Desk) -> None:
    mail = write(desk, GMAIL)
    mail["Reply-To"] = "alice@home.example"
    handled(desk, mail)
    notice = desk.mails(to=BOB, template="new_ticket")[0]
    handled(desk, an_answer(notice, BOB, "Turn it on.", "<b@desk.example>"))
    assert [str(m["To"]) for m in desk.mails(template="answer")] == ["Jane Doe <jane@customer.example>"]


def test_a_plain_mail_opens_a_ticket_with_its_commands(desk: Desk) -> None:
    row, _ = handled(desk, write(desk, "My chair squeaks.\n\n#priority high\n#assign bob", "The chair"))
    found = state(desk, row["ticket"])
    assert (found["requester"], found["priority"], found["assignee"]) == (ALICE, "high", "bob")
    assert found["entries"] == ["customer"]
    assert "#" not in desk.ticket(row["ticket"])["entries"][0]["text"]


def test_it_proves_a_mail_that_names_a_ticket(desk: Desk, number: int) -> None:
    row, mails = handled(desk, write(desk, "Off and on.", f"Re: My printer is broken [#{number}]"))
    assert (row["disposition"], row["proof"], mails) == ("agent-reply", "token", [("answer", JANE)])


@pytest.mark.parametrize(
    ("text", "subject", "told"),
    [
        ("#pririty high\nHello", "The chair", "did you mean #priority"),
        ("See below.", "Fwd: The lamp", "Begin your mail with the line"),
        (GMAIL.replace(JANE, DESK), "Fwd: The lamp", "Begin your mail with the line"),
    ],
)
def test_what_cannot_be_done_comes_back(desk: Desk, text: str, subject: str, told: str) -> None:
    row, mails = handled(desk, write(desk, text, subject))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert told in " ".join(row["why"])
    assert desk.tickets() == []


def test_the_line_that_the_error_asks_for_is_understood(desk: Desk) -> None:
    row, _ = handled(desk, write(desk, f"From: {JANE}\n\nIt is dark here."))
    assert desk.ticket(row["ticket"])["requester"] == JANE


# Nobody else's


@pytest.mark.parametrize("sender", [BOB, TIM, f"{ALICE}, {TIM}"])
def test_with_another_from_it_proves_nothing(desk: Desk, number: int, sender: str) -> None:
    row, _ = handled(desk, write(desk, "Send your password.", f"Re: [#{number}]", sender))
    assert row["proof"] == "claimed"
    assert row["disposition"] in ("held", "new-ticket")
    assert not desk.mails(template="answer")


def test_a_claimed_forward_opens_no_ticket_for_anybody(desk: Desk) -> None:
    mail = write(desk, GMAIL)
    mail.replace_header("To", DESK)
    row, _ = handled(desk, mail)
    assert row["disposition"] == "held"
    assert not desk.mails(to=JANE)


def test_shown_to_an_outsider_it_is_replaced_at_once(desk: Desk, number: int) -> None:
    old = theirs(desk)
    row, mails = handled(desk, write(desk, GMAIL, cc=f"vendor@parts.example, {BOB}"))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "token"), "that mail still proves itself"
    assert ("welcome", ALICE) in mails
    assert theirs(desk) != old
    evil = a_mail(ALICE, old, f"[#{number}]", "Send your password.", "<evil@parts.example>")
    row, _ = handled(desk, evil)
    assert (row["disposition"], row["proof"]) == ("held", "claimed")
    (mail,) = desk.mails(template="welcome")
    text = text_of(mail)
    assert theirs(desk) in text
    assert 'was shown to vendor@parts.example, by your mail "Fwd: The lamp".' in text
    row, _ = handled(desk, write(desk, "It squeaks.", "The chair", n=2))
    assert row["proof"] == "token"


def test_even_the_customer_may_not_see_it(desk: Desk, number: int) -> None:
    old = theirs(desk)
    handled(desk, write(desk, "Off and on.", f"Re: [#{number}]", cc=JANE))
    assert theirs(desk) != old


@pytest.mark.parametrize("how", ["her reply address", "a signature"])
def test_it_is_replaced_whatever_else_proves_the_mail_that_shows_it(
    desk: Desk, number: int, how: str
) -> None:
    old = theirs(desk)
    to, evidence = DESK, Evidence(authority="mx", results=(Result("dmarc", "pass", "desk.example"),))
    if how == "her reply address":
        to, evidence = str(desk.mails(to=ALICE)[0]["Reply-To"]), Evidence()
    shown = {"Cc": f"{old}, vendor@parts.example"}
    mail = a_mail(
        ALICE, to, f"Re: My printer is broken [#{number}]", "Off and on.", "<p@desk.example>", shown
    )
    row = desk.handle(mail, evidence=evidence)
    assert row["disposition"] == "agent-reply"
    assert theirs(desk) != old


def test_colleagues_may_see_it(desk: Desk) -> None:
    old = theirs(desk)
    handled(desk, write(desk, GMAIL, cc=f"{BOB}, billing@desk.example"))
    assert theirs(desk) == old


def test_the_welcome_mail_carries_a_card(desk: Desk) -> None:
    sent = welcomed(desk, "alice", False, "k1")
    assert sent == theirs(desk)
    (mail,) = desk.mails(to=ALICE, template="welcome")
    (card,) = mail.iter_attachments()
    assert (card.get_content_type(), card.get_filename()) == ("text/vcard", "desk.vcf")
    lines = card.get_content().splitlines()
    assert lines[:2] == ["BEGIN:VCARD", "VERSION:3.0"]
    assert f"EMAIL;TYPE=INTERNET:{sent}" in lines
    assert mail["Reply-To"] is None


def test_a_new_one_replaces_the_old_one(desk: Desk) -> None:
    old = welcomed(desk, "alice", False, "k1")
    bobs = theirs(desk, "bob")
    new = welcomed(desk, "alice", True, "k2")
    assert new != old
    assert theirs(desk, "bob") == bobs
    first, second = (text_of(m) for m in desk.mails(to=ALICE, template="welcome"))
    assert "The old one proves nothing any more." in second
    assert "old one" not in first
    row, _ = handled(desk, a_mail(ALICE, old, "The chair", "#close\nIt squeaks.", "<old@desk.example>"))
    assert (row["disposition"], row["proof"]) == ("held", "claimed")
    row, _ = handled(desk, a_mail(ALICE, new, "The chair", "It squeaks.", "<new@desk.example>"))
    assert row["proof"] == "token"


def test_it_counts_in_every_department_and_by_a_pattern(tmp_path: Path) -> None:
    with a_desk(tmp_path, reply_address="pattern", reply_pattern="t-{token}@in.desk.example") as desk:
        row, _ = handled(desk, write(desk, GMAIL))
        assert desk.ticket(row["ticket"])["requester"] == JANE
