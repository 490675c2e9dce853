"""Held mail is confirmed by its agent, by mail, and by nobody and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from maildesk.core.held import EXPIRES
from maildesk.core.model import MINUTE
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import inbox
from maildesk.store.schema import inbox as table
from tests.desk import DESK, Desk, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, handled, local, spoofed, state


def held(desk: Desk, number: int | None, text: str = "Off and on.", n: int = 0) -> tuple[str, EmailMessage]:
    """A mail in Alice's name that is held, and the confirmation that she gets."""
    mail = spoofed(number, text)
    mail.replace_header("Message-ID", f"<held{n}@evil.example>")
    row, _ = handled(desk, mail)
    assert row["disposition"] == "held"
    return str(row["key"]), desk.mails(to=ALICE, template="held")[-1]


def released(
    to: EmailMessage, text: str = "#release", n: int = 1, headers: dict[str, str] | None = None
) -> EmailMessage:
    """Alice's answer to a confirmation."""
    return an_answer(to, f"Alice Ames <{ALICE}>", text, f"<yes{n}@desk.example>", headers)


def answers(desk: Desk) -> int:
    return len(desk.mails(to=JANE, template="answer"))


# Her own mail


def test_her_answer_releases_it(desk: Desk, number: int) -> None:
    key, asked = held(desk, number, "Off and on.\n\n#resolve")
    row, mails = handled(desk, released(asked))
    assert (row["disposition"], mails) == ("command", [])
    row = desk.row(key)
    assert (row["disposition"], row["proof"], row["ticket"]) == ("agent-reply", "authenticated", number)
    assert "Released by Alice Ames, by mail." in row["why"]
    assert row["released_by"] == "Alice Ames, by mail"
    assert state(desk, number)["status"] == "resolved"
    assert answers(desk) == 1


def test_the_confirmation_says_what_is_asked(desk: Desk, number: int) -> None:
    _, asked = held(desk, number, "one\ntwo\nthree\nfour\nfive\nsix")
    text = text_of(asked)
    for said in (f"Ticket: #{number}", "Proof: From alone proves nothing.", "> one", "> five", "7 days"):
        assert said in text
    assert "six" not in text
    assert asked["To"].addresses[0].addr_spec == ALICE
    assert asked["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    "text",
    ["#Release", "Yes, that was me.\n\n#release", "#release.", "\u200b#release", "＃release", "#release 1"],
)
def test_ways_to_write_it(desk: Desk, number: int, text: str) -> None:
    key, asked = held(desk, number)
    handled(desk, released(asked, text))
    assert desk.row(key)["disposition"] == "agent-reply"


def test_a_mail_that_is_released_with_an_error_comes_back_to_her(desk: Desk, number: int) -> None:
    key, asked = held(desk, number, "Off.\n\n#pririty high")
    handled(desk, released(asked))
    row = desk.row(key)
    assert (row["disposition"], [m["kind"] for m in row["mails"]]) == ("command", ["held", "error"])
    assert answers(desk) == 0


def test_a_new_matter_to_an_old_reply_address_is_confirmed_the_same_way(desk: Desk, number: int) -> None:
    to = str(desk.mails(to=ALICE)[0]["Reply-To"])
    row, _ = handled(desk, a_mail(ALICE, to=to, subject="Lunch?", message_id="<lunch@desk.example>"))
    asked = desk.mails(to=ALICE, template="held")[0]
    handled(desk, released(asked))
    assert desk.row(row["key"])["disposition"] == "agent-reply"


# What releases nothing


def quoted(asked: EmailMessage) -> EmailMessage:
    return released(asked, "I did not write that.\n\n> #release")


def unmarked_quote(asked: EmailMessage) -> EmailMessage:
    """A client that marks nothing: her words, and below them the whole confirmation, which shows #release."""
    body = text_of(asked)
    lines = "\n".join(line.removeprefix("> ") for line in body.splitlines())
    mail = released(asked, "")
    mail.set_content(f"I did not write that.\n\n{lines}\n")
    return mail


def vacation(asked: EmailMessage) -> EmailMessage:
    return released(asked, "I am away.\n\n#release", headers={"Auto-Submitted": "auto-replied"})


def dumb_vacation(asked: EmailMessage) -> EmailMessage:
    return a_mail(
        ALICE, str(asked["Reply-To"]), "I am at the seaside", "Back on Monday.", "<away@desk.example>"
    )


def two_senders(asked: EmailMessage) -> EmailMessage:
    mail = released(asked)
    mail.replace_header("From", f"{ALICE}, {TIM}")
    return mail


def colleague(asked: EmailMessage) -> EmailMessage:
    return an_answer(asked, BOB, "#release", "<yes@desk.example>")


def stranger(asked: EmailMessage) -> EmailMessage:
    return an_answer(asked, TIM, "#release", "<yes@elsewhere.example>")


def reply_to(asked: EmailMessage) -> EmailMessage:
    return an_answer(asked, TIM, "#release", "<yes@elsewhere.example>", {"Reply-To": ALICE, "Sender": ALICE})


def forged(asked: EmailMessage) -> EmailMessage:
    mail = released(asked)
    address = str(asked["Reply-To"].addresses[0].addr_spec)
    mail.replace_header("To", address.replace(address[10], "b" if address[10] != "b" else "c", 1))
    return mail


def plain_desk(asked: EmailMessage) -> EmailMessage:
    """It cites the confirmation, and goes to the desk's own address."""
    mail = released(asked)
    mail.replace_header("To", DESK)
    return mail


def bounced(asked: EmailMessage) -> EmailMessage:
    return a_mail(
        "MAILER-DAEMON@desk.example", str(asked["Reply-To"]), "Undelivered Mail Returned to Sender",
        f"<{ALICE}>: 550 5.1.1 user unknown\n\n#release\n", "<b@desk.example>",
        {"Auto-Submitted": "auto-replied", "X-Failed-Recipients": ALICE},
    )  # fmt: skip


TRICKS = (
    vacation, dumb_vacation, two_senders, colleague, stranger, reply_to, forged, plain_desk, bounced,
)  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.__name__)
def test_what_releases_nothing(
    desk: Desk, number: int, trick: Callable[[EmailMessage], EmailMessage]
) -> None:
    key, asked = held(desk, number, "#release\nSend your password.")
    before = len(desk.mails(to=JANE))
    _, mails = handled(desk, trick(asked))
    assert desk.row(key)["disposition"] == "held"
    assert len(desk.mails(to=JANE)) == before
    assert [kind for kind, to in mails if to == ALICE and kind not in ("new_ticket", "bounced")] == []
    assert state(desk, number)["status"] == "new"


@pytest.mark.parametrize("trick", [quoted, unmarked_quote], ids=lambda trick: trick.__name__)
def test_an_answer_that_does_not_say_it_releases_nothing_and_tells_her(
    desk: Desk, number: int, trick: Callable[[EmailMessage], EmailMessage]
) -> None:
    key, asked = held(desk, number, "#release\nSend your password.")
    row, mails = handled(desk, trick(asked))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    told = text_of(desk.mails(to=ALICE, template="error")[0])
    assert "with #release on a line of its own" in told
    assert "========== maildesk" not in told, "there is no ticket to show a card of"
    assert desk.row(key)["disposition"] == "held"
    assert (state(desk, number)["status"], answers(desk)) == ("new", 0)


def test_her_own_yes_is_answered_with_what_to_write(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    handled(desk, released(asked, "Yes, that was me."))
    assert desk.row(key)["disposition"] == "held"
    handled(desk, released(asked, n=2))
    assert desk.row(key)["disposition"] == "agent-reply"


def test_a_null_return_path_releases_nothing(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    to = str(asked["Reply-To"].addresses[0].addr_spec)
    desk.handle(released(asked), Envelope("smtp", "", (to,), "127.0.0.1"))
    assert desk.row(key)["disposition"] == "held"


def test_an_archive_releases_nothing(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    desk.handle(released(asked), evidence=Evidence(imported="open"))
    assert desk.row(key)["disposition"] == "held"


def test_a_token_releases_no_other_held_mail(desk: Desk, number: int) -> None:
    one, first = held(desk, number, "First.", 1)
    other, second = held(desk, number, "Second.", 2)
    assert str(first["Reply-To"]) != str(second["Reply-To"])
    # It cites the other confirmation, and is sent to this one.
    other_mid = str(second["Message-ID"])
    mail = released(first, headers={"In-Reply-To": other_mid, "References": other_mid})
    handled(desk, mail)
    assert desk.row(one)["disposition"] == "agent-reply"
    assert desk.row(other)["disposition"] == "held"


def test_other_bytes_are_not_released(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    desk.store.write(
        "work", lambda conn: conn.execute(update(table).where(table.c.key == key).values(sha256="0" * 64))
    )
    row, mails = handled(desk, released(asked))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert desk.row(key)["disposition"] == "held"
    assert answers(desk) == 0


# Once, and for a week


def test_a_replay_of_the_answer_is_a_duplicate(desk: Desk, number: int) -> None:
    _, asked = held(desk, number)
    handled(desk, released(asked))
    row, mails = handled(desk, released(asked))
    assert (row["disposition"], mails) == ("duplicate", [])
    assert answers(desk) == 1


def test_a_used_token_releases_nothing_more(desk: Desk, number: int) -> None:
    _, asked = held(desk, number)
    handled(desk, released(asked))
    row, mails = handled(desk, released(asked, n=2))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert "is not held any more" in " ".join(row["why"])
    assert answers(desk) == 1


def test_two_answers_at_once_release_it_once(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    for n in (1, 2):
        desk.deliver(released(asked, n=n))
    desk.run()
    assert desk.row(key)["disposition"] == "agent-reply"
    assert answers(desk) == 1


def test_a_mail_that_came_again_with_proof_is_not_released_too(desk: Desk, number: int) -> None:
    notice = desk.mails(to=ALICE)[0]
    strong = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak = an_answer(notice, ALICE, "Off and on.", "<a@desk.example>")
    weak.replace_header("To", DESK)
    handled(desk, weak)
    asked = desk.mails(to=ALICE, template="held")[0]
    # Both in one batch: the copy with proof is decided a moment before her answer.
    desk.deliver(strong)
    key = desk.deliver(released(asked))
    desk.run()
    assert desk.row(key)["disposition"] == "command"
    assert answers(desk) == 1


@pytest.mark.parametrize(("late", "works"), [(-MINUTE, True), (MINUTE, False)])
def test_a_confirmation_is_good_for_a_week(desk: Desk, number: int, late: int, works: bool) -> None:
    key, asked = held(desk, number)
    desk.now += EXPIRES + late - MINUTE
    row, mails = handled(desk, released(asked))
    assert desk.row(key)["disposition"] == ("agent-reply" if works else "held")
    assert mails == ([] if works else [("error", ALICE)])
    assert works or f"maildesk held release {key}" in " ".join(row["why"])


def test_the_admin_is_faster(desk: Desk, number: int) -> None:
    key, asked = held(desk, number)
    desk.store.write("decide", lambda conn: inbox.release(conn, key, "admin"))
    desk.run()
    handled(desk, released(asked))
    assert answers(desk) == 1


@pytest.mark.parametrize("text", ["#relase", "#release 2", "# release me\n#release all", "#release 0"])
def test_a_slip_comes_back_and_can_be_mended(desk: Desk, number: int, text: str) -> None:
    key, asked = held(desk, number)
    row, mails = handled(desk, released(asked, text))
    assert (row["disposition"], mails) == ("command", [("error", ALICE)])
    assert desk.row(key)["disposition"] == "held"
    handled(desk, released(asked, n=2))
    assert desk.row(key)["disposition"] == "agent-reply"


# Who gets a confirmation, and how


def test_no_stranger_ever_gets_the_token(desk: Desk, number: int) -> None:
    mail = spoofed(number, headers={"Reply-To": TIM, "Cc": f"{TIM}, {BOB}", "Sender": TIM})
    _, mails = handled(desk, mail)
    assert mails == [("held", ALICE)]
    token = local(str(desk.mails(template="held")[0]["Reply-To"]))
    for to in (TIM, BOB, JANE):
        assert not any(token in one.as_string() for one in desk.mails(to=to))


def test_a_desk_without_reply_addresses_asks_the_admin(tmp_path: Path) -> None:
    with a_desk(tmp_path, reply_address="none") as desk:
        number = desk.handle(a_mail())["ticket"]
        key, asked = held(desk, number)
        assert asked["Reply-To"] is None
        text = text_of(asked)
        assert f"maildesk held release {key}" in text
        assert "#release" not in text


def test_a_pattern_of_reply_addresses_confirms_too(tmp_path: Path) -> None:
    pattern: dict[str, Any] = {"reply_address": "pattern", "reply_pattern": "t-{token}@in.desk.example"}
    with a_desk(tmp_path, **pattern) as desk:
        number = desk.handle(a_mail())["ticket"]
        key, asked = held(desk, number)
        handled(desk, released(asked))
        assert desk.row(key)["disposition"] == "agent-reply"
