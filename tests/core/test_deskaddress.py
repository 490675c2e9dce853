"""Which addresses are the desk's, and those that are made for one mail."""

from __future__ import annotations

import pytest

from maildesk.core import identity
from maildesk.core.deskaddress import desk_part, is_desk, reply_address, return_path
from tests.core.given import KEYS
from tests.desk import DESK, a_policy

TOKEN = "a" * 40
MID = identity.message_id(KEYS, "once", "desk.example")
OTHER = identity.Keys("other", b"o" * 32, ((1, b"t" * 32),))


def test_addresses_of_every_form_are_ours_whatever_new_mails_bear() -> None:
    policy = a_policy(
        reply_address="none",
        reply_pattern="Ticket-{token}@In.desk.example",
        return_path="verp",
        return_address="bounce={token}=x@desk.example",
    )
    for address, expected in (
        (DESK, (DESK, "")),
        (f"support+{TOKEN}@desk.example", (DESK, TOKEN)),
        ("billing+x@desk.example", ("billing@desk.example", "x")),
        (f"ticket-{TOKEN}@in.desk.example", (DESK, TOKEN)),
        (f"bounce={TOKEN}=x@desk.example", (DESK, TOKEN)),
        ("ticket-short@in.desk.example", ("", "")),
        (f"ticket-{TOKEN}a@in.desk.example", ("", "")),
        (f"ticket-{TOKEN}@desk.example", ("", "")),
        (f"x{TOKEN}@in.desk.example", ("", "")),
        ("ticket-@in.desk.example", ("", "")),
        (f"other+{TOKEN}@desk.example", ("", "")),
    ):
        assert desk_part(address, policy) == expected
        assert is_desk(address.upper(), policy) is bool(expected[0])


def test_a_pattern_at_an_international_domain_is_ours_too() -> None:
    policy = a_policy(reply_address="pattern", reply_pattern="ticket-{token}@b\u00fccher.example")
    made = reply_address(DESK, TOKEN, policy)
    assert made == f"ticket-{TOKEN}@xn--bcher-kva.example"
    assert desk_part(made, policy) == (DESK, TOKEN)


def test_a_fixed_return_address_is_ours() -> None:
    policy = a_policy(return_address="Bounces@desk.example")
    assert desk_part("bounces@desk.example", policy) == (DESK, "")
    assert return_path(DESK, MID, policy, KEYS) == "bounces@desk.example"
    assert return_path(DESK, MID, a_policy(), KEYS) == DESK
    assert return_path(DESK, MID, a_policy(return_path="null"), KEYS) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reply_address": "pattern", "reply_pattern": "t.{token}@in.desk.example"},
        {"return_address": "b-{token}@desk.example", "reply_address": "none"},
    ],
)
def test_what_is_made_is_read_again(changes: dict[str, str]) -> None:
    policy = a_policy(return_path="verp", **changes)
    path = return_path("billing@desk.example", MID, policy, KEYS)
    _, token = desk_part(path, policy)
    assert identity.read_return_token(KEYS, token) == MID.partition("@")[0]
    assert identity.read_return_token(OTHER, token) is None
    assert identity.read_token(KEYS, token) is None, "a return path proves nothing"
    answers = reply_address("billing@desk.example", TOKEN, policy)
    assert answers == "" if policy.reply_address == "none" else desk_part(answers, policy)[1] == TOKEN


def test_a_reply_token_is_no_return_path() -> None:
    token = identity.token(KEYS, 482913, "mail:jane@customer.example", "public", 0)
    assert identity.read_return_token(KEYS, token) is None
    for wrong in ("", TOKEN, "1" * 40, token[:-1]):
        assert identity.read_return_token(KEYS, wrong) is None


def test_a_trace_says_which_mail_it_was() -> None:
    trace = identity.trace(KEYS, MID)
    assert identity.traced(KEYS, f" {trace}\n") == MID.partition("@")[0]
    assert identity.traced(OTHER, trace) == ""
    assert identity.traced(KEYS, trace.replace(MID[:5], "aaaaa")) == ""
    assert identity.traced(KEYS, "") == identity.traced(KEYS, "desk mac") == ""
