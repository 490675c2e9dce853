"""What reply addresses prove, to whom, and when no more: real mails through a running desk."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path

import pytest

from maildesk.core.reading import Envelope
from maildesk.store import inbox
from tests.desk import DESK, Desk, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, handled, local, spoofed, state

# Tokens with another From


def test_a_stranger_with_a_participants_token_is_recorded_and_no_more(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, ALICE, "Off and on.\n\n#resolve", "<a@desk.example>"))
    answer = desk.mails(template="answer")[0]
    row, mails = handled(
        desk,
        an_answer(answer, f"Tim <{TIM}>", "I am Jane's son.", "<t@elsewhere.example>", {"Cc": "x@y.example"}),
    )
    assert (row["disposition"], row["ticket"], row["proof"]) == ("third-party", number, "claimed")
    assert mails == [("customer_reply", ALICE)]
    found = desk.ticket(number)
    assert found["status"] == "resolved", "a stranger reopens nothing"
    assert found["participants"] == [JANE]
    assert found["entries"][-1]["kind"] == "third-party"
    assert "Jane Doe's reply address" in found["entries"][-1]["remark"]
    told = desk.mails(to=ALICE, template="customer_reply")[0]
    handled(desk, an_answer(told, ALICE, "Thank you.", "<a2@desk.example>"))
    assert not desk.mails(to=TIM), "a stranger gets no copies"


def test_an_agent_with_another_agents_token_is_held(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    row, mails = handled(desk, an_answer(notice, BOB, "Off and on.", "<b@desk.example>"))
    assert (row["disposition"], row["proof"]) == ("held", "claimed")
    assert mails == [("held", BOB)]
    assert state(desk, number)["entries"] == ["customer"]


def test_a_customer_with_an_agents_token_is_a_customer(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    row, _ = handled(desk, an_answer(notice, JANE, "#close", "<b@customer.example>"))
    assert (row["disposition"], row["proof"]) == ("reply", "claimed")
    assert state(desk, number)["status"] == "new"


@pytest.mark.usefixtures("number")
def test_a_token_is_worth_nothing_on_another_desk(desk: Desk, tmp_path: Path) -> None:
    token = desk.mails(to=ALICE)[0]
    (tmp_path / "other").mkdir()
    with a_desk(tmp_path / "other") as other:
        other.handle(a_mail())
        row = other.handle(an_answer(token, ALICE, "Off and on.", "<b@desk.example>"))
        assert row["proof"] == "claimed"
        assert row["disposition"] in ("new-ticket", "held")
        assert not other.mails(template="answer")


# Tokens that were shown to others


def test_a_token_burnt_by_reply_all_to_an_outsider(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    old = str(notice["Reply-To"])
    shown = an_answer(
        notice, ALICE, "I ask the vendor, too.", "<a@desk.example>", {"Cc": "vendor@parts.example"}
    )
    row, mails = handled(desk, shown)
    assert (row["disposition"], row["proof"]) == ("agent-reply", "token"), "that mail still proves itself"
    assert mails == [("answer", JANE)]
    assert "vendor@parts.example" in " ".join(row["why"])
    joined = [event for event in desk.ticket(number)["events"] if event["kind"] == "participant"]
    assert [(event["actor"], event["why"]) for event in joined] == [
        ("Alice Ames", "copied by an agent's proven answer")
    ]
    again = an_answer(notice, ALICE, "Send your password.", "<evil@parts.example>")
    row, mails = handled(desk, again)
    assert (row["disposition"], row["proof"], row["match"]) == ("held", "claimed", "token")
    assert len(desk.mails(template="answer")) == 1
    handled(desk, a_mail(subject=f"Re: [#{number}]", text="And now?", message_id="<j2@customer.example>"))
    renewed = desk.mails(to=ALICE, template="customer_reply")[-1]
    assert str(renewed["Reply-To"]) != old
    row, _ = handled(desk, an_answer(renewed, ALICE, "Off and on.", "<a2@desk.example>"))
    assert (row["disposition"], row["proof"]) == ("agent-reply", "token")


def test_a_customers_burnt_token_threads_and_no_longer_proves(desk: Desk, number: int) -> None:
    acknowledgment = desk.mails(template="acknowledgment")[0]
    handled(desk, an_answer(acknowledgment, JANE, "Tim?", "<b@customer.example>", {"Cc": TIM}))
    row, _ = handled(
        desk, an_answer(acknowledgment, JANE, "Me again.", "<c@customer.example>", {"Cc": "x@y.example"})
    )
    assert (row["disposition"], row["ticket"], row["proof"], row["match"]) == (
        "reply",
        number,
        "claimed",
        "token",
    )
    assert state(desk, number)["participants"] == [JANE, TIM], "a burnt token brings nobody in"
    handled(desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "Off and on.", "<a@desk.example>"))
    answer = desk.mails(to=JANE, template="answer")[-1]
    row, _ = handled(desk, an_answer(answer, JANE, "It works.", "<d@customer.example>"))
    assert row["proof"] == "token", "the next mail carried a new one"


@pytest.mark.usefixtures("number")
def test_a_reply_to_colleagues_burns_nothing(desk: Desk) -> None:
    notice = desk.mails(to=ALICE)[0]
    cc = {"Cc": f"{BOB}, {JANE}, billing@desk.example"}
    handled(desk, an_answer(notice, ALICE, "Off and on.", "<a@desk.example>", cc))
    row, _ = handled(desk, an_answer(notice, ALICE, "And again.", "<a2@desk.example>"))
    assert (row["disposition"], row["proof"]) == ("agent-reply", "token")


# Remembered reply addresses


def test_a_customers_new_matter_to_an_old_reply_address(desk: Desk, number: int) -> None:
    reply_to = str(desk.mails(template="acknowledgment")[0]["Reply-To"])
    row, mails = handled(
        desk, a_mail(to=reply_to, subject="A new laptop", message_id="<new@customer.example>")
    )
    assert (row["disposition"], row["proof"]) == ("new-ticket", "token")
    assert state(desk, row["ticket"])["links"] == [["related", number]]
    assert mails[0] == ("acknowledgment", JANE)
    assert state(desk, number)["entries"] == ["customer"]


@pytest.mark.usefixtures("number")
def test_an_agents_new_matter_to_an_old_reply_address_is_held_and_asked(desk: Desk) -> None:
    reply_to = str(desk.mails(to=ALICE)[0]["Reply-To"])
    row, mails = handled(
        desk, a_mail(ALICE, to=reply_to, subject="Lunch?", message_id="<lunch@desk.example>")
    )
    assert (row["disposition"], mails) == ("held", [("held", ALICE)])
    assert len(desk.mails(to=JANE)) == 1


# What never shows


@pytest.mark.usefixtures("number")
def test_an_agents_private_address_is_in_no_mail_to_a_customer(desk: Desk) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, f"Alice Ames <{ALICE}>", "Off and on.", "<a@desk.example>"))
    answer = desk.mails(template="answer")[0]
    reply = an_answer(answer, JANE, "No.", "<b@customer.example>")
    handled(desk, reply)
    handled(
        desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "#assign bob\nBob knows more.", "<c@desk.example>")
    )
    handled(
        desk,
        an_answer(
            desk.mails(to=BOB)[-1], BOB, "#note\nShe is angry, be careful with her.", "<d@desk.example>"
        ),
    )
    sent = desk.mails(to=JANE)
    assert len(sent) == 3
    for mail in sent:
        for part in (
            mail.as_string(),
            *(str(p.get_content()) for p in mail.walk() if p.get_content_maintype() == "text"),
        ):
            assert "alice@" not in part
            assert "bob@" not in part


@pytest.mark.usefixtures("number")
def test_an_answer_that_names_a_private_address_is_stopped_at_the_gate(desk: Desk) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, ALICE, f"Write me at {ALICE}, please.", "<a@desk.example>"))
    assert len(desk.mails(to=JANE)) == 1
    (returned,) = desk.mails(template="error")
    assert "Write me at" in text_of(returned)


@pytest.mark.usefixtures("number")
def test_nobodys_token_is_in_anybody_elses_mail(desk: Desk) -> None:
    acknowledgment = desk.mails(template="acknowledgment")[0]
    handled(desk, an_answer(acknowledgment, JANE, "Tim?", "<b@customer.example>", {"Cc": TIM}))
    handled(desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "Off and on.", "<a@desk.example>"))
    tokens: dict[str, set[str]] = {}
    for mail in desk.mails():
        to = parseaddr(str(mail["To"]))[1]
        tokens.setdefault(to, set()).add(local(str(mail["Reply-To"])))
    assert set(tokens) == {JANE, TIM, ALICE, BOB}
    for mail in desk.mails():
        to = parseaddr(str(mail["To"]))[1]
        shown = mail.as_string().lower()
        for owner, theirs in tokens.items():
            assert owner == to or not any(one in shown for one in theirs)


def test_an_envelope_alone_proves_nothing(desk: Desk, number: int) -> None:
    row = desk.handle(spoofed(number), Envelope("smtp", ALICE, (DESK,), "127.0.0.1"))
    assert row["disposition"] == "held"


def test_the_reply_to_of_a_proven_mail_is_honoured_until_the_next(desk: Desk) -> None:
    desk.handle(a_mail())
    acknowledgment = desk.mails(JANE, "acknowledgment")[0]
    elsewhere = {"Reply-To": "jane.private@home.example"}
    desk.handle(an_answer(acknowledgment, JANE, "I am at home now.", "<j2@customer.example>", elsewhere))
    notice = desk.mails(ALICE, "customer_reply")[0]
    desk.handle(an_answer(notice, ALICE, "Good.", "<a1@desk.example>"))
    answer = desk.mails(template="answer")[-1]
    assert "jane.private@home.example" in answer["To"]
    # Who answers is still Jane: her token counts with her own address.
    back = desk.handle(an_answer(answer, JANE, "I am back.", "<j3@customer.example>"))
    assert (back["disposition"], back["proof"]) == ("reply", "token")
    desk.handle(an_answer(desk.mails(ALICE, "customer_reply")[-1], ALICE, "Fine.", "<a2@desk.example>"))
    assert JANE in desk.mails(template="answer")[-1]["To"]


def test_a_mail_to_the_reply_addresses_of_two_tickets_is_returned(desk: Desk) -> None:
    desk.handle(a_mail())
    desk.handle(a_mail(subject="Another", message_id="<other@customer.example>"))
    first, second = desk.mails(ALICE, "new_ticket")
    both = an_answer(first, ALICE, "Switch it off.", "<both@desk.example>", {"Cc": str(second["Reply-To"])})
    row, mails = handled(desk, both)
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert "several tickets" in " ".join(row["why"])


def test_another_matter_by_a_stranger_with_a_participants_token_is_a_new_ticket(
    desk: Desk, number: int
) -> None:
    to = str(desk.mails(JANE, "acknowledgment")[0]["Reply-To"])
    row, _ = handled(desk, a_mail(TIM, to, "Do you sell ink?", message_id="<ink@elsewhere.example>"))
    assert row["disposition"] == "new-ticket"
    assert desk.ticket(row["ticket"])["links"] == [["possibly", number]]
    assert len(desk.ticket(number)["entries"]) == 1


def test_a_token_shown_by_a_mail_with_an_error_is_burnt(desk: Desk, number: int) -> None:
    notice = desk.mails(ALICE, "new_ticket")[0]
    row, _ = handled(
        desk,
        an_answer(notice, ALICE, "Off.\n\n#pririty high", "<e@desk.example>", {"Cc": "eve@evil.example"}),
    )
    assert row["disposition"] == "command"
    row, mails = handled(
        desk, a_mail(ALICE, str(notice["Reply-To"]), f"Re: {notice['Subject']}", "Send money.", "<f@x>")
    )
    assert row["disposition"] == "held"
    assert not [to for _, to in mails if to == JANE]


@pytest.mark.parametrize(
    "text",
    [
        "A known fraudster.\n\n-- \nAlice\n#note",
        "A known fraudster.\n\n＃note",
        "* #note\n\nA known fraudster.",
    ],
)
def test_a_note_is_a_note_wherever_its_line_stands(desk: Desk, number: int, text: str) -> None:
    notice = desk.mails(ALICE, "new_ticket")[0]
    row, _ = handled(
        desk, a_mail(ALICE, str(notice["Reply-To"]), f"Re: {notice['Subject']}", text, "<n@desk.example>")
    )
    assert row["disposition"] in ("note", "command")
    assert not desk.mails(JANE, "answer")


def test_a_released_answer_to_an_internal_mail_stays_internal(desk: Desk, number: int) -> None:
    desk.handle(an_answer(desk.mails(ALICE, "new_ticket")[0], ALICE, "#assign bob", "<h@desk.example>"))
    handoff = desk.mails(BOB, "handoff")[0]
    held = desk.handle(
        a_mail(
            BOB,
            DESK,
            f"Re: {handoff['Subject']}",
            "Not him again.",
            "<b@x>",
            {"In-Reply-To": str(handoff["Message-ID"])},
        )
    )
    assert held["disposition"] == "held"
    desk.store.write("decide", lambda conn: inbox.release(conn, held["key"], "admin"))
    desk.run()
    assert desk.row(held["key"])["disposition"] == "note"
    assert not desk.mails(JANE, "answer")


def test_a_file_alone_sends_no_quote(desk: Desk, number: int) -> None:
    answer = an_answer(desk.mails(ALICE, "new_ticket")[0], ALICE, "#resolve", "<p@desk.example>")
    answer.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="manual.pdf")
    desk.handle(answer)
    sent = desk.mails(JANE, "answer")[0].as_string()
    assert "#resolve" not in sent
    assert "Sender not proven" not in sent


def test_acknowledgments_go_to_no_reply_to(desk: Desk, number: int) -> None:
    acknowledgment = desk.mails(JANE, "acknowledgment")[0]
    flood = a_mail(
        JANE,
        str(acknowledgment["Reply-To"]),
        "Another",
        message_id="<v@x>",
        headers={"Reply-To": "victim@other.example"},
    )
    handled(desk, flood)
    assert not desk.mails("victim@other.example")
