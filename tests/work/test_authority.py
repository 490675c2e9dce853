"""What a mail may do, by what it proves: real mails through a running desk, from SMTP envelope to Maildir."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.reading import Envelope
from maildesk.store import inbox
from tests.desk import DESK, Desk, a_desk, a_mail, an_answer

JANE, TIM = "jane@customer.example", "tim@elsewhere.example"
ALICE, BOB = "alice@desk.example", "bob@desk.example"
MINUTE = 60_000_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as one:
        yield one


@pytest.fixture
def number(desk: Desk) -> int:
    """Jane's ticket, opened and acknowledged."""
    found: int = desk.handle(a_mail())["ticket"]
    return found


def handled(desk: Desk, mail: EmailMessage) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What became of a mail, and the mails that followed: template and recipient."""
    desk.now += MINUTE
    row = desk.handle(mail)
    return row, [(sent["kind"], sent["to"]) for sent in row["mails"]]


def state(desk: Desk, number: int) -> dict[str, Any]:
    """A ticket's fields, with its entries by kind."""
    found = desk.ticket(number)
    return {**found, "entries": [entry["kind"] for entry in found["entries"]]}


def local(address: str) -> str:
    return parseaddr(address)[1].partition("@")[0]


def is_token(address: str) -> bool:
    return "+" in local(address)


# Numbers that were guessed


@pytest.mark.parametrize("tag", ["[#{}]", "Re: My printer is broken [#{}]"])
def test_a_stranger_who_guesses_a_number_gets_a_ticket_of_their_own(desk: Desk, number: int, tag: str) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, a_mail(f"Tim <{TIM}>", subject=tag.format(number), message_id="<t@elsewhere.example>"))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "claimed")
    assert row["ticket"] != number
    assert state(desk, row["ticket"])["links"] == [["possibly", number]]
    assert desk.ticket(number) == before, "nothing of the guessed ticket has changed"
    assert mails == [("acknowledgment", TIM), ("new_ticket", ALICE), ("new_ticket", BOB)]
    for mail in desk.mails(to=TIM):
        assert "blank pages" not in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert f"#{number}" not in mail.as_string(), "a stranger is not told that the number exists"


def test_a_stranger_who_cites_a_customers_mail_gets_a_ticket_of_their_own(desk: Desk, number: int) -> None:
    headers = {"In-Reply-To": "<first@customer.example>"}
    row, _ = handled(desk, a_mail(TIM, subject="Hello", message_id="<t@elsewhere.example>", headers=headers))
    assert row["disposition"] == "new-ticket"
    assert state(desk, row["ticket"])["links"] == [["possibly", number]]
    assert state(desk, number)["entries"] == ["customer"]


def test_a_number_that_nobody_has_links_nothing(desk: Desk, number: int) -> None:
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
    row, mails = handled(desk, a_mail(subject=subject, message_id="<second@customer.example>", headers=headers))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("reply", number, "claimed")
    assert mails == [("customer_reply", ALICE), ("customer_reply", BOB)]
    assert desk.ticket(number)["entries"][-1]["proof"] == "claimed"
    told = desk.mails(to=ALICE, template="customer_reply")[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
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
    assert TIM in notice.get_body(("plain",)).get_content()  # type: ignore[union-attr]
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
    reply = an_answer(acknowledgment, f"{JANE}, {TIM}", "Both of us.", "<b@customer.example>", {"Cc": "x@y.example"})
    row, _ = handled(desk, reply)
    assert (row["disposition"], row["proof"]) == ("reply", "claimed")
    assert state(desk, number)["participants"] == [JANE]
    notice = desk.mails(template="new_ticket", to=ALICE)[0]
    row, mails = handled(desk, an_answer(notice, f"{ALICE}, {TIM}", "Pay here.", "<e@elsewhere.example>"))
    assert row["disposition"] == "held"
    assert mails == [("held", ALICE)]


# Agents without proof


def spoofed(number: int | None, text: str = "Send your password.", **values: Any) -> EmailMessage:
    subject = f"Re: My printer is broken [#{number}]" if number else "Hello"
    return a_mail(f"Alice Ames <{ALICE}>", subject=subject, text=text, message_id="<spoof@evil.example>", **values)


@pytest.mark.parametrize("text", ["Send your password.", "#resolve", "#note\nHm.", "#nonsense\nHello"])
def test_a_spoofed_agent_is_held_and_the_agent_gets_one_notice(desk: Desk, number: int, text: str) -> None:
    before = desk.ticket(number)
    row, mails = handled(desk, spoofed(number, text))
    assert (row["disposition"], row["ticket"], row["proof"]) == ("held", number, "claimed")
    assert mails == [("held", ALICE)]
    assert desk.ticket(number) == before
    assert len(desk.mails(to=JANE)) == 1, "the customer has the acknowledgment and nothing else"
    (notice,) = desk.mails(template="held")
    assert notice["Reply-To"] is None
    assert not is_token(str(notice["From"]))
    assert "support+" not in notice.as_string()


def test_the_notice_goes_to_the_configured_address_whatever_the_mail_says(tmp_path: Path) -> None:
    agents = [{"id": "alice", "name": "Alice Ames", "addresses": [ALICE, "ames@home.example"], "departments": ["support", "billing"]}]
    with a_desk(tmp_path, agents=agents, rules=[]) as desk:
        number = desk.handle(a_mail())["ticket"]
        mail = a_mail(
            "ames@home.example", subject=f"[#{number}]", message_id="<s@home.example>", headers={"Reply-To": TIM}
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


# Tokens with another From


def test_a_stranger_with_a_participants_token_is_recorded_and_no_more(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, ALICE, "Off and on.\n\n#resolve", "<a@desk.example>"))
    answer = desk.mails(template="answer")[0]
    row, mails = handled(desk, an_answer(answer, f"Tim <{TIM}>", "I am Jane's son.", "<t@elsewhere.example>", {"Cc": "x@y.example"}))
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


def test_a_token_is_worth_nothing_on_another_desk(desk: Desk, number: int, tmp_path: Path) -> None:
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
    shown = an_answer(notice, ALICE, "I ask the vendor, too.", "<a@desk.example>", {"Cc": "vendor@parts.example"})
    row, mails = handled(desk, shown)
    assert (row["disposition"], row["proof"]) == ("agent-reply", "token"), "that mail still proves itself"
    assert mails == [("answer", JANE)]
    assert "vendor@parts.example" in " ".join(row["why"])
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
    row, _ = handled(desk, an_answer(acknowledgment, JANE, "Me again.", "<c@customer.example>", {"Cc": "x@y.example"}))
    assert (row["disposition"], row["ticket"], row["proof"], row["match"]) == ("reply", number, "claimed", "token")
    assert state(desk, number)["participants"] == [JANE, TIM], "a burnt token brings nobody in"
    handled(desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "Off and on.", "<a@desk.example>"))
    answer = desk.mails(to=JANE, template="answer")[-1]
    row, _ = handled(desk, an_answer(answer, JANE, "It works.", "<d@customer.example>"))
    assert row["proof"] == "token", "the next mail carried a new one"


def test_a_reply_to_colleagues_burns_nothing(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    cc = {"Cc": f"{BOB}, {JANE}, billing@desk.example"}
    handled(desk, an_answer(notice, ALICE, "Off and on.", "<a@desk.example>", cc))
    row, _ = handled(desk, an_answer(notice, ALICE, "And again.", "<a2@desk.example>"))
    assert (row["disposition"], row["proof"]) == ("agent-reply", "token")


# Remembered reply addresses


def test_a_customers_new_matter_to_an_old_reply_address(desk: Desk, number: int) -> None:
    reply_to = str(desk.mails(template="acknowledgment")[0]["Reply-To"])
    row, mails = handled(desk, a_mail(to=reply_to, subject="A new laptop", message_id="<new@customer.example>"))
    assert (row["disposition"], row["proof"]) == ("new-ticket", "token")
    assert state(desk, row["ticket"])["links"] == [["related", number]]
    assert mails[0] == ("acknowledgment", JANE)
    assert state(desk, number)["entries"] == ["customer"]


def test_an_agents_new_matter_to_an_old_reply_address_is_held_and_asked(desk: Desk, number: int) -> None:
    reply_to = str(desk.mails(to=ALICE)[0]["Reply-To"])
    row, mails = handled(desk, a_mail(ALICE, to=reply_to, subject="Lunch?", message_id="<lunch@desk.example>"))
    assert (row["disposition"], mails) == ("held", [("held", ALICE)])
    assert len(desk.mails(to=JANE)) == 1


# Held mail


def test_a_released_mail_is_carried_out_with_the_same_once_keys(desk: Desk, number: int) -> None:
    row, _ = handled(desk, spoofed(number, "Off and on.\n\n#resolve"))
    key = row["key"]
    held = desk.mails(template="held")
    assert desk.store.write("work", lambda conn: inbox.release(conn, key, "admin"))
    desk.run()
    row = desk.row(key)
    assert (row["disposition"], row["proof"], row["ticket"]) == ("agent-reply", "authenticated", number)
    assert "admin" in " ".join(row["why"])
    found = state(desk, number)
    assert (found["status"], found["assignee"], found["entries"]) == ("resolved", "alice", ["customer", "agent-reply"])
    (answer,) = desk.mails(template="answer")
    assert "Off and on." in answer.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    once = [mail["once"] for mail in row["mails"] if mail["kind"] == "answer"]
    assert once == [identity.once_key(key, "answer", JANE, number)]
    assert len(desk.mails(template="held")) == len(held) == 1
    assert not desk.store.write("work", lambda conn: inbox.release(conn, key, "admin")), "only once"
    desk.run()
    assert len(desk.mails(template="answer")) == 1


def test_a_copy_with_proof_is_decided_and_the_held_one_is_its_duplicate(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    weak = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak.replace_header("To", DESK)
    strong = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    held, _ = handled(desk, weak)
    assert held["disposition"] == "held"
    row, mails = handled(desk, strong)
    assert (row["disposition"], mails) == ("agent-reply", [("answer", JANE)])
    assert desk.row(held["key"])["disposition"] == "duplicate"
    assert not desk.store.write("work", lambda conn: inbox.release(conn, held["key"], "admin"))
    row, mails = handled(desk, strong)
    assert (row["disposition"], mails) == ("duplicate", [])
    assert state(desk, number)["entries"] == ["customer", "agent-reply"]


@pytest.mark.parametrize("by", ["release", "proof"])
def test_a_mail_that_came_twice_without_proof_can_still_be_carried_out(desk: Desk, number: int, by: str) -> None:
    notice = desk.mails(to=ALICE)[0]
    strong = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak.replace_header("To", DESK)
    held, _ = handled(desk, weak)
    copy, mails = handled(desk, weak)
    assert (copy["disposition"], mails) == ("duplicate", [])
    if by == "release":
        desk.store.write("work", lambda conn: inbox.release(conn, held["key"], "admin"))
        desk.run()
        assert desk.row(held["key"])["disposition"] == "agent-reply"
    else:
        assert handled(desk, strong)[0]["disposition"] == "agent-reply"
    assert len(desk.mails(template="answer")) == 1


def test_a_held_mail_changes_nothing_until_it_is_released(desk: Desk, number: int) -> None:
    before = desk.ticket(number)
    handled(desk, spoofed(number, "#close"))
    desk.now += 10 * 24 * 60 * MINUTE
    desk.run()
    assert desk.ticket(number) == before


# What never shows


def test_an_agents_private_address_is_in_no_mail_to_a_customer(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, f"Alice Ames <{ALICE}>", "Off and on.", "<a@desk.example>"))
    answer = desk.mails(template="answer")[0]
    reply = an_answer(answer, JANE, "No.", "<b@customer.example>")
    handled(desk, reply)
    handled(desk, an_answer(desk.mails(to=ALICE)[-1], ALICE, "#assign bob\nBob knows more.", "<c@desk.example>"))
    handled(desk, an_answer(desk.mails(to=BOB)[-1], BOB, "#note\nShe is angry, be careful with her.", "<d@desk.example>"))
    sent = desk.mails(to=JANE)
    assert len(sent) == 3
    for mail in sent:
        for part in (mail.as_string(), *(str(p.get_content()) for p in mail.walk() if p.get_content_maintype() == "text")):
            assert "alice@" not in part
            assert "bob@" not in part


def test_an_answer_that_names_a_private_address_is_stopped_at_the_gate(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    handled(desk, an_answer(notice, ALICE, f"Write me at {ALICE}, please.", "<a@desk.example>"))
    assert len(desk.mails(to=JANE)) == 1
    (returned,) = desk.mails(template="error")
    assert "Write me at" in returned.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_nobodys_token_is_in_anybody_elses_mail(desk: Desk, number: int) -> None:
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
