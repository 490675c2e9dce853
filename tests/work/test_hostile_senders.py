"""Hostile senders: mails that pretend to be another's, and mails that would make the desk work for somebody else.

Spoofed agents, guessed numbers and Reply-To are in `test_authority.py`, tokens in other hands in `test_tokens.py`,
smuggling in `test_hostile_smuggling.py`, terminals in `tests/cli/test_hostile_terminal.py`.
"""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from sqlalchemy import select

from maildesk.core.personal import address
from maildesk.core.reading import Envelope
from maildesk.store import personal, schema
from tests.desk import DESK, Desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, handled, state

VICTIM = "victim@elsewhere.example"


@pytest.mark.parametrize(
    "text", ["Never mind.\n", "Hello,\n", "\n", "Hello,\n\nit prints nothing but blank pages.\n"]
)
@pytest.mark.parametrize("sender", [JANE, TIM])
def test_a_known_message_id_swallows_no_mail(desk: Desk, sender: str, text: str) -> None:
    """Who knows which Message-ID Jane's next mail will have sends another one under it first, or its beginning."""
    first, _ = handled(desk, a_mail(sender, text=text, message_id="<next@customer.example>"))
    row, mails = handled(desk, a_mail(message_id="<next@customer.example>"))
    starts_it = sender == JANE and text != "Never mind.\n"
    assert row["disposition"] == ("reply" if starts_it else "new-ticket")
    assert (row["ticket"] == first["ticket"]) is starts_it
    (entry,) = [e for e in desk.ticket(row["ticket"])["entries"] if e["key"] == row["key"]]
    assert entry["text"] == "Hello,\n\nit prints nothing but blank pages.\n\nJane"
    # Agents read all of it.
    assert {("customer_reply" if starts_it else "new_ticket", agent) for agent in (ALICE, BOB)} <= set(mails)
    assert "Jane" in text_of(desk.mails(to=ALICE)[-1])
    # A copy of it that a list has passed on is no third mail.
    row, mails = handled(
        desk,
        a_mail(
            text=f"{entry['text']}\n____\nThe office list\n",
            message_id="<next@customer.example>",
            headers={"List-Id": "<office.customer.example>"},
        ),
    )
    assert (row["disposition"], mails) == ("duplicate", [])


@pytest.mark.parametrize("sender", [TIM, JANE, ALICE])
def test_our_own_message_id_swallows_no_mail(desk: Desk, number: int, sender: str) -> None:
    """A mail under an id of ours is ours come back, whoever it says wrote it: it does nothing, and hinders nothing.

    Only who got that mail of ours knows the id; they can swallow mails of their own by it.
    """
    acknowledgment, before = desk.mails(to=JANE)[0], desk.ticket(number)
    ours = str(acknowledgment["Message-ID"])
    row, mails = handled(desk, a_mail(sender, text="Another matter.\n", message_id=ours))
    assert (row["disposition"], row["ticket"], mails) == ("duplicate", None, [])
    assert "It is a mail of this desk that came back." in row["why"]
    assert desk.ticket(number) == before
    assert len(desk.tickets()) == 1
    # Her answer to that very mail comes in.
    row, mails = handled(desk, an_answer(acknowledgment, JANE, "And now?", "<second@customer.example>"))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", number, "token")
    assert mails == [("customer_reply", ALICE), ("customer_reply", BOB)]


def test_an_id_like_ours_is_not_ours(desk: Desk, number: int) -> None:
    local, _, domain = str(desk.mails(to=JANE)[0]["Message-ID"]).strip("<>").partition("@")

    def other_letter(at: int) -> str:
        return f"{local[:at]}{'b' if local[at] == 'a' else 'a'}{local[at + 1 :]}"

    # In what is signed, and in the signature; longer, and shorter.
    for n, forged in enumerate((other_letter(0), other_letter(len(local) - 4), f"x{local}", local[1:])):
        text = f"Matter {n}.\n"
        row, _ = handled(
            desk, a_mail(TIM, subject=f"Matter {n}", text=text, message_id=f"<{forged}@{domain}>")
        )
        assert row["disposition"] == "new-ticket", forged
        assert desk.ticket(row["ticket"])["entries"][0]["text"] == text.strip()


@pytest.mark.parametrize("field", ["Cc", "To"])
def test_history_is_not_stolen_through_copies(desk: Desk, number: int, field: str) -> None:
    """In Jane's name, with a copy to the thief: no later mail goes to them."""
    hijack = a_mail(
        subject=f"Re: [#{number}]", text="Please keep Tim posted.\n", message_id="<h@evil.example>"
    )
    del hijack[field]
    hijack[field] = f"{DESK}, Tim <{TIM}>"
    handled(desk, hijack)
    notice = desk.mails(to=ALICE)[-1]
    handled(desk, an_answer(notice, ALICE, "The code is 1234.", "<a@desk.example>"))
    assert not desk.mails(to=TIM)
    assert state(desk, number)["participants"] == [JANE]
    # Nor does it help to write to the ticket afterwards.
    row, _ = handled(
        desk, a_mail(TIM, subject=f"Re: [#{number}]", text="And?\n", message_id="<t@elsewhere.example>")
    )
    assert (row["disposition"], row["ticket"] == number) == ("new-ticket", False)


@pytest.mark.parametrize("who", [TIM, JANE])
def test_a_forwarded_notification_gives_nobody_an_agents_powers(desk: Desk, number: int, who: str) -> None:
    """Alice forwards a notification whole; whoever gets it answers to its Reply-To."""
    notice = desk.mails(to=ALICE)[0]
    before = len(desk.mails(to=JANE))
    row, mails = handled(desk, an_answer(notice, who, "#close\nSend your password.", "<f@elsewhere.example>"))
    assert row["proof"] == "claimed"
    assert row["disposition"] in ("third-party", "reply")
    assert state(desk, number)["status"] == "new"
    assert len(desk.mails(to=JANE)) == before
    assert {kind for kind, _ in mails} == {"customer_reply"}


def test_a_forwarded_mail_commands_nothing(desk: Desk, number: int) -> None:
    """Eve writes to Alice alone, who shows the mail to a colleague: in her answer to his note."""
    handled(desk, an_answer(desk.mails(to=ALICE)[0], ALICE, "Is it plugged in?", "<p@desk.example>"))
    handled(desk, an_answer(desk.mails(to=BOB)[0], BOB, "#note\nWho is Eve?", "<n@desk.example>"))
    (note,) = desk.mails(to=ALICE, template="note")
    head = "From: Eve <eve@x.example>\nSubject: Hi\nTo: alice@x.example"
    mail = f"She wrote:\n\n---------- Forwarded message ---------\n{head}\n\nHello\n#public\n#close\n"
    before, was = len(desk.mails(to=JANE)), state(desk, number)["status"]
    row, mails = handled(desk, an_answer(note, ALICE, mail, "<e@desk.example>"))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert len(desk.mails(to=JANE)) == before
    assert state(desk, number)["status"] == was


def bounce(to: str, **headers: str) -> EmailMessage:
    """A report about Jane's address, as anybody can write one."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = (
        "MAILER-DAEMON@relay.example",
        to,
        "Undelivered Mail Returned to Sender",
    )
    mail["Message-ID"] = "<forged@evil.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"<{JANE}>: 550 5.1.1 user unknown\n")
    return mail


@pytest.mark.parametrize("names", ["nothing", "the number", "the customer's mail"])
def test_a_forged_bounce_moves_nothing(desk: Desk, number: int, names: str) -> None:
    answered = an_answer(desk.mails(to=ALICE)[0], ALICE, "Off and on.\n\n#resolve", "<a@desk.example>")
    handled(desk, answered)
    report = bounce(DESK)
    if names == "the number":
        report.replace_header("Subject", f"Undelivered Mail Returned to Sender [#{number}]")
    if names == "the customer's mail":
        report["In-Reply-To"] = "<first@customer.example>"
    before = desk.ticket(number)
    _, mails = handled(desk, report)
    assert (desk.ticket(number), mails) == (before, [])
    # Jane's mail still goes out, and is acknowledged: nobody but a token makes an address none.
    with desk.store.db.reading() as conn:
        assert list(conn.execute(select(schema.person))) == []
    _, mails = handled(
        desk, a_mail(subject="Another", text="One more.\n", message_id="<another@customer.example>")
    )
    assert ("acknowledgment", JANE) in mails


@pytest.mark.parametrize(
    "sign", [{"Auto-Submitted": "auto-replied"}, {"X-Autoreply": "yes"}, {"Precedence": "auto_reply"}]
)
def test_a_forged_vacation_reopens_and_stops_nothing(desk: Desk, number: int, sign: dict[str, str]) -> None:
    handled(desk, an_answer(desk.mails(to=ALICE)[0], ALICE, "Off and on.\n\n#resolve", "<a@desk.example>"))
    row, mails = handled(
        desk,
        a_mail(subject=f"Re: [#{number}]", text="I am away.\n", message_id="<v@evil.example>", headers=sign),
    )
    assert (row["disposition"], mails) == ("auto-reply", [])
    assert state(desk, number)["status"] == "resolved"


def test_acknowledgments_relay_no_spam(desk: Desk) -> None:
    """Advertisement in the name of its victim: what goes to them shows none of its text."""
    for n in range(10):
        text = "BUY http://spam.example NOW\n"
        mail = a_mail(
            f"Victim <{VICTIM}>", subject=f"Offer {n}", text=text, message_id=f"<s{n}@evil.example>"
        )
        mail.add_attachment(b"BUY", maintype="application", subtype="pdf", filename="buy.pdf")
        handled(desk, mail)
    sent = desk.mails(to=VICTIM)
    assert len(sent) == 5, "five an hour"
    for one in sent:
        text = one.as_string() + text_of(one)
        assert "BUY" not in text
        assert "spam.example" not in text
        assert not list(one.iter_attachments())


def test_a_victim_in_reply_to_or_as_envelope_sender_gets_nothing(desk: Desk) -> None:
    mail = a_mail(headers={"Reply-To": VICTIM, "Sender": VICTIM, "Return-Path": f"<{VICTIM}>", "Cc": VICTIM,
                           "Disposition-Notification-To": VICTIM, "Errors-To": VICTIM})  # fmt: skip
    desk.handle(mail, Envelope("smtp", VICTIM, (DESK,), "127.0.0.1"))
    assert desk.mails()
    assert not desk.mails(to=VICTIM)
    assert not any(VICTIM in str(one["To"]) for one in desk.mails())


def test_the_desk_writes_to_nobody_whom_a_mail_to_a_mere_recipient_names(desk: Desk) -> None:
    """A list of victims in To and Cc: only who wrote is answered."""
    victims = ", ".join(f"v{n}@elsewhere.example" for n in range(300))
    row, mails = handled(desk, a_mail(headers={"Cc": victims}))
    assert {to for _, to in mails} == {JANE, ALICE, BOB}
    _, mails = handled(desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "Off and on.", "<a@desk.example>"))
    assert mails == [("answer", JANE)]
    assert state(desk, row["ticket"])["participants"] == [JANE]


def test_a_forged_beginning_brings_no_mail_of_an_agent_to_a_stranger(desk: Desk) -> None:
    """Tim knows the Message-ID of Alice's next mail, and sends its first line in her name to his own ticket."""
    tims, _ = handled(desk, a_mail(TIM, subject="Mine", message_id="<t@elsewhere.example>"))
    with desk.store.db.reading() as conn:
        now = personal.generations(conn).get("alice", 0)
    to = address(desk.policy.agents[0], now, desk.policy, desk.store.keys)
    forged = a_mail(
        ALICE, subject=f"Re: Mine [#{tims['ticket']}]", text="Hello,\n", message_id="<n@desk.example>"
    )
    genuine = a_mail(ALICE, to, "The safe", "Hello,\n\nits number is 1234.\n\nAlice", "<n@desk.example>")
    # In one batch, so that both tickets are at hand.
    first, second = desk.deliver(forged), desk.deliver(genuine)
    desk.run()
    assert desk.row(first)["ticket"] == tims["ticket"]
    row = desk.row(second)
    assert (row["disposition"], row["proof"]) == ("new-ticket", "token")
    assert row["ticket"] != tims["ticket"]
    assert TIM not in [mail["to"] for mail in row["mails"]]
