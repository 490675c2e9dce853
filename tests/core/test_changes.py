"""`evolve`, the only interpreter of changes, and the event that records each."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import get_args

import pytest

from maildesk.core.changes import (
    AnswerAt,
    Append,
    Burn,
    Change,
    Decision,
    Join,
    Learn,
    Link,
    Mark,
    Notice,
    Notify,
    Open,
    Release,
    Remember,
    Renew,
    Set,
    Snapshot,
    Stop,
    Supersede,
    Unreached,
    Wait,
)
from maildesk.core.events import event_of
from maildesk.core.evolve import evolve
from maildesk.core.model import (
    Asked,
    Disposition,
    Entry,
    EntryKind,
    HeldMail,
    MidRef,
    Participant,
    Seen,
    Status,
)
from maildesk.core.telling import within
from tests.core.given import ALICE, JANE, NUMBER, TOM, a_snapshot, a_ticket
from tests.desk import START

TICKET = a_ticket()
BEFORE = a_snapshot(TICKET)
AT = START + 5


def an_entry(kind: EntryKind, at: int = AT) -> Entry:
    return Entry("row", NUMBER, kind, JANE, "Jane Doe", at, "text", "text")


def a_notice(
    kind: str = "acknowledgment", to: str = JANE, ticket: int | None = NUMBER, unproven: bool = False
) -> Notice:
    return Notice("once", kind, to, ticket, AT, unproven=unproven)


def a_seen(key: str, mid: str = "mid", disposition: Disposition = Disposition.HELD) -> Seen:
    return Seen(key, mid, "sha", JANE, "", (), (), START, disposition.value, NUMBER)


CHANGES: tuple[Change, ...] = (
    Open(a_ticket(555_555), JANE, "a new mail"),
    Append(an_entry(EntryKind.CUSTOMER), JANE, "wrote again"),
    Set(NUMBER, "priority", "high", AT, "Alice Ames", "#priority high"),
    Join(NUMBER, Participant(TOM, "Tom", "collaborator"), JANE, "copied by a proven mail"),
    AnswerAt(NUMBER, JANE, "jane@home.example", JANE, "Reply-To of a proven mail"),
    Link(NUMBER, "possibly", 555_555, "maildesk", "a stranger's mail"),
    Burn(NUMBER, f"mail:{JANE}", "public", "maildesk", "shown to x"),
    Unreached(NUMBER, "alice", "maildesk", "a mail to Alice Ames did not arrive"),
    Stop(NUMBER, JANE, "row", "It was not sent", None, 7, "maildesk", "the last gate stopped it"),
    Mark(JANE, AT, "5.1.1: no such user"),
    Learn("hash", MidRef(NUMBER, "own")),
    Remember(a_seen("row")),
    Supersede("row", "a copy with better proof was decided"),
    Release("row", "sha", "Alice Ames, by mail", "confirmed"),
    Renew("alice", 1, "shown to x"),
    Wait("row"),
    Notify(a_notice()),
)


def test_every_change_is_tested_here() -> None:
    assert {type(change) for change in CHANGES} == set(get_args(Change))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_no_change_touches_the_snapshot_before(change: Change) -> None:
    before = replace(
        BEFORE,
        seen={"mid": (a_seen("row"),)},
        mids={"hash": ()},
        pending={"mid": "row"},
        asked={"local": Asked("agent:alice", AT, (HeldMail("row", "sha"),))},
    )
    copied = copy.deepcopy(before)
    after = evolve(before, change)
    assert before == copied
    # That an agent was not reached is an event, and nothing besides.
    assert (after == before) is isinstance(change, Unreached)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_every_change_of_a_ticket_has_an_event_and_the_others_none(change: Change) -> None:
    event = event_of(change)
    if isinstance(change, Mark | Learn | Remember | Supersede | Release | Renew | Wait):
        assert event is None
        return
    assert event is not None
    assert event.ticket == (555_555 if isinstance(change, Open) else NUMBER)
    assert event.actor
    assert event.why


def test_the_events_in_words() -> None:
    events = [event for change in CHANGES if (event := event_of(change))]
    found = {(e.kind, e.actor, e.why, " ".join(f"{k}={v}" for k, v in e.data.items())) for e in events}
    assert found == {
        ("opened", JANE, "a new mail", f"subject=My printer is broken requester={JANE} department=support"),
        ("customer", JANE, "wrote again", f"entry=row author={JANE}"),
        ("priority", "Alice Ames", "#priority high", "value=high"),
        ("participant", JANE, "copied by a proven mail", f"address={TOM} role=collaborator"),
        ("answer-at", JANE, "Reply-To of a proven mail", f"address={JANE} to=jane@home.example"),
        ("link", "maildesk", "a stranger's mail", "link=possibly other=555555"),
        ("token-burnt", "maildesk", "shown to x", f"person=mail:{JANE} token=public"),
        ("unreached", "maildesk", "a mail to Alice Ames did not arrive", "agent=alice"),
        ("stopped", "maildesk", "the last gate stopped it", f"to={JANE} entry=row"),
        ("mail", "maildesk", f"acknowledgment to {JANE}", f"once=once notice=acknowledgment to={JANE}"),
    }  # fmt: skip
    assert event_of(Notify(a_notice(ticket=None))) is None
    assert dict(event_of(Set(NUMBER, "tag", ("a",), AT, "x", "y")).data) == {"value": ["a"]}  # type: ignore[union-attr]


def test_opening() -> None:
    new = a_ticket(555_555)
    assert evolve(BEFORE, Open(new, JANE, "")).tickets == {NUMBER: TICKET, 555_555: new}


@pytest.mark.parametrize("kind", list(EntryKind))
def test_an_entry_moves_the_clocks_and_never_the_status(kind: EntryKind) -> None:
    ticket = a_ticket(
        status=Status.RESOLVED, answered=kind is EntryKind.CUSTOMER, last_customer=1, last_agent=2
    )
    after = evolve(a_snapshot(ticket), Append(an_entry(kind), JANE, "")).tickets[NUMBER]
    expected = {
        EntryKind.CUSTOMER: replace(ticket, last_customer=AT, answered=False),
        EntryKind.AGENT_REPLY: replace(ticket, last_agent=AT, first_response=AT, answered=True),
    }
    assert after == expected.get(kind, ticket)


def test_the_first_response_stays_the_first() -> None:
    ticket = a_ticket(first_response=START)
    after = evolve(a_snapshot(ticket), Append(an_entry(EntryKind.AGENT_REPLY), "", "")).tickets[NUMBER]
    assert (after.first_response, after.last_agent) == (START, AT)


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("priority", "high", "priority", "high"),
        ("topic", "printing", "topic", "printing"),
        ("department", "billing", "department", "billing"),
        ("assignee", "bob", "assignee", "bob"),
        ("assignee", "", "assignee", ""),
        ("tag", ("a", "b"), "tags", ("a", "b")),
        ("status", "in-progress", "status", Status.IN_PROGRESS),
    ],
)
def test_setting_a_field_changes_that_field_alone(
    name: str, value: object, field: str, expected: object
) -> None:
    ticket = a_ticket(assignee="alice")
    after = evolve(a_snapshot(ticket), Set(NUMBER, name, value, AT, "", "")).tickets[NUMBER]
    assert after == replace(ticket, **{field: expected})  # type: ignore[arg-type]


def test_resolving_and_closing_keep_their_time() -> None:
    one = evolve(BEFORE, Set(NUMBER, "status", "resolved", AT, "", ""))
    assert (one.tickets[NUMBER].resolved, one.tickets[NUMBER].closed) == (AT, None)
    two = evolve(one, Set(NUMBER, "status", "closed", AT + 1, "", ""))
    assert (two.tickets[NUMBER].resolved, two.tickets[NUMBER].closed) == (AT, AT + 1)
    three = evolve(two, Set(NUMBER, "status", "reopened", AT + 2, "", ""))
    assert (three.tickets[NUMBER].resolved, three.tickets[NUMBER].closed) == (AT, AT + 1)


def test_an_unknown_field_and_an_unknown_ticket_are_errors() -> None:
    with pytest.raises(ValueError, match="no field is called 'colour'"):
        evolve(BEFORE, Set(NUMBER, "colour", "red", AT, "", ""))
    with pytest.raises(KeyError):
        evolve(BEFORE, Set(999_999, "priority", "high", AT, "", ""))
    with pytest.raises(KeyError):
        evolve(a_snapshot(), Append(an_entry(EntryKind.CUSTOMER), "", ""))


def test_joining_and_linking_append() -> None:
    tom = Participant(TOM, "Tom", "collaborator")
    after = evolve(BEFORE, Join(NUMBER, tom, "", "")).tickets[NUMBER]
    assert after.participants == (*TICKET.participants, tom)
    after = evolve(BEFORE, Link(NUMBER, "related", 5, "", "")).tickets[NUMBER]
    assert after.links == (("related", 5),)


def test_burning_counts_up_for_one_person_and_kind() -> None:
    person = f"mail:{JANE}"
    ticket = a_ticket(generations=((person, "internal", 4), ("agent:alice", "public", 7)))
    one = evolve(a_snapshot(ticket), Burn(NUMBER, person, "public", "", ""))
    two = evolve(one, Burn(NUMBER, person, "public", "", "")).tickets[NUMBER]
    assert one.tickets[NUMBER].generation(person, "public") == 1
    assert two.generation(person, "public") == 2
    assert two.generation(person, "internal") == 4
    assert two.generation("agent:alice", "public") == 7


def test_a_message_id_is_learnt_once_per_role() -> None:
    after = BEFORE
    for ref in (MidRef(1, "own"), MidRef(1, "own"), MidRef(1, "cited"), MidRef(2, "own")):
        after = evolve(after, Learn("hash", ref))
    assert after.mids == {"hash": (MidRef(1, "own"), MidRef(1, "cited"), MidRef(2, "own"))}


def test_a_mail_is_remembered_by_id_and_bytes_and_waits_no_more() -> None:
    before = replace(BEFORE, pending={"mid": "row", "other": "row 2"})
    after = evolve(before, Remember(a_seen("row")))
    assert after.seen == {"mid": (a_seen("row"),), "sha": (a_seen("row"),)}
    assert after.pending == {"other": "row 2"}
    again = evolve(after, Remember(a_seen("row", disposition=Disposition.AGENT_REPLY)))
    assert [s.disposition for s in again.seen["mid"]] == ["agent-reply"], "a mail decided again counts once"
    without_id = evolve(BEFORE, Remember(a_seen("row", mid="")))
    assert list(without_id.seen) == ["sha"]


def test_nothing_waits_for_a_mail_that_waits() -> None:
    before = replace(BEFORE, pending={"mid": "row", "other": "row 2"})
    assert evolve(before, Wait("row")) == replace(BEFORE, pending={"other": "row 2"})


def test_a_superseded_mail_is_a_duplicate() -> None:
    before = replace(BEFORE, seen={"mid": (a_seen("one"), a_seen("two")), "sha": (a_seen("one"),)})
    after = evolve(before, Supersede("one", ""))
    assert {k: [s.disposition for s in v] for k, v in after.seen.items()} == {
        "mid": ["duplicate", "held"], "sha": ["duplicate"],
    }  # fmt: skip


def test_mails_are_counted_for_the_limits() -> None:
    after = evolve(evolve(BEFORE, Notify(a_notice(unproven=True))), Notify(a_notice(to=TOM)))
    after = evolve(after, Notify(a_notice("held", ALICE)))
    assert after.notice_times == {
        ("acknowledgment", JANE): (AT,),
        ("acknowledgment", TOM): (AT,),
        ("held", ALICE): (AT,),
    }
    assert after.domain_acks == {"customer.example": 2}
    assert after.unproven_acks == 1


@pytest.mark.parametrize(
    ("times", "count"), [((), 0), ((1_000,), 1), ((900,), 0), ((901, 950, 1_000, 1_001), 4), ((1, 2, 3), 0)]
)
def test_within(times: tuple[int, ...], count: int) -> None:
    assert within(times, 1_000, 100) == count


def test_the_first_free_number() -> None:
    snapshot = a_snapshot(a_ticket(111_111), taken=frozenset([2_222_222]))
    assert snapshot.free_number((111_111, 2_222_222, 33_333_333, 4)) == 33_333_333
    with pytest.raises(ValueError, match="all candidates"):
        snapshot.free_number((111_111, 2_222_222))


def test_a_decisions_mails_in_order() -> None:
    decision = Decision(Disposition.REPLY, (*CHANGES, Notify(a_notice("answer"))), (), BEFORE)
    assert [notice.kind for notice in decision.notices] == ["acknowledgment", "answer"]


def test_what_is_decided_late_is_not_the_last_word() -> None:
    """A mail that was held or read late moves no clock back."""
    snapshot = a_snapshot(a_ticket())

    def after(snapshot: Snapshot, kind: EntryKind, at: int) -> Snapshot:
        return evolve(snapshot, Append(an_entry(kind, at), "x", "y"))

    answered = after(after(snapshot, EntryKind.CUSTOMER, 10), EntryKind.AGENT_REPLY, 30)
    late = after(answered, EntryKind.CUSTOMER, 20).tickets[NUMBER]
    assert (late.last_customer, late.last_agent, late.answered) == (20, 30, True)
    again = after(answered, EntryKind.CUSTOMER, 40)
    assert not again.tickets[NUMBER].answered
    behind = after(again, EntryKind.AGENT_REPLY, 35).tickets[NUMBER]
    assert (behind.last_customer, behind.last_agent, behind.answered) == (40, 35, False)
