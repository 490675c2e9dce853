"""Our own DKIM, SPF and DMARC: mails that are really signed, and a DNS that is a table."""

from __future__ import annotations

import time
from email import policy

import pytest

from maildesk.core.authres import Result
from maildesk.core.reading import Envelope
from tests.desk import a_mail
from tests.edges.signing import EVIL, A, World, signed, two_domains

pytest.importorskip("dkim", reason="the extra maildesk[mx] is not installed")
pytest.importorskip("spf", reason="the extra maildesk[mx] is not installed")

from maildesk.edges.mx import SIGNATURES, Verifier

GOOD = "192.0.2.1"
NOBODY = Envelope("smtp", "", (), "198.51.100.7", "")


def sent(sender: str | None = f"jane@{A}", peer: str = GOOD, helo: str = "mx.customer.example") -> Envelope:
    return Envelope("smtp", sender, ("support@desk.example",), peer, helo)


@pytest.fixture
def world() -> World:
    return two_domains()


def check(world: World, raw: bytes, envelope: Envelope = NOBODY) -> list[tuple[str, str, str]]:
    found = Verifier(lambda: world)(raw, envelope)
    return [(one.method, one.result, one.domain) for one in found]


def plain() -> bytes:
    return a_mail().as_bytes(policy=policy.SMTP)


# DKIM


def test_a_signed_mail(world: World) -> None:
    assert check(world, signed(a_mail(), A)) == [("dkim", "pass", A), ("dmarc", "pass", A)]


def test_a_signed_mail_of_which_only_line_ends_are_bare(world: World) -> None:
    raw = signed(a_mail(), A).replace(b"\r\n", b"\n")
    assert check(world, raw)[-1] == ("dmarc", "pass", A)


@pytest.mark.parametrize(
    ("old", "new"), [(b"blank pages", b"black pages"), (b"jane@", b"joan@"), (b"My printer", b"Your printer")]
)
def test_a_changed_mail(world: World, old: bytes, new: bytes) -> None:
    assert old in signed(a_mail(), A)
    found = check(world, signed(a_mail(), A).replace(old, new, 1))
    assert found[0][1] in ("fail", "permerror")
    assert found[-1] == ("dmarc", "fail", A)


def test_the_signature_that_fits_counts_wherever_it_stands(world: World) -> None:
    raw = signed(signed(a_mail(), A), EVIL)
    assert check(world, raw) == [("dkim", "pass", A), ("dkim", "pass", EVIL), ("dmarc", "pass", A)]


def test_a_list_that_breaks_the_signature(world: World) -> None:
    world.domain("lists.example")
    raw = signed(signed(a_mail(), A).replace(b"Subject: ", b"Subject: [list] ", 1), "lists.example")
    assert check(world, raw) == [
        ("dkim", "fail", A),
        ("dkim", "pass", "lists.example"),
        ("dmarc", "fail", A),
    ]


def test_no_more_than_five_signatures_are_looked_at(world: World) -> None:
    raw = plain()
    for _ in range(SIGNATURES + 1):
        raw = signed(raw, EVIL)
    assert [one for one in check(world, raw) if one[0] == "dkim"] == [("dkim", "pass", EVIL)] * SIGNATURES


def test_a_signature_of_a_part_of_the_text_proves_nothing(world: World) -> None:
    raw = signed(a_mail(), A, length=True) + b"And pay here.\r\n"
    assert check(world, raw) == [("dkim", "policy", A), ("dmarc", "fail", A)]


def test_a_key_in_testing_proves_nothing(world: World) -> None:
    world.domain(A, dmarc="p=none", flags="t=y; ")
    assert check(world, signed(a_mail(), A)) == [("dkim", "policy", A), ("dmarc", "fail", A)]


def test_a_short_key_proves_nothing(world: World) -> None:
    world.domain("short.example", bits=512)
    assert check(world, signed(a_mail(), "short.example", bits=512))[0] == (
        "dkim",
        "permerror",
        "short.example",
    )


def test_a_second_from_field_is_no_mail_of_the_signer(world: World) -> None:
    raw = b"From: eve@evil.example\r\n" + signed(a_mail(), A)
    assert check(world, raw) == [("dkim", "fail", A)]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"DKIM-Signature: \r\n\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=; s=; h=; b=; bh=\r\nFrom: jane@customer.example\r\n\r\nx",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=\xff; s=\xff; h=from; b=AAAA; bh=AAAA\r\nFrom: j@a.example\r\n\r\n",
        b" folded\r\nFrom: jane@customer.example\r\n\r\n",
        b"no header at all\r\n\r\n",
        b"DKIM-Signature: v=1; v=1\r\nFrom: jane@customer.example\r\n\r\n",
    ],
)
def test_what_is_no_signature_harms_nothing(world: World, raw: bytes) -> None:
    assert not [one for one in check(world, raw) if one[1] == "pass"]


# SPF


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        (sent(), ("spf", "pass", A)),
        (sent(peer="198.51.100.7"), ("spf", "fail", A)),
        (sent("eve@evil.example", "198.51.100.7"), ("spf", "pass", EVIL)),
        # A null return path stands for the name that the client gave.
        (sent("", helo=A), ("spf", "pass", A)),
        (sent("jane@nothing.example"), ("spf", "none", "nothing.example")),
    ],
)
def test_who_may_send(world: World, envelope: Envelope, expected: tuple[str, str, str]) -> None:
    found = check(world, plain(), envelope)
    assert found == [expected, ("dmarc", "pass" if expected[1:] == ("pass", A) else "fail", A)]


@pytest.mark.parametrize(
    "envelope", [sent(None), sent("", helo=""), sent("", helo="[192.0.2.1]"), sent(peer="")]
)
def test_without_a_sender_or_a_client_there_is_no_spf(world: World, envelope: Envelope) -> None:
    assert check(world, plain(), envelope) == [("dmarc", "fail", A)]


def test_spf_by_names(world: World) -> None:
    world.mxs[A], world.hosts["mx.customer.example"] = (
        ((10, "mx.customer.example"),),
        ("203.0.113.1", "2001:db8::1"),
    )
    world.domain("own.example", "ip4:203.0.113.9")
    world.domain(A, "mx a:mx.customer.example include:own.example -all", "p=none")
    for peer, result in (
        ("203.0.113.1", "pass"),
        ("2001:db8::1", "pass"),
        ("203.0.113.9", "pass"),
        ("203.0.113.8", "fail"),
    ):
        assert check(world, plain(), sent(peer=peer))[0] == ("spf", result, A)


def test_spf_by_the_name_of_the_client(world: World) -> None:
    world.hosts["1.113.0.203.in-addr.arpa"] = ("mx.customer.example",)
    world.hosts["mx.customer.example"] = ("203.0.113.1",)
    world.domain(A, "ptr -all", "p=none")
    assert check(world, plain(), sent(peer="203.0.113.1"))[0] == ("spf", "pass", A)


def test_spf_that_asks_too_much(world: World) -> None:
    world.domain(A, " ".join(f"include:i{n}.example" for n in range(20)), "p=none")
    for n in range(20):
        world.domain(f"i{n}.example", "-all")
    assert check(world, plain(), sent())[0] == ("spf", "permerror", A)


# DMARC, and trouble


def test_a_domain_without_a_record(world: World) -> None:
    del world.txts[f"_dmarc.{A}"]
    assert check(world, plain(), sent(peer="198.51.100.7"))[-1] == ("dmarc", "none", A)
    assert check(world, signed(a_mail(), A)) == [("dkim", "pass", A), ("dmarc", "none", A)]


def test_a_spoofed_mail(world: World) -> None:
    raw = signed(a_mail(), EVIL)
    found = check(world, raw, sent("eve@evil.example", "198.51.100.7"))
    assert found == [("dkim", "pass", EVIL), ("spf", "pass", EVIL), ("dmarc", "fail", A)]


@pytest.mark.parametrize("sender", ["jane@customer.example, eve@evil.example", "nobody"])
def test_without_one_from_there_is_no_dmarc(world: World, sender: str) -> None:
    mail = plain().replace(b"Jane Doe <jane@customer.example>", sender.encode())
    assert check(world, mail) == []


@pytest.mark.parametrize("broken", [f"s._domainkey.{A}", A, f"_dmarc.{A}"])
def test_no_answer_is_no_failure(world: World, broken: str) -> None:
    world.broken = {broken}
    found = check(world, signed(a_mail(), A) if broken != A else plain(), sent())
    assert not [one for one in found if one[1] == "fail"]
    assert "temperror" in [one[1] for one in found]
    if broken == f"s._domainkey.{A}":
        assert found[-1] == ("dmarc", "pass", A), "SPF has shown it"
    else:
        assert found[-1] == ("dmarc", "temperror", A)


def test_each_name_is_asked_once(world: World) -> None:
    check(world, signed(signed(a_mail(), A), A), sent())
    asked = [name for name in world.asked if name != A]  # pyspf asks for the domain's own record by itself
    assert sorted(set(asked)) == sorted(asked)


def test_a_large_mail_takes_no_time(world: World) -> None:
    raw = signed(a_mail(text="0123456789\n" * 1_000_000), A)
    began = time.process_time()
    assert check(world, raw)[-1] == ("dmarc", "pass", A)
    assert time.process_time() - began < 20


def test_results_are_facts(world: World) -> None:
    assert Verifier(lambda: world)(signed(a_mail(), A), NOBODY)[0] == Result("dkim", "pass", A)
