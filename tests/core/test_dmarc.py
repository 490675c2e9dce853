"""DMARC: which results prove or deny a From domain, and our own judgement by what the DNS says."""

from __future__ import annotations

import pytest

from maildesk.core.authres import Result
from maildesk.core.dmarc import denies, judged, organization, proves

A, SUB = "a.example", "sub.a.example"


@pytest.mark.parametrize(
    ("results", "domain", "expected"),
    [
        ([("dmarc", "pass", A)], A, True),
        ([("dmarc", "pass", A)], SUB, False),
        ([("dmarc", "pass", "")], A, False),
        ([("dmarc", "pass", "evil.example"), ("dmarc", "pass", A)], A, False),
        ([("dmarc", "none", A), ("dkim", "pass", A)], A, True),
        ([("dmarc", "temperror", A), ("spf", "pass", A)], A, True),
        ([("dmarc", "fail", A), ("dkim", "pass", A)], A, False),
        ([("dkim", "pass", A)], A, True),
        ([("dkim", "pass", A)], SUB, True),
        ([("dkim", "pass", SUB)], A, False),
        ([("spf", "pass", SUB)], A, False),
        ([("dkim", "pass", "example")], A, False),
        ([("dkim", "pass", "notbad-a.example")], A, False),
        ([("dkim", "pass", A)], f"not{A}", False),
        ([("dkim", "fail", A), ("dkim", "pass", "lists.example")], A, False),
        ([("dkim", "fail", A), ("dkim", "policy", A), ("spf", "softfail", A)], A, False),
        ([("dkim", "pass", "")], A, False),
        ([], A, False),
    ],
)
def test_what_proves(results: list[tuple[str, str, str]], domain: str, expected: bool) -> None:
    assert bool(proves((Result(*one) for one in results), domain)) is expected


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([("dmarc", "fail", A)], True),
        ([("dmarc", "fail", "")], True),
        ([("dmarc", "fail", "other.example")], False),
        ([("dkim", "fail", A), ("spf", "fail", A)], False),
        ([("dmarc", "none", A)], False),
        ([("dmarc", "temperror", A)], False),
        ([("dmarc", "permerror", A)], False),
        ([("dmarc", "pass", A)], False),
    ],
)
def test_what_denies(results: list[tuple[str, str, str]], expected: bool) -> None:
    assert bool(denies((Result(*one) for one in results), ("b.example", A))) is expected


DNS = {
    "_dmarc.a.example": ("v=DMARC1; p=reject",),
    "_dmarc.strict.example": ("other=1", "v=DMARC1;p=none;adkim=s;aspf=s"),
    "_dmarc.one.host.example": ("v=DMARC1; p=none",),
    "_dmarc.host.example": ("v=DMARC1; p=none; psd=y",),
    "_dmarc.own.a.example": ("v=DMARC1; p=none; psd=n",),
    "_dmarc.two.example": ("v=DMARC1; p=reject", "v=DMARC1; p=none"),
    "_dmarc.odd.example": ("v=DMARC1; p=refuse", "v=dmarc1; p=reject", "p=none; v=DMARC1", "", ";"),
    "_dmarc.reports.example": ("v = DMARC1 ; rua=mailto:a@reports.example",),
}


def texts(name: str) -> tuple[str, ...]:
    return DNS.get(name, ())


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (A, A),
        (SUB, A),
        ("x.y.z.a.example", A),
        (".".join("abcdefghijk") + ".a.example", A),
        ("own.a.example", "own.a.example"),
        ("x.own.a.example", "own.a.example"),
        ("one.host.example", "one.host.example"),
        ("x.two.host.example", "two.host.example"),
        ("host.example", "host.example"),
        ("nothing.example", "nothing.example"),
        ("x.nothing.example", "x.nothing.example"),
    ],
)
def test_the_organization(domain: str, expected: str) -> None:
    assert organization(domain, texts) == expected


def test_the_walk_is_bounded() -> None:
    asked: list[str] = []
    organization(".".join("abcdefghijklmnopqrstuvwxyz") + ".example", lambda name: asked.append(name) or ())  # type: ignore[func-returns-value]
    assert len(asked) == 8


@pytest.mark.parametrize(
    ("domain", "results", "expected"),
    [
        (A, [("dkim", "pass", A)], "pass"),
        (A, [("dkim", "pass", SUB)], "pass"),
        (SUB, [("dkim", "pass", A)], "pass"),
        (SUB, [("spf", "pass", "mail.a.example")], "pass"),
        (A, [("dkim", "fail", A), ("spf", "pass", "evil.example")], "fail"),
        (A, [("dkim", "pass", "own.a.example")], "fail"),
        (A, [("dkim", "pass", ""), ("dkim", "policy", A)], "fail"),
        (A, [], "fail"),
        (A, [("dkim", "temperror", A)], "temperror"),
        (A, [("spf", "temperror", "evil.example"), ("dkim", "pass", A)], "pass"),
        (SUB, [("spf", "temperror", A)], "temperror"),
        # Whoever sends it may have names that nobody answers for.
        (A, [("spf", "temperror", "evil.example"), ("dkim", "temperror", "evil.example")], "fail"),
        ("strict.example", [("dkim", "temperror", "mail.strict.example")], "fail"),
        ("strict.example", [("dkim", "pass", "mail.strict.example")], "fail"),
        ("strict.example", [("spf", "pass", "mail.strict.example")], "fail"),
        ("strict.example", [("dkim", "pass", "strict.example")], "pass"),
        ("one.host.example", [("dkim", "pass", "two.host.example")], "fail"),
        ("nothing.example", [("dkim", "pass", "nothing.example")], "none"),
        ("two.example", [], "none"),
        ("odd.example", [], "none"),
        ("reports.example", [], "fail"),
    ],
)
def test_our_own_judgement(domain: str, results: list[tuple[str, str, str]], expected: str) -> None:
    found = judged(domain, [Result(*one) for one in results], texts)
    assert found == Result("dmarc", expected, domain)


def test_nothing_is_asked_about_other_domains() -> None:
    asked: list[str] = []

    def dns(name: str) -> tuple[str, ...]:
        asked.append(name)
        return texts(name)

    judged(A, [Result("dkim", "pass", "evil.example"), Result("spf", "pass", "x.evil.example")], dns)
    assert asked
    assert not [name for name in asked if "evil" in name]
