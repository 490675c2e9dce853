"""Mails to begin from, one for each thing that mails are made of."""

from __future__ import annotations

import base64

_HEAD = (
    b"Return-Path: <jane@shop.example>\r\nReceived: from a by b; Tue, 1 Jul 2025 10:00:00 +0200\r\n"
    b'From: "Jane, of the shop" <jane@shop.example>\r\n'
    b"To: support@desk.example, =?utf-8?q?J=C3=BCrgen?= <j@shop.example>\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?= =?iso-8859-1?q?_aus_K=F6ln?=\r\n [#482913]\r\n"
    b"Message-ID: <m1@shop.example>\r\nIn-Reply-To: <d1@desk.example>\r\n"
    b"References: <d0@desk.example>\r\n <d1@desk.example>\r\n"
    b"Date: Tue, 01 Jul 2025 10:00:00 +0200\r\nMIME-Version: 1.0\r\n"
)
_ANSWER = (
    "Ja, er läuft.\r\n\r\n-- \r\nJane\r\n\r\nAm 01.07.2025 um 10:00 schrieb Bob <bob@desk.example>:\r\n"
    "> Läuft er?\r\n>> Nein.\r\n"
)
_HTML = (
    '<html><body><style>p{}</style><p>Yes, see <a href="https://shop.example/x">here</a></p><hr>'
    '<table><tr><td>1<td>2</table><ul><li>a<li>b</ul><img src="cid:logo@x"><div class="gmail_signature">Jane</div>'
    '<div class="gmail_quote">On 1 Jul 2025 at 10:00, Bob wrote:<blockquote>Is it <b>on</b>?</blockquote>'
    "</div></body></html>"
)


def _mail(kind: bytes, body: bytes, more: bytes = b"") -> bytes:
    return _HEAD + b"Content-Type: " + kind + b"\r\n" + more + b"\r\n" + body


def _multipart(kind: bytes, *parts: bytes, cut: bytes = b"=_cut.1") -> bytes:
    body = b"preamble\r\n" + b"".join(b"--" + cut + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        b"Content-Type: multipart/"
        + kind
        + b'; boundary="'
        + cut
        + b'"\r\n\r\n'
        + body
        + b"--"
        + cut
        + b"--\r\n"
    )


_PLAIN = (
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + _ANSWER.encode()
)
_RICH = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + _HTML.encode()
_FILE = (
    b"Content-Type: application/pdf; name*0*=utf-8''b%C3%BCll; name*1=.pdf\r\nContent-Disposition: attachment;\r\n"
    b" filename*=utf-8''b%C3%BCll.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(b"%PDF" * 50)
)
_LOGO = b"Content-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
_INNER = b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: inner\r\n\r\ninner words\r\n"
_REPORT = (
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; j@shop.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no\r\n"
)

_PACKED = base64.encodebytes(
    b"\x78\x9f\x3e\x22\x01\x00\x02\x02\x90\x06\x00\x0e\0\0\0" + b"\1" * 14 + b"\0\0"
    b"\x02\x0f\x80\x06\x00\x03\0\0\0one\0\0\x02\x05\x90\x06\x00\x14\0\0\0"
    b"\1\0\0\0\x1f\0\x07\x37\1\0\0\0\4\0\0\0a\0\0\0\0\0"
)

SEEDS: tuple[bytes, ...] = (
    _mail(b"text/plain; charset=utf-8", _ANSWER.encode(), b"Content-Transfer-Encoding: 8bit\r\n"),
    _mail(b"text/plain; charset=iso-8859-1; format=flowed", _ANSWER.encode("latin-1")),
    _mail(b"text/plain; charset=iso-2022-jp", "プリンタ\r\n".encode("iso2022_jp")),
    _mail(b"text/html; charset=windows-1252", _HTML.encode("cp1252")),
    _mail(b"text/plain", b"See:\r\n\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\nbye\r\n"),
    _mail(
        b"text/plain", b"Gr=FC=DFe=\r\n aus K=F6ln\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n"
    ),
    _HEAD + _multipart(b"alternative", _PLAIN, _RICH),
    _HEAD + _multipart(b"mixed", _multipart(b"related", _RICH, _LOGO, cut=b"=_cut.2"), _FILE, _INNER),
    _HEAD + _multipart(b"report; report-type=delivery-status", _PLAIN, _REPORT, _INNER),
    _HEAD
    + _multipart(
        b"signed", _PLAIN, b"Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----"
    ),
    _HEAD + _multipart(b"digest", b"\r\nFrom: a@x.example\r\n\r\none", b"\r\nFrom: b@x.example\r\n\r\ntwo"),
    _HEAD.replace(b"Jane, of", "Jäne, of".encode("latin-1")) + b"\r\n" + _ANSWER.encode("cp1252"),
    _mail(b"application/ms-tnef; name=winmail.dat", _PACKED, b"Content-Transfer-Encoding: base64\r\n"),
    _mail(
        b"text/plain", b"-----Original Message-----\r\nFrom: Bob\r\nSent: Tuesday\r\nTo: Jane\r\n\r\nOn?\r\n"
    ),
)
