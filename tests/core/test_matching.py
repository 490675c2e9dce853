"""Which ticket a mail belongs to: each way alone, their order, and what is another matter."""

from __future__ import annotations

import pytest

from maildesk.core import identity
from maildesk.core.matching import Copy, Wanted, another_matter, wanted
from maildesk.core.model import MidRef
from maildesk.core.reading import Reading
from tests.core.given import (
    JANE,
    KEYS,
    NUMBER,
    POLICY,
    TOM,
    a_reading,
    a_snapshot,
    a_ticket,
    a_token,
    matched,
)
from tests.desk import START

SECOND, THIRD = 555_555, 666_666
SENT = identity.message_id(KEYS, "once", "desk.example")
ANCHOR = identity.anchor(KEYS, NUMBER, identity.person_of_address(JANE), "desk.example")
ANCHOR_2 = identity.anchor(KEYS, SECOND, identity.person_of_address(JANE), "desk.example")


def known(**mids: tuple[int, str]) -> dict[str, tuple[MidRef, ...]]:
    """Message-IDs that tickets know; `x=(number, role)` is x@customer.example."""
    return {
        identity.mid_hash(f"{name}@customer.example"): (MidRef(number, role),)  # type: ignore[arg-type]
        for name, (number, role) in mids.items()
    }


SNAPSHOT = a_snapshot(
    a_ticket(), a_ticket(SECOND), a_ticket(THIRD),
    mids={
        **known(own=(NUMBER, "own"), other=(SECOND, "own"), cited=(NUMBER, "cited"), gone=(777_777, "own")),
        identity.mid_hash(SENT): (MidRef(NUMBER, "sent"),),
    },
)  # fmt: skip


def mail(
    to: str = "support@desk.example",
    subject: str = "Hello",
    mid: str = "<new@customer.example>",
    **headers: str,
) -> Reading:
    return a_reading(
        to=to, subject=subject, message_id=mid, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


WAYS = [
    ("token", {"to": a_token(JANE)}),
    ("anchor", {"References": f"<{ANCHOR}> <x@y>"}),
    ("anchor", {"In_Reply_To": f"<{ANCHOR}>"}),
    ("message-id", {"In_Reply_To": f"<{SENT}>"}),
    ("message-id", {"References": f"<{SENT}> <x@y>"}),
    ("message-id", {"In_Reply_To": "<own@customer.example>"}),
    ("message-id", {"References": "<own@customer.example> <x@y>"}),
    ("subject", {"subject": f"Re: Hello [#{NUMBER}]"}),
    ("cited", {"mid": "<cited@customer.example>"}),
]


@pytest.mark.parametrize(("how", "values"), WAYS)
def test_each_way_alone(how: str, values: dict[str, str]) -> None:
    found = matched(mail(**values), SNAPSHOT)
    assert (found.ticket, found.how) == (NUMBER, how)
    assert f"#{NUMBER}" in found.why


@pytest.mark.parametrize(
    ("how", "number", "values"),
    [
        # Each pair names two tickets; the stronger way comes first in the table above.
        ("token", NUMBER, {"to": a_token(JANE), "References": f"<{ANCHOR_2}>"}),
        ("token", NUMBER, {"to": a_token(JANE), "In_Reply_To": "<other@customer.example>"}),
        ("token", NUMBER, {"to": a_token(JANE), "subject": f"[#{SECOND}]"}),
        ("anchor", SECOND, {"References": f"<{ANCHOR_2}>", "In_Reply_To": f"<{SENT}>"}),
        ("anchor", SECOND, {"References": f"<{ANCHOR_2}>", "subject": f"[#{NUMBER}]"}),
        ("message-id", NUMBER, {"References": f"<{SENT}>", "In_Reply_To": "<other@customer.example>"}),
        ("message-id", SECOND, {"In_Reply_To": "<other@customer.example>", "subject": f"[#{NUMBER}]"}),
        ("subject", SECOND, {"subject": f"[#{SECOND}]", "mid": "<cited@customer.example>"}),
        # Within one way: In-Reply-To before References, and References from the newest.
        (
            "message-id",
            SECOND,
            {"In_Reply_To": "<other@customer.example>", "References": "<own@customer.example>"},
        ),
        ("message-id", SECOND, {"References": "<own@customer.example> <other@customer.example>"}),
        ("subject", SECOND, {"subject": f"[#{SECOND}] [#{NUMBER}]"}),
        ("subject", SECOND, {"subject": f"[#999999] [#{SECOND}]"}),
    ],
)
def test_the_stronger_way_wins(how: str, number: int, values: dict[str, str]) -> None:
    found = matched(mail(**values), SNAPSHOT)
    assert (found.ticket, found.how) == (number, how)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"subject": f"#{NUMBER}"},
        {"subject": "[#999999]"},
        {"In_Reply_To": "<unknown@customer.example>"},
        {"In_Reply_To": "<cited@customer.example>"},
        {"In_Reply_To": "<gone@customer.example>"},
        {"In_Reply_To": f"<b{ANCHOR[1:]}>"},
        {"to": "support+aaaa@desk.example"},
        {"mid": "<own@customer.example>"},
    ],
)
def test_what_names_no_ticket(values: dict[str, str]) -> None:
    found = matched(mail(**values), SNAPSHOT)
    assert (found.ticket, found.how) == (None, "")


def test_a_mail_that_an_entry_cites_joins_only_its_participants_ticket() -> None:
    stranger = a_reading(sender=TOM, message_id="<cited@customer.example>")
    assert matched(stranger, SNAPSHOT).ticket is None


def test_a_merged_ticket_is_followed() -> None:
    snapshot = a_snapshot(a_ticket(), aliases={SECOND: NUMBER})
    assert matched(mail(subject=f"[#{SECOND}]"), snapshot).ticket == NUMBER
    assert matched(mail(References=f"<{ANCHOR_2}>"), snapshot).ticket == NUMBER


def test_the_first_of_two_own_tokens_counts() -> None:
    reading = mail(to=f"{a_token(JANE, SECOND)}, {a_token(JANE)}")
    assert matched(reading, SNAPSHOT).ticket == SECOND


@pytest.mark.parametrize(
    ("values", "another"),
    [
        ({"subject": "A new laptop"}, True),
        ({"subject": "Re: A new laptop"}, True),
        ({"subject": ""}, True),
        ({"subject": "My printer is broken"}, False),
        ({"subject": "AW: my  PRINTER is broken [#482913] (fwd)"}, False),
        ({"subject": f"A new laptop [#{NUMBER}]"}, False),
        ({"subject": "A new laptop", "In_Reply_To": f"<{SENT}>"}, False),
        ({"subject": "A new laptop", "References": f"<{ANCHOR}>"}, False),
        ({"subject": "A new laptop", "In_Reply_To": "<own@customer.example>"}, False),
        ({"subject": "A new laptop", "In_Reply_To": "<other@customer.example>"}, True),
        ({"subject": "A new laptop", "In_Reply_To": "<unknown@customer.example>"}, True),
        ({"subject": f"A new laptop [#{SECOND}]"}, True),
    ],
)
def test_a_mail_to_a_remembered_reply_address_may_be_another_matter(
    values: dict[str, str], another: bool
) -> None:
    reading = mail(to=a_token(JANE), **values)
    found = matched(reading, SNAPSHOT)
    assert found.how == "token"
    assert another_matter(reading, found, SNAPSHOT) is another


def test_only_a_reply_address_can_be_another_matter() -> None:
    reading = mail(subject="A new laptop", References=f"<{ANCHOR}>")
    assert not another_matter(reading, matched(reading, SNAPSHOT), SNAPSHOT)


def test_what_is_looked_up() -> None:
    reading = mail(
        to=a_token(JANE, SECOND), subject=f"Hi [#{THIRD}]",
        References=f"<{ANCHOR}> <old@customer.example>", In_Reply_To="<last@customer.example>",
    )  # fmt: skip
    found = wanted(reading, POLICY, KEYS, START)
    assert found.numbers == {NUMBER, SECOND, THIRD}
    assert len(found.candidates) == 14
    ids = ("new@customer.example", "last@customer.example", "old@customer.example", ANCHOR)
    assert found.mids == {identity.mid_hash(mid) for mid in ids}
    (copy,) = found.seen
    assert (copy.mid, copy.sender) == (identity.mid_hash("new@customer.example"), JANE)
    assert found.addresses == {JANE}


def test_a_mail_without_message_id_is_looked_up_by_its_bytes() -> None:
    reading = a_reading(message_id=None)
    assert wanted(reading, POLICY, KEYS, START).seen == {Copy("", JANE, reading.message.sha256, START)}


def test_an_agents_mail_looks_up_where_notices_go() -> None:
    assert wanted(a_reading(sender="bob@desk.example"), POLICY, KEYS, START).addresses == {"bob@desk.example"}


def test_a_batch_looks_up_the_union() -> None:
    first, second = Copy("c", JANE, "", START), Copy("", JANE, "f", START)
    one = Wanted(frozenset([1]), frozenset([2]), frozenset("a"), frozenset("b"), frozenset([first]))
    other = Wanted(frozenset([3]), frozenset([4]), frozenset("d"), frozenset("e"), frozenset([second]))
    both = one | other
    assert both == Wanted(
        frozenset([1, 3]), frozenset([2, 4]), frozenset("ad"), frozenset("be"), frozenset([first, second])
    )


def test_a_mail_with_a_thousand_references_is_bounded() -> None:
    reading = mail(References=" ".join(f"<{i}@customer.example>" for i in range(1_000)))
    assert len(wanted(reading, POLICY, KEYS, START).mids) <= 101
