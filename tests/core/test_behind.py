"""Who stands behind mails of forms and lists, and what a login proves."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from maildesk.core.behind import fields
from maildesk.core.model import Proof
from maildesk.core.proof import assess
from maildesk.core.reading import Evidence, read
from tests.core.given import ALICE, JANE, a_reading, a_snapshot, a_ticket, a_token
from tests.desk import DESK, a_mail, a_policy

SHOP, GROUP = "noreply@shop.example", "support@lists.example"
PLAIN = a_policy(forms=[{"from": SHOP}], lists=[{"address": GROUP}])
FIELDS = a_policy(
    forms=[
        {
            "from": SHOP,
            "requester_field": "E-Mail",
            "name_field": "Name",
            "topic_field": "Topic",
            "priority_field": "Urgency",
        }
    ]
)
WRITTEN = """New message from the shop

Name:    Jane Doe
E-Mail: jane@customer.example
Topic: invoices
Urgency: High
Message: The invoice
of May: is wrong.
"""


def form(text: str = WRITTEN, **headers: str) -> EmailMessage:
    return a_mail(sender=f"The Shop <{SHOP}>", text=text, subject="Contact", headers=headers)


# Forms


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"Reply-To": "Jane Doe <jane@customer.example>"}, (JANE, "Jane Doe")),
        ({"Reply-To": "Jane@Customer.example"}, (JANE, JANE)),
        ({"X-Original-From": "Jane Doe <jane@customer.example>"}, (JANE, "Jane Doe")),
        ({"Reply-To": SHOP, "X-Original-From": JANE}, (JANE, JANE)),
        ({"Reply-To": f"{JANE}, {SHOP}"}, (JANE, JANE)),
        ({"Reply-To": f"{JANE}, tom@customer.example"}, (SHOP, "The Shop")),
        ({"Reply-To": DESK}, (SHOP, "The Shop")),
        ({"Reply-To": "Jane Doe"}, (SHOP, "The Shop")),
        ({}, (SHOP, "The Shop")),
    ],
)
def test_a_forms_requester_is_whom_its_headers_name(headers: dict[str, str], sender: tuple[str, str]) -> None:
    reading = a_reading(form("Hello", **headers), PLAIN)
    assert (reading.sender, reading.sender_name) == sender


def test_a_forms_fields_are_read() -> None:
    reading = a_reading(form(**{"Reply-To": "other@customer.example"}), FIELDS)
    assert reading.behind is not None
    assert (reading.sender, reading.sender_name) == (JANE, "Jane Doe")
    assert (reading.behind.topic, reading.behind.priority) == ("invoices", "high")
    assert reading.new_text.startswith("New message from the shop")
    assert (reading.kind.kind, reading.kind.may_autorespond) == ("person", True)


@pytest.mark.parametrize(
    ("line", "topic", "priority"),
    [
        ("Topic: PRINTING", "printing", None),
        ("Topic: Printing\nUrgency: EMERGENCY", "printing", "emergency"),
        ("Topic: whatever\nUrgency: very much", "", None),
        ("Urgency:", "", None),
    ],
)
def test_only_known_values_are_taken(line: str, topic: str, priority: str | None) -> None:
    found = a_reading(form(f"E-Mail: {JANE}\n{line}\n"), FIELDS).behind
    assert found is not None
    assert (found.topic, found.priority) == (topic, priority)


def test_fields_are_lines_with_a_colon() -> None:
    text = "Hello: you\n*E-Mail:* jane@x\n> Topic : a: b\nno field here\nTopic: second\nhttp://x/ : y\n: z\n  Key:v  \n"
    assert fields(text) == {
        "hello": "you",
        "e-mail": "jane@x",
        "topic": "a: b",
        "http": "//x/ : y",
        "key": "v",
    }
    assert len(fields("".join(f"k{n}: v\n" for n in range(5000)))) == 200
    assert fields("a" * 200_000 + ": x") == {}
    for bomb in ("a ", " *", "-", "x: * ", ":"):
        fields(bomb * 50_000 + "y")  # bounded in time


def test_another_sender_is_no_form() -> None:
    mail = a_mail(sender="eve@elsewhere.example", headers={"Reply-To": JANE, "X-Original-From": JANE})
    assert a_reading(mail, PLAIN).sender == "eve@elsewhere.example"
    raw = f"From: {SHOP}\nFrom: eve@elsewhere.example\nReply-To: {JANE}\n\nHello\n".encode()
    assert a_reading(raw, PLAIN).behind is None, "two From fields are nobody's form"


@pytest.mark.parametrize("header", [{"Auto-Submitted": "auto-replied"}, {"X-Autoreply": "yes"}])
def test_an_answer_of_a_machine_stays_one(header: dict[str, str]) -> None:
    reading = a_reading(form(**header, **{"Reply-To": JANE}), PLAIN)
    assert reading.kind.kind == "auto-replied"


def test_a_form_filled_in_by_a_machine_is_not_answered() -> None:
    reading = a_reading(form(**{"Reply-To": "mailer-daemon@customer.example"}), PLAIN)
    assert reading.kind.kind == "auto-generated"


# Lists


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"X-Original-From": "Jane D. <jane@customer.example>"}, "Jane D."),
        ({"X-Original-Sender": JANE}, "Jane Doe"),
        ({"X-Original-Sender": JANE, "Reply-To": "J. Doe <jane@customer.example>"}, "J. Doe"),
        ({"Reply-To": f"Jane <jane@customer.example>, {GROUP}"}, "Jane"),
    ],
)
def test_a_list_that_rewrites_from_gives_the_person(headers: dict[str, str], name: str) -> None:
    mail = a_mail(
        sender=f"'Jane Doe' via Support <{GROUP}>",
        to=GROUP,
        headers={"List-ID": "<support.lists.example>", **headers},
    )
    reading = a_reading(mail, PLAIN)
    assert (reading.sender, reading.sender_name) == (JANE, name)
    assert (reading.kind.kind, reading.kind.may_autorespond) == ("person", True)


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({"List-ID": "Support <support.lists.example>"}, True),
        ({"List-Post": f"<mailto:{GROUP}>", "Precedence": "list"}, True),
        ({"List-ID": "<other.lists.example>"}, False),
    ],
)
def test_what_our_list_passes_on_as_it_was_is_a_persons_mail(headers: dict[str, str], may: bool) -> None:
    reading = a_reading(a_mail(to=GROUP, headers=headers), PLAIN)
    assert reading.behind is None
    assert (reading.sender, reading.kind.may_autorespond) == (JANE, may)


# What it proves


def shown(mail: EmailMessage, evidence: Evidence) -> tuple[Proof, str]:
    snapshot = a_snapshot(a_ticket())
    found = assess(read(mail.as_bytes(), a_reading().envelope, evidence, PLAIN), snapshot, PLAIN)
    return found.proof, found.whose


@pytest.mark.parametrize("to", [DESK, a_token(JANE), a_token("alice")])
@pytest.mark.parametrize("proven", [(), (SHOP, JANE)])
def test_nothing_proves_who_filled_a_form_in(to: str, proven: tuple[str, ...]) -> None:
    mail = a_mail(sender=SHOP, to=to, headers={"Reply-To": JANE})
    assert shown(mail, Evidence(login="shop", proven=proven))[0] is Proof.CLAIMED


def test_an_agent_behind_a_form_has_no_proof() -> None:
    mail = a_mail(sender=SHOP, to=a_token("alice"), headers={"Reply-To": ALICE})
    reading = a_reading(mail, PLAIN)
    found = assess(reading, a_snapshot(a_ticket()), PLAIN)
    assert (found.agent and found.agent.id, found.proof) == ("alice", Proof.CLAIMED)


@pytest.mark.parametrize(
    ("sender", "to", "proven", "expected"),
    [
        (ALICE, DESK, (ALICE,), (Proof.AUTHENTICATED, "")),
        (f"Alice <{ALICE.upper()}>", DESK, (ALICE,), (Proof.AUTHENTICATED, "")),
        (ALICE, DESK, (), (Proof.CLAIMED, "")),
        (ALICE, DESK, ("bob@desk.example",), (Proof.CLAIMED, "")),
        (ALICE, a_token("alice"), (ALICE,), (Proof.TOKEN, "own")),
        (ALICE, a_token("alice", generation=3), (ALICE,), (Proof.AUTHENTICATED, "burnt")),
        (ALICE, a_token(JANE), (ALICE,), (Proof.AUTHENTICATED, "foreign")),
        (ALICE, a_token(JANE), ("bob@desk.example",), (Proof.CLAIMED, "foreign")),
    ],
)
def test_a_login_proves_the_addresses_listed_for_it(
    sender: str, to: str, proven: tuple[str, ...], expected: tuple[Proof, str]
) -> None:
    assert shown(a_mail(sender=sender, to=to), Evidence(login="alice", proven=proven)) == expected


def test_a_login_proves_no_second_from_and_no_reply_to() -> None:
    mail = a_mail(sender=f"{ALICE}, eve@elsewhere.example")
    assert shown(mail, Evidence(login="alice", proven=(ALICE,)))[0] is Proof.CLAIMED
    mail = a_mail(sender="eve@elsewhere.example", headers={"Reply-To": ALICE, "Sender": ALICE})
    assert shown(mail, Evidence(login="alice", proven=(ALICE,)))[0] is Proof.CLAIMED


def test_evidence_survives_the_store() -> None:
    import json
    from dataclasses import asdict

    known = Evidence(login="alice", proven=(ALICE,), imported="closed")
    assert Evidence(**json.loads(json.dumps(asdict(known)))) == known
    assert Evidence(released_by="") == Evidence()
