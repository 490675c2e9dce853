"""Mails that are built by the rules, and a little beside them. With MAILDESK_LONG=1 ten times as many."""

from __future__ import annotations

import base64
import binascii
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maildesk.core import charset, message
from maildesk.core.body import line_hashes
from tests.fuzz.promises import kept, parted

LONG = bool(os.environ.get("MAILDESK_LONG"))
SOME = settings(
    max_examples=1_000 if LONG else 100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

_CHARSETS = (
    "utf-8",
    "iso-8859-1",
    "us-ascii",
    "windows-1251",
    "gb2312",
    "iso-2022-jp",
    "utf-16",
    "utf-7",
    "x-none",
    "",
)
_TYPES = (
    "text/plain", "text/html", "text/calendar", "application/pdf", "application/pkcs7-mime", "application/ms-tnef",
    "message/rfc822", "message/delivery-status", "image/png", "text", "",
)  # fmt: skip
_MULTIPARTS = ("mixed", "alternative", "related", "report", "signed", "digest", "x-none")
_words = st.text(st.characters(codec="utf-8"), max_size=60)
_lines = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Yes.", "", "> quoted", ">> twice", "-- ", "--", "Sent from my iPhone", "#note", "_" * 32,
                "On Tue, 1 Jul 2025 at 10:00, Bob <b@x.example> wrote:", "Am 01.07.2025 um 10:00 schrieb Bob:",
                "-----Original Message-----", "From: Bob <b@x.example>", "Sent: Tuesday", "To: Jane", "Subject: x",
                "---------- Forwarded message ---------", "| bar", "Reply above this line", "  wrote:", "<b@x.example>",
                "shop mailing list", "01.07.2025, 10:00, Bob <b@x.example>:",
                "yes On Tue, Jul 1, 2025 at 10:00 AM, b wrote:",
            ]
        ),
        st.text(st.characters(exclude_characters="\n\r\x00", codec="utf-8"), max_size=80),
    ),
    max_size=30,
).map("\n".join)  # fmt: skip


@st.composite
def _leaf(draw: st.DrawFn) -> bytes:
    declared = draw(st.sampled_from(_CHARSETS))
    kind = draw(st.sampled_from(_TYPES))
    text = draw(st.one_of(_lines, _words))
    codec = draw(st.sampled_from([charset.codec(declared) or "utf-8", "utf-8", "latin-1"]))
    data = text.encode(codec, "replace")
    encoding = draw(st.sampled_from(["", "7bit", "base64", "quoted-printable", "x-uuencode", "x-none"]))
    if encoding == "base64":
        data = base64.encodebytes(data)
    elif encoding == "quoted-printable":
        data = binascii.b2a_qp(data)
    name = draw(
        st.sampled_from(["", "; name=a.txt", "; name*0=a; name*1*=%20b", '; name="a\\"b', "; filename=x"])
    )
    head = f"Content-Type: {kind}; charset={declared}{name}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    if draw(st.booleans()):
        head += f"Content-Disposition: {draw(st.sampled_from(['attachment', 'inline']))}{name}\r\n"
    return head.encode() + b"\r\n" + data


@st.composite
def _tree(draw: st.DrawFn, children: st.SearchStrategy[bytes]) -> bytes:
    cut = draw(st.sampled_from([b"b", b"=_b.1", b"b b", b"b" * 70]))
    parts = draw(st.lists(children, max_size=4))
    body = b"".join(b"\r\n--" + cut + b"\r\n" + part for part in parts)
    kind = draw(st.sampled_from(_MULTIPARTS)).encode()
    closing = draw(st.sampled_from([b"\r\n--" + cut + b"--\r\n", b"\r\n", b""]))
    return b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind, cut) + body + closing


_trees = st.recursive(_leaf(), _tree, max_leaves=8)


@st.composite
def _mails(draw: st.DrawFn) -> bytes:
    head = b""
    for name in ("From", "To", "Subject", "Message-ID", "References", "Date", "Reply-To"):
        value = draw(
            st.one_of(
                _words,
                st.sampled_from(
                    [
                        "Jane <jane@x.example>", "<a@x>, b@y (c), undisclosed:;", "=?utf-8?q?a=20b?= <c@x.example>",
                        "Tue, 1 Jul 2025 10:00:00 +0200", "<m@x>", "=?x?b?" * 20, '"' * 9, "a@b@c",
                    ]
                ),
            )
        )  # fmt: skip
        clean = " ".join(value.split())
        head += name.encode() + b": " + clean.encode("utf-8", "replace") + b"\r\n"
    return head + draw(_trees)


@SOME
@given(_mails())
def test_any_structure_is_read(raw: bytes) -> None:
    kept(raw, twice=True)


@SOME
@given(_lines, st.one_of(st.just(""), _lines), st.booleans(), st.booleans())
def test_any_text_is_parted(text: str, other: str, passed_on: bool, ours: bool) -> None:
    html = f"<blockquote>{other}</blockquote>" if other else ""
    parted(text, html, passed_on, (line_hashes(other),) if ours else ())


@SOME
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=200),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_built_by_the_rules_is_read_as_it_was_meant(texts: list[str]) -> None:
    parts = [
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(text.encode())
        for text in texts
    ]
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"".join(b"--b\r\n" + part for part in parts)
        + b"--b--\r\n"
    )
    read = [charset.clean(text.removeprefix("\ufeff")) for text in texts]
    assert message.parse(raw).text == "\n".join(text for text in read if text.strip())
