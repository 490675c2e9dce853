"""Subjects: the tag, the base subject by which threads are compared, and the one a ticket keeps."""

from __future__ import annotations

import time

import pytest

from maildesk.core.subject import NO_SUBJECT, base, frozen, numbers, passed_on, tagged


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        # RFC 5256, 2.1: reply and forward marks, list tags, (fwd) at the end, in any order and number.
        ("My printer", "my printer"),
        ("Re: My printer", "my printer"),
        ("RE:My printer", "my printer"),
        ("Re[2]: My printer", "my printer"),
        ("Re [2] : My printer", "my printer"),
        ("Fw: My printer", "my printer"),
        ("Fwd: My printer", "my printer"),
        ("Fwd: Re: Fw: RE: My printer", "my printer"),
        ("My printer (fwd)", "my printer"),
        ("My printer (fwd) (FWD) ", "my printer"),
        ("Re: [office] My printer", "my printer"),
        ("[office] Re: [all] My printer", "my printer"),
        ("Re: [office] [all] Re: My printer (fwd)", "my printer"),
        ("  My \t printer  ", "my printer"),
        # A blob is kept where nothing would be left.
        ("[office]", "[office]"),
        ("Re: [office]", "[office]"),
        ("", ""),
        ("Re:", ""),
        ("Re: Re:", ""),
        # Our own tag at the end says nothing about the matter.
        ("My printer [#482913]", "my printer"),
        ("AW: My printer [#482913]", "my printer"),
        ("Re: My printer [#482913] (fwd)", "my printer"),
        # Marks of clients in other languages.
        ("AW: WG: My printer", "my printer"),
        ("SV: VS: My printer", "my printer"),
        ("Antw: My printer", "my printer"),
        ("回复：My printer", "my printer"),
        ("RES: ENC: My printer", "my printer"),
        # Words that only look like marks.
        ("Regarding: my printer", "regarding: my printer"),
        ("Review", "review"),
        ("My printer re: paper", "my printer re: paper"),
        ("My [new] printer", "my [new] printer"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
    ],
)
def test_base_subject(subject: str, expected: str) -> None:
    assert base(subject) == expected


@pytest.mark.parametrize("subject", ["Re: " * 100_000 + "My printer", "[a" * 100_000, " " * 100_000 + "x"])
def test_bombs_end_soon(subject: str) -> None:
    started = time.process_time()
    base(subject)
    frozen(subject)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("My printer [#482913]", (482_913,)),
        ("[#482913] My printer", (482_913,)),
        ("Re: [#482913] and [#1234567]", (482_913, 1_234_567)),
        ("[#482913] [#482913]", (482_913,)),
        ("[#123456789012]", (123_456_789_012,)),
        ("[#12345]", ()),
        ("[#1234567890123]", ()),
        ("#482913", ()),
        ("[482913]", ()),
        ("[# 482913]", ()),
        ("[#48291a]", ()),
        ("My printer", ()),
        ("", ()),
        (" ".join(f"[#{n}]" for n in range(100_000, 100_010)), tuple(range(100_000, 100_005))),
    ],
)
def test_numbers(subject: str, expected: tuple[int, ...]) -> None:
    assert numbers(subject) == expected


@pytest.mark.parametrize("digits", ["٤٨٢٩١٣", "４８２９１３"])
def test_digits_of_other_scripts_are_no_number(digits: str) -> None:
    assert numbers(f"[#{digits}]") == ()


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("My printer", "My printer"),
        ("Re: AW: My printer", "My printer"),
        ("Odp: SV: Re[2]: My printer", "My printer"),
        ("回复：打印机", "打印机"),
        ("Re: Fwd: My printer", "Fwd: My printer"),
        ("WG: My printer", "WG: My printer"),
        ("Fwd: My printer", "Fwd: My printer"),
        ("Re: My printer [#482913]", "My printer"),
        ("  My \t printer ", "My printer"),
        ("", NO_SUBJECT),
        ("Re: ", NO_SUBJECT),
        ("[#482913]", NO_SUBJECT),
        ("x" * 200, "x" * 200),
        ("x" * 300, "x" * 197 + "..."),
        (f"{'word ' * 60}", "word " * 38 + "word wo..."),
    ],
)
def test_the_subject_that_a_ticket_keeps(subject: str, expected: str) -> None:
    assert frozen(subject) == expected


def test_the_tag_stands_at_the_end_and_is_found_again() -> None:
    assert tagged("My printer", 482_913) == "My printer [#482913]"
    assert tagged("", 482_913) == f"{NO_SUBJECT} [#482913]"
    assert numbers(f"Re: {tagged('My printer', 482_913)}") == (482_913,)
    assert base(f"Re: {tagged('My printer', 482_913)}") == base("My printer")
    assert frozen(tagged("My printer", 482_913)) == "My printer"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Fwd: The lamp", "The lamp"),
        ("FW: WG: The lamp", "The lamp"),
        ("[team] Fwd: Re: The lamp", "Re: The lamp"),
        ("The lamp", "The lamp"),
        ("Fwd:", ""),
    ],
)
def test_what_is_passed_on_keeps_its_own_subject(subject: str, expected: str) -> None:
    assert passed_on(subject) == expected
