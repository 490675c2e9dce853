"""Who wrote a mail, and how strongly it shows that: a token counts only with the From it was issued to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maildesk.core import deskaddress, identity, proof
from maildesk.core.model import Proof
from maildesk.core.reading import Envelope
from tests.core.given import (
    ALICE,
    JANE,
    KEYS,
    NUMBER,
    POLICY,
    a_reading,
    a_snapshot,
    a_ticket,
    a_token,
    standing,
)
from tests.desk import DESK, a_mail

OPEN = a_snapshot(a_ticket())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (DESK, (DESK, "")),
        (f"support+{'a' * 40}@desk.example", (DESK, "a" * 40)),
        ("support+a+b@desk.example", (DESK, "a+b")),
        ("support+@desk.example", (DESK, "")),
        ("billing+x@desk.example", ("billing@desk.example", "x")),
        ("sales@desk.example", ("", "")),
        ("sales+x@desk.example", ("", "")),
        ("support@other.example", ("", "")),
        ("support+x@other.example", ("", "")),
        ("alice@desk.example", ("", "")),
        ("", ("", "")),
    ],
)
def test_what_belongs_to_the_desk(address: str, expected: tuple[str, str]) -> None:
    assert deskaddress.desk_part(address, POLICY) == expected
    assert deskaddress.is_desk(address.upper(), POLICY) is bool(expected[0])


@pytest.mark.parametrize("header", ["To", "Cc", "Delivered-To", "X-Original-To"])
def test_a_token_counts_wherever_the_mail_was_sent(header: str) -> None:
    reading = a_reading(to="Somebody <list@elsewhere.example>", headers={header: a_token(JANE)})
    assert standing(reading, OPEN).proof is Proof.TOKEN


def test_a_token_in_the_envelope_alone_counts() -> None:
    reading = a_reading(to="list@elsewhere.example", envelope=Envelope("smtp", JANE, (a_token(JANE),), ""))
    assert standing(reading, OPEN).proof is Proof.TOKEN


@pytest.mark.parametrize(
    "change", [str.upper, str.title, lambda text: f"<{text}>", lambda text: f'"Support" <{text.upper()}>']
)
def test_a_token_survives_what_mail_systems_do_to_an_address(change: object) -> None:
    assert callable(change)
    found = standing(a_reading(to=change(a_token(JANE))), OPEN)
    assert (found.proof, found.whose) == (Proof.TOKEN, "own")


def test_a_proven_customer() -> None:
    found = standing(a_reading(to=a_token(JANE)), OPEN)
    assert (found.sender, found.agent, found.person) == (JANE, None, identity.person_of_address(JANE))
    assert found.token is not None
    assert found.token.number == NUMBER
    assert JANE in found.why


@pytest.mark.parametrize("sender", [ALICE, "ALICE@desk.example", "Alice Ames <alice@desk.example>"])
def test_a_proven_agent(sender: str) -> None:
    found = standing(a_reading(sender=sender, to=a_token("alice")), OPEN)
    assert found.agent is POLICY.agent("alice")
    assert (found.proof, found.whose) == (Proof.TOKEN, "own")


@pytest.mark.parametrize(
    ("sender", "token", "whose"),
    [
        ("mallory@elsewhere.example", a_token(JANE), "foreign"),
        ("jane@customer.example.evil.example", a_token(JANE), "foreign"),
        ("bob@desk.example", a_token("alice"), "foreign"),
        ("alice@desk.example", a_token(JANE), "foreign"),
        (JANE, a_token("alice"), "foreign"),
        # An agent's address is an agent's, even where a token was made for the bare address.
        ("alice@desk.example", a_token("alice@desk.example"), "foreign"),
        (JANE, DESK, ""),
        (JANE, "support+aaaa@desk.example", ""),
        (JANE, a_token(JANE)[:-14] + "aaa@desk.example", ""),
        # A ticket that does not exist.
        (JANE, a_token(JANE, 999_999), ""),
        # The same letters before somebody else's domain.
        (JANE, a_token(JANE).replace("desk.example", "elsewhere.example"), ""),
    ],
)
def test_what_a_token_does_not_prove(sender: str, token: str, whose: str) -> None:
    found = standing(a_reading(sender=sender, to=token), OPEN)
    assert (found.proof, found.whose) == (Proof.CLAIMED, whose)


@pytest.mark.parametrize(
    "sender", [f"{JANE}, mallory@elsewhere.example", f"mallory@elsewhere.example, {JANE}", f"{JANE}, {JANE}"]
)
def test_two_from_addresses_prove_nothing(sender: str) -> None:
    found = standing(a_reading(sender=sender, to=a_token(JANE)), OPEN)
    assert (found.proof, found.whose) == (Proof.CLAIMED, "foreign")
    assert "2 From addresses" in found.why


def test_two_from_fields_prove_nothing() -> None:
    raw = (
        a_mail(to=a_token(JANE)).as_bytes().replace(b"From: ", b"From: mallory@elsewhere.example\nFrom: ", 1)
    )
    assert standing(a_reading(raw), OPEN).proof is Proof.CLAIMED


def test_no_from_proves_nothing_whatever_the_sender_field_says() -> None:
    raw = a_mail(to=a_token(JANE)).as_bytes().replace(b"From: ", b"Sender: ", 1)
    found = standing(a_reading(raw), OPEN)
    assert (found.sender, found.proof) == (JANE, Proof.CLAIMED)


def test_an_agent_among_two_from_addresses_is_held_for_an_agent() -> None:
    found = standing(a_reading(sender=f"mallory@elsewhere.example, {ALICE}", to=a_token("alice")), OPEN)
    assert found.agent is POLICY.agent("alice")
    assert found.proof is Proof.CLAIMED


def test_reply_to_proves_nothing() -> None:
    reading = a_reading(sender="mallory@elsewhere.example", to=a_token(JANE), headers={"Reply-To": JANE})
    assert standing(reading, OPEN).proof is Proof.CLAIMED


@pytest.mark.parametrize(("burnt", "whose"), [(0, "own"), (1, "burnt"), (2, "burnt")])
def test_a_burnt_token_proves_nothing(burnt: int, whose: str) -> None:
    person = identity.person_of_address(JANE)
    snapshot = a_snapshot(a_ticket(generations=((person, "public", burnt),) if burnt else ()))
    found = standing(a_reading(to=a_token(JANE)), snapshot)
    assert found.whose == whose
    assert (found.proof is Proof.TOKEN) is (whose == "own")
    renewed = standing(a_reading(to=a_token(JANE, generation=burnt)), snapshot)
    assert renewed.proof is Proof.TOKEN


def test_burning_one_kind_leaves_the_other() -> None:
    person = identity.person_of_agent("alice")
    snapshot = a_snapshot(a_ticket(generations=((person, "public", 1),)))
    assert (
        standing(a_reading(sender=ALICE, to=a_token("alice", kind="internal")), snapshot).proof is Proof.TOKEN
    )
    assert standing(a_reading(sender=ALICE, to=a_token("alice")), snapshot).proof is Proof.CLAIMED


def test_ones_own_token_counts_before_anothers() -> None:
    reading = a_reading(to=f"{a_token('alice')}, {a_token(JANE)}")
    found = standing(reading, OPEN)
    assert (found.proof, found.whose) == (Proof.TOKEN, "own")


def test_a_token_of_before_a_rotation_counts() -> None:
    rotated = replace(KEYS, tokens=(*KEYS.tokens, (2, b"second key" * 4)))
    assert standing(a_reading(to=a_token(JANE)), a_snapshot(a_ticket(), keys=rotated)).proof is Proof.TOKEN


def test_a_token_counts_after_a_merge() -> None:
    snapshot = a_snapshot(a_ticket(), aliases={555_555: NUMBER})
    found = standing(a_reading(to=a_token(JANE, 555_555)), snapshot)
    assert found.proof is Proof.TOKEN


@pytest.mark.parametrize(("to", "whose"), [(DESK, ""), (a_token("alice"), "own"), (a_token(JANE), "foreign")])
def test_a_released_mail_is_authenticated(to: str, whose: str) -> None:
    found = standing(a_reading(sender=ALICE, to=to, released_by="admin"), OPEN)
    assert (found.proof, found.whose) == (Proof.AUTHENTICATED, whose)
    assert "admin" in found.why


@pytest.mark.parametrize(
    ("to", "cc", "shown"),
    [
        (a_token("alice"), "", ()),
        (a_token("alice"), "bob@desk.example, billing@desk.example", ()),
        (a_token("alice"), JANE, ()),
        (a_token("alice"), "Tom <TOM@customer.example>", ("tom@customer.example",)),
        (
            f"tom@customer.example, {a_token('alice')}",
            "x@y.example, tom@customer.example",
            ("tom@customer.example", "x@y.example"),
        ),
    ],
)
def test_to_whom_a_mail_shows_its_token(to: str, cc: str, shown: tuple[str, ...]) -> None:
    reading = a_reading(to=to, headers={"Cc": cc} if cc else {})
    assert proof.exposed(reading, POLICY, frozenset([JANE])) == shown
