"""Mails of a megabyte that were made to keep a parser busy. Each takes well under a second; without bounds, minutes."""

from __future__ import annotations

import base64
import time
import tracemalloc
from collections.abc import Callable

import pytest

from maildesk.core import markup, message
from maildesk.core.body import line_hashes, new_text
from maildesk.core.parsed import to_json
from tests.fuzz.promises import SECONDS

MB = 1024 * 1024
Bomb = Callable[[], bytes]
_HEAD = b"From: Jane <jane@shop.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"


def _filled(unit: bytes, size: int = MB) -> bytes:
    return unit * (size // len(unit))


def _head(field: bytes, unit: bytes) -> Bomb:
    return lambda: _HEAD + field + _filled(unit) + b"\r\n\r\nHello"


def _html(unit: bytes, start: bytes = b"", end: bytes = b"") -> Bomb:
    return lambda: _HEAD + b"Content-Type: text/html\r\n\r\n" + start + _filled(unit) + end


def _plain(unit: bytes, more: bytes = b"") -> Bomb:
    return lambda: _HEAD + more + b"\r\n" + _filled(unit)


def _packed(unit: bytes) -> Bomb:
    start = b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x01\x00"
    return lambda: _HEAD + start + _filled(unit)


def _parts(unit: bytes) -> Bomb:
    return lambda: _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _filled(unit)


def _deep(levels: int) -> bytes:
    raw = b"\r\n\r\ndeep"
    for level in range(levels):
        cut = b"b%d" % level
        raw = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s--\r\n" % (
            cut,
            cut,
            raw,
            cut,
        )
    return raw


def _alternatives(plain: bytes, html: bytes) -> bytes:
    kind = b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
    return (
        kind
        + b"--b\r\n\r\n"
        + plain
        + b"\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        + html
        + b"\r\n--b--\r\n"
    )


def _alternatives_in_alternatives(levels: int) -> bytes:
    raw = b"Content-Type: text/html\r\n\r\n" + _filled(b"word one two ")
    for level in range(levels):
        cut = b"b%d" % level
        raw = (
            b"Content-Type: multipart/alternative; boundary=%s\r\n\r\n--%s\r\n\r\nzz\r\n--%s\r\n%s\r\n--%s--\r\n"
            % (
                cut,
                cut,
                cut,
                raw,
                cut,
            )
        )
    return raw


def _answers_below_a_quote() -> bytes:
    """Each line of the text is sought among the answers in the HTML, where it stands at the very end."""
    quote, line = b"one two three four five six seven eight", b"a" * 24 + b"b" + b"a" * 24
    html = b"<p>Yes<blockquote>" + quote + b" " + b"a" * 65_000 + b"</blockquote>" + b"a" * 65_000 + line
    return _HEAD + _alternatives(b"Yes\n" + quote + b"\n" + (line + b"\n") * 19_000, html)


HEADERS: dict[str, Bomb] = {
    "encoded words begun": _head(b"Subject: ", b"=?a?q?"),
    "encoded words": _head(b"Subject: ", b"=?utf-8?q?a?= "),
    "encoded words without space": _head(b"From: ", b"=?utf-8?b?YQ==?="),
    "question marks": _head(b"Subject: =?utf-8?q?", b"?"),
    "addresses": _head(b"To: ", b"a@b.example, "),
    "commas": _head(b"To: ", b","),
    "angle brackets": _head(b"From: ", b"<"),
    "comments": _head(b"From: ", b"("),
    "comments in comments": _head(b"To: ", b"(a(b)"),
    "quotes": _head(b"From: ", b'"\\"'),
    "quotes and semicolons": _head(b"To: ;", b'\\"'),
    "groups": _head(b"To: ", b"a:b@c.example;"),
    "routes": _head(b"From: ", b"<@a,@b:"),
    "at signs": _head(b"From: ", b"@"),
    "ids": _head(b"References: ", b"<a@b> "),
    "ids begun": _head(b"References: ", b"<"),
    "folds": _head(b"Subject: ", b"\r\n x"),
    "spaces": _head(b"Subject: ", b" "),
    "dates": lambda: b"Date: " + _filled(b"Tue, ") + b"\r\n\r\nx",
    "date with comments": lambda: b"Date: Tue, 1 Jul 2025 " + _filled(b"(") + b"\r\n\r\nx",
    "quoted parameters": _head(b'Content-Type: text/plain; name="', b'\\";'),
    "parameters": _head(b"Content-Type: text/plain", b";a=b"),
    "pieces of a parameter": _head(b"Content-Type: text/plain", b";name*0*=%20"),
    "fields": lambda: _filled(b"a:\n"),
    "fields without colon": lambda: _filled(b"a\n"),
    "fields all known": lambda: _filled(b"To: a@b.example\n"),
    "raw bytes": _head(b"Subject: ", b"\xe4\xf6 "),
    "raw bytes in fields": lambda: _HEAD + _filled(b"X-A: \xe4\xf6\xfc\r\n") + b"\r\nx",
    "list ids": _head(b"List-Id: ", b"<"),
    "received": lambda: (
        _HEAD + _filled(b"Received: from a by b; Tue, 1 Jul 2025 10:00:00 +0200\r\n") + b"\r\nx"
    ),
    "auto-submitted": _head(b"Auto-Submitted: ", b"auto-"),
}
BODIES: dict[str, Bomb] = {
    "empty lines": _plain(b"\n"),
    "returns": _plain(b"\r"),
    "quote marks": _plain(b">"),
    "quote marks with spaces": _plain(b"> "),
    "one long line": _plain(b"a"),
    "one long line of spaces": _plain(b" "),
    "tabs": _plain(b"\t"),
    "attributions begun": _plain(b"On 1 Jul 2025 at 10:00\n"),
    "attributions": _plain(b"On 1 Jul 2025 at 10:00, Bob <b@x.example> wrote:\n"),
    "attributions in other words": _plain(b"Am 01.07.2025 um 10:00\n"),
    "attributions in one line": _plain(b"On a b c "),
    "attributions on the last line": _plain(b"yes On Tue, 1 Jul 2025 at 10:00, x\n"),
    "attributions without end": _plain(b"On 1 Jul 2025 10:00, " + b"wrote " * 9 + b"a:a:\n"),
    "verbs of attributions": _plain(b"On 1 Jul 2025 at 10:00, a@b.example " + b"wrote " * 40 + b": x:\n"),
    "verbs between dashes": _plain(b"-----" + b" wrote" * 60 + b"\n"),
    "times behind an answer": _plain(b"xx " + b"on mon 10.00 " * 29 + b":\n"),
    "days behind an answer": _plain(b"xx " + b"on mon " * 26 + b"10.00 " * 30 + b":\n"),
    "colons": _plain(b"a:\n"),
    "colons in one line": _plain(b"10:00 "),
    "addresses in lines": _plain(b"<a@b.example>\n"),
    "dates and addresses": _plain(b"1.7.2025 10:00 <a@b.example>\n"),
    "headers of mails": _plain(b"From: a\n"),
    "more headers of mails": _plain(b"To: a\nDate: b\n"),
    "rules": _plain(b"_" * 40 + b"\n"),
    "rules and headers": _plain(b"_" * 40 + b"\nFrom: a\n\n"),
    "dashes": _plain(b"-"),
    "dashes in lines": _plain(b"-" * 399 + b"\n"),
    "original messages begun": _plain(b"-----Original Message\n"),
    "forwards begun": _plain(b"---------- Forwarded by \n"),
    "signatures": _plain(b"-- \nx\n"),
    "phones": _plain(b"Sent from my \n\n"),
    "bars": _plain(b"| \n"),
    "directions": _plain("\u202e1:\n".encode()),
    "wrapped quotes": _plain(b"> " + b"a" * 70 + b"\nb\n"),
    "uuencoded begun": _plain(b"begin 644 a\n"),
    "uuencoded": _plain(b"begin 644 a\n#86)C\n`\nend\n"),
    "uuencoded lines": lambda: _HEAD + b"\r\nbegin 644 a\n" + _filled(b"#86)C\n"),
    "flowed": _plain(b"a \n", b"Content-Type: text/plain; format=flowed\r\n"),
    "flowed quotes": _plain(b"> a \n>> b \n", b"Content-Type: text/plain; format=flowed\r\n"),
    "base64 padding": _plain(b"Q=\n", b"Content-Transfer-Encoding: base64\r\n"),
    "base64 noise": _plain(b"\xff", b"Content-Transfer-Encoding: base64\r\n"),
    "quoted-printable": _plain(b"=", b"Content-Transfer-Encoding: quoted-printable\r\n"),
    "utf-7": _plain(b"+", b"Content-Type: text/plain; charset=utf-7\r\n"),
    "escapes of japan": _plain(b"\x1b$B", b"Content-Type: text/plain; charset=iso-2022-jp\r\n"),
    "lines of japan": lambda: _HEAD + b"\r\n\x1b$B-j" + _filled(b"-j\n"),
    "spaces of japan": _plain(b"\x1b$B-j -j -j ", b"Content-Type: text/plain; charset=iso-2022-jp\r\n"),
    "no charset": _plain(b"\xc8\xe4\xf0 "),
    "wrong charset": _plain(b"\xc8\xe4\xf0\xff", b"Content-Type: text/plain; charset=utf-8\r\n"),
    "boundaries": _parts(b"--b\n"),
    "near boundaries": _parts(b"--bX\n"),
    "closed boundaries": _parts(b"--b--\n"),
    "boundaries in a line": _parts(b"--b"),
    "parts that are mails": _parts(b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n"),
    "alternatives": lambda: (
        _HEAD
        + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        + _filled(b"--b\nContent-Type: text/html\n\n<p>x\n")
    ),
    "alternatives in alternatives": lambda: _HEAD + _alternatives_in_alternatives(38),
    "answers below a quote": _answers_below_a_quote,
    "parts in parts": lambda: _deep(2_000),
    "a mail in a mail": lambda: _filled(b"Content-Type: message/rfc822\r\n\r\n"),
    "guessed boundaries": lambda: _HEAD + b"Content-Type: multipart/mixed\r\n\r\n" + _filled(b"--b\nx\n"),
    "a report": lambda: (
        _HEAD
        + b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        + _filled(b"Final-Recipient: rfc822; a@b.example\r\nStatus: 5.1.1\r\n\r\n")
    ),
    "files in winmail.dat": _packed(b"\x02\x02\x90\x06\0\0\0\0\0\0\0"),
    "properties in winmail.dat": _packed(
        b"\x02\x05\x90\x06\x00\x0c\0\0\0\xff\xff\0\0\x1f\x10\0\x37\xff\xff\xff\0\0\0"
    ),
    "tags": _html(b"<b>"),
    "tags closed": _html(b"</b>"),
    "tags begun": _html(b"<b "),
    "tags of blocks": _html(b"<div>"),
    "tags of blocks, some": _html(b"x", b"<div>" * 29_000),
    "lists": _html(b"<ul><li>x"),
    "lists, some": _html(b"x", b"<ul><li>" * 14_000),
    "quotes": _html(b"<blockquote>"),
    "quotes, some": _html(b"x", b"<blockquote>" * 14_000),
    "quotes in a row": _html(b"x", b"<blockquote>a</blockquote>" * 14_000),
    "quotes of clients": _html(b"x", b'<div class="gmail_quote">' * 14_000),
    "signatures of clients": _html(b"x", b'<div class="gmail_signature">' * 14_000),
    "signatures in a row": _html(b"x", b'<div class="gmail_signature">x</div>' * 9_000),
    "breaks above signatures": _html(
        b"x", b"<br>" * 14_000 + b'<div class="gmail_signature">x</div>' * 5_000
    ),
    "borders": _html(b"x", b'<div style="border-top:solid">' * 14_000),
    "horizontal rules": _html(b"<hr>"),
    "horizontal rules, some": _html(b"x", b"<hr>" * 29_000),
    "tables": _html(b"<table><tr><td>x"),
    "tables in tables": _html(b"y", b"<table><tr><td>x" * 80),
    "cells": _html(b"x", b"<table><tr>" + b"<td>x" * 29_000),
    "rows": _html(b"x", b"<table>" + b"<tr><td>x" * 14_000),
    "links": _html(b"x", b'<a href="http://x.example/y">z</a>' * 14_000),
    "links in links": _html(b"x", b'<a href="http://x.example/y"><i>z' * 14_000),
    "comments": _html(b"<!--"),
    "comments closed": _html(b"<!---->"),
    "styles": _html(b"<style>"),
    "attributes": _html(b"a=b ", b"<a ", b">"),
    "one attribute": _html(b"a", b'<p style="', b'">x'),
    "styles of elements": _html(b"x", b"<p style='" + b"margin:1px;" * 350 + b"'>y</p>" * 200),
    "rows, wide": lambda: (
        _HEAD + b"Content-Type: text/html\r\n\r\n<table>" + b"<tr><td>x" * 3_000 + b"y" * 5_000
    ),
    "indentation": _html(b"a\n", b'<pre style="padding-left:500000em">'),
    "space above": _html(b'<p style="margin-top:99999em">x</p>'),
    "entities": _html(b"&amp;"),
    "entities begun": _html(b"&"),
    "numbers of characters": _html(b"&#0;"),
    "preformatted": _html(b"<pre>\n"),
    "preformatted lines": _html(b"\n", b"<pre>"),
    "spaces in html": _html(b" &nbsp;"),
    "right to left": _html("\u202e".encode()),
    "doctypes": _html(b"<!DOCTYPE "),
    "entity definitions": _html(b"&a;", b'<!DOCTYPE x [<!ENTITY a "' + b"b" * 1000 + b'">]>'),
    "processing instructions": _html(b"<?x "),
    "quoted html": lambda: (
        _HEAD
        + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n"
        + _filled(b"one two three four\r\n", MB // 2)
        + b"--b\r\nContent-Type: text/html\r\n\r\n<p>Yes</p><blockquote>"
        + _filled(b"one two three four<br>", MB // 2)
    ),
    "base64 of html": lambda: (
        _HEAD
        + b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(_filled(b"<p>x", 700_000))
    ),
}


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_headers_end_soon(name: str) -> None:
    raw = HEADERS[name]()
    started = time.process_time()
    to_json(raw)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("name", sorted(BODIES))
def test_bodies_end_soon(name: str) -> None:
    raw = BODIES[name]()
    started = time.process_time()
    to_json(raw)
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td>x" * 4_000 + "y" * 60_000,
        "<table>" + "<tr><td>x" * 2_000 + "<b>y</b>" * 6_000,
        "<table><tr><td>" + "y" * 60_000 + "<td>" + "<br>" * 4_000,
        "<table><tr><td><table><tr><td>" + "y" * 60_000 + "</table><td>" + "<p>x" * 4_000,
        "<table><tr><td>" + "y" * 60_000 + "<td><pre>" + "\n" * 4_000,
        '<pre style="padding-left:60000em">' + "x\n" * 4_000,
        '<div style="PADDING-LEFT : 60000em">' + "x<br>" * 4_000,
        '<p style="margin-top:300000000em">x</p><p>y',
    ],
)
def test_text_of_html_is_not_much_longer_than_its_html(html: str) -> None:
    tracemalloc.start()
    try:
        markup.text_of(html)
        assert tracemalloc.get_traced_memory()[1] < 100 * MB
    finally:
        tracemalloc.stop()


def test_text_beside_what_we_sent_ends_soon() -> None:
    """Every line is one of ours, in an order that none of our mails has."""
    sent = tuple(tuple(f"{n:016x}" for n in range(i, i + 200)) for i in range(20))
    started = time.process_time()
    new_text(_filled(b"one two three\n").decode(), sent)
    assert time.process_time() - started < SECONDS


def test_many_mails_of_ours_in_one_mail_end_soon() -> None:
    """Fifty of them, each line answered, over and over."""
    mails = [[f"we sent line {mail} number {n} of it" for n in range(5)] for mail in range(50)]
    text = "".join(f"{line}\nok\n" for mail in mails for line in mail)
    started = time.process_time()
    new_text(_filled(text.encode()).decode(), [line_hashes("\n".join(mail)) for mail in mails])
    assert time.process_time() - started < SECONDS


def test_a_large_attachment_ends_soon() -> None:
    data = base64.encodebytes(bytes(range(256)) * 4 * 1024 * 10)
    raw = (
        _HEAD
        + b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + data
    )
    started = time.process_time()
    assert message.parse(raw).attachments[0].size == 10 * MB
    assert time.process_time() - started < SECONDS
