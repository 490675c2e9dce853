"""Authentication-Results: what is read out of one, and which of them are our own server's."""

from __future__ import annotations

import time

import pytest

from maildesk.core.authres import Result, parse, pinned

MX = "mx.desk.example"
JANE = "customer.example"


def results(*found: tuple[str, str, str]) -> tuple[Result, ...]:
    return tuple(Result(*one) for one in found)


PASSES = results(("dkim", "pass", JANE), ("spf", "pass", JANE), ("dmarc", "pass", JANE))


@pytest.mark.parametrize(
    ("value", "name", "found"),
    [
        # As mail servers write it.
        (
            f"{MX};\r\n dkim=pass header.i=@{JANE} header.s=20230601 header.b=a/b+c;\r\n spf=pass (google.com: domain"
            f" of jane@{JANE} designates 192.0.2.1 as permitted sender) smtp.mailfrom=jane@{JANE};\r\n"
            f" dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from={JANE}",
            MX,
            PASSES,
        ),
        (
            f'{MX}; dkim=pass (2048-bit key; unprotected) header.d={JANE} header.i=jane@{JANE} header.b="a/b+c"',
            MX,
            PASSES[:1],
        ),
        (
            f"{MX}; dkim=none; dmarc=fail reason=\"No valid SPF; no DKIM\" header.from={JANE} (policy=reject)",
            MX,
            results(("dkim", "none", ""), ("dmarc", "fail", JANE)),
        ),
        (
            f"spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom={JANE}; dkim=pass (signature was verified)\r\n"
            f" header.d={JANE};dmarc=pass action=none header.from={JANE};compauth=pass reason=100",
            "",
            results(("spf", "pass", JANE), ("dkim", "pass", JANE), ("dmarc", "pass", JANE)),
        ),
        (
            f"spf=pass smtp.mailfrom={JANE}; hotmail.example; dkim=test header.d={JANE};hotmail.example;",
            "",
            results(("spf", "pass", JANE), ("dkim", "test", JANE)),
        ),
        # As the RFC allows.
        (f"{MX} 1; none", MX, ()),
        (f"{MX};", MX, ()),
        (MX.upper(), MX, ()),
        (f'"{MX}"; spf=pass smtp.mailfrom={JANE}', MX, PASSES[1:2]),
        (f"(a (b) \\) ;) {MX} (x) ; (;)dkim(y) / 1 = pass(z) header . d = {JANE.upper()}. (q)", MX, PASSES[:1]),
        (f"{MX}; DKIM=Pass HEADER.D={JANE}", MX, PASSES[:1]),
        (f"{MX}; x-custom=pass header.d={JANE}; auth=pass smtp.auth=jane", MX, ()),
        (f"{MX}; dkim=temperror header.d={JANE}; spf=permerror smtp.mailfrom={JANE}", MX,
         results(("dkim", "temperror", JANE), ("spf", "permerror", JANE))),
        (f"{MX}; dkim=pass header.d=bücher.example", MX, results(("dkim", "pass", "xn--bcher-kva.example"))),
        (f'{MX}; spf=pass (ok) smtp.mailfrom="prvs=1=jane@{JANE}"', MX, PASSES[1:2]),
        # What strangers can have put into it.
        (f'{MX}; dkim=fail reason="header.d={JANE}" header.d=evil.example', MX,
         results(("dkim", "fail", "evil.example"))),
        (f'{MX}; dkim=pass reason="header.d={JANE}"', MX, results(("dkim", "pass", ""))),
        (f'{MX}; spf=pass smtp.mailfrom="a; dkim=pass header.d={JANE}"@evil.example', MX,
         results(("spf", "pass", "evil.example"))),
        (f"{MX}; spf=pass smtp.mailfrom=header.d={JANE}@evil.example", MX, results(("spf", "pass", "evil.example"))),
        (f"{MX}; spf=pass (x; dkim=pass header.d={JANE}) smtp.mailfrom=evil.example", MX,
         results(("spf", "pass", "evil.example"))),
        (f"{MX}; dkim=pass header.d=evil.example header.d={JANE}", MX, results(("dkim", "pass", ""))),
        (f"{MX}; dkim=passed header.d={JANE}", MX, results(("dkim", "passed", JANE))),
        (f"{MX}; dkim/2=pass header.d={JANE}", MX, ()),
    ],
)  # fmt: skip
def test_what_is_read(value: str, name: str, found: tuple[Result, ...]) -> None:
    read = parse(value)
    assert read
    assert (read.authserv_id, read.results) == (name, found)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "two words; dkim=pass header.d=customer.example",
        f"{MX} 2; dkim=pass header.d={JANE}",
        f"{MX}; dkim=pass (header.d={JANE}",
        f'{MX}; dkim=pass header.d="{JANE}',
        "x" * 70_000,
    ],
)
def test_what_is_no_result(value: str) -> None:
    assert parse(value) is None


@pytest.mark.parametrize("value", ["a" * 15_000, "a." * 7_500, '"\\' * 7_500, "(" * 15_000, "a.a=" * 3_700])
def test_it_takes_no_time(value: str) -> None:
    began = time.process_time()
    parse(f"{MX}; dkim=pass {value}")
    assert time.process_time() - began < 5


# Which are our own

PASS = f"{MX}; dmarc=pass header.from=desk.example"
RECEIVED = "from somewhere ([192.0.2.1]) by mx.desk.example with ESMTPS; Mon, 21 Sep 2026 12:00:00 +0000"
GENUINE = f"{MX}; dmarc=none header.from=desk.example"


def mail(*headers: tuple[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode() + b"\r\nHello\r\n"


AR, RC = "Authentication-Results", "Received"


@pytest.mark.parametrize(
    ("headers", "hops", "found", "strangers"),
    [
        ([(AR, PASS)], 0, "pass", 0),
        ([(RC, RECEIVED), (AR, PASS)], 1, "pass", 0),
        ([(RC, RECEIVED), (AR, PASS)], 0, None, 1),
        ([(RC, RECEIVED), (RC, RECEIVED), (AR, PASS)], 1, None, 1),
        ([(RC, RECEIVED), (RC, RECEIVED), (AR, PASS)], 2, "pass", 0),
        # The server's own stands above what a stranger wrote in its name.
        ([(RC, RECEIVED), (AR, GENUINE), (AR, PASS)], 1, "none", 0),
        ([(RC, RECEIVED), (AR, GENUINE), (RC, RECEIVED), (AR, PASS), (AR, PASS)], 1, "none", 2),
        # What is no statement is still the server's, so what stands below it is a stranger's.
        ([(RC, RECEIVED), (AR, f"{MX}; spf=pass smtp.mailfrom=a(b@evil.example"), (AR, PASS)], 1, None, 0),
        ([(RC, RECEIVED), (AR, f'"{MX}"; spf=pass smtp.mailfrom="b@evil.example'), (AR, PASS)], 1, None, 0),
        ([(RC, RECEIVED), (AR, f"(x) {MX}; {'dkim=fail; ' * 7_000}"), (AR, PASS)], 1, None, 0),
        ([(RC, RECEIVED), (AR, f"{MX} 2; dmarc=fail"), (AR, PASS)], 1, None, 0),
        # Another name, another version, another header.
        ([(RC, RECEIVED), (AR, PASS.replace(MX, "mx.evil.example"))], 1, None, 0),
        ([(RC, RECEIVED), (AR, PASS.replace(MX, f"{MX}.evil.example"))], 1, None, 0),
        ([(RC, RECEIVED), (AR, PASS.replace(MX, f"{MX} 2"))], 1, None, 0),
        ([(RC, RECEIVED), (f"ARC-{AR}", PASS)], 1, None, 0),
        ([(RC, RECEIVED), (f"X-{AR}", PASS)], 1, None, 0),
        ([(RC.upper(), RECEIVED), (AR.upper(), PASS.replace(MX, MX.upper()))], 1, "pass", 0),
        # A field in an encoded word is text.
        ([(RC, RECEIVED), (AR, f"{MX}; =?utf-8?q?dmarc=3Dpass_header=2Efrom=3Ddesk=2Eexample?=")], 1, None, 0),
        # Without a name it is not this server's.
        ([(RC, RECEIVED), (AR, PASS.partition("; ")[2])], 1, None, 0),
        ([], 1, None, 0),
    ],
)  # fmt: skip
def test_which_field_counts(
    headers: list[tuple[str, str]], hops: int, found: str | None, strangers: int
) -> None:
    said = pinned(mail(*headers, ("From", "alice@desk.example")), MX, hops)
    assert said.strangers == strangers
    assert [one.result for one in said.results or ()] == ([found] if found else [])


def test_results_in_the_body_are_text() -> None:
    raw = mail(("From", "alice@desk.example")) + f"Received: x\r\nAuthentication-Results: {PASS}\r\n".encode()
    assert pinned(raw, MX, 1).results is None


def test_of_several_fields_the_topmost_proves_and_any_denies() -> None:
    dkim = (AR, f"{MX}; dkim=pass header.d=evil.example")
    forged, denied = (AR, PASS), (AR, PASS.replace("pass", "fail"))
    above = pinned(mail((RC, RECEIVED), dkim, forged, denied), MX, 1)
    assert above.results == results(("dkim", "pass", "evil.example"), ("dmarc", "fail", "desk.example"))
    # Who judged already is not corrected by what stands below.
    above = pinned(mail((RC, RECEIVED), forged, denied), MX, 1)
    assert above.results == results(("dmarc", "pass", "desk.example"))


def test_however_many_signatures_a_stranger_brings_dmarc_is_heard() -> None:
    value = f"{MX}; {'dkim=fail header.d=evil.example; ' * 1_000}dmarc=fail header.from=desk.example"
    said = pinned(mail((RC, RECEIVED), (AR, value)), MX, 1).results
    assert said
    assert len(said) < 30
    assert said[-1] == Result("dmarc", "fail", "desk.example")


def test_a_mail_that_begins_with_an_empty_line_has_a_header_all_the_same() -> None:
    assert pinned(b"\r\n\r\n" + mail((RC, RECEIVED), (AR, PASS)), MX, 1).results


def test_a_long_header_takes_no_time() -> None:
    began = time.process_time()
    pinned(mail((AR, NAMELESS), (RC, "by " + "a" * 250_000)), MX, 1)
    assert time.process_time() - began < 5


# Microsoft 365 writes no name

TAKEN = (
    "from mx.customer.example (192.0.2.1) by DB5EUR01FT012.mail.protection.outlook.com (10.152.4.1) with SMTP"
)
INSIDE = (
    "from DB5EUR01FT012.eop-EUR01.prod.protection.outlook.com by VI1PR01MB1.outlook.office365.com with HTTPS"
)
NAMELESS = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=customer.example;dmarc=pass header.from=customer.example;"


@pytest.mark.parametrize(
    ("headers", "hops", "counts"),
    [
        ([(RC, INSIDE), (AR, NAMELESS), ("Received-SPF", "Pass"), (RC, TAKEN)], 1, True),
        ([(RC, INSIDE), (RC, INSIDE), (AR, NAMELESS), (RC, TAKEN)], 2, True),
        ([(RC, INSIDE), (RC, INSIDE), (AR, NAMELESS), (RC, TAKEN)], 1, False),
        # No machine of theirs took the mail where it stands.
        ([(RC, INSIDE), (AR, NAMELESS), (RC, RECEIVED), (RC, TAKEN)], 1, False),
        ([(RC, INSIDE), (AR, NAMELESS)], 1, False),
        ([(RC, INSIDE), (AR, NAMELESS), (RC, TAKEN.replace("outlook.com", "outlook.com.evil.example"))], 1, False),
        ([(RC, INSIDE), (AR, NAMELESS), (RC, "from x (by a.mail.protection.outlook.com) by b.example")], 1, False),
        # Who took it cannot be read, as its client gave a name with a bracket.
        ([(RC, INSIDE), (AR, NAMELESS), (RC, f"from e( {TAKEN}"), (AR, NAMELESS), (RC, TAKEN)], 2, False),
        # Below their machine stands what came with the mail.
        ([(RC, INSIDE), (RC, TAKEN), (AR, NAMELESS), (RC, TAKEN)], 1, False),
    ],
)  # fmt: skip
def test_a_field_without_a_name(headers: list[tuple[str, str]], hops: int, counts: bool) -> None:
    said = pinned(mail(*headers, ("From", "jane@customer.example")), "protection.outlook.com", hops)
    assert bool(said.results) is counts
