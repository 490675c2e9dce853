"""Our own DKIM, SPF and DMARC against mails and zones that are made to mislead it, or to keep it busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from email import policy

import pytest

from maildesk.core.reading import Envelope
from maildesk.edges.dns import NoAnswer
from tests.desk import a_mail
from tests.edges.signing import EVIL, A, World, key_pair, signed, two_domains

pytest.importorskip("dkim", reason="the extra maildesk[mx] is not installed")
pytest.importorskip("spf", reason="the extra maildesk[mx] is not installed")

import dkim

from maildesk.edges.mx import SIGNATURES, Verifier

FROM_EVIL = Envelope("smtp", f"eve@{EVIL}", ("support@desk.example",), "198.51.100.7", f"mx.{EVIL}")
PLAIN = a_mail().as_bytes(policy=policy.SMTP)


@pytest.fixture
def world() -> World:
    return two_domains()


def check(world: World, raw: bytes) -> list[tuple[str, str, str]]:
    found = Verifier(lambda: world)(raw, FROM_EVIL)
    return [(one.method, one.result, one.domain) for one in found]


def by_hand(tags: str) -> bytes:
    return f"DKIM-Signature: v=1; a=rsa-sha256; b=AAAA; bh=AAAA; {tags}\r\n".encode() + PLAIN


# A mail in Jane's name that Eve sends fails DMARC, whatever Eve does


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n\r\n" + PLAIN,
        (b"X-A: " + b"a" * 990 + b"\r\n") * 300 + PLAIN,
        b"X-A: a\r\n" * 400 + PLAIN,
        PLAIN.replace(b"From:", b"From \t:"),
        PLAIN.replace(b"\r\nTo:", b"\r\nwhat is this\r\nTo:"),
        by_hand(f"s=s; h=from; d={EVIL}; i={EVIL}"),
        by_hand(f"s=s; h=from; d={EVIL}; t=x; x=y; l=-1"),
        by_hand(f"s=\x00; h=; d={EVIL}"),
        by_hand(f"s=s; h=from; d={A}; q=x"),
    ],
)
def test_no_header_hides_whose_name_it_bears(world: World, raw: bytes) -> None:
    assert check(world, raw)[-1] == ("dmarc", "fail", A)


@pytest.mark.parametrize("broken", [EVIL, f"_dmarc.{EVIL}", f"s._domainkey.{EVIL}"])
def test_no_zone_of_hers_leaves_it_open(world: World, broken: str) -> None:
    world.broken = {broken}
    assert check(world, signed(a_mail(), EVIL))[-1] == ("dmarc", "fail", A)


class Late(World):
    """A DNS in which nothing is answered after something of Eve's was asked for: the time is used up."""

    def _of(self, name: str) -> str:
        if any(EVIL in one for one in self.asked):
            raise NoAnswer("no answer in time")
        self.asked.append(name)
        if EVIL in name:
            raise NoAnswer("no answer in time")
        return name


def test_a_zone_that_answers_slowly_does_not_either() -> None:
    world = Late()
    world.domain(A, "ip4:192.0.2.0/28 -all", "p=reject")
    first, second = (by_hand(f"s=s; h=from; d={domain}").removesuffix(PLAIN) for domain in (EVIL, A))
    assert check(world, first + second + PLAIN)[-1] == ("dmarc", "fail", A)


def test_a_library_that_stumbles_does_not_either(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("spf.check2", stumble)
    assert check(world, PLAIN) == [("spf", "permerror", EVIL), ("dmarc", "fail", A)]


# Signatures that prove nothing


def a_signature(**values: object) -> bytes:
    given = {"include_headers": [b"from", b"to", b"subject", b"date", b"message-id"], **values}
    signature: bytes = dkim.sign(PLAIN, b"s", A.encode(), key_pair(2_048)[0], **given)
    return signature + PLAIN


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(lambda: a_signature(signature_algorithm=b"rsa-sha1"), id="sha1"),
        pytest.param(lambda: a_signature(include_headers=[b"from", b"to"]), id="no subject"),
    ],
)
def test_a_signature_that_proves_nothing(world: World, raw: Callable[[], bytes]) -> None:
    assert check(world, raw())[0] == ("dkim", "policy", A)


@pytest.mark.parametrize("flags", ["t= y ; ", "t=s : y; ", "t=y:s; "])
def test_testing_is_understood_as_it_may_be_written(world: World, flags: str) -> None:
    world.domain(A, dmarc="p=none", flags=flags)
    assert check(world, signed(a_mail(), A))[0] == ("dkim", "policy", A)


def test_an_honest_signature_is_found_below_those_of_others(world: World) -> None:
    raw = signed(a_mail(), A)
    for _ in range(SIGNATURES + 2):
        raw = signed(raw, EVIL)
    found = check(world, raw)
    assert ("dkim", "pass", A) in found
    assert len([one for one in found if one[0] == "dkim"]) == SIGNATURES


# Mails that keep a verifier busy


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(
            lambda: by_hand(f"s=s; h=from; c=relaxed/relaxed; d={EVIL}") + b" " * 200_000 + b"x", id="spaces"
        ),
        pytest.param(lambda: by_hand(f"s=s; d={EVIL}; h=from" + " " * 500_000 + "x"), id="h"),
        pytest.param(lambda: by_hand(f"s=s; d={EVIL}; h=from; z=;b" + "\r\n " * 100_000 + "x"), id="b"),
        pytest.param(lambda: b"X-A: a\r\n" + b" a\r\n" * 500_000 + PLAIN, id="folds"),
        pytest.param(lambda: b"a:\r\n" * 500_000 + PLAIN, id="fields"),
        pytest.param(
            lambda: (
                b"a:\r\n" * 20_000
                + by_hand(f"s=s; d={EVIL}; h=from:" + ":".join(f"a{n}" for n in range(1_500)))
            ),
            id="names",
        ),
        pytest.param(lambda: by_hand(f"s=s; h=from; d={EVIL}") * 2_000, id="signatures"),
    ],
)
def test_it_takes_no_time(world: World, raw: Callable[[], bytes]) -> None:
    mail = raw()
    began = time.process_time()
    check(world, mail)
    assert time.process_time() - began < 10
