"""THE decision, on snapshots made by hand: dispositions, fields, mails and reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.changes import Append, Burn, Decision, Join, Link, Remember, Set, Snapshot
from maildesk.core.decide import WAIT, Arrival, decide
from maildesk.core.model import DAY, HOUR, SECOND, MidRef, Participant, Proof, Status
from maildesk.core.policy import Policy
from maildesk.core.reading import Envelope
from tests.core.given import ALICE, JANE, KEYS, NUMBER, POLICY, TOM, a_reading, a_snapshot, a_ticket, a_token
from tests.desk import DESK, START, a_policy

KEY = "row"
SENT = identity.message_id(KEYS, "once", "desk.example")
OPEN = a_snapshot(a_ticket(), mids={identity.mid_hash(SENT): (MidRef(NUMBER, "sent"),)})
RE = "Re: My printer is broken"


def decided(snapshot: Snapshot = OPEN, policy: Policy = POLICY, now: int = START, **mail: Any) -> Decision:
    return decide(Arrival(KEY, START, a_reading(policy=policy, **mail)), snapshot, policy, now)


def mails(decision: Decision) -> list[tuple[str, str]]:
    return [(notice.kind, notice.to) for notice in decision.notices]


def sets(decision: Decision) -> dict[str, object]:
    return {change.name: change.value for change in decision.changes if isinstance(change, Set)}


def kinds(decision: Decision) -> list[str]:
    return [change.entry.kind.value for change in decision.changes if isinstance(change, Append)]


def links(decision: Decision) -> list[tuple[str, int]]:
    return [(change.kind, change.other) for change in decision.changes if isinstance(change, Link)]


NEW = [("acknowledgment", JANE), ("new_ticket", ALICE), ("new_ticket", "bob@desk.example")]


def test_a_new_mail_opens_a_ticket() -> None:
    decision = decided(a_snapshot())
    assert decision.disposition == "new-ticket"
    assert decision.ticket is not None
    ticket = decision.after.tickets[decision.ticket]
    assert (ticket.subject, ticket.department, ticket.status) == ("My printer is broken", "support", Status.NEW)
    assert (ticket.topic, ticket.tags, ticket.requester) == ("printing", ("hardware",), Participant(JANE, "Jane Doe", "requester"))
    assert mails(decision) == NEW
    assert kinds(decision) == ["customer"]
    assert decision.rules[0] == ("printers", True, "subject contains 'printer'")
    assert decision.changes[-1] == Remember(decision.changes[-1].seen)  # type: ignore[union-attr]


def test_the_number_is_the_first_free_one() -> None:
    first = decided(a_snapshot()).ticket
    assert first is not None
    second = decided(a_snapshot(taken=frozenset([first]))).ticket
    assert (len(str(first)), len(str(second))) == (6, 7)


@pytest.mark.parametrize(
    ("mail", "department", "told"),
    [
        ({"to": "billing@desk.example"}, "billing", ["bob"]),
        ({"to": "Billing@Desk.Example, support@desk.example"}, "billing", ["bob", "alice"]),
        ({"to": DESK, "headers": {"Cc": "billing@desk.example"}}, "support", ["alice", "bob"]),
        ({"to": "x@elsewhere.example", "headers": {"Delivered-To": "billing@desk.example"}}, "billing", ["bob"]),
        ({"to": "x@elsewhere.example", "envelope": Envelope("smtp", JANE, ("billing@desk.example",))}, "billing", ["bob"]),
        ({"to": "x@elsewhere.example"}, "support", ["alice", "bob"]),
        # A rule that routes the ticket elsewhere tells those alone.
        ({"to": DESK, "subject": "My invoice"}, "billing", ["bob"]),
        ({"to": DESK, "text": "There is a fire!"}, "support", ["bob"]),
    ],
)
def test_where_a_new_ticket_goes_and_who_is_told(mail: dict[str, Any], department: str, told: list[str]) -> None:
    decision = decided(a_snapshot(), **{"subject": "Hello", **mail})
    assert decision.ticket is not None
    assert decision.after.tickets[decision.ticket].department == department
    assert [to for kind, to in mails(decision) if kind == "new_ticket"] == [f"{name}@desk.example" for name in told]


def test_what_rules_set() -> None:
    decision = decided(a_snapshot(), subject="My invoice is on fire", text="fire in the printer room")
    assert decision.ticket is not None
    ticket = decision.after.tickets[decision.ticket]
    # The topic names a department and a priority; a rule that sets the priority itself wins over the topic's.
    assert (ticket.topic, ticket.department, ticket.priority) == ("invoices", "billing", "emergency")
    assert (ticket.assignee, ticket.status) == ("bob", Status.ASSIGNED)
    by_topic = decided(a_snapshot(), subject="My invoice", text="x")
    assert by_topic.after.tickets[by_topic.ticket or 0].priority == "low"
    actors = {change.actor for change in decision.changes if isinstance(change, Set)}
    assert actors == {"rule invoices", "rule fire"}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("an automatic mail", {"headers": {"Auto-Submitted": "auto-generated"}}, "machines and lists"),
    ("a list", {"headers": {"List-Id": "<office.customer.example>"}}, "machines and lists"),
    ("asked not to", {"headers": {"X-Auto-Response-Suppress": "All"}}, "machines and lists"),
    ("a null return path", {"envelope": Envelope("smtp", "", (DESK,))}, "machines and lists"),
    ("our own address", {"sender": DESK}, "is an address of this desk"),
    ("our own reply address", {"sender": "billing+x@desk.example"}, "is an address of this desk"),
    ("two senders", {"sender": f"{JANE}, {TOM}"}, "machines and lists"),
]


@pytest.mark.parametrize(("name", "mail", "because"), REFUSED, ids=[row[0] for row in REFUSED])
def test_who_gets_no_acknowledgment(name: str, mail: dict[str, Any], because: str) -> None:
    decision = decided(a_snapshot(), **mail)
    assert decision.disposition == "new-ticket", name
    assert "acknowledgment" not in [kind for kind, _ in mails(decision)]
    assert [to for kind, to in mails(decision) if kind == "new_ticket"], "the agents are told all the same"
    assert because in " ".join(decision.why)


def test_a_mail_without_sender_opens_a_ticket_that_answers_nobody() -> None:
    raw = b"To: support@desk.example\r\nSubject: Hi\r\nMessage-ID: <a@b>\r\n\r\nHello\r\n"
    decision = decide(Arrival(KEY, START, a_reading(raw)), a_snapshot(), POLICY, START)
    assert decision.disposition == "new-ticket"
    assert [kind for kind, _ in mails(decision)] == ["new_ticket", "new_ticket"]


@pytest.mark.parametrize(
    ("earlier", "acknowledged"),
    [
        ([], True),
        ([START - 1] * 4, True),
        ([START - 1] * 5, False),
        ([START - HOUR + 1] * 5, False),
        ([START - HOUR] * 5, True),
        ([START - 2 * HOUR] * 19, True),
        ([START - 2 * HOUR] * 20, False),
        ([START - DAY + 1] * 20, False),
        ([START - DAY] * 20, True),
    ],
)
def test_the_limits_of_an_address(earlier: list[int], acknowledged: bool) -> None:
    snapshot = a_snapshot(notice_times={("acknowledgment", JANE): tuple(earlier)})
    decision = decided(snapshot)
    assert (("acknowledgment", JANE) in mails(decision)) is acknowledged
    assert ("within the" in " ".join(decision.why)) is not acknowledged


@pytest.mark.parametrize(("had", "acknowledged"), [(59, True), (60, False)])
def test_the_limit_of_a_domain(had: int, acknowledged: bool) -> None:
    decision = decided(a_snapshot(domain_acks={"customer.example": had}))
    assert (("acknowledgment", JANE) in mails(decision)) is acknowledged


@pytest.mark.parametrize(("had", "not_before"), [(1_999, 0), (2_000, START + HOUR)])
def test_the_limit_of_all_unproven_senders_delays(had: int, not_before: int) -> None:
    decision = decided(a_snapshot(unproven_acks=had))
    (acknowledgment,) = [n for n in decision.notices if n.kind == "acknowledgment"]
    assert acknowledgment.not_before == not_before
    assert acknowledgment.unproven


def test_a_proven_sender_is_not_delayed() -> None:
    snapshot = replace(OPEN, unproven_acks=5_000)
    decision = decided(snapshot, to=a_token(JANE), subject="A new laptop")
    (acknowledgment,) = [n for n in decision.notices if n.kind == "acknowledgment"]
    assert decision.proof is Proof.TOKEN
    assert (acknowledgment.not_before, acknowledgment.unproven) == (0, False)


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("new", "new"), ("assigned", "assigned"), ("in-progress", "in-progress"), ("waiting-customer", "in-progress"),
        ("waiting-third-party", "waiting-third-party"), ("resolved", "reopened"), ("closed", "reopened"),
        ("reopened", "reopened"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "mail",
    [{"to": a_token(JANE), "subject": RE}, {"subject": f"{RE} [#{NUMBER}]"}, {"headers": {"In-Reply-To": f"<{SENT}>"}}],
    ids=["token", "subject", "references"],
)
def test_a_customers_reply_in_every_status(status: str, after: str, mail: dict[str, Any]) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status(status), closed=START, answered=True)})
    decision = decided(snapshot, **mail)
    assert (decision.disposition, decision.ticket) == ("reply", NUMBER)
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.status.value, ticket.answered, ticket.last_customer) == (after, False, START)
    assert mails(decision) == [("customer_reply", ALICE), ("customer_reply", "bob@desk.example")]


def test_a_reply_goes_to_the_assignee_alone() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(assignee="bob")})
    assert mails(decided(snapshot, subject=f"[#{NUMBER}]")) == [("customer_reply", "bob@desk.example")]


def test_a_reply_goes_to_the_department_where_the_assignee_has_left() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(assignee="carol")})
    assert [to for _, to in mails(decided(snapshot, subject=f"[#{NUMBER}]"))] == [ALICE, "bob@desk.example"]


@pytest.mark.parametrize(("later", "disposition"), [(14 * DAY, "reply"), (14 * DAY + 1, "new-ticket")])
def test_the_reopen_window(later: int, disposition: str) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.CLOSED, closed=START)})
    decision = decide(
        Arrival(KEY, START + later, a_reading(subject=f"{RE} [#{NUMBER}]")), snapshot, POLICY, START + later
    )
    assert decision.disposition == disposition
    if disposition == "reply":
        assert decision.after.tickets[NUMBER].status is Status.REOPENED
        return
    assert decision.after.tickets[NUMBER] == snapshot.tickets[NUMBER]
    assert links(decision) == [("follow-up", NUMBER)]
    assert mails(decision) == NEW
    assert decision.after.tickets[decision.ticket or 0].subject == "My printer is broken"


@pytest.mark.parametrize(
    "mail",
    [{"subject": f"Re: x [#{NUMBER}]"}, {"headers": {"In-Reply-To": f"<{SENT}>"}}],
    ids=["number", "references"],
)
def test_a_stranger_opens_a_linked_ticket(mail: dict[str, Any]) -> None:
    decision = decided(sender="mallory@elsewhere.example", **mail)
    assert decision.disposition == "new-ticket"
    assert decision.ticket != NUMBER
    assert links(decision) == [("possibly", NUMBER)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]
    assert decision.after.tickets[decision.ticket or 0].requester.address == "mallory@elsewhere.example"


@pytest.mark.parametrize("status", list(Status))
def test_a_stranger_with_a_participants_token_changes_nothing(status: Status) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=status, closed=START)})
    decision = decided(snapshot, sender="Tim <tim@elsewhere.example>", to=a_token(JANE), subject=RE)
    assert (decision.disposition, decision.ticket) == ("third-party", NUMBER)
    assert decision.after.tickets[NUMBER] == snapshot.tickets[NUMBER]
    assert kinds(decision) == ["third-party"]
    assert {kind for kind, _ in mails(decision)} == {"customer_reply"}
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert "Jane Doe's reply address" in entry.remark


def test_a_mail_to_a_remembered_reply_address_opens_a_related_ticket() -> None:
    decision = decided(to=a_token(JANE), subject="A new laptop")
    assert decision.disposition == "new-ticket"
    assert links(decision) == [("related", NUMBER)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]


def test_a_burnt_token_still_proves_the_mail_that_shows_it() -> None:
    decision = decided(to=a_token(JANE), subject=RE, headers={"Cc": "tim@elsewhere.example"})
    assert decision.proof is Proof.TOKEN
    assert [c.person for c in decision.changes if isinstance(c, Burn)] == [identity.person_of_address(JANE)]
    assert [c.participant.address for c in decision.changes if isinstance(c, Join)] == ["tim@elsewhere.example"]
    again = decided(decision.after, to=a_token(JANE), subject=RE, message_id="<again@customer.example>")
    assert (again.disposition, again.proof) == ("reply", Proof.CLAIMED)
    assert not [c for c in again.changes if isinstance(c, Burn)]


def test_copies_of_a_claimed_mail_are_shown_only() -> None:
    decision = decided(
        a_snapshot(), headers={"Cc": "tim@elsewhere.example", "Reply-To": "other@elsewhere.example"}
    )
    ticket = decision.after.tickets[decision.ticket or 0]
    assert [p.address for p in ticket.participants] == [JANE]
    (entry,) = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert "tim@elsewhere.example" in entry.remark
    assert "other@elsewhere.example" in entry.remark


def test_a_proven_mail_brings_no_more_people_than_the_bound() -> None:
    many = ", ".join(f"p{i}@elsewhere.example" for i in range(80))
    decision = decided(to=a_token(JANE), subject=RE, headers={"Cc": many})
    assert len(decision.after.tickets[NUMBER].participants) == 51
    assert "More than 50" in " ".join(decision.why)


AGENT: dict[str, Any] = {"sender": "Alice Ames <alice@desk.example>", "subject": RE}


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("new", "in-progress"), ("assigned", "in-progress"), ("in-progress", "in-progress"),
        ("waiting-customer", "waiting-customer"), ("waiting-third-party", "waiting-third-party"),
        ("resolved", "resolved"), ("closed", "closed"), ("reopened", "in-progress"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("assignee", ["", "alice", "bob"])
def test_an_agents_answer_in_every_status(status: str, after: str, assignee: str) -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status(status), assignee=assignee, closed=START)})
    decision = decided(snapshot, to=a_token("alice"), text="Turn it off.", **AGENT)
    assert (decision.disposition, decision.proof) == ("agent-reply", Proof.TOKEN)
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.status.value, ticket.assignee, ticket.answered) == (after, assignee or "alice", True)
    assert ticket.first_response == START
    assert mails(decision) == [("answer", JANE)]


def test_an_answer_claims_nothing_where_the_mail_says_whose_ticket_it_is() -> None:
    decision = decided(to=a_token("alice"), text="#assign bob\nBob knows.", **AGENT)
    assert decision.after.tickets[NUMBER].assignee == "bob"
    assert mails(decision) == [("answer", JANE), ("handoff", "bob@desk.example")]
    nobody = decided(to=a_token("alice"), text="#assign none\nSomebody knows.", **AGENT)
    assert nobody.after.tickets[NUMBER].assignee == ""


def test_an_answer_goes_to_everybody_who_takes_part_and_has_no_copy_yet() -> None:
    people = (Participant(JANE, "Jane", "requester"), Participant(TOM, "Tom", "collaborator"))
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(participants=people)})
    assert mails(decided(snapshot, to=a_token("alice"), **AGENT)) == [("answer", JANE), ("answer", TOM)]
    copied = decided(snapshot, to=a_token("alice"), headers={"Cc": TOM}, **AGENT)
    assert mails(copied) == [("answer", JANE)]
    assert not [c for c in copied.changes if isinstance(c, Burn)], "a participant is no outsider"


@pytest.mark.parametrize(
    ("text", "kind", "disposition", "told"),
    [
        ("For us.", "internal", "note", []),
        ("#note\nFor us.", "public", "note", []),
        ("For us.", "public", "agent-reply", [("answer", JANE)]),
        ("#priority high", "internal", "command", []),
        ("#priority high", "public", "command", []),
        ("#note", "public", "command", []),
        ("#priority high\nDone.", "public", "agent-reply", [("answer", JANE)]),
        ("#priority high\n#note\nDone.", "public", "note", []),
    ],
)
def test_what_an_agents_mail_is(text: str, kind: Any, disposition: str, told: list[tuple[str, str]]) -> None:
    decision = decided(to=a_token("alice", kind=kind), text=text, **AGENT)
    assert decision.disposition == disposition
    assert mails(decision) == told
    assert sets(decision).get("priority") == ("high" if "#priority" in text else None)


def test_a_note_tells_the_assignee() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(assignee="bob")})
    decision = decided(snapshot, to=a_token("alice"), text="#note\nFor us.", **AGENT)
    assert mails(decision) == [("note", "bob@desk.example")]
    assert decision.after.tickets[NUMBER].status is Status.NEW


WRONG = ["#priorty high\nHello", "Hello\n#close\nBye", "Hello\n#topic nonsense", "", "> only a quote", "#note\n#nonsense"]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_command_does_nothing_and_is_answered(text: str) -> None:
    decision = decided(to=a_token("alice"), text=text, **AGENT)
    assert decision.disposition == "command"
    assert mails(decision) == [("error", ALICE)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]
    assert not kinds(decision)


def test_what_was_understood_beside_what_was_not() -> None:
    decision = decided(to=a_token("alice"), text="#priority high\n#topic nonsense\nHello Jane", **AGENT)
    facts = decision.notices[0].facts
    assert facts["understood"] == ["#priority high"]
    assert "nonsense" in str(facts["errors"])
    assert "Hello Jane" in str(facts["text"])
    assert decision.after.tickets[NUMBER].priority == "normal"


def test_errors_are_answered_twenty_times_an_hour() -> None:
    for had, told in ((19, [("error", ALICE)]), (20, [])):
        snapshot = replace(OPEN, notice_times={("error", ALICE): (START,) * had})
        assert mails(decided(snapshot, to=a_token("alice"), text="#nonsense", **AGENT)) == told


HELD: list[dict[str, Any]] = [
    {"subject": f"{RE} [#{NUMBER}]"},
    {"headers": {"In-Reply-To": f"<{SENT}>"}},
    {"to": a_token(JANE)},
    {"to": a_token("bob")},
    {"subject": "Hello", "text": "#priority high"},
    {"subject": "Hello", "text": "Hello\n#nonsense\nBye"},
    {"to": a_token("alice"), "subject": "Quite another matter"},
]


@pytest.mark.parametrize("mail", HELD)
def test_an_agents_mail_without_proof_is_held(mail: dict[str, Any]) -> None:
    decision = decided(**{**AGENT, **mail})
    assert decision.disposition == "held"
    assert mails(decision) == [("held", ALICE)]
    assert decision.notices[0].token == ""
    assert decision.notices[0].ticket is None
    assert decision.after.tickets == OPEN.tickets


@pytest.mark.parametrize(("had", "told"), [(4, 1), (5, 0)])
def test_notices_of_held_mail_are_limited(had: int, told: int) -> None:
    snapshot = replace(OPEN, notice_times={("held", ALICE): (START - 1,) * had})
    decision = decided(snapshot, **{**AGENT, "subject": f"[#{NUMBER}]"})
    assert decision.disposition == "held"
    assert len(decision.notices) == told


def test_an_agents_plain_mail_opens_a_ticket_and_then_they_are_a_customer_there() -> None:
    decision = decided(sender=ALICE, subject="My own chair is broken")
    assert decision.disposition == "new-ticket"
    assert mails(decision) == [("acknowledgment", ALICE), ("new_ticket", "bob@desk.example")]
    number = decision.ticket or 0
    for mail in ({"subject": f"[#{number}]"}, {"subject": f"[#{number}]", "text": "#close"}):
        again = decided(decision.after, sender=ALICE, message_id="<again@desk.example>", **mail)  # type: ignore[arg-type]
        assert (again.disposition, again.ticket) == ("reply", number)
        assert again.after.tickets[number].status is Status.NEW
        assert mails(again) == [("customer_reply", "bob@desk.example")]


@pytest.mark.parametrize("to", [DESK, a_token("bob")])
def test_a_released_mail_is_carried_out(to: str) -> None:
    decision = decided(sender=ALICE, subject=f"{RE} [#{NUMBER}]", to=to, released_by="admin", text="Turn it off.")
    assert (decision.disposition, decision.proof) == ("agent-reply", Proof.AUTHENTICATED)
    assert mails(decision) == [("answer", JANE)]
    assert decision.notices[0].once == identity.once_key(KEY, "answer", JANE, NUMBER)
    assert not [c for c in decision.changes if isinstance(c, Burn)]


def test_a_released_answer_to_an_internal_mail_stays_internal() -> None:
    decision = decided(
        sender=ALICE, subject="Another subject", to=a_token("alice", kind="internal"), released_by="admin", text="Hm."
    )
    assert decision.disposition == "note"


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
        assert kinds(decision) == ([] if sender == TOM else ["auto-reply"])


def test_an_answering_machine_that_answers_nothing_of_ours_opens_nothing() -> None:
    decision = decided(headers={"Auto-Submitted": "auto-replied"})
    assert (decision.disposition, decision.ticket) == ("auto-reply", None)
    assert not decision.notices


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
        {"X-Maildesk-Trace": identity.trace(KEYS, "first@customer.example"), "From": "mallory@elsewhere.example"},
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
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{original}>\r\nSubject: x\r\n\r\nx\r\n--b--\r\n"
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


def test_a_bounce_of_a_mail_to_an_agent_tells_nobody() -> None:
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(status=Status.RESOLVED, assignee="bob")})
    decision = decide(Arrival(KEY, START, a_reading(a_bounce(ALICE, SENT))), snapshot, POLICY, START)
    assert decision.disposition == "bounce"
    assert not decision.notices
    assert decision.after.tickets[NUMBER].status is Status.RESOLVED


@pytest.mark.parametrize("subject", ["Undelivered Mail", f"Undelivered Mail [#{NUMBER}]"])
def test_a_bounce_of_somebody_elses_mail_is_nothing(subject: str) -> None:
    raw = a_bounce(JANE, "other@elsewhere.example").replace(b"Undelivered Mail", subject.encode())
    decision = decide(Arrival(KEY, START, a_reading(raw)), OPEN, POLICY, START)
    assert (decision.disposition, decision.ticket) == ("bounce", None)
    assert not decision.notices
    assert decision.after.tickets == OPEN.tickets


@pytest.mark.parametrize(("later", "waits"), [(0, "other"), (WAIT - 1, "other"), (WAIT, ""), (WAIT + SECOND, "")])
def test_a_mail_waits_for_the_one_it_answers(later: int, waits: str) -> None:
    reading = a_reading(headers={"In-Reply-To": "<pending@customer.example>"})
    snapshot = a_snapshot(pending={identity.mid_hash("pending@customer.example"): "other"})
    decision = decide(Arrival(KEY, START, reading), snapshot, POLICY, START + later)
    assert decision.waits_for == waits
    assert decision.disposition == (None if waits else "new-ticket")
    assert bool(decision.changes) is not bool(waits)


def test_a_mail_does_not_wait_for_itself() -> None:
    reading = a_reading(headers={"In-Reply-To": "<first@customer.example>"})
    snapshot = a_snapshot(pending={identity.mid_hash("first@customer.example"): KEY})
    assert decide(Arrival(KEY, START, reading), snapshot, POLICY, START).disposition == "new-ticket"


def test_a_mail_that_was_answered_before_it_came_joins() -> None:
    first = decided(a_snapshot(), headers={"In-Reply-To": "<before@customer.example>"})
    second = decided(first.after, message_id="<before@customer.example>", subject="Printer", text="The first mail.")
    assert (second.disposition, second.ticket, second.match) == ("reply", first.ticket, "cited")


def test_deciding_changes_no_snapshot_and_repeats() -> None:
    import copy

    before = copy.deepcopy(OPEN)
    one, two = decided(to=a_token(JANE), subject=RE), decided(to=a_token(JANE), subject=RE)
    assert one == two
    assert before == OPEN


def test_each_notice_has_its_own_once_key() -> None:
    decision = decided(a_snapshot())
    assert len({notice.once for notice in decision.notices}) == len(decision.notices) == 3
    expected = identity.once_key(KEY, "acknowledgment", JANE, decision.ticket)
    assert decision.notices[0].once == expected


def test_an_agent_of_two_departments_is_told_once() -> None:
    policy = a_policy(rules=[])
    decision = decided(a_snapshot(), policy, to="support@desk.example, billing@desk.example")
    assert mails(decision).count(("new_ticket", "bob@desk.example")) == 1
