"""Own words: what people write that only looks like a quote, a signature or a client's line is shown."""

import pytest

from maildesk.core import markup
from maildesk.core.body import line_hashes, new_text

QUESTIONS = "Hello Jane,\n\nis the printer on?\nIs there paper in the tray?\nWhich colour has the lamp?\n\nRegards\nBob"
HEADER = "Von: Desk <support@desk.example>\nGesendet: Dienstag\nAn: Jane\nBetreff: Drucker\n\n"


@pytest.mark.parametrize(
    "text",
    [
        # No device and no program is named.
        "My phone is broken.",
        "Hello,\n\nmy phone is broken\n\nJane",
        "Hello,\n\nMy iPhone 15 screen flickers\n\nJane",
        "Where is it?\n\nSent from Berlin.",
        "How did it go?\n\nSent via FedEx",
        "Hallo,\n\nGesendet von DHL am Montag\n\nWo ist es?",
        "Hallo,\n\nVon unterwegs habe ich das Formular gesendet\n\nJane",
        "Estado:\n\nEnviado desde Madrid ayer\n\n¿Dónde está?",
        "Ecco:\n\nInviato con corriere espresso",
        # Somebody speaks of the line.
        "I will reply above this line in future.\nBut the printer burns.",
        "Where? It says 'please type your reply above this line' in the mail.\n\nIt burns.",
        "You said we answer above this line, but it burns.",
        # Dashes that part one piece of a text from the next.
        "Three points:\n\n—\nFirst the printer.\n—\nSecond the scanner.\n—\nThird the fax.",
        "What I did\n--\n1. I switched it off.\n2. I switched it on.\n\nWhat now?",
        "The log:\n--\nerror 1\nerror 2\n--\nplease help",
        # No list's foot.
        "See\n\n--------------------\nTo unsubscribe I clicked, but I still get mail.\nPlease remove me.",
        # The header of a mail that somebody asks about, a journey, and what a form asks for.
        "I got this mail:\n\nFrom: a@evil.example\nTo: me@shop.example\nSubject: You won\nDate: Friday\n\nIs it yours?",
        "Flight details\n\nFrom: Berlin\nTo: Paris\nDate: Friday\nSubject: my trip\n\nPlease book.",
        "The form\n\nFrom: Jane <jane@shop.example>\nSubject: Printer\nMessage: It burns\nDate: today\n\nPlease help.",
        # Nobody but a person says "you", "I" or "your colleague".
        "Hallo,\n\nam 01.07.2025 schrieb ich Ihnen:\nDer Drucker brennt.\nBitte antworten Sie.",
        "Bonjour,\n\nLe 01/07/2025 j'ai écrit :\nl'imprimante brûle.\nMerci de répondre.",
        "Hello,\n\nin the mail of 1 July 2025, 10:15, your colleague wrote:\nbring it to us.\nIs that right?",
        "Hello,\n\non Monday, 1 July 2025, I wrote to you at bob@desk.example that it burns:\nno answer",
        "Jane <jane@shop.example> asked me.\nShe wrote on 1 July 2025 10:00:\nit burns.\nPlease help.",
        "The log:\n2025-07-01 10:00:00 <info@shop.example>:\nlogin failed\nPlease help.",
        "[Original Message] was not attached, sorry. Here it is.",
        # What a sentence of their own leads to.
        "I tried this:\n> ping printer\n> lpstat -t",
    ],
)
def test_it_is_shown(text: str) -> None:
    assert new_text(f"Hello Bob.\n\n{text}").text == f"Hello Bob.\n\n{text}"


def test_a_postscript_below_a_signature() -> None:
    assert new_text("Yes.\n\n--\nJane\n\nPS: the number is 4711.").text == "Yes.\n\nPS: the number is 4711."
    assert new_text("Yes.\n\n-- \nJane\n\nP.S. Thanks!").text == "Yes.\n\nP.S. Thanks!"


@pytest.mark.parametrize(
    "header",
    [
        "-----Original Message-----\nFrom: Desk\nSent: Tuesday\nTo: Jane\nSubject: Printer",
        "________________________________\nFrom: Desk\nSent: Tuesday\nTo: Jane\nSubject: Printer",
        HEADER.rstrip(),
    ],
)
def test_answers_between_the_marked_lines_below_a_header(header: str) -> None:
    text = f"See below.\n\n{header}\n\n> Is it on?\n\nIt is.\n\n> And warm?\n\nNo."
    assert new_text(text).text == "See below.\n\nIt is.\n\n> And warm?\n\nNo."


def test_answers_typed_between_our_unmarked_lines() -> None:
    """So people answer in Outlook, which marks nothing. Older mails below stay quote."""
    answered = QUESTIONS.replace("on?\n", "on?\nYes.\n").replace(
        "tray?\n", "tray?\nNone is left.\n#no command\n"
    )
    older = "Von: Jane\nGesendet: Montag\nAn: Desk\n\nIt burns."
    found = new_text(f"See below.\n\n{HEADER}{answered}\n\n{older}", (line_hashes(QUESTIONS),))
    assert found.text == "See below.\n\nYes.\n> Is there paper in the tray?\nNone is left.\n#no command"
    below = new_text(f"See below.\n\n{HEADER}{QUESTIONS}\n\n{older}", (line_hashes(QUESTIONS),))
    assert below.text == "See below."


@pytest.mark.parametrize(
    "line",
    [
        "-------- 원본 이메일 --------\n발신: Bob",
        "-------- Originální zpráva --------\nOd: Bob",
        "-----邮件原件-----\n发件人: Bob",
        "-----Bob schrieb: -----\nAn: Jane\nVon: Bob <bob@desk.example>\nDatum: 01.07.2025 10:00\nBetreff: x",
        "Quoting Bob <bob@desk.example>:",
        "Zitat von Bob (bob@desk.example):",
        "----- Nachricht von Bob <bob@desk.example> ---------\n     Datum: Tue, 1 Jul 2025\n  Von: Bob\n  Betreff: x",
        "----- Message from bob@desk.example ---------\n    Date: Tue, 1 Jul 2025\n    From: Bob\n Subject: x",
    ],
)
def test_more_clients(line: str) -> None:
    assert new_text(f"Yes.\n\n{line}\n\nIs it on?\nBob").text == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Verizon Samsung Galaxy smartphone",
        "Sent from Proton Mail for iOS",
        "Sent via Superhuman",
        "Von unterwegs gesendet",
        "Gesendet mit der GMX Mail App",
        "Envoyé depuis mon appareil Galaxy",
        "Enviado desde mi móvil",
        "Inviato da Libero Mail",
        "Verstuurd vanaf mijn toestel",
        "Отправлено из Яндекс Почты",
        "发自我的手机",
        "从我的 iPhone 发送",
        "Holen Sie sich Outlook für iOS<https://aka.example>",
        "Pobierz aplikację Outlook dla systemu Android<https://aka.example>",
        "iOS 版 Outlook を入手",
        "Скачать Outlook для iOS",
        "ส่งจาก iPhone ของฉัน",
        "Poslano z mojega iPhona",
    ],
)
def test_a_line_that_names_a_device_or_a_program_goes(line: str) -> None:
    assert new_text(f"Yes.\n\n{line}").text == "Yes."


def test_an_answer_below_the_quote_that_the_html_alone_marks() -> None:
    quote = "<blockquote><p>Did you switch the printer off and on?</p><p>Bob</p></blockquote>"
    html = f"<p>Yes, it works.</p>{quote}<p>And the scanner, too.</p>{quote}"
    text = "Yes, it works.\n\nDid you switch the\nprinter off and on?\n\nBob\n\nAnd the\nscanner, too.\n\nDid you?"
    assert new_text(text, html=html).text.startswith("Yes, it works.\n\n")
    assert new_text(text, html=html).text.endswith("And the\nscanner, too.")
    assert "Did you?" not in new_text(text, html=html).text


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ('style="margin:0 0 0 40px;border:none;padding:0px"', "Please:\nbring paper"),
        ('style="margin: 0px 0px 0px 40px; border: none; padding: 0px;"', "Please:\nbring paper"),
        ('type="cite" style="margin:0 0 0 40px;border:none;padding:0px"', "Please:"),
        ('style="margin:0 0 0 0.8ex;border-left:1px solid"', "Please:"),
    ],
)
def test_what_a_person_indented(attributes: str, expected: str) -> None:
    html = f"<div>Please:</div><div><br></div><blockquote {attributes}><div>bring paper</div></blockquote>"
    text = new_text(markup.text_of(html)).text
    assert text.replace("\n\n", "\n") == expected
