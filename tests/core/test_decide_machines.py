"""THE decision on what machines write, and on mails that wait for others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.changes import Append, Unreached, Wait
from maildesk.core.decide import WAIT, Arrival, decide
from maildesk.core.model import SECOND, Participant, Status
from maildesk.core.reading import Envelope
from tests.core.given import (
    ALICE,
    JANE,
    KEY,
    KEYS,
    NUMBER,
    OPEN,
    POLICY,
    RE,
    SENT,
    SENT_TO_ALICE,
    TOM,
    a_reading,
    a_snapshot,
    a_ticket,
    a_token,
    decided,
    kinds,
    mails,
)
from tests.desk import DESK, START


@pytest.mark.parametrize("sender", [JANE, ALICE, TOM])
def test_an_answering_machine_moves_nothing(sender: str) -> None:
    for status in Status:
        snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=status, closed=START, answered=True)})
        decision = decided(
            snapshot, sender=sender, subject=f"{RE} [#{NUMBER}]", headers={"Auto-Submitted": "auto-replied"}
        )
        assert decision.disposition == "auto-reply"
        assert decision.after.tickets == snapshot.tickets
        assert not decision.notices
        # An agent's address proves nothing: anybody could write entries in their name.
        assert kinds(decision) == (["auto-reply"] if sender == JANE else [])


def test_an_answering_machine_that_answers_nothing_of_ours_opens_nothing() -> None:
    decision = decided(headers={"Auto-Submitted": "auto-replied"})
    assert (decision.disposition, decision.ticket) == ("auto-reply", None)
    assert not decision.notices


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize(
    "mail",
    [
        {"to": a_token(JANE), "subject": RE},
        {"to": a_token(JANE), "subject": "Out of office"},
        {"headers": {"In-Reply-To": f"<{SENT}>"}},
        {"headers": {"References": f"<{identity.anchor(KEYS, NUMBER, 'mail:x', 'desk.example')}>"}},
        {"subject": f"{RE} [#{NUMBER}]"},
    ],
    ids=["token", "token and another subject", "in-reply-to", "anchor", "subject"],
)
@pytest.mark.parametrize("sender", [JANE, TOM, ALICE])
def test_what_a_machine_generates_in_answer_to_us_opens_and_moves_nothing(
    sender: str, mail: dict[str, Any], status: Status
) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=status, closed=START, answered=True)})
    headers = {"Auto-Submitted": "auto-generated", **mail.get("headers", {})}
    decision = decided(snapshot, sender=sender, **{**mail, "headers": headers})
    # A number in a stranger's subject may be another desk's.
    if sender != TOM or mail != {"subject": f"{RE} [#{NUMBER}]"}:
        assert decision.disposition == "auto-reply"
        assert not decision.notices
        assert kinds(decision) == (["auto-reply"] if sender == JANE else [])
    assert decision.after.tickets[NUMBER] == snapshot.tickets[NUMBER]
    assert "acknowledgment" not in [kind for kind, _ in mails(decision)]


@pytest.mark.parametrize(("traced", "disposition"), [(False, "new-ticket"), (True, "auto-reply")])
def test_a_monitor_opens_a_ticket_but_another_desk_does_not(traced: bool, disposition: str) -> None:
    headers = {"Auto-Submitted": "auto-generated", **({"X-Maildesk-Trace": "other abc"} if traced else {})}
    decision = decided(headers=headers)
    assert decision.disposition == disposition
    assert "acknowledgment" not in [kind for kind, _ in mails(decision)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Message-ID": f"<{SENT}>"},
        {"X-Maildesk-Trace": identity.trace(KEYS, "first@customer.example")},
        {
            "X-Maildesk-Trace": identity.trace(KEYS, "first@customer.example"),
            "From": "mallory@elsewhere.example",
        },
    ],
)
def test_our_own_mail_that_comes_back_is_nothing(headers: dict[str, str]) -> None:
    decision = decided(headers=headers)
    assert decision.disposition == "duplicate"
    assert not decision.notices
    assert "came back" in decision.why[0]


def test_a_trace_that_was_copied_to_another_mail_is_not_ours() -> None:
    headers = {"X-Maildesk-Trace": identity.trace(KEYS, "another@customer.example")}
    assert decided(a_snapshot(), headers=headers).disposition == "new-ticket"


def a_bounce(recipient: str, original: str, status: str = "5.1.1") -> bytes:
    return (
        "From: MAILER-DAEMON@relay.example\r\nTo: support@desk.example\r\nSubject: Undelivered Mail\r\n"
        "Message-ID: <bounce@relay.example>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 unknown\r\n"
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{original}>\r\n"
        "Subject: x\r\n\r\nx\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("new", "new"), ("in-progress", "in-progress"), ("waiting-customer", "in-progress"),
        ("resolved", "in-progress"), ("closed", "closed"),
    ],
)  # fmt: skip
def test_a_bounce_of_an_answer_tells_the_agent(status: str, after: str) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status(status), assignee="bob")})
    reading = a_reading(a_bounce(JANE, SENT), envelope=Envelope("smtp", "", (DESK,)))
    decision = decide(Arrival(KEY, START, reading), snapshot, POLICY, START)
    assert (decision.disposition, decision.ticket) == ("bounce", NUMBER)
    assert decision.after.tickets[NUMBER].status.value == after
    assert mails(decision) == [("bounced", "bob@desk.example")]
    assert kinds(decision) == ["bounce"]


@pytest.mark.parametrize(
    ("status", "action", "told"),
    [
        ("5.1.1", "failed", "did not arrive: there is no such mailbox (5.1.1)."),
        ("5.2.2", "failed", "did not arrive: the mailbox is full (5.2.2)."),
        ("5.0.0", "failed", "did not arrive: "),
        ("4.2.2", "delayed", "has not arrived yet: the mailbox is full (4.2.2)."),
    ],
)
def test_a_bounce_says_in_words_what_happened(status: str, action: str, told: str) -> None:
    raw = a_bounce(JANE, SENT, status).replace(b"Action: failed", f"Action: {action}".encode())
    decision = decide(Arrival(KEY, START, a_reading(raw)), OPEN, POLICY, START)
    (entry,) = (one.entry for one in decision.changes if isinstance(one, Append))
    assert entry.remark.startswith(f"Our mail to {JANE} {told}")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("looks like spam", "the other side took it for spam"),
        ("blocked using a list", "the other side takes no mail from our mail server"),
        ("SPF check failed", "the other side could not verify that it came from us"),
        ("go away", "the other side refused it"),
    ],
)
def test_a_bounce_says_by_the_servers_words_why_it_was_refused(answer: str, told: str) -> None:
    raw = a_bounce(JANE, SENT, "5.7.1").replace(b"550 unknown", f"550 {answer}".encode())
    decision = decide(Arrival(KEY, START, a_reading(raw)), OPEN, POLICY, START)
    (entry,) = (one.entry for one in decision.changes if isinstance(one, Append))
    assert entry.remark == f"Our mail to {JANE} did not arrive: {told} (5.7.1)."


@pytest.mark.parametrize("status", list(Status))
def test_a_late_delivery_is_no_failure(status: Status) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=status, assignee="bob", closed=START)})
    raw = a_bounce(JANE, SENT, "4.4.1").replace(b"Action: failed", b"Action: delayed")
    decision = decide(Arrival(KEY, START, a_reading(raw)), snapshot, POLICY, START)
    assert (decision.disposition, decision.ticket) == ("bounce", NUMBER)
    assert kinds(decision) == ["bounce"]
    assert not decision.notices
    assert decision.after.tickets[NUMBER].status is status
    assert "It is only late: nothing moves." in decision.why


def anchored(person: str) -> str:
    """An anchor that heads References of a mail to this person."""
    return identity.anchor(KEYS, NUMBER, person, "desk.example")


ANCHORED_TO_ALICE = anchored(identity.person_of_agent("alice"))
TO_ALICE = [
    ("elsewhere@home.example", SENT_TO_ALICE, ""),
    # A relay has replaced our Message-ID: the anchor says whose mail it was.
    ("elsewhere@home.example", "replaced@relay.example", f"References: <{ANCHORED_TO_ALICE}>\r\n"),
    (ALICE, SENT_TO_ALICE, ""),
]


@pytest.mark.parametrize(("recipient", "original", "more"), TO_ALICE)
@pytest.mark.parametrize("assignee", ["", "alice", "bob"])
def test_a_bounce_of_a_mail_to_an_agent_goes_to_the_others(
    recipient: str, original: str, more: str, assignee: str
) -> None:
    """Wherever she has her mail forwarded to."""
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.RESOLVED, assignee=assignee)})
    raw = a_bounce(recipient, original).replace(b"Subject: x", more.encode() + b"Subject: x")
    decision = decide(Arrival(KEY, START, a_reading(raw)), snapshot, POLICY, START)
    assert (decision.disposition, decision.ticket) == ("bounce", NUMBER)
    assert mails(decision) == [("unreachable", "bob@desk.example")]
    assert decision.after.tickets[NUMBER].status is Status.RESOLVED
    (unreached,) = (one for one in decision.changes if isinstance(one, Unreached))
    assert (unreached.number, unreached.agent) == (NUMBER, "alice")
    (entry,) = (one.entry for one in decision.changes if isinstance(one, Append))
    assert entry.remark.startswith("Our mail to the agent Alice Ames did not arrive")
    # Once a day each, so that it comes to rest where nobody is reached.
    raw = raw.replace(b"<bounce@", b"<bounce2@")
    again = decide(Arrival("again", START, a_reading(raw)), decision.after, POLICY, START)
    assert not again.notices
    assert any(isinstance(one, Unreached) for one in again.changes)


def test_a_bounce_of_a_mail_to_somebody_who_is_no_agent_any_more_is_not_the_customers() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.RESOLVED)})
    raw = a_bounce("x@home.example", anchored(identity.person_of_agent("carol")))
    decision = decide(Arrival(KEY, START, a_reading(raw)), snapshot, POLICY, START)
    assert decision.after.tickets[NUMBER].status is Status.RESOLVED
    assert [kind for kind, _ in mails(decision)] == ["unreachable"] * 2


def test_a_bounce_at_the_customers_forwarding_address_is_the_customers() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.RESOLVED, assignee="bob")})
    for original in (SENT, anchored(identity.person_of_address(JANE))):
        raw = a_bounce("jane@home.example", original)
        decision = decide(Arrival(KEY, START, a_reading(raw)), snapshot, POLICY, START)
        assert decision.after.tickets[NUMBER].status is Status.IN_PROGRESS
        assert mails(decision) == [("bounced", "bob@desk.example")]


def test_a_bounce_to_an_agent_who_is_the_customer_is_the_customers() -> None:
    ticket = a_ticket(
        status=Status.RESOLVED, participants=(Participant(ALICE, "Alice Ames", "requester"),), assignee="bob"
    )
    original = anchored(identity.person_of_address(ALICE))
    reading = a_reading(a_bounce(ALICE, original))
    decision = decide(Arrival(KEY, START, reading), a_snapshot(ticket), POLICY, START)
    assert decision.after.tickets[NUMBER].status is Status.IN_PROGRESS
    assert mails(decision) == [("bounced", "bob@desk.example")]


def test_a_bounce_that_came_to_a_reply_address_was_of_the_mail_that_bore_it() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.RESOLVED)})
    raw = a_bounce("x@home.example", "other@elsewhere.example")
    reading = a_reading(raw.replace(b"support@desk.example", a_token("alice").encode()))
    decision = decide(Arrival(KEY, START, reading), snapshot, POLICY, START)
    assert decision.after.tickets[NUMBER].status is Status.RESOLVED
    assert mails(decision) == [("unreachable", "bob@desk.example")]


@pytest.mark.parametrize("subject", ["Undelivered Mail", f"Undelivered Mail [#{NUMBER}]"])
def test_a_bounce_of_somebody_elses_mail_is_nothing(subject: str) -> None:
    raw = a_bounce(JANE, "other@elsewhere.example").replace(b"Undelivered Mail", subject.encode())
    decision = decide(Arrival(KEY, START, a_reading(raw)), OPEN, POLICY, START)
    assert (decision.disposition, decision.ticket) == ("bounce", None)
    assert not decision.notices
    assert decision.after.tickets == OPEN.tickets


@pytest.mark.parametrize(
    ("later", "waits"), [(0, "other"), (WAIT - 1, "other"), (WAIT, ""), (WAIT + SECOND, "")]
)
def test_a_mail_waits_for_the_one_it_answers(later: int, waits: str) -> None:
    reading = a_reading(headers={"In-Reply-To": "<pending@customer.example>"})
    snapshot = a_snapshot(pending={identity.mid_hash("pending@customer.example"): "other"})
    decision = decide(Arrival(KEY, START, reading), snapshot, POLICY, START + later)
    assert decision.waits_for == waits
    assert decision.disposition == (None if waits else "new-ticket")
    assert (decision.changes == (Wait(KEY),)) is bool(waits)


def test_a_mail_does_not_wait_for_itself() -> None:
    reading = a_reading(headers={"In-Reply-To": "<first@customer.example>"})
    snapshot = a_snapshot(pending={identity.mid_hash("first@customer.example"): KEY})
    assert decide(Arrival(KEY, START, reading), snapshot, POLICY, START).disposition == "new-ticket"


def test_a_mail_that_was_answered_before_it_came_joins() -> None:
    first = decided(a_snapshot(), headers={"In-Reply-To": "<before@customer.example>"})
    second = decided(
        first.after, message_id="<before@customer.example>", subject="Printer", text="The first mail."
    )
    assert (second.disposition, second.ticket, second.match) == ("reply", first.ticket, "cited")
