"""What a mail may do that proves nothing: real mails through a running desk, from envelope to Maildir."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import DESK, Desk, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, handled, is_token, spoofed, state

# Numbers that were guessed


@pytest.mark.parametrize("tag", ["[#{}]", "Re: My printer is broken [#{}]"])
def test_a_stranger_who_guesses_a_number_gets_a_ticket_of_their_own(
    desk: Desk, number: int, tag: str
) -> None:
    before = desk.ticket(number)
    row, mails = handled(
        desk, a_mail(f"Tim <{TIM}>", subject=tag.format(number), message_id="<t@elsewhere.example>")
    )
    assert (row["disposition"], row["proof"]) == ("new-ticket", "claimed")
    assert row["ticket"] != number
    assert state(desk, row["ticket"])["links"] == [["possibly", number]]
    assert desk.ticket(number) == before, "nothing of the guessed ticket has changed"
    assert mails == [("acknowledgment", TIM), ("new_ticket", ALICE), ("new_ticket", BOB)]
    for mail in desk.mails(to=TIM):
        assert "blank pages" not in text_of(mail)
        assert f"#{number}" not in mail.as_string(), "a stranger is not told that the number exists"


def test_a_stranger_who_cites_a_customers_mail_gets_a_ticket_of_their_own(desk: Desk, number: int) -> None:
    headers = {"In-Reply-To": "<first@customer.example>"}
    row, _ = handled(desk, a_mail(TIM, subject="Hello", message_id="<t@elsewhere.example>", headers=headers))
    assert row["disposition"] == "new-ticket"
    assert state(desk, row["ticket"])["links"] == [["possibly", number]]
    assert state(desk, number)["entries"] == ["customer"]


@pytest.mark.usefixtures("number")
def test_a_number_that_nobody_has_links_nothing(desk: Desk) -> None:
    row, _ = handled(desk, a_mail(TIM, subject="[#999999999999]", message_id="<t@elsewhere.example>"))
    assert state(desk, row["ticket"])["links"] == []


# Participants without proof


@pytest.mark.parametrize("way", ["references", "number", "own earlier mail"])
def test_a_participants_reply_counts_as_claimed(desk: Desk, number: int, way: str) -> None:
    acknowledgment = desk.mails(template="acknowledgment")[0]
    headers = {
        "references": {"References": str(acknowledgment["References"])},
        "own earlier mail": {"In-Reply-To": "<first@customer.example>"},
    }.get(way, {})
    subject = f"Hi [#{number}]" if way == "number" else "Hi"
    row, mails = handled(
        desk, a_mail(subject=subject, message_id="<second@customer.example>", headers=headers)
    )
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", number, "claimed")
    assert mails == [("customer_reply", ALICE), ("customer_reply", BOB)]
    assert desk.ticket(number)["entries"][-1]["proof"] == "claimed"
    told = text_of(desk.mails(to=ALICE, template="customer_reply")[-1])
    assert "not proven" in told.lower(), "the agent sees that anybody could have written it"


def test_copies_and_reply_to_of_a_claimed_mail_are_only_shown(desk: Desk) -> None:
    mail = a_mail(headers={"Cc": f"Tim <{TIM}>", "Reply-To": "elsewhere@customer.example"})
    row, mails = handled(desk, mail)
    number = row["ticket"]
    assert state(desk, number)["participants"] == [JANE]
    assert mails[0] == ("acknowledgment", JANE)
    remark = desk.ticket(number)["entries"][0]["remark"]
    assert TIM in remark
    assert "elsewhere@customer.example" in remark
    notice = desk.mails(to=ALICE)[0]
    assert TIM in text_of(notice)
    row, mails = handled(desk, an_answer(notice, ALICE, "Turn it off.", "<a@desk.example>"))
    assert mails == [("answer", JANE)], "the answer goes to From alone"
    assert not desk.mails(to=TIM)
    assert not desk.mails(to="elsewhere@customer.example")


def test_copies_of_a_proven_mail_join(desk: Desk, number: int) -> None:
    acknowledgment = desk.mails(template="acknowledgment")[0]
    reply = an_answer(acknowledgment, JANE, "Tim helps me.", "<b@customer.example>", {"Cc": f"Tim <{TIM}>"})
    row, _ = handled(desk, reply)
    assert (row["disposition"], row["proof"]) == ("reply", "token")
    assert state(desk, number)["participants"] == [JANE, TIM]
    notice = desk.mails(to=ALICE)[-1]
    _, mails = handled(desk, an_answer(notice, ALICE, "Turn it off.", "<a@desk.example>"))
    assert mails == [("answer", JANE), ("answer", TIM)]
    one, other = desk.mails(template="answer")
    assert str(one["Reply-To"]) != str(other["Reply-To"]), "everybody gets a reply address of their own"
    row, _ = handled(desk, an_answer(other, TIM, "It is off.", "<c@elsewhere.example>"))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", number, "token")


def test_two_from_addresses_prove_nothing(desk: Desk, number: int) -> None:
    acknowledgment = desk.mails(template="acknowledgment")[0]
    reply = an_answer(
        acknowledgment, f"{JANE}, {TIM}", "Both of us.", "<b@customer.example>", {"Cc": "x@y.example"}
    )
    row, _ = handled(desk, reply)
    assert (row["disposition"], row["proof"]) == ("reply", "claimed")
    assert state(desk, number)["participants"] == [JANE]
    notice = desk.mails(template="new_ticket", to=ALICE)[0]
    row, mails = handled(desk, an_answer(notice, f"{ALICE}, {TIM}", "Pay here.", "<e@elsewhere.example>"))
    assert row["disposition"] == "held"
    assert mails == [("held", ALICE)]


# Agents without proof


@pytest.mark.parametrize("text", ["Send your password.", "#resolve", "#note\nHm.", "#nonsense\nHello"])
def test_a_spoofed_agent_is_held_and_the_agent_gets_one_notice(desk: Desk, number: int, text: str) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, spoofed(number, text))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("held", number, "claimed")
    assert mails == [("held", ALICE)]
    assert desk.ticket(number) == before
    assert len(desk.mails(to=JANE)) == 1, "the customer has the acknowledgment and nothing else"
    (notice,) = desk.mails(template="held")
    assert is_token(str(notice["Reply-To"])), "the address that confirms, of this notice alone"
    assert not is_token(str(notice["From"]))
    assert notice.as_string().count("support+") == 1


@pytest.mark.parametrize("to", ["support", "token of the customer", "token of another agent"])
@pytest.mark.parametrize("sign", [{"Auto-Submitted": "auto-replied"}, {"Auto-Submitted": "auto-generated"}])
def test_a_spoofed_automatic_answer_of_an_agent_writes_nothing(
    desk: Desk, number: int, to: str, sign: dict[str, str]
) -> None:
    acknowledgment, notice = desk.mails(to=JANE)[0], desk.mails(to=BOB)[0]
    before = desk.ticket(number)
    address = {"support": DESK, "token of the customer": str(acknowledgment["Reply-To"])}.get(
        to, str(notice["Reply-To"])
    )
    headers = {**sign, "In-Reply-To": str(acknowledgment["Message-ID"])}
    row, mails = handled(desk, spoofed(number, "#resolve\nSend your password.", to=address, headers=headers))
    assert (row["disposition"], row["proof"], row["ticket"], mails) == ("auto-reply", "claimed", None, [])
    assert desk.ticket(number) == before


def test_an_automatic_answer_of_an_agent_with_proof_is_recorded_and_carried_out_by_nobody(
    desk: Desk, number: int
) -> None:
    notice = desk.mails(to=ALICE)[0]
    away = an_answer(
        notice, ALICE, "#resolve\nI am away.", "<a@desk.example>", {"Auto-Submitted": "auto-replied"}
    )
    row, mails = handled(desk, away)
    assert (row["disposition"], row["ticket"], mails) == ("auto-reply", number, [])
    found = state(desk, number)
    assert (found["entries"], found["status"]) == (["customer", "auto-reply"], "new")


def test_the_notice_goes_to_the_configured_address_whatever_the_mail_says(tmp_path: Path) -> None:
    agents = [
        {
            "id": "alice",
            "name": "Alice Ames",
            "addresses": [ALICE, "ames@home.example"],
            "departments": ["support", "billing"],
        }
    ]
    with a_desk(tmp_path, agents=agents, rules=[]) as desk:
        number = desk.handle(a_mail())["ticket"]
        mail = a_mail(
            "ames@home.example",
            subject=f"[#{number}]",
            message_id="<s@home.example>",
            headers={"Reply-To": TIM},
        )
        row, mails = handled(desk, mail)
        assert (row["disposition"], mails) == ("held", [("held", ALICE)])


@pytest.mark.parametrize(
    ("text", "disposition", "mails"),
    [
        ("#priority high\nHello", "held", [("held", ALICE)]),
        ("Hello\n#assgin bob\nBye", "held", [("held", ALICE)]),
        ("My own chair is broken.", "new-ticket", [("acknowledgment", ALICE), ("new_ticket", BOB)]),
    ],
)
def test_an_agents_mail_that_names_no_ticket(
    desk: Desk, text: str, disposition: str, mails: list[tuple[str, str]]
) -> None:
    row, followed = handled(desk, spoofed(None, text))
    assert (row["disposition"], followed) == (disposition, mails)


def test_an_agent_is_a_customer_on_their_own_ticket(desk: Desk) -> None:
    row, _ = handled(desk, spoofed(None, "My own chair is broken."))
    number = row["ticket"]
    assert state(desk, number)["requester"] == ALICE
    acknowledgment = desk.mails(to=ALICE, template="acknowledgment")[0]
    reply = an_answer(acknowledgment, ALICE, "#close\nIt squeaks, too.", "<chair2@desk.example>")
    row, mails = handled(desk, reply)
    assert (row["disposition"], mails) == ("reply", [("customer_reply", BOB)])
    assert state(desk, number)["status"] == "new"
    assert "#close" in desk.ticket(number)["entries"][-1]["text"]
    notice = desk.mails(to=BOB)[-1]
    _, mails = handled(desk, an_answer(notice, BOB, "Take mine.", "<chair3@desk.example>"))
    assert mails == [("answer", ALICE)]


def test_more_than_five_held_mails_an_hour_bring_five_notices(desk: Desk, number: int) -> None:
    for i in range(8):
        mail = spoofed(number, f"Number {i}")
        mail.replace_header("Message-ID", f"<spoof{i}@evil.example>")
        assert handled(desk, mail)[0]["disposition"] == "held"
    assert len(desk.mails(template="held")) == 5
