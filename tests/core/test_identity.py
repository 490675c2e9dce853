"""Numbers, tokens, anchors and Message-IDs: repeatable, unguessable, refused when a single letter is off."""

from __future__ import annotations

import base64
import itertools
from collections import Counter
from collections.abc import Callable

import pytest

from maildesk.core import identity
from maildesk.core.identity import Keys, Token, TokenKind
from tests.core.given import KEYS

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
ROTATED = Keys(KEYS.desk, KEYS.root, (*KEYS.tokens, (2, b"second key" * 4)))
OTHER = Keys(KEYS.desk, b"s" * 32, ((1, b"other key" * 4),))
JANE = identity.person_of_address("jane@customer.example")
MID = identity.message_id(KEYS, "once", "desk.example")


@pytest.mark.parametrize("number", [100_000, 482_913, 999_999, 100_000_000_000, 999_999_999_999])
@pytest.mark.parametrize("kind", ["public", "internal"])
@pytest.mark.parametrize("generation", [0, 1, 255])
def test_a_token_says_what_it_was_made_of(number: int, kind: TokenKind, generation: int) -> None:
    letters = identity.token(KEYS, number, JANE, kind, generation)
    assert identity.read_token(KEYS, letters) == Token(
        number, identity.person_ref(KEYS, JANE), kind, generation
    )


# Each kind of letters in an address of the desk, and what reads them.
KINDS: dict[str, tuple[str, Callable[[Keys, str], object]]] = {
    "ticket": (identity.token(KEYS, 482_913, JANE, "public", 0), identity.read_token),
    "return path": (identity.return_token(KEYS, MID), identity.read_return_token),
    "probe": (identity.probe_token(KEYS, b"0123456789"), identity.read_probe_token),
    "confirmation": (identity.confirm_token(KEYS, MID), identity.read_confirm_token),
    "personal": (identity.desk_token(KEYS, JANE, 3), identity.read_desk_token),
}
of_each_kind = pytest.mark.parametrize(("letters", "read"), KINDS.values(), ids=KINDS)


@of_each_kind
def test_a_token_with_any_bit_changed_is_refused(letters: str, read: Callable[[Keys, str], object]) -> None:
    assert read(KEYS, letters) is not None
    data = base64.b32decode(letters.upper())
    for at, bit in itertools.product(range(len(data)), range(8)):
        changed = bytearray(data)
        changed[at] ^= 1 << bit
        assert read(KEYS, base64.b32encode(changed).decode().lower()) is None, (at, bit)


@of_each_kind
def test_a_token_with_any_letter_changed_left_out_or_added_is_refused(
    letters: str, read: Callable[[Keys, str], object]
) -> None:
    for at in range(len(letters)):
        for other in LETTERS + "0189-=é":
            if other != letters[at]:
                assert read(KEYS, letters[:at] + other + letters[at + 1 :]) is None
        assert read(KEYS, letters[:at] + letters[at + 1 :]) is None
        assert read(KEYS, letters[:at] + "a" + letters[at:]) is None


@pytest.mark.parametrize("read", [read for _, read in KINDS.values()], ids=KINDS)
@pytest.mark.parametrize("letters", ["", "a", "a" * 40, "=" * 40, "\0" * 40, "ü" * 40, "a" * 4_000])
def test_what_is_no_token_is_none(letters: str, read: Callable[[Keys, str], object]) -> None:
    assert read(KEYS, letters) is None


def test_no_kind_of_token_is_read_as_another() -> None:
    for (of, (letters, _)), (other, (_, read)) in itertools.permutations(KINDS.items(), 2):
        assert read(KEYS, letters) is None, (of, other)


def test_a_token_in_capitals_counts() -> None:
    letters = identity.token(KEYS, 482_913, JANE, "public", 0)
    assert letters == letters.lower()
    assert identity.read_token(KEYS, letters.upper()) == identity.read_token(KEYS, letters)


def test_a_token_of_another_store_is_refused() -> None:
    assert identity.read_token(OTHER, identity.token(KEYS, 482_913, JANE, "public", 0)) is None


def test_after_a_rotation_the_new_key_signs_and_the_old_one_verifies() -> None:
    old = identity.token(KEYS, 482_913, JANE, "public", 3)
    new = identity.token(ROTATED, 482_913, JANE, "public", 3)
    assert old != new
    assert identity.read_token(ROTATED, old) == identity.read_token(ROTATED, new) is not None
    assert identity.read_token(KEYS, new) is None, "the old store cannot know the new key"
    retired = Keys(KEYS.desk, KEYS.root, ROTATED.tokens[1:])
    assert identity.read_token(retired, old) is None, "a retired key verifies nothing"


def test_a_key_id_cannot_be_swapped() -> None:
    head = bytearray(base64.b32decode(identity.token(KEYS, 482_913, JANE, "public", 0).upper()))
    head[11] = 2 << 1
    assert identity.read_token(ROTATED, base64.b32encode(head).decode().lower()) is None


def test_a_mac_has_96_bits_and_the_local_part_64_octets() -> None:
    letters = identity.token(KEYS, 999_999_999_999, JANE, "internal", 255)
    assert len(letters) == identity.TOKEN_LETTERS == 40
    # Five bytes number, six person, two for kind, key and generation: twelve are left for the MAC.
    assert len(base64.b32decode(letters.upper())) - 13 == 12
    longest = "s" * 20
    assert len(f"{longest}+{letters}") <= 64


def test_tokens_differ_by_number_person_kind_and_generation() -> None:
    made = {
        identity.token(KEYS, number, identity.person_of_address(who), kind, generation)
        for number in (482_913, 482_914)
        for who in ("jane@customer.example", "tom@customer.example")
        for kind in ("public", "internal")
        for generation in (0, 1)
    }
    assert len(made) == 16


def test_an_agent_is_nobody_outside() -> None:
    as_agent, as_customer = identity.person_of_agent("alice"), identity.person_of_address("alice")
    assert identity.person_ref(KEYS, as_agent) != identity.person_ref(KEYS, as_customer)


def numbers(
    message_id: str = "a@x",
    sender: str = "jane@customer.example",
    sha256: str = "hash",
    received: int = 1,
    keys: Keys = KEYS,
) -> tuple[int, ...]:
    return identity.candidates(keys, message_id, sender, sha256, received)


def test_numbers_have_six_to_twelve_digits() -> None:
    for i in range(300):
        assert [len(str(number)) for number in numbers(f"{i}@customer.example")] == [
            *range(6, 13),
            *range(6, 13),
        ]


def test_the_first_numbers_come_from_the_mail_alone() -> None:
    first = numbers()[:7]
    assert first == numbers(sha256="another hash", received=2)[:7]
    assert first != numbers("b@x")[:7]
    assert first != numbers(sender="tom@customer.example")[:7]
    assert first != numbers(keys=OTHER)[:7]
    unnamed = numbers("")[:7]
    assert unnamed == numbers("", sender="tom@customer.example", received=2)[:7], "only the bytes count"
    assert unnamed != numbers("", sha256="another hash")[:7]


def test_behind_them_stand_those_of_this_arrival() -> None:
    further = numbers()[7:]
    assert further == numbers()[7:] == numbers("b@x", "tom@customer.example")[7:]
    assert further != numbers(received=2)[7:]
    assert further != numbers(sha256="another hash")[7:]
    assert not set(further) & set(numbers()[:7])


def test_numbers_are_never_computed_from_parts_run_together() -> None:
    assert numbers("ab", "c")[:7] != numbers("a", "bc")[:7]


def test_numbers_are_spread_evenly() -> None:
    firsts = [numbers(f"{i}@x", "a@b")[0] for i in range(9_000)]
    by_digit = Counter(str(number)[0] for number in firsts)
    assert sorted(by_digit) == list("123456789")
    # Each first digit is due 1,000 times; six standard deviations are about 180.
    assert all(820 < count < 1_180 for count in by_digit.values()), by_digit
    # By the birthday rule 9,000 of 900,000 numbers repeat about 45 times.
    assert 8_850 < len(set(firsts)) < 9_000


def test_everything_repeats() -> None:
    assert identity.message_id(KEYS, "once", "d.example") == identity.message_id(KEYS, "once", "d.example")
    assert identity.anchor(KEYS, 482_913, JANE, "d.example") == identity.anchor(
        KEYS, 482_913, JANE, "d.example"
    )
    assert identity.boundary(KEYS, "once", 0) == identity.boundary(KEYS, "once", 0)
    assert identity.boundary(KEYS, "once", 0) != identity.boundary(KEYS, "once", 1)
    assert identity.salt(KEYS, 1, 2) == identity.salt(KEYS, 1, 2) != identity.salt(KEYS, 1, 3)


def test_an_anchor_names_its_ticket_and_nobody_can_make_one() -> None:
    anchor = identity.anchor(KEYS, 482_913, JANE, "desk.example")
    expected = identity.Anchor(482_913, identity.person_ref(KEYS, JANE))
    assert identity.read_anchor(KEYS, anchor) == expected
    assert identity.read_anchor(KEYS, anchor.replace("desk.example", "relay.example")) == expected
    assert identity.read_anchor(OTHER, anchor) is None
    local = anchor.partition("@")[0]
    for at in range(len(local)):
        other = "b" if local[at] != "b" else "c"
        assert identity.read_anchor(KEYS, f"{local[:at]}{other}{local[at + 1 :]}@desk.example") is None, at


@pytest.mark.parametrize(
    "mid", ["", "@", ".t@x", "a.t@x", "a" * 32 + ".t@x", "x" * 34 + "@x", "ü" * 32 + ".t@x"]
)
def test_a_foreign_id_is_neither_anchor_nor_ours(mid: str) -> None:
    assert identity.read_anchor(KEYS, mid) is None
    assert not identity.own_message_id(KEYS, mid)
    assert not identity.own_message_id(KEYS, mid.replace(".t@", ".m@"))


def test_a_message_id_is_known_as_ours() -> None:
    mid = identity.message_id(KEYS, "once", "desk.example")
    assert identity.own_message_id(KEYS, mid)
    assert not identity.own_message_id(OTHER, mid)
    assert identity.message_id(KEYS, "another", "desk.example") != mid
    local = mid.partition("@")[0]
    for at in range(32):
        other = "b" if local[at] != "b" else "c"
        assert not identity.own_message_id(KEYS, f"{local[:at]}{other}{local[at + 1 :]}@desk.example"), at
    assert identity.read_anchor(KEYS, mid) is None, "an id of ours is no anchor"


def test_a_trace_belongs_to_one_mail_of_one_desk() -> None:
    trace = identity.trace(KEYS, "a@desk.example")
    assert identity.own_trace(KEYS, f" {trace} ", "a@desk.example")
    assert not identity.own_trace(KEYS, trace, "b@desk.example")
    assert not identity.own_trace(OTHER, trace, "a@desk.example")
    assert not identity.own_trace(KEYS, "", "a@desk.example")
    assert not identity.own_trace(KEYS, "désk ü", "a@desk.example")


def test_a_once_key_carries_no_address() -> None:
    key = identity.once_key("row", "answer", "jane@customer.example", 482_913)
    assert len(key) == 40
    assert "jane" not in key
    assert (
        len(
            {
                key,
                identity.once_key("row2", "answer", "jane@customer.example", 482_913),
                identity.once_key("row", "note", "jane@customer.example", 482_913),
                identity.once_key("row", "answer", "tom@customer.example", 482_913),
                identity.once_key("row", "answer", "jane@customer.example", None),
            }
        )
        == 5
    )


def test_no_message_id_has_no_hash() -> None:
    assert identity.mid_hash("") == ""
    assert len(identity.mid_hash("a@b")) == 32
    assert identity.mid_hash("a\udcffb@c") != identity.mid_hash("ab@c"), "bytes that are no UTF-8 count, too"
