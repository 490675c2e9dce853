"""Quotes: the words and lines by which clients part an answer from what it answers, and what only looks like them."""

import pytest

from maildesk.core import markup
from maildesk.core.body import line_hashes, new_text

ABOVE_A_QUOTE = [
    "On Tue, Jul 1, 2025 at 10:00 AM Bob <bob@desk.example> wrote:",
    "On Tuesday, July 1, 2025 at 10:00:00 AM GMT+2, Bob <bob@desk.example> wrote:",
    "On Tuesday, July 1st, 2025 at 10:00, Bob <bob@desk.example> wrote:",
    "On 01/07/2025 10:00, Bob wrote:",
    "Am Di., 1. Juli 2025 um 10:00 Uhr schrieb Bob <bob@desk.example>:",
    "Am 01.07.2025 um 10:00 schrieb Bob:",
    "Bob <bob@desk.example> schrieb am Di., 1. Juli 2025, 10:00:",
    "Le mar. 1 juil. 2025 à 10:00, Bob <bob@desk.example> a écrit :",
    "Le 01/07/2025 à 10:00, Bob a écrit :",
    "El mar, 1 jul 2025 a las 10:00, Bob (<bob@desk.example>) escribió:",
    "El dt., 1 de jul. 2025 a les 10:00, Bob <bob@desk.example> va escriure:",
    "Missatge de Bob <bob@desk.example> del dia dt., 1 de jul. 2025 a les 10:00:",
    "Em ter., 1 de jul. de 2025 às 10:00, Bob <bob@desk.example> escreveu:",
    "Bob <bob@desk.example> escreveu (terça, 1/07/2025 à(s) 10:00):",
    "Il giorno mar 1 lug 2025 alle ore 10:00 Bob <bob@desk.example> ha scritto:",
    "Il 01/07/2025 10:00, Bob ha scritto:",
    "Op di 1 jul 2025 om 10:00 schreef Bob <bob@desk.example>:",
    "Op 01-07-2025 om 10:00 schreef Bob:",
    "Den tis 1 juli 2025 kl 10:00 skrev Bob <bob@desk.example>:",
    "Den tir. 1. jul. 2025 kl. 10.00 skrev Bob <bob@desk.example>:",
    "tir. 1. juli 2025 kl. 10:00 skrev Bob <bob@desk.example>:",
    "ti 1. heinäk. 2025 klo 10.00 Bob (bob@desk.example) kirjoitti:",
    "wt., 1 lip 2025 o 10:00 Bob <bob@desk.example> napisał(a):",
    "W dniu 01.07.2025 o 10:00, Bob pisze:",
    "út 1. 7. 2025 v 10:00 odesílatel Bob <bob@desk.example> napsal:",
    "ut 1. 7. 2025 o 10:00 Bob <bob@desk.example> napísal(a):",
    "Bob <bob@desk.example> ezt írta (időpont: 2025. júl. 1., K, 10:00):",
    "În mar., 1 iul. 2025 la 10:00, Bob <bob@desk.example> a scris:",
    "Bob <bob@desk.example>, 1 Tem 2025 Sal, 10:00 tarihinde şunu yazdı:",
    "Στις Τρί 1 Ιουλ 2025 στις 10:00 π.μ., ο χρήστης Bob <bob@desk.example> έγραψε:",
    "На вт, 1.07.2025 г. в 10:00 Bob <bob@desk.example> написа:",
    "вт, 1 лип. 2025 р. о 10:00 Bob <bob@desk.example> пише:",
    "вт, 1 июл. 2025 г. в 10:00, Bob <bob@desk.example>:",
    "01.07.2025 10:00, Bob пишет:",
    "Вторник, 1 июля 2025, 10:00 +03:00 от Bob <bob@desk.example>:",
    '01.07.2025, 10:00, "Bob" <bob@desk.example>:',
    "uto, 1. srp 2025. u 10:00 Bob <bob@desk.example> napisao je:",
    "V V tor., 1. jul. 2025 ob 10:00 je oseba Bob <bob@desk.example> napisala:",
    "Kuupäev T, 1. juuli 2025 kell 10:00 kirjutas kasutaja Bob (<bob@desk.example>):",
    "otrd., 2025. g. 1. jūl., plkst. 10:00 — lietotājs Bob (<bob@desk.example>) rakstīja:",
    "2025-07-01, an, 10:00 Bob <bob@desk.example> rašė:",
    "Vào Th 3, 1 thg 7, 2025 vào lúc 10:00 Bob <bob@desk.example> đã viết:",
    "ในวันที่ อ. 1 ก.ค. 2025 เวลา 10:00 Bob <bob@desk.example> เขียนว่า:",
    "Pada tanggal Sel, 1 Jul 2025 pukul 10.00 Bob <bob@desk.example> menulis:",
    "Bob <bob@desk.example> 于2025年7月1日周二 10:00写道：",
    "Bob <bob@desk.example> 於 2025年7月1日 週二 上午10:00寫道：",
    '在 2025-07-01 10:00:00，"Bob" <bob@desk.example> 写道：',
    "2025年7月1日(火) 10:00 Bob <bob@desk.example>:",
    "2025/07/01 10:00、Bob <bob@desk.example>のメール:",
    "2025년 7월 1일 (화) 오전 10:00, Bob <bob@desk.example>님이 작성:",
    "\u202bבתאריך יום ג׳, 1 ביולי 2025 ב-10:00 מאת \u202aBob\u202c\u200f <\u202abob@desk.example\u202c\u200f>:\u202c",
    "في الثلاثاء، 1 يوليو 2025 في 10:00 ص تمت كتابة ما يلي بواسطة Bob <bob@desk.example>:",
    'At 2025-07-01 10:00:00, "Bob" <bob@desk.example> wrote:',
    "Bob wrote on 01/07/2025 10:00:",
    "Bob schrieb am 01.07.2025 um 10:00:",
    "From Bob <bob@desk.example>, Jul 1, 2025 at 10:00:",
    "--- Bob <bob@desk.example> wrote:",
]
ABOVE_A_MAIL = [
    "----- Bob <bob@desk.example> wrote: -----",
    "-----Original Message-----",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐",
    "------------------ 原始邮件 ------------------",
    "------------------ Original ------------------",
    "-------- Ursprüngliche Nachricht --------",
    "----- Mail original -----",
    "----Messaggio originale----",
    "-------- Oprindelig besked --------",
    "[Original Message]",
    "##- Please type your reply above this line -##",
    "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
    "Por favor, escriba su respuesta por encima de esta línea",
]


@pytest.mark.parametrize("line", ABOVE_A_QUOTE)
def test_the_line_above_a_quote(line: str) -> None:
    assert new_text(f"Yes.\n\n{line}\n\nIs it on?\nBob\n").text == "Yes."
    assert new_text(f"Yes.\n\n{line}\n> Is it on?\n> Bob\n").text == "Yes."
    assert new_text(f"{line}\n> Is it on?\n\nYes.").text == "Yes."


@pytest.mark.parametrize("line", ABOVE_A_MAIL)
def test_the_line_above_an_earlier_mail(line: str) -> None:
    assert new_text(f"Yes.\n\n{line}\nFrom: Bob\n\nIs it on?").text == "Yes."


@pytest.mark.parametrize(
    "header",
    [
        "From: Bob <bob@desk.example>\nSent: Tuesday\nTo: Jane\nSubject: Printer",
        "*From:* Bob\n*Sent:* Tuesday\n*To:* Jane\n*Subject:* Printer",
        "Von: Bob\nGesendet: Dienstag\nAn: Jane\nBetreff: Drucker",
        "Gesendet: Dienstag, 1. Juli 2025 um 10:00 Uhr\nVon: Bob <bob@desk.example>\nAn: Jane\nBetreff: Drucker",
        "De : Bob\nEnvoyé : mardi\nÀ : Jane\nObjet : Imprimante",
        "Message du : 01/07/2025 10:00\nDe : Bob <bob@desk.example>\nA : Jane\nSujet : Imprimante",
        "De: Bob\nEnviado el: martes\nPara: Jane\nAsunto: Impresora",
        "Da: Bob\nInviato: martedì\nA: Jane\nOggetto: Stampante",
        "Van: Bob\nVerzonden: dinsdag\nAan: Jane\nOnderwerp: Printer",
        "Fra: Bob\nSendt: 1. juli 2025 10:00\nTil: Jane\nEmne: Printer",
        "Från: Bob\nSkickat: den 1 juli 2025 10:00\nTill: Jane\nÄmne: Skrivare",
        "Lähettäjä: Bob\nLähetetty: tiistai\nVastaanottaja: Jane\nAihe: Tulostin",
        "Od: Bob\nWysłano: wtorek\nDo: Jane\nTemat: Drukarka",
        "Od: Bob\nOdesláno: úterý\nKomu: Jane\nPředmět: Tiskárna",
        "Feladó: Bob\nElküldve: kedd\nCímzett: Jane\nTárgy: Nyomtató",
        "От: Bob\nОтправлено: вторник\nКому: Jane\nТема: Принтер",
        "Kimden: Bob\nGönderildi: Salı\nKime: Jane\nKonu: Yazıcı",
        "Từ: Bob\nĐã gửi: thứ ba\nĐến: Jane\nChủ đề: Máy in",
        "发件人: Bob\n发送时间: 2025年7月1日\n收件人: Jane\n主题: 打印机",
        "差出人: Bob\n送信日時: 2025年7月1日\n宛先: Jane\n件名: プリンタ",
        "보낸 사람: Bob\n보낸 날짜: 2025년 7월 1일\n받는 사람: Jane\n제목: 프린터",
        "Date: Tue, 1 Jul 2025 10:00:00 +0200\nTo: jane@shop.example\nFrom: bob@desk.example\nSubject: Printer",
        "________________________________\nFrom: bob@desk.example Date: Tue, 1 Jul 2025 10:00:00 +0200",
        "________________________________\n\n________________________________\nVon: Bob\nGesendet: Dienstag",
    ],
)
def test_the_header_of_an_earlier_mail(header: str) -> None:
    assert new_text(f"Yes.\n\n{header}\n\nIs it on?").text == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "Please book:\nFrom: Berlin\nTo: Paris\nDate: Friday, 3 July 2025\n\nThank you",
        "My settings are\nTo: jane@shop.example\nFrom: bob@desk.example\nand it fails.",
        "Order:\nSubject: printer\nAmount: 5\n\nThat is all.",
        "A: yes\nB: no\nC: yes\n\nWhich one?",
        "At 10:00 on 3 July 2025 the printer burnt.\nPlease call me: 555 1234.",
        "On Monday I wrote to Bob <bob@desk.example>:\nno answer so far.",
        "I wrote:\nthe paper is stuck.\nHe said:\nit is not.",
        "The log:\n2025-07-01 10:00:00 <info@shop.example>: started\n2025-07-01 10:00:01 done",
        "I see:\n\n| name | size |\n| a    | 1    |\n\nWhat now?",
        "Sent with the parcel of Tuesday",
        "The header:\n\nReceived: from a\nDate: Tuesday\nTo: j@shop.example\nFrom: b@desk.example\nSubject: x\n\nOdd.",
        "one\n\n________________________________\n\ntwo",
    ],
)
def test_what_a_person_writes_stays(text: str) -> None:
    assert new_text(text).text == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The words above the quote share a line with the answer.
        ("Yes. On Tue, Jul 1, 2025 at 10:00 AM, bob@desk.example wrote:\n> On?", "Yes."),
        ("Well,\nyes--- On Tue, 7/1/25 10:00 AM, Bob <bob@desk.example> wrote:\n> On?", "Well,\nyes"),
        # Nothing above it and no mark below: the line is a client's where it has day and time, else a person's.
        ("On 1 Jul 2025 at 10:00, Bob <bob@desk.example> wrote:\n\nIs it on?\n\nYes.", "Is it on?\n\nYes."),
        ("On Monday Bob <bob@desk.example> wrote:\nno.", "On Monday Bob <bob@desk.example> wrote:\nno."),
        # A client broke a quoted line without a mark.
        ("Yes.\n\n> The printer that stands in the hall near the entrance is on fire,\nsays Bob.\n>", "Yes."),
        (
            "> On?\n\nYes.\n\n> It stands in the hall near the stairs and the entrance, says\nBob.\n> Or not?\n\nNo.",
            "Yes.\n\n> It stands in the hall near the stairs and the entrance, says\nBob.\n> Or not?\n\nNo.",
        ),
        ("Yes.\n\n> View it (http://shop.example/a\n_id=3)\n>", "Yes."),
        ("> Is it on?\nyes, it is\n> And warm?\nno", "yes, it is\n> And warm?\nno"),
        # Bars are quote marks, also on an empty line.
        ("Yes.\n\n2025/7/1 Bob <bob@desk.example>\n\n| Is it\n|\n| on?\n|\n", "Yes."),
        # What lists and add-ons put at the end.
        (
            "Yes.\n\n_______________________________________________\nshop mailing list\nshop@lists.example",
            "Yes.",
        ),
        ("Yes.\n\n\u1427", "Yes."),
        ("Yes.\n\nFrom My iPhone", "Yes."),
        ("Yes.\n\nGet [Outlook for Android](https://aka.example)", "Yes."),
        ("Sent from my iPhone", ""),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.\n- -- \nJane\n-----BEGIN PGP SIGNATURE-----\n\n"
            "iQEz\n-----END PGP SIGNATURE-----\n",
            "Yes.",
        ),
    ],
)
def test_odd_clients(text: str, expected: str) -> None:
    assert new_text(text).text == expected


def test_spans_of_a_line_that_is_answer_and_quote() -> None:
    text = "Yes. On Tue, Jul 1, 2025 at 10:00 AM, bob@desk.example wrote:\n> On?"
    parts = [(text[span.start : span.end], span.kind) for span in new_text(text).spans]
    assert parts == [
        ("Yes.", "new"),
        (" On Tue, Jul 1, 2025 at 10:00 AM, bob@desk.example wrote:\n", "separator"),
        ("> On?", "quote"),
    ]


def test_a_mail_that_the_subject_calls_passed_on_is_kept() -> None:
    text = "What is this?\n\nFrom: Bob\nSent: Tuesday\nTo: Jane\nSubject: Bill\n\nPay at once."
    assert new_text(text).text == "What is this?"
    assert new_text(text, passed_on=True).text == text
    ours = "Your bill is paid, dear customer."
    sent = (line_hashes(ours),)
    assert (
        new_text(f"What?\n\nFrom: Bob\nSent: Tuesday\nTo: J\n\n{ours}", sent, passed_on=True).text == "What?"
    )


@pytest.mark.parametrize(
    "below",
    [
        '-- <br><div class="gmail_signature">Jane<br>Shop</div>',
        '<div class="gmail_signature">Jane<br>Shop</div>',
        '<pre class="moz-signature">Jane</pre>',
        '<div name="messageSignatureSection">Jane</div><div name="messageReplySection">Jumanne, Bob: On?</div>',
        '<div class="moz-cite-prefix">Jumanne 1.7., Bob aliandika:<br></div><blockquote>Is it on?</blockquote>',
        '<div class="gmail_quote"><p>Is it on?</p></div>',
        '<div class="yahoo_quoted"><div>Jumanne, Bob aliandika:</div><div>Is it on?</div></div>',
        "<blockquote>Is it on?</blockquote>",
        '<hr style="display:inline-block"><div id="divRplyFwdMsg"><b>Von:</b> B<br><b>Gesendet:</b> D</div>Ist er an?',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>De :</b> B<br><b>Envoyé :</b> D</p></div>Et ?',
        "<hr><b>From: </b>b@desk.example <b>Date: </b>Tuesday<div>Is it on?</div>",
    ],
)
def test_html_says_what_it_is(below: str) -> None:
    text = markup.text_of(f"<html><body><div>Yes.</div>{below}</body></html>")
    assert new_text(text).text == "Yes."


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '<div>See</div><div class="gmail_quote">---------- Forwarded message ---------<br>From: B<br>Pay.</div>',
            "See\n---------- Forwarded message ---------\nFrom: B\nPay.",
        ),
        (
            '<div class="gmail_quote"><div>On 1 Jul 2025, Bob wrote:</div><blockquote>On?</blockquote><div>Yes.</div>'
            "<blockquote>Warm?</blockquote><div>No.</div></div>",
            "Yes.\n> Warm?\nNo.",
        ),
        ("<p>Hi</p><div id='ms-outlook-mobile-signature'><p>It burns.</p></div>", "Hi\n\nIt burns."),
        ('one<hr style="display:inline-block">two', "one\n________________________________\ntwo"),
        ("<p>one</p><hr><p>two</p>", "one\n\n________________________________\n\ntwo"),
    ],
)
def test_html_keeps_what_is_said(html: str, expected: str) -> None:
    assert new_text(markup.text_of(html)).text == expected
