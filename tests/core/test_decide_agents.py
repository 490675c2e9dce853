"""THE decision on what agents write, with proof and without."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.body import line_hashes
from maildesk.core.changes import Burn, Join
from maildesk.core.decide import Arrival, decide
from maildesk.core.events import event_of
from maildesk.core.model import Participant, Proof, Status
from maildesk.core.reading import Envelope, Evidence, read
from tests.core.given import (
    ALICE,
    JANE,
    KEY,
    NUMBER,
    OPEN,
    POLICY,
    RE,
    SENT,
    TOM,
    a_snapshot,
    a_ticket,
    a_token,
    decided,
    kinds,
    mails,
    sets,
)
from tests.desk import DESK, START, a_mail

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
    snapshot = replace(
        OPEN, tickets={NUMBER: a_ticket(status=Status(status), assignee=assignee, closed=START)}
    )
    decision = decided(snapshot, to=a_token("alice"), text="Turn it off.", **AGENT)
    assert (decision.disposition, decision.proof) == ("agent-reply", Proof.TOKEN)
    ticket = decision.after.tickets[NUMBER]
    assert (ticket.status.value, ticket.assignee, ticket.answered) == (after, assignee or "alice", True)
    assert ticket.first_response == START
    # Whose ticket it is hears that a colleague answered, or would answer again.
    told = [("colleague_answer", "bob@desk.example")] if assignee == "bob" else []
    assert mails(decision) == [("answer", JANE), *told]


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


VERA = "Vera <vera@parts.example>"
JOINED = Participant("vera@parts.example", "Vera", "collaborator")


@pytest.mark.parametrize("header", ["To", "Cc"])
def test_whom_an_agent_copies_on_an_answer_takes_part(header: str) -> None:
    own = a_token("alice")
    headers = {
        header: f"{VERA}, {own}, bob@desk.example, billing@desk.example, {a_token(JANE)}, {JANE}, {VERA}"
    }
    mail = {"to": own, "headers": headers, "text": "Vera sold it to you.", **AGENT}
    decision = decided(**mail)
    joins = [change for change in decision.changes if isinstance(change, Join)]
    assert [join.participant for join in joins] == [JOINED]
    event = event_of(joins[0])
    assert event is not None
    assert (event.actor, event.why) == ("Alice Ames", "copied by an agent's proven answer")
    assert [c.person for c in decision.changes if isinstance(c, Burn)] == ["agent:alice"]
    assert mails(decision) == [], "both have it already"
    later = decided(decision.after, to=a_token("alice", generation=1), message_id="<b@desk.example>", **AGENT)
    assert mails(later) == [("answer", JANE), ("answer", "vera@parts.example")]


@pytest.mark.parametrize(
    "mail",
    [
        {"text": "#note\nVera sold it."},
        {"text": "Vera sold it.\n\n-- \nAlice\n#note"},
        {"to": a_token("alice", kind="internal")},
        {"text": "#priority high"},
        {"text": "#nonsense\nVera sold it."},
        {"to": DESK, "subject": f"{RE} [#{NUMBER}]"},
        {"to": a_token("bob")},
        {"to": a_token("alice", generation=1)},
        {"sender": f"{ALICE}, {TOM}"},
    ],
)
def test_a_note_a_command_and_a_mail_without_proof_bring_nobody_in(mail: dict[str, Any]) -> None:
    decision = decided(**{"to": a_token("alice"), "headers": {"Cc": VERA}, **AGENT, **mail})
    assert not [change for change in decision.changes if isinstance(change, Join)]
    assert "vera@parts.example" not in [to for _, to in mails(decision)]


def test_an_answer_to_the_other_address_of_a_participant_brings_nobody_in_and_goes_there_once() -> None:
    people = (Participant(JANE, "Jane", "requester", answer_at="jane@home.example"),)
    snapshot = replace(OPEN, tickets={NUMBER: a_ticket(participants=people)})
    decision = decided(snapshot, to=a_token("alice"), headers={"Cc": "jane@home.example"}, **AGENT)
    assert decision.after.tickets[NUMBER].participants == people
    assert mails(decision) == []


def test_an_agent_brings_no_more_people_than_the_bound() -> None:
    many = ", ".join(f"p{i}@elsewhere.example" for i in range(80))
    decision = decided(to=a_token("alice"), headers={"Cc": many}, **AGENT)
    assert len(decision.after.tickets[NUMBER].participants) == 51


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


WRONG = [
    "#priorty high\nHello",
    "Hello\n#close\nBye",
    "Hello\n#topic nonsense",
    "",
    "> only a quote",
    "#note\n#nonsense",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_command_does_nothing_and_is_answered(text: str) -> None:
    decision = decided(to=a_token("alice"), text=text, **AGENT)
    assert decision.disposition == "command"
    assert mails(decision) == [("error", ALICE)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]
    assert not kinds(decision)


BELOW = [
    "Turn it off.\n\n-- \nAlice Ames\n{}",
    "#priority high\nTurn it off.\n\n-- \n{}\nAlice Ames",
    "Turn it off.\n\n-----Original Message-----\nFrom: Jane\nSent: Monday\n\nIt is broken.\n\n{}",
    "Turn it off.\n\nOn 1 Jul 2025, Jane wrote:\nIt is broken.\n{}",
]


@pytest.mark.parametrize("text", BELOW)
@pytest.mark.parametrize("line", ["#close", "#CLOSE", "#assign bob", "#asign bob", "#note for us", "* #wait"])
def test_a_command_below_the_signature_or_the_quoted_mail_does_nothing_and_is_answered(
    text: str, line: str
) -> None:
    decision = decided(to=a_token("alice"), text=text.format(line), **AGENT)
    assert decision.disposition == "command"
    assert mails(decision) == [("error", ALICE)]
    assert decision.after.tickets[NUMBER] == OPEN.tickets[NUMBER]
    assert str(decision.notices[0].facts["errors"]).startswith(
        f"['{line}: it stands below the signature or the quoted mail."
    )
    # So is a mail that names no ticket.
    assert decided(text=text.format(line), **{**AGENT, "subject": "Hello"}).disposition == "held"


@pytest.mark.parametrize(
    "text", [*BELOW, "Turn it off.\n\nOn 1 Jul 2025, Jane wrote:\n> It is broken.\n> {}"]
)
@pytest.mark.parametrize(
    "line", ["#WeAreHiring", "#1 in Europe", "# close", "##close", "#OpenSource", "A #close"]
)
def test_a_hashtag_in_a_signature_is_text(text: str, line: str) -> None:
    decision = decided(to=a_token("alice"), text=text.format(line), **AGENT)
    assert decision.disposition == "agent-reply"


def test_a_command_in_a_quote_is_no_command() -> None:
    marked = "Turn it off.\n\nOn 1 Jul 2025, Jane wrote:\n> It is broken.\n> #close\n"
    assert decided(to=a_token("alice"), text=marked, **AGENT).disposition == "agent-reply"
    ours = "Turn it off.\n\n-----Original Message-----\nFrom: Jane\nSent: Monday\n\n#close\nis what I see."
    mail = a_mail(to=a_token("alice"), text=ours, **AGENT).as_bytes()
    for sent, disposition in (((), "command"), ((line_hashes("#close\nis what I see."),), "agent-reply")):
        reading = read(mail, Envelope("smtp"), Evidence(), POLICY, sent)
        assert decide(Arrival(KEY, START, reading), OPEN, POLICY, START).disposition == disposition


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
    assert decision.notices[0].token == "confirm"
    assert decision.notices[0].ticket is None
    assert decision.after.tickets == OPEN.tickets


@pytest.mark.parametrize("subject", ["Held: my parcel", "Re: Held: my parcel", "HELD:"])
def test_a_customers_subject_that_begins_like_a_notice_of_held_mail_is_like_any_other(subject: str) -> None:
    opened = decided(a_snapshot(), subject=subject, text="Where is it?")
    assert opened.disposition == "new-ticket"
    assert [kind for kind, _ in mails(opened)] == ["acknowledgment", "new_ticket", "new_ticket"]
    number = opened.ticket or 0
    again = decided(opened.after, subject=f"{subject} [#{number}]", text="And now?", message_id="<b@x>")
    assert (again.disposition, again.ticket) == ("reply", number)
    mail = {**AGENT, "subject": f"Re: {subject} [#{number}]", "message_id": "<c@x>"}
    answer = decided(again.after, to=a_token("alice", number), text="In the post.", **mail)
    assert (answer.disposition, mails(answer)) == ("agent-reply", [("answer", JANE)])
    spoofed = decided(again.after, text="In the post.", **mail)
    assert (spoofed.disposition, mails(spoofed)) == ("held", [("held", ALICE)])
    # What answers the notice of that is a machine.
    machine = decided(
        again.after,
        **{**mail, "subject": f"Re: Held: {mail['subject']}", "headers": {"In-Reply-To": f"<{SENT}>"}},
    )
    assert (machine.disposition, mails(machine)) == ("held", [])


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
    decision = decided(
        sender=ALICE, subject=f"{RE} [#{NUMBER}]", to=to, released_by="admin", text="Turn it off."
    )
    assert (decision.disposition, decision.proof) == ("agent-reply", Proof.AUTHENTICATED)
    assert mails(decision) == [("answer", JANE)]
    assert decision.notices[0].once == identity.once_key(KEY, "answer", JANE, NUMBER)
    assert not [c for c in decision.changes if isinstance(c, Burn)]


def test_a_released_answer_to_an_internal_mail_stays_internal() -> None:
    decision = decided(
        sender=ALICE,
        subject="Another subject",
        to=a_token("alice", kind="internal"),
        released_by="admin",
        text="Hm.",
    )
    assert decision.disposition == "note"
