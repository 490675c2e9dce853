"""What the DNS of a domain that the desk sends from says of it."""

from __future__ import annotations

from typing import Any

import pytest

from maildesk.core.finding import Finding
from maildesk.core.sender_domain import Sender, dmarc_names, includes, judge

HOSTS = {"mx.a.example": ("192.0.2.1",)}


def found(
    spf: str | tuple[str, ...] = "v=spf1 mx -all", dmarc: Any = "v=DMARC1; p=none", **more: Any
) -> list[Finding]:
    """The findings of a domain a.example that is in good order but for what is given."""
    texts = {
        "a.example": (spf,) if isinstance(spf, str) else spf,
        "_dmarc.a.example": (dmarc,) if isinstance(dmarc, str) else dmarc,
        **more.pop("texts", {}),
    }
    sender = {"mx": ((10, "mx.a.example"),), "addresses": HOSTS, **more}
    return list(judge(Sender("a.example", texts=texts, **sender)))


def bad(**more: Any) -> Finding:
    """The one finding that is not fine."""
    [one] = [one for one in found(**more) if one.level != "fine"]
    assert one.do
    return one


def test_a_domain_in_good_order() -> None:
    assert [one.level for one in found()] == ["fine", "fine", "fine"]


@pytest.mark.parametrize(
    ("changed", "level", "what"),
    [
        ({"mx": ()}, "fault", "a.example has no MX record and no address"),
        ({"mx": (), "addresses": {"a.example": ("192.0.2.9",)}}, "warning", "mail goes to its address 192.0.2.9"),
        ({"mx": ((0, ""),)}, "fault", "takes no mail"),
        ({"mx": ((10, "mx.a.example"), (20, "old.a.example"))}, "fault", "old.a.example"),
        ({"spf": ()}, "fault", "no SPF record"),
        ({"spf": ("v=spf10 mx -all", "google-site=1")}, "fault", "no SPF record"),
        ({"spf": ("v=spf1 mx -all", "V=SPF1 a -all")}, "fault", "2 SPF records"),
        ({"spf": "v=spf1 mx +all"}, "fault", "everybody"),
        ({"spf": "v=spf1 mx all"}, "fault", "everybody"),
        ({"spf": "v=spf1 -all"}, "fault", "nobody"),
        ({"spf": "v=spf1"}, "fault", "nobody"),
        ({"spf": "v=spf1 include:gone.example -all", "texts": {"gone.example": ()}}, "fault", "gone.example"),
        ({"spf": "v=spf1 " + " ".join(f"a:h{n}.example" for n in range(11)) + " -all"}, "fault", "11 further look-ups"),
        ({"dmarc": ()}, "warning", "no DMARC record"),
        ({"dmarc": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}, "fault", "2 DMARC records"),
    ],
)  # fmt: skip
def test_what_is_wrong(changed: dict[str, Any], level: str, what: str) -> None:
    one = bad(**changed)
    assert (one.level, one.check) == (level, "dns")
    assert what in one.what


def test_the_record_of_a_domain_above_counts() -> None:
    assert dmarc_names("help.desk.example") == ["_dmarc.help.desk.example", "_dmarc.desk.example"]
    above = Sender(
        "help.a.example",
        mx=((1, "mx.a.example"),),
        addresses=HOSTS,
        texts={"help.a.example": ("v=spf1 mx -all",), "_dmarc.a.example": ("v=DMARC1; p=reject",)},
    )
    assert [one.level for one in judge(above)] == ["fine", "fine", "fine"]


@pytest.mark.parametrize(
    ("spf", "covered"),
    [
        ("v=spf1 ip4:198.51.100.0/24 -all", True),
        ("v=spf1 ip4:198.51.100.7 -all", True),
        ("v=spf1 ip4:203.0.113.0/24 -all", False),
        ("v=spf1 -ip4:198.51.100.0/24 mx -all", False),
        ("v=spf1 include:spf.relay.example -all", True),
        ("v=spf1 redirect=spf.relay.example", True),
        ("v=spf1 a:out.relay.example -all", True),
        ("v=spf1 mx ip4:nonsense -all", False),
    ],
)
def test_whether_it_covers_the_relay(spf: str, covered: bool) -> None:
    one = found(
        spf=spf,
        relay="smtp.relay.example",
        relay_addresses=("198.51.100.7",),
        addresses={**HOSTS, "out.relay.example": ("198.51.100.7",)},
        texts={"spf.relay.example": ("v=spf1 ip4:198.51.100.0/25 ~all",)},
    )[1]
    # Only that it is covered can be known: a relay may send from other addresses than it answers at.
    assert one.level == "fine"
    assert ("covers the address of smtp.relay.example" in one.what) is covered
    assert ("does not tell" in one.what) is not covered


def test_records_that_include_each_other_end() -> None:
    texts = {"b.example": ("v=spf1 include:a.example -all",)}
    assert found(spf="v=spf1 include:b.example -all", texts=texts)[1].level == "fine"


def test_which_names_are_asked_for() -> None:
    record = "v=spf1 include:One.example. ?include:two.example include:%{d}.x redirect=three.example"
    assert includes(record) == ["one.example", "two.example", "three.example"]
