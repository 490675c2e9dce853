"""What the way out and back did to probes, and the settings that follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.config.load import load
from maildesk.config.scaffold import init
from maildesk.core.bounce import Bounce
from maildesk.core.finding import Finding
from maildesk.core.message import parse
from maildesk.core.model import SECOND
from maildesk.core.policy import Policy
from maildesk.core.probe import Kind, Probe, probes
from maildesk.core.probe_report import Came, Trial, judge
from maildesk.core.reading import Envelope
from tests.core.given import KEYS
from tests.desk import START, a_policy

SIGNED = b"DKIM-Signature: v=1; d=desk.example\r\n"
NOBODY = Bounce("x", ("x",), "5.1.1", "failed", "userunknown", "550 5.1.1 no such user", "", ())


def came(one: Probe, data: bytes = b"", **changes: Any) -> Came:
    """It came back as it was sent, but for what is given."""
    envelope = Envelope("lmtp", one.route.return_path, (one.route.recipient,))
    back = Came("by LMTP", 2 * SECOND, parse(data or SIGNED + one.data), envelope, "", "ignored-by-rule")
    return replace(back, **changes)


def trials(policy: Policy) -> dict[Kind, Trial]:
    """All went well."""
    found = probes(policy, KEYS, b"123456789", START)
    return {one.kind: Trial(one, "sent", "250 2.0.0 queued", came(one)) for one in found}


def wrong(given: dict[Kind, Trial], policy: Policy) -> list[Finding]:
    """What is not fine."""
    return [one for one in judge(given, policy, 120) if one.level != "fine"]


def changed(kind: Kind, policy: Policy | None = None, **changes: Any) -> list[Finding]:
    """What is found where one trial went otherwise; `data` is replaced in what came back."""
    policy = policy or a_policy()
    given = trials(policy)
    one = given[kind]
    if swaps := changes.pop("swaps", None):
        data = SIGNED + one.probe.data
        for old, new in swaps:
            assert old in data
            data = data.replace(old, new)
        changes["came"] = came(one.probe, data)
    given[kind] = replace(one, **changes)
    return wrong(given, policy)


def test_all_is_well() -> None:
    policy = a_policy()
    found = list(judge(trials(policy), policy, 120))
    assert {one.level for one in found} == {"fine"}
    told = " ".join(one.sentence for one in found)
    for words in (
        "came back by LMTP after 2.0 s", "Message-ID is kept", "References and In-Reply-To are kept",
        "the subject and its tag are kept", "Auto-Submitted and the desk's own headers are kept", "a DKIM signature",
        "support+TOKEN@desk.example comes back", 'You may write return_path = "verp" below [desk]',
        "8-bit text and long lines come through",
    ):  # fmt: skip
        assert words in told


@pytest.mark.parametrize(
    ("changes", "level", "what", "do"),
    [
        ({"outcome": "paused", "answer": "no relay.", "came": None}, "fault", "take it (no relay)", "online"),
        ({"outcome": "sent", "came": None}, "fault", "did not come back in time, 120 s", "Look for "),
        ({"swaps": [(SIGNED, b"")]}, "warning", "no DKIM signature", "sign"),
        (
            {"swaps": [(SIGNED, SIGNED + b"Authentication-Results: mx; spf=fail\r\n")]},
            "fault", "says spf=fail", "maildesk doctor",
        ),
        ({"swaps": [(b"In-Reply-To:", b"X-Gone:")]}, "warning", "In-Reply-To was taken away", "In-Reply-To"),
        ({"swaps": [(b"References:", b"X-Gone:")]}, "warning", "References and In-Reply-To", "References"),
        ({"swaps": [(b"[#100000000000]", b"")]}, "warning", "the tag was taken out", "Let the relay keep subjects"),
        ({"swaps": [(b"Auto-Submitted:", b"X-Gone:")]}, "warning", "Auto-Submitted", "machines answer"),
        ({"swaps": [(b"X-Maildesk-Trace:", b"X-Gone:")]}, "warning", "X-Maildesk", "X-Maildesk-Trace"),
        ({"swaps": [(b"\r\nReply-To: ", b"\r\nX-Gone: ")]}, "fault", "Reply-To was taken away", '= "none"'),
    ],
)  # fmt: skip
def test_an_ordinary_one(changes: dict[str, Any], level: str, what: str, do: str) -> None:
    [one] = changed("plain", **changes)
    assert one.level == level
    assert what in one.what
    assert do in one.do


def test_one_that_is_reported_or_lies_in_junk() -> None:
    policy = a_policy()
    plain = trials(policy)["plain"].probe
    [one] = changed("plain", came=came(plain, report=NOBODY))
    assert "undeliverable (550 5.1.1 no such user)" in one.what
    assert "deliver support@desk.example to the desk" in one.do
    [one] = changed("plain", came=came(plain, parked="junk"))
    assert (one.level, one.what) == ("warning", "it lay in the junk folder")


def test_a_message_id_that_is_replaced_matters_where_nothing_else_brings_answers_home() -> None:
    swaps = [(b"Message-ID:", b"X-Old:"), (SIGNED, SIGNED + b"Message-ID: <new@relay.example>\r\n")]
    assert changed("plain", swaps=swaps) == []
    [one] = changed("plain", a_policy(reply_address="none"), swaps=swaps)
    assert one.level == "fault"
    assert "replaced by <new@relay.example>" in one.what
    assert 'reply_address = "plus"' in one.do


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "refused", "answer": "550 5.1.1 no plus here", "came": None},
        {"outcome": "sent", "came": None},
        {"came": "report"},
        {"came": "stripped"},
    ],
    ids=["refused", "swallowed", "reported", "stripped"],
)
def test_reply_addresses_that_do_not_work(changes: dict[str, Any]) -> None:
    policy = a_policy(return_path="verp")
    one = trials(policy)["reply"].probe
    if changes.get("came") == "report":
        changes = {"came": came(one, report=NOBODY)}
    if changes.get("came") == "stripped":
        data = one.data.replace(f"To: {one.route.recipient}".encode(), b"To: support@desk.example")
        changes = {"came": came(one, data, envelope=Envelope("lmtp", "", ("support@desk.example",)))}
    [found] = changed("reply", policy, **changes)
    assert found.level == "fault"
    assert "support+TOKEN@desk.example" in found.what
    assert "recipient_delimiter = +" in found.do
    assert 'reply_address = "none" and return_path = "fixed" below [desk]' in found.do
    bare = changed("reply", a_policy(reply_address="none"), **{"came": None, **changes})
    assert bare == [], "that is so set already"


def test_return_paths_that_do_not_work() -> None:
    barred: dict[str, Any] = {"outcome": "barred", "answer": "553 5.7.1 not yours.", "came": None}
    assert changed("return", **barred) == []
    [one] = changed("return", a_policy(return_path="verp"), **barred)
    assert (one.level, "553 5.7.1 not yours" in one.what) == ("fault", True)
    assert 'return_path = "fixed" below [desk]' in one.do
    policy = a_policy(return_path="verp")
    probe = trials(policy)["return"].probe
    rewritten = Envelope("lmtp", "srs0=x@relay.example", (probe.route.recipient,))
    [one] = changed("return", policy, came=came(probe, envelope=rewritten))
    assert "it came back from <srs0=x@relay.example>" in one.what
    untold = Envelope("imap", None, (probe.route.recipient,))
    assert changed("return", policy, came=came(probe, envelope=untold)) == []


def test_wide_text() -> None:
    assert changed("wide", came=None) == []
    [one] = changed("wide", swaps=[("ü".encode(), b"?")])
    assert (one.level, one.what) == ("warning", "8-bit text and long lines do not come through whole")


def test_the_lines_to_write_are_right(tmp_path: Any) -> None:
    init(tmp_path)
    path = tmp_path / "maildesk.toml"
    text = path.read_text()
    for line in (
        'reply_address = "none"\nreturn_path = "fixed"',
        'reply_address = "plus"\nreturn_path = "verp"',
    ):
        path.write_text(text.replace("[limits]", f"{line}\n[limits]"))
        assert load(path)
