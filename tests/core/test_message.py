"""Messages: raw bytes in, what they say out; never an exception, never without end."""

import base64
import hashlib
import pickle

import pytest

from maildesk.core import message
from maildesk.core.message import Address, Message

HEAD = b"From: Jane <jane@shop.example>\r\nTo: support@desk.example\r\nSubject: Printer\r\n"


def mail(body: bytes, kind: str = "text/plain; charset=utf-8", more: str = "") -> Message:
    head = HEAD + f"Content-Type: {kind}\r\n{more}\r\n".encode()
    return message.parse(head + body)


def multipart(*parts: bytes, kind: str = "mixed") -> bytes:
    joined = b"".join(b"--cut\r\n" + part + b"\r\n" for part in parts)
    return HEAD + f'Content-Type: multipart/{kind}; boundary="cut"\r\n\r\n'.encode() + joined + b"--cut--\r\n"


PLAIN = b"Content-Type: text/plain\r\n\r\nHello"
HTML = b"Content-Type: text/html\r\n\r\n<p>Hello <b>there</b></p>"
PDF = (
    b'Content-Type: application/pdf; name="bill.pdf"\r\nContent-Disposition: attachment\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"%PDF-1.4 bytes")
)


def test_plain_mail() -> None:
    raw = (
        b"Received: from a by b\r\nDelivered-To: Support@Desk.example\r\nX-Original-To: help@desk.example\r\n"
        + HEAD
        + b"Cc: =?utf-8?q?J=C3=BCrgen?= <j@shop.example>\r\nReply-To: other@shop.example\r\n"
        b"Sender: list@shop.example\r\nMessage-ID: <m1@shop.example>\r\nIn-Reply-To: <d1@desk.example>\r\n"
        b"References: <d0@desk.example>\r\n <d1@desk.example>\r\nDate: Tue, 01 Jul 2025 10:00:00 +0200\r\n"
        b"List-Id: Shop <talk.shop.example>\r\nContent-Language: de-AT, en\r\n\r\nIt burns.\r\nHelp!\r\n"
    )
    seen = message.parse(raw)
    assert seen.sha256 == hashlib.sha256(raw).hexdigest()
    assert seen.size == len(raw)
    assert seen.from_ == (Address("jane@shop.example", "Jane"),)
    assert seen.to == (Address("support@desk.example", ""),)
    assert seen.cc == (Address("j@shop.example", "Jürgen"),)
    assert seen.reply_to == (Address("other@shop.example", ""),)
    assert seen.sender == (Address("list@shop.example", ""),)
    assert seen.delivered_to == ("support@desk.example", "help@desk.example")
    assert (seen.subject, seen.message_id) == ("Printer", "m1@shop.example")
    assert seen.in_reply_to == ("d1@desk.example",)
    assert seen.references == ("d0@desk.example", "d1@desk.example")
    assert seen.date == 1_751_356_800_000_000
    assert seen.has_received
    assert seen.text == "It burns.\nHelp!\n"
    assert (seen.html, seen.attachments, seen.defects) == ("", (), ())
    assert (seen.list_id, seen.language) == ("talk.shop.example", "de-AT")
    assert seen.header("List-ID") == "Shop <talk.shop.example>"
    assert seen.header("x-none") == ""
    assert seen.headers_all("x-original-to") == ("help@desk.example",)
    assert pickle.loads(pickle.dumps(seen)) == seen


def test_every_from_stays_visible() -> None:
    two_fields = message.parse(b"From: a@x.example\r\nFrom: b@x.example\r\n\r\n")
    two_addresses = message.parse(b"From: a@x.example, b@x.example\r\n\r\n")
    assert [one.address for one in two_fields.from_] == ["a@x.example", "b@x.example"]
    assert [one.address for one in two_addresses.from_] == ["a@x.example", "b@x.example"]
    assert "2 From fields" in two_fields.defects


@pytest.mark.parametrize(
    ("raw_subject", "expected"),
    [
        (b"=?utf-8?b?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?iso-8859-1?q?Gr=FC=DFe?=", "Grüße"),
        (b"=?utf-8?q?Gr=C3?=\r\n =?utf-8?q?=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"one\r\n two", "one two"),
        (b"=?utf-8?q?one=0D=0ABcc:_x?=", "one Bcc: x"),
        (b"=?utf-8?q?nul=00?=", "nul"),
        (b"=?rot13?q?abc?=", "abc"),
        (b"=?utf-8?b?R3L?=", "Gr"),
        (b"=?broken", "=?broken"),
        (b"=??q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?q?cut_o=66", "cut of"),
        (b"=?iso-2022-jp?b?g2OBW4OL?=", "ツール"),
    ],
)
def test_subject(raw_subject: bytes, expected: str) -> None:
    assert message.parse(b"Subject: " + raw_subject + b"\r\n\r\n").subject == expected


@pytest.mark.parametrize(
    ("declared", "body", "expected"),
    [
        ("utf-8", "Grüße €".encode(), "Grüße €"),
        ("iso-8859-1", "Grüße \x80".encode("latin-1"), "Grüße €"),
        ("iso-8859-1", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode("latin-1"), "Grüße"),
        ("utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("big5", "您好，你好吗".encode(), "您好，你好吗"),
        ("gb2312", "镕".encode("gb18030"), "镕"),
        ("ks_c_5601-1987", "안녕".encode("cp949"), "안녕"),
        ("iso-8859-8-i", "שלום".encode("iso-8859-8"), "שלום"),
        ("iso-2022-jp", "プリンタが燃えています".encode("cp932"), "プリンタが燃えています"),
        ("iso-2022-jp", "プリンタが燃えています".encode("euc_jp"), "プリンタが燃えています"),
        ("x-unknown", "Grüße".encode(), "Grüße"),
        ("unicode_escape", rb"\x41", r"\x41"),
        ("utf-16", "\ufeffHi".encode("utf-16-le"), "Hi"),
    ],
)
def test_charset(declared: str, body: bytes, expected: str) -> None:
    assert mail(body, f'text/plain; charset="{declared}"').text == expected


def test_undeclared_cyrillic_is_guessed() -> None:
    text = "Здравствуйте, мой принтер горит, помогите пожалуйста"
    assert mail(text.encode("cp1251"), "text/plain").text == text


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Content-Type: text/plain; charset=gb2312\r\nSubject: %s", "打印机"),
        (b"From: =?GBK?q?x?= <a@x.example>\r\nSubject: %s", "打印机"),
        # UTF-8 is UTF-8 whatever the mail names, and a Latin charset says no more than a guess.
        (b"Content-Type: text/plain; charset=gb2312\r\nSubject: Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\nSubject: Gr\xfc\xdfe", "Grüße"),
    ],
)
def test_raw_headers_are_in_the_charset_that_the_mail_names(head: bytes, expected: str) -> None:
    raw = head % "打印机".encode("gb18030") if b"%s" in head else head
    assert message.parse(raw + b"\r\n\r\nx").subject == expected


def test_a_raw_subject_that_nothing_but_its_letters_tell() -> None:
    raw = b"Content-Type: text/plain; charset=iso-8859-1\r\nSubject: " + "转发：整体提升企业服务水平".encode(
        "gb18030"
    )
    assert message.parse(raw + b"\r\n\r\n").subject == "转发：整体提升企业服务水平"


def test_a_raw_file_name_is_in_the_charset_of_the_mail() -> None:
    name = "打印机.txt".encode("gb18030")
    part = b'Content-Type: application/octet-stream; name="%s"\r\n\r\nx' % name
    raw = b"Subject: =?gb2312?b?tPLTobv6?=\r\n" + multipart(PLAIN, part)
    assert message.parse(raw).attachments[0].name == "打印机.txt"


def test_who_wrote_it_where_no_from_says_so() -> None:
    named = [
        message.parse(raw).author
        for raw in (
            b"From: Jane <j@x.example>\r\nSender: s@x.example\r\nReply-To: r@x.example\r\n\r\n",
            b"Sender: s@x.example\r\nReply-To: r@x.example\r\n\r\n",
            b"From: Jane <>\r\nReply-To: Jane <r@x.example>\r\n\r\n",
            b"Subject: x\r\n\r\n",
        )
    ]
    assert named == [
        Address("j@x.example", "Jane"),
        Address("s@x.example", ""),
        Address("r@x.example", "Jane"),
        None,
    ]


def test_a_report_without_words_for_people_shows_what_it_has() -> None:
    report = b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; j@x.example\r\n"
    assert message.parse(multipart(report, kind="report")).text == "Final-Recipient: rfc822; j@x.example\n"
    assert message.parse(multipart(PLAIN, report, kind="report")).text == "Hello"


def test_text_is_fit_for_databases() -> None:
    seen = mail(b"a\x00b\xed\xa0\x80c\r\nd", "text/plain; charset=utf-8")
    seen.text.encode("utf-8")
    assert "\x00" not in seen.text
    assert "\r" not in seen.text
    assert mail("e\u0301".encode()).text == "e\u0301"  # not composed: what was written is kept


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", b"SGVsbG8=\r\n"),
        ("base64", b"SGVs\r\nbG8"),
        ("base64", b"SGU=\r\nbGxv"),
        ("quoted-printable", b"He=6C=\r\nlo"),
        ("8bit", b"Hello"),
        ("x-nonsense", b"Hello"),
        ("Base64 ", b"SGVsbG8="),
        ("base64", b"SGVs bG8="),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes) -> None:
    assert mail(body, more=f"Content-Transfer-Encoding: {encoding}\r\n").text.strip() == "Hello"


def test_flowed_text_is_joined() -> None:
    assert mail(b"one \r\ntwo\r\n> a \r\n> b\r\n", "text/plain; format=flowed").text == "one two\n> a b\n"


def test_alternative_takes_plain_and_keeps_html() -> None:
    seen = message.parse(multipart(PLAIN + b" *there*", HTML, kind="alternative"))
    assert seen.text == "Hello *there*"
    assert "<b>there</b>" in seen.html
    assert seen.attachments == ()


def test_html_is_rendered_with_links_lists_and_quotes() -> None:
    seen = mail(
        b'<style>p{color:red}</style><p>See <a href="https://shop.example/x">here</a></p><ul><li>one<li>two</ul>'
        b"<script>alert(1)</script><blockquote><p>old</p><blockquote>older</blockquote></blockquote><p>end</p>",
        "text/html",
    )
    assert "See here <https://shop.example/x>" in seen.text
    assert "* one" in seen.text
    assert "\n> old\n" in seen.text
    assert "> > older" in seen.text
    assert seen.text.endswith("end")
    assert "alert" not in seen.text
    assert "color" not in seen.text


def test_words_that_claim_to_be_base64_are_read() -> None:
    body = b"Hello, this is no base64 at all!"
    assert mail(body, more="Content-Transfer-Encoding: base64\r\n").text == body.decode()


def test_html_that_does_not_say_so_is_rendered() -> None:
    page = b"<!DOCTYPE html>\r\n<html><body><p>Hello <b>there</b></p></body></html>"
    assert message.parse(HEAD + b"\r\n" + page).text == "Hello there"
    assert mail(page, "text/plain").text == page.decode().replace("\r", "")


def test_a_client_without_text_in_its_plain_part() -> None:
    assert message.parse(
        multipart(b"Content-Type: text/plain\r\n\r\n \r\n", HTML, kind="alternative")
    ).text == ("Hello there")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ('application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', "smime.p7m"),
        ("application/pkcs7-mime; smime-type=enveloped-data", "part-1.p7m"),
        ("text/calendar; method=REQUEST", "part-1.ics"),
    ],
)
def test_what_only_programs_read_is_kept_whole(kind: str, name: str) -> None:
    seen = mail(b"MIIB", kind)
    assert (seen.text, [(one.name, one.size) for one in seen.attachments]) == ("", [(name, 4)])


def test_attachments_are_described_and_found_again() -> None:
    raw = multipart(PLAIN, PDF, b"Content-Type: image/png\r\nContent-ID: <logo@x>\r\n\r\n\x89PNG")
    seen = message.parse(raw)
    bill, logo = seen.attachments
    assert seen.text == "Hello"
    assert (bill.part, bill.name, bill.type, bill.inline) == ("2", "bill.pdf", "application/pdf", False)
    assert (bill.size, bill.sha256) == (14, hashlib.sha256(b"%PDF-1.4 bytes").hexdigest())
    assert message.part_bytes(raw, bill.part) == b"%PDF-1.4 bytes"
    assert (logo.part, logo.name, logo.cid, logo.inline) == ("3", "part-3.png", "logo@x", True)
    assert message.part_bytes(raw, logo.part) == b"\x89PNG"
    with pytest.raises(KeyError):
        message.part_bytes(raw, "9.9")


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=utf-8''%C3%BCber.txt", "über.txt"),
        ("attachment; filename*0*=utf-8''%C3%BC; filename*1=ber.txt", "über.txt"),
        ('attachment; filename="=?utf-8?q?=C3=BCber.txt?="', "über.txt"),
        ('attachment; filename="../../etc/passwd"', "_.._etc_passwd"),
        ('attachment; filename="a\\\\b.txt"', "a_b.txt"),
        ('attachment; filename="x\u202etxt.exe"', "x_txt.exe"),
        ("attachment", "part-1.bin"),
    ],
)
def test_file_names(disposition: str, expected: str) -> None:
    part = f"Content-Type: application/octet-stream\r\nContent-Disposition: {disposition}\r\n\r\nx".encode()
    found = message.parse(multipart(part)).attachments[0].name
    assert found == expected.removesuffix(".bin")


def test_nested_mail_is_kept_whole_and_apart() -> None:
    inner = b"Subject: Inner\r\nContent-Type: text/plain\r\n\r\ninner words"
    seen = message.parse(multipart(PLAIN, b"Content-Type: message/rfc822\r\n\r\n" + inner))
    assert seen.text == "Hello"
    assert [(one.name, one.type) for one in seen.attachments] == [("Inner.eml", "message/rfc822")]
    assert seen.attachments[0].size == len(inner)


def test_uuencoded_file_in_plain_text() -> None:
    raw = HEAD + b"\r\nHello\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\nBye\r\n"
    seen = message.parse(raw)
    assert seen.text.split() == ["Hello", "Bye"]
    assert message.part_bytes(raw, seen.attachments[0].part) == b"abc"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"\r\n\r\nonly a body", "\nonly a body"),
        (b"no header at all", "no header at all"),
        (b"From: a@x.example\nTo: b@x.example\n\nunix lines", "unix lines"),
        (b"From: a@x.example\rTo: b@x.example\r\rmac lines", "mac lines"),
        (b"From jane Tue Jul  1 10:00:00 2025\nFrom: a@x.example\n\nmbox", "mbox"),
        (b"---- Original mail ----\nFrom: a@x.example\nTo: b@x.example\n\nbelow a line", "below a line"),
        (b"Dear desk,\nSubject: printers\nburn\n\nJane", "Dear desk,\nSubject: printers\nburn\n\nJane"),
        (b"Dear desk,\nmy note: it burns\n\nJane", "Dear desk,\nmy note: it burns\n\nJane"),
        (b"From: a@x.example\nX-Long: one\nlost indent\nSubject: s\n\nbody", "body"),
        (b"Content-Type: multipart/mixed\n\nno boundary", "no boundary"),
        (b"Content-Type: multipart/mixed; boundary=x\n\nnot there", "not there"),
        (
            b"Content-Type: multipart/mixed; boundary=wrong\n\n--b\nContent-Type: text/plain\n\nhi\n--b--\n",
            "hi",
        ),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nnever closed", "never closed"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n--b\n\ntwo\n--b--", "one\ntwo"),
        (b"Content-Type: garbage\n\nstill text", "still text"),
        (b"Content-Type: text/html\n\n<", "<"),
    ],
)
def test_broken_mail_is_read(raw: bytes, text: str) -> None:
    assert message.parse(raw).text == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Tue, 01 Jul 2025 10:00:00 +0200", 1_751_356_800_000_000),
        ("1 Jul 2025 08:00:00 GMT", 1_751_356_800_000_000),
        ("Wed, 01 Jul 2025 10:00:00 +0200", 1_751_356_800_000_000),
        ("yesterday", None),
        ("Tue, 01 Jul 99999 10:00:00 +0200", None),
        ("Tue, 31 Feb 2025 10:00:00 +0200", None),
    ],
)
def test_date(value: str, expected: int | None) -> None:
    assert message.parse(f"Date: {value}\r\n\r\n".encode()).date == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@x> <b@x>", ("a@x", "b@x")),
        ("<a@x>,<b@x>\r\n <a@x>", ("a@x", "b@x")),
        ("a@x", ("a@x",)),
        ("<a\r\n @x>", ("a@x",)),
        ("Your mail of Tuesday", ()),
    ],
)
def test_references(value: str, expected: tuple[str, ...]) -> None:
    assert message.parse(f"References: {value}\r\n\r\n".encode()).references == expected


def test_limits_are_named() -> None:
    headers = message.parse(b"".join(b"X-%d: y\r\n" % i for i in range(600)) + b"\r\nbody")
    assert len(headers.headers) == 500
    assert headers.text == "body"
    assert any("500 header fields" in defect for defect in headers.defects)
    many = message.parse(multipart(*[PLAIN] * 600))
    assert any("500 parts" in defect for defect in many.defects)
    people = message.parse(b"To: " + b", ".join(b"u%d@x.example" % i for i in range(900)) + b"\r\n" * 2)
    assert len(people.to) <= 1000
    long = message.parse(b"Subject: " + b"x" * 100_000 + b"\r\n\r\n")
    assert 16_000 < len(long.subject) <= 16 * 1024
    assert any("was cut" in defect for defect in long.defects)


def test_depth_is_limited() -> None:
    raw = b"\r\n\r\ndeep"
    for level in range(60):
        cut = b"b%d" % level
        raw = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s--\r\n" % (
            cut,
            cut,
            raw,
            cut,
        )
    assert any("nested deeper" in defect for defect in message.parse(raw).defects)
