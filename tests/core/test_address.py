"""Addresses: the one form in which they are compared, and lists of them as mail writes them."""

import pytest

from maildesk.core import address
from maildesk.core.address import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jane@shop.example", "jane@shop.example"),
        ("  Jane.Doe@Shop.EXAMPLE ", "jane.doe@shop.example"),
        ("<jane@shop.example>", "jane@shop.example"),
        ("jane+tag@shop.example", "jane+tag@shop.example"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("JÖRG@Bücher.example", "jörg@xn--bcher-kva.example"),
        ("jane@shop.example.", "jane@shop.example"),
        # Not the domain strasse.example, nor kate's, nor shop.example.
        ("jane@Straße.example", "jane@xn--strae-oqa.example"),
        ("jane@σς.example", "jane@xn--3xab.example"),
        ("\u212aate@shop.example", ""),
        ("jane@sh\u200bop.example", ""),
        ("jane@[192.0.2.1]", "jane@[192.0.2.1]"),
        ('"jane doe"@shop.example', '"jane doe"@shop.example'),
        ('"jane@home"@shop.example', '"jane@home"@shop.example'),
        ("root@localhost", "root@localhost"),
        ("", ""),
        ("jane", ""),
        ("@shop.example", ""),
        ("jane@", ""),
        ("jane doe@shop.example", ""),
        ("jane@home@shop.example", ""),
        ("jane@shop..example", ""),
        ("jane@-shop.example", ""),
        ("jane@shop.example\nBcc: x@y.example", ""),
        ("jane@" + "a" * 64 + ".example", ""),
        ("jane@" + "a." * 200 + "example", ""),
        ("j\x00ane@shop.example", ""),
        ("j\x85ane@shop.example", ""),
        ("\u202ejane@shop.example", ""),
        ('"j\x85"@shop.example', ""),
    ],
)
def test_normal(text: str, expected: str) -> None:
    assert address.normal(text) == expected


@pytest.mark.parametrize("text", ["ali\udce2ce@desk.example", '"a\udce2"@desk.example', "a@b\udce2.example"])
def test_bytes_that_are_no_letters_are_no_address(text: str) -> None:
    assert address.normal(text) == ""


@pytest.mark.parametrize("text", ["jane@shop.example", "JÖRG@Bücher.example", '"a b"@x.example'])
def test_normal_of_normal_is_the_same(text: str) -> None:
    assert address.normal(address.normal(text)) == address.normal(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('a@x.example; b@x.example; "C; D" <c@x.example>', ["a@x.example", "b@x.example", "c@x.example"]),
        ("all: a@x.example, b@x.example;", ["a@x.example", "b@x.example"]),
        ("Jane <mailto:jane@shop.example>", ["jane@shop.example"]),
    ],
)
def test_lists_as_outlook_writes_them(value: str, expected: list[str]) -> None:
    assert [one.address for one in address.parse(value)[0]] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Jane Doe <jane@shop.example>", [("jane@shop.example", "Jane Doe")]),
        ('"Doe, Jane" <jane@shop.example>', [("jane@shop.example", "Doe, Jane")]),
        ("jane@shop.example (Jane)", [("jane@shop.example", "Jane")]),
        ("a@x.example, B <b@x.example>", [("a@x.example", ""), ("b@x.example", "B")]),
        ("team: a@x.example, b@x.example;", [("a@x.example", ""), ("b@x.example", "")]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?J=C3=BCrgen?= <j@x.example>", [("j@x.example", "Jürgen")]),
        ('"=?utf-8?q?J=C3=BCrgen?=" <j@x.example>', [("j@x.example", "Jürgen")]),
        ("=?utf-8?q?Doe,_Jane?= <j@x.example>", [("j@x.example", "Doe, Jane")]),
        ("=?utf-8?q?a?= =?utf-8?q?b?= <j@x.example>", [("j@x.example", "ab")]),
        ("=?utf-8?q?<boss=40x.example>?= <j@x.example>", [("j@x.example", "<boss@x.example>")]),
        ("Jane <jane@shop.example", [("jane@shop.example", "Jane")]),
        ("", []),
        ("nobody", []),
        ("a@x.example b@x.example", []),
    ],
)
def test_parse(value: str, expected: list[tuple[str, str]]) -> None:
    found, _ = address.parse(value)
    assert list(found) == [Address(one, name) for one, name in expected]


def test_broken_header_is_named_as_defect() -> None:
    assert address.parse("Jane <jane@shop.example")[1]
    assert address.parse("jane@shop.example")[1] == ()


def test_limit() -> None:
    found, defects = address.parse(", ".join(f"u{i}@x.example" for i in range(20)), limit=5)
    assert [one.address for one in found] == [f"u{i}@x.example" for i in range(5)]
    assert "too-many-addresses" in defects
