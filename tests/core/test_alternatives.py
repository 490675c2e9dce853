"""Alternatives: the same in plain text and in HTML, as it should be, and where it is not."""

import pytest

from maildesk.core.message import Message, parse

REPLY = "Yes, please send it on Monday, and the bill with it."
OLD = "On Sunday we asked whether you still want the printer, and where it should go."
STUB = "This mail must be viewed in a program that shows HTML."


def mail(plain: str, html: str, kind: str = "text/html; charset=utf-8") -> Message:
    parts = (("text/plain; charset=utf-8", plain), (kind, html))
    body = "".join(f"--cut\r\nContent-Type: {kind}\r\n\r\n{text}\r\n" for kind, text in parts)
    head = 'From: jane@shop.example\r\nContent-Type: multipart/alternative; boundary="cut"\r\n\r\n'
    return parse(f"{head}{body}--cut--\r\n".encode())


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        (REPLY, f"<p>{REPLY}</p>"),
        ("Yes, *please* send it\non Monday, and the bill\nwith it.", f"<p>{REPLY}</p>"),
        (f"{REPLY}\n\n> {OLD[:40]}\n> {OLD[40:]}", f"<p>{REPLY}<blockquote><p>{OLD}</blockquote>"),
        (f"{REPLY}\n[image: logo]", f'<p>{REPLY}<img src="cid:logo">'),
        ("See here.", '<p>See <a href="https://shop.example/a/long/way/to/it">here</a>.'),
        ("明日、請求書と一緒に\n送ってください。", "<p>明日、請求書と一緒に送ってください。"),
        (f"{REPLY}\n{OLD}", f"<p>{REPLY}<p>Jane Doe, Shop"),
        (REPLY, "<p>"),
        ("Ok.", "<p>Ok."),
    ],
)
def test_the_plain_text_is_the_mail_where_both_say_the_same(plain: str, html: str) -> None:
    assert mail(plain, html).text == plain


def test_the_html_is_the_mail_where_the_plain_text_says_less() -> None:
    whole = f"<p>{REPLY}<p>{OLD} And there is one more thing: we have moved, here is where to."
    read = mail(REPLY, whole).text
    assert read.startswith(REPLY)
    assert read.endswith("where to.")
    assert read.count("on Monday") == 1


@pytest.mark.parametrize("kind", ["text/html", 'multipart/related; boundary="in"'])
def test_both_are_the_mail_where_they_say_different_things(kind: str) -> None:
    html = f"<p>{REPLY}</p>"
    if "related" in kind:
        html = f"--in\r\nContent-Type: text/html\r\n\r\n{html}\r\n--in--"
    assert mail(STUB, html, kind).text == f"{REPLY}\n{STUB}"
