"""The table of `docs/authority.md`, row by row: real mails through each door of a running desk.

Each row is tried with what it needs and without, and everything is looked at that a mail could have changed. Finer
cases are in `test_authority.py`, `test_tokens.py`, `test_evidence.py`, `test_confirmation.py` and `test_personal.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desk import DESK, ROOT, a_desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, TIM, spoofed, theirs
from tests.work.doors import DOORS, Way

MOVED = ("status", "priority", "assignee", "participants", "requester", "department", "topic")


@pytest.fixture(params=DOORS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    with a_desk(tmp_path) as desk:
        door = DOORS[request.param](desk)
        try:
            yield Way(desk, request.param, door)
        finally:
            door.close()


ROWS: dict[str, Callable[[Way], None]] = {}


def row(of: str) -> Callable[[Callable[[Way], None]], Callable[[Way], None]]:
    """What shows a row of the table."""

    def named(shows: Callable[[Way], None]) -> Callable[[Way], None]:
        ROWS[of] = shows
        return shows

    return named


@row("releases a held mail")
def releases(way: Way) -> None:
    held = way.come(spoofed(way.number, "Off and on.\n#resolve"))
    asked = way.notice()
    before, customer = way.ticket, way.got(JANE)
    # Another agent, a customer, a machine, no #release, the desk's own address: nothing is released.
    away = {"Auto-Submitted": "auto-replied"}
    for n, other in enumerate((
        an_answer(asked, BOB, "#release", "<n1@x.example>"), an_answer(asked, JANE, "#release", "<n2@x.example>"),
        an_answer(asked, ALICE, "#release", "<n3@x.example>", away), an_answer(asked, ALICE, "Yes.", "<n4@x.example>"),
        an_answer(asked, ALICE, "#release", "<n5@x.example>", {"To": DESK}),
    )):  # fmt: skip
        way.come(other)
        assert way.desk.row(held.row["key"])["disposition"] == "held", n
        assert (way.ticket["status"], way.ticket["participants"]) == ("new", [JANE])
    assert way.got(JANE) == customer
    assert {name: way.ticket[name] for name in MOVED} == {name: before[name] for name in MOVED}
    assert [one["kind"] for one in way.ticket["entries"]] == ["customer", "customer"], (
        "what Jane wrote is her reply"
    )
    assert way.come(an_answer(asked, ALICE, "#release", "<yes@desk.example>")).is_[0] == "command"
    done = way.desk.row(held.row["key"])
    assert (done["disposition"], done["ticket"], done["proof"]) == (
        "agent-reply",
        way.number,
        "authenticated",
    )
    assert way.ticket["status"] == "resolved"
    assert len(way.desk.mails(to=JANE, template="answer")) == 1


@row("opens a ticket by forwarding a customer's mail")
def forwards(way: Way) -> None:
    personal = theirs(way.desk)
    text = f"See below.\n\n---------- Forwarded message ---------\nFrom: Tim <{TIM}>\nSubject: Lamp\n\nIt is dark.\n"
    for n, (sender, to) in enumerate([(ALICE, DESK), (BOB, personal), (JANE, personal)]):
        other = way.come(a_mail(sender, to, "Fwd: Lamp", text, f"<f{n}@desk.example>"))
        assert (other.is_[0], other.is_[2]) == ("new-ticket", "claimed")
        assert way.desk.ticket(other.row["ticket"])["requester"] == sender
        assert way.got(TIM) == 0
    done = way.come(a_mail(ALICE, personal, "Fwd: Lamp", text, "<p@desk.example>"))
    assert (done.is_[0], done.is_[2]) == ("new-ticket", "token")
    found = way.desk.ticket(done.row["ticket"])
    assert (found["requester"], found["participants"]) == (TIM, [TIM])
    assert [kind for kind, to in done.told if to == TIM] == ["acknowledgment"]
    assert "See below" not in way.notice(TIM).as_string()


@row("is an agent's, on a ticket where they are the requester")
def own_ticket(way: Way) -> None:
    opened = way.come(a_mail(ALICE, subject="My chair", text="It squeaks.", message_id="<c@desk.example>"))
    number = opened.row["ticket"]
    reply = a_mail(
        ALICE, subject=f"Re: My chair [#{number}]", text="#close\nStill.", message_id="<d@desk.example>"
    )
    again = way.come(reply)
    assert again.is_ == ("reply", number, "claimed")
    assert again.told == [("customer_reply", BOB)]
    found = way.desk.ticket(number)
    assert (found["status"], [one["kind"] for one in found["entries"]]) == ("new", ["customer", "customer"])


@row("answers, notes or commands on a ticket")
def acts(way: Way) -> None:
    before = way.ticket
    for n, text in enumerate(
        ("Send your password.", "#resolve", "#note\nHm.", "#assign bob\n#priority high")
    ):
        mail = spoofed(way.number, text)
        mail.replace_header("Message-ID", f"<s{n}@evil.example>")
        held = way.come(mail)
        assert held.is_ == ("held", way.number, "claimed")
        assert held.told == [("held", ALICE)]
        assert way.ticket == before
        assert way.got(JANE) == 1
    # Nor does what proves somebody else: a login that may write as Alice alone, another domain.
    for n, (sender, by) in enumerate(((BOB, ALICE), (ALICE, TIM)) if way.name == "smtp" else ((ALICE, TIM),)):
        mail = a_mail(sender, subject=f"[#{way.number}]", text="#close", message_id=f"<by{n}@evil.example>")
        held = way.come(mail, proven=True, by=by)
        assert (held.is_, held.told) == (("held", way.number, "claimed"), [("held", sender)])
        assert (way.ticket, way.got(JANE)) == (before, 1)
    # A colleague's reply address, and a customer's, prove nothing of Alice's.
    for n, to in enumerate((way.desk.mails(to=BOB)[0], way.desk.mails(to=JANE)[0])):
        held = way.come(an_answer(to, ALICE, "Send your password.", f"<o{n}@evil.example>"))
        assert (held.is_[0], held.is_[2], way.ticket == before, way.got(JANE)) == ("held", "claimed", True, 1)
    # And no customer acts, whatever address they have from a notification that was passed on.
    for n, sender in enumerate((JANE, TIM)):
        way.come(an_answer(way.desk.mails(to=ALICE)[0], sender, "#close", f"<z{n}@x.example>"))
        assert {name: way.ticket[name] for name in MOVED} == {name: before[name] for name in MOVED}
    answered = way.come(an_answer(way.desk.mails(to=ALICE)[0], ALICE, "Off and on.", "<a1@desk.example>"))
    assert answered.is_ == ("agent-reply", way.number, "token")
    assert answered.told == [("answer", JANE)]
    noted = spoofed(way.number, "#note\nShe is in a hurry.\n#priority high")
    noted.replace_header("Message-ID", "<a2@desk.example>")
    done = way.come(noted, proven=True)
    assert (done.is_, done.told) == (("note", way.number, "authenticated"), [])
    assert (way.ticket["status"], way.ticket["assignee"], way.ticket["priority"]) == (
        "in-progress", "alice", "high",
    )  # fmt: skip
    assert "hurry" not in way.notice(JANE).as_string()


@row("is an agent's, names no ticket and has a command")
def command_alone(way: Way) -> None:
    before, tickets = way.ticket, len(way.desk.tickets())
    held = way.come(spoofed(None, "#priority high\nHello"))
    assert (held.is_, held.told) == (("held", None, "claimed"), [("held", ALICE)])
    mail = a_mail(ALICE, subject="Hello", text="#priority high\nHello", message_id="<a@desk.example>")
    done = way.come(mail, proven=True)
    assert (done.is_, done.told) == (("command", None, "authenticated"), [("error", ALICE)])
    assert (way.ticket, len(way.desk.tickets())) == (before, tickets)


@row("is an agent's, names no ticket and has no command")
def own_matter(way: Way) -> None:
    for n, proven in enumerate((False, True)):
        mail = a_mail(ALICE, subject=f"Chair {n}", text="It squeaks.", message_id=f"<c{n}@desk.example>")
        done = way.come(mail, proven)
        assert (done.is_[0], done.is_[2]) == ("new-ticket", "authenticated" if proven else "claimed")
        assert done.told == [("acknowledgment", ALICE), ("new_ticket", BOB)]
        assert way.desk.ticket(done.row["ticket"])["requester"] == ALICE


@row("joins a ticket by a number, or by answering a mail")
def joins(way: Way) -> None:
    before = way.ticket
    ours = {"References": str(way.desk.mails(to=JANE)[0]["References"])}
    ways: list[tuple[str, dict[str, str]]] = [
        (f"Hi [#{way.number}]", {}), ("Hi", ours), ("Hi", {"In-Reply-To": "<first@customer.example>"}),
    ]  # fmt: skip
    for n, (subject, headers) in enumerate(ways):
        for proven in (False, True):
            mail = a_mail(
                f"Tim <{TIM}>", DESK, subject, "And I?", f"<t{n}{proven}@elsewhere.example>", headers
            )
            other = way.come(mail, proven)
            assert other.is_[0] == "new-ticket"
            assert way.desk.ticket(other.row["ticket"])["links"] == [["possibly", way.number]]
            assert [kind for kind, to in other.told if to == TIM] == ["acknowledgment"]
            assert f"#{way.number}" not in way.notice(TIM).as_string()
    assert way.ticket == before
    for n, (subject, headers) in enumerate(ways):
        mine = way.come(
            a_mail(subject=subject, text="And?", message_id=f"<j{n}@customer.example>", headers=headers)
        )
        assert mine.is_ == ("reply", way.number, "claimed")
        assert mine.told == [("customer_reply", ALICE), ("customer_reply", BOB)]
        assert "not proven" in text_of(way.notice()).lower()
    way.come(an_answer(way.notice(), ALICE, "Off.\n\n#resolve", "<a@desk.example>"))
    way.come(
        a_mail(subject=f"[#{way.number}]", text="It fails again.", message_id="<again@customer.example>")
    )
    assert way.ticket["status"] not in ("resolved", "closed"), "whoever takes part reopens it, proven or not"


@row("comes to a reply address of somebody else")
def strangers_token(way: Way) -> None:
    way.come(an_answer(way.notice(), ALICE, "Off and on.\n\n#resolve", "<a@desk.example>"))
    before = way.ticket
    answer = way.desk.mails(to=JANE, template="answer")[0]
    for proven in (False, True):
        text, copies = f"I am her son ({proven}).\n#close", {"Cc": "x@y.example", "Reply-To": "x@y.example"}
        mail = an_answer(answer, f"Tim <{TIM}>", text, f"<t{proven}@elsewhere.example>", copies)
        other = way.come(mail, proven)
        assert other.is_ == ("third-party", way.number, "authenticated" if proven else "claimed")
        assert other.told == [("customer_reply", ALICE)]
        assert "Jane Doe's reply address" in way.ticket["entries"][-1]["remark"]
        assert {name: way.ticket[name] for name in MOVED} == {name: before[name] for name in MOVED}
    way.come(an_answer(way.notice(), ALICE, "Thank you.", "<b@desk.example>"))
    assert (way.got(TIM), way.got("x@y.example")) == (0, 0)
    assert way.come(an_answer(answer, JANE, "It fails again.", "<j@customer.example>")).is_[2] == "token"
    assert way.ticket["status"] == "reopened"


@row("brings others in by To or Cc")
def copies(way: Way) -> None:
    for n, headers in enumerate(({"Cc": f"Tim <{TIM}>"}, {"To": f"{DESK}, Tim <{TIM}>"})):
        mail = a_mail(
            subject=f"[#{way.number}]", text="Tim?", message_id=f"<c{n}@customer.example>", headers=headers
        )
        way.come(mail)
        assert way.ticket["participants"] == [JANE]
        assert TIM in way.ticket["entries"][-1]["remark"]
        told = way.come(an_answer(way.notice(), ALICE, f"Off {n}.", f"<a{n}@desk.example>")).told
        assert told == [("answer", JANE)]
    assert way.got(TIM) == 0
    mail = an_answer(way.notice(JANE), JANE, "Tim helps.", "<p@customer.example>", {"Cc": f"Tim <{TIM}>"})
    assert way.come(mail).is_ == ("reply", way.number, "token")
    assert way.ticket["participants"] == [JANE, TIM]
    told = way.come(an_answer(way.notice(), ALICE, "Off.", "<q@desk.example>")).told
    assert told == [("answer", JANE), ("answer", TIM)]


@row("wants answers at its Reply-To")
def reply_to(way: Way) -> None:
    other, headers = "jane@home.example", {"Reply-To": "jane@home.example"}
    way.come(
        a_mail(subject=f"[#{way.number}]", text="Here.", message_id="<c@customer.example>", headers=headers)
    )
    assert other in way.ticket["entries"][-1]["remark"]
    way.come(an_answer(way.notice(), ALICE, "Off.", "<a@desk.example>"))
    assert (way.got(other), len(way.desk.mails(to=JANE, template="answer"))) == (0, 1)
    mail = a_mail(
        subject=f"[#{way.number}]", text="There.", message_id="<d@customer.example>", headers=headers
    )
    assert way.come(mail, proven=True).is_ == ("reply", way.number, "authenticated")
    way.come(an_answer(way.notice(), ALICE, "On.", "<b@desk.example>"))
    assert (way.got(other), len(way.desk.mails(to=JANE, template="answer"))) == (1, 1)
    assert (way.ticket["requester"], way.ticket["participants"]) == (JANE, [JANE])


@row("opens a ticket")
def opens(way: Way) -> None:
    for n, (sender, proven) in enumerate(((TIM, False), (TIM, True), (JANE, False))):
        done = way.come(
            a_mail(sender, subject=f"Lamp {n}", text="Dark.", message_id=f"<l{n}@x.example>"), proven
        )
        assert (done.is_[0], done.is_[2]) == ("new-ticket", "authenticated" if proven else "claimed")
        assert done.told == [("acknowledgment", sender), ("new_ticket", ALICE), ("new_ticket", BOB)]
        found = way.desk.ticket(done.row["ticket"])
        assert (found["requester"], found["links"]) == (sender, [])
    assert len(way.ticket["entries"]) == 1


@pytest.mark.parametrize("of", ROWS)
def test_row(way: Way, of: str) -> None:
    ROWS[of](way)


def test_every_row_of_the_page_is_here() -> None:
    page = (ROOT / "docs/authority.md").read_text("utf-8")
    table = page.partition("| a mail that |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE) == list(ROWS)
