"""New text: what was written for this mail, apart from quotes, signatures and separators."""

import pytest

from maildesk.core.body import AGAIN, NewText, Span, line_hash, line_hashes, new_text

OURS = "Dear Jane,\n\nplease switch the printer off and on again.\nThanks\nThen call us back today.\n\nBob"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello\nthere", "Hello\nthere"),
        ("", ""),
        ("Yes.\n\nOn Tue, 1 Jul 2025 at 10:00, Bob <bob@desk.example> wrote:\n> Did it work?\n", "Yes."),
        ("Yes.\n\nOn Tue, 1 Jul 2025 at 10:00, Bob Long-Name\n<bob@desk.example> wrote:\n\n> Ok?", "Yes."),
        ("Yes.\n\nOn Tue, 1 Jul 2025 at 10:00, Bob wrote:\nDid it work?\nBob", "Yes."),
        ("Ja.\n\nAm 01.07.2025 um 10:00 schrieb Bob:\n> Geht es?", "Ja."),
        ("Oui.\n\nLe mar. 1 juil. 2025 à 10:00, Bob <bob@desk.example> a écrit :\n> Alors ?", "Oui."),
        ("Sí.\n\nEl 1 jul 2025, a las 10:00, Bob <bob@desk.example> escribió:\n> ¿Va?", "Sí."),
        ("Ja.\n\nOp 1 jul. 2025 om 10:00 schreef Bob <bob@desk.example>:\n> Gaat het?", "Ja."),
        ("Sì.\n\nIl giorno 1 lug 2025 10:00, Bob <bob@desk.example> ha scritto:\n> Va?", "Sì."),
        ("Yes.\n\n2025-07-01 10:00 GMT+02:00 Bob <bob@desk.example>:\n\nDid it work?", "Yes."),
        ("Yes.\n\n-----Original Message-----\nFrom: Bob\nSent: Tuesday\n\nDid it work?", "Yes."),
        ("Yes.\n\n________________________________\nFrom: Bob\nSent: Tuesday\nTo: Jane\n\nOk?", "Yes."),
        ("Ja.\n\nVon: Bob <bob@desk.example>\nGesendet: Dienstag\nAn: Jane\nBetreff: Drucker\n\nUnd?", "Ja."),
        ("Yes.\n\n--- Please reply above this line ---\nOur question", "Yes."),
        ("> Did it work?\n\nYes.", "Yes."),
        ("On 1 Jul 2025, Bob wrote:\n> Did it work?\n\nYes.", "Yes."),
        ("Yes.\n\n-- \nJane Doe\nShop Ltd", "Yes."),
        ("Yes.\n\nSent from my iPhone", "Yes."),
        ("Yes.\nSent from my iPhone\n\nOn 1 Jul 2025, Bob wrote:\n> Ok?", "Yes."),
        ("Yes.\n\nSent from my iPhone\n\nAnd one more thing.", "Yes.\n\nAnd one more thing."),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("Yes.\n\nGet Outlook for iOS", "Yes."),
        # Sentences that begin like the marks of a client.
        ("Sent from my desk, it went through.", "Sent from my desk, it went through."),
        ("On the other hand Bob wrote: never.", "On the other hand Bob wrote: never."),
        ("From: is the field I mean.", "From: is the field I mean."),
        ("Use -- to separate.", "Use -- to separate."),
        # What somebody passes on is what they want us to read.
        (
            "See below.\n\n---------- Forwarded message ----------\nFrom: X\nDate: D\nSubject: S\n\nText",
            "See below.\n\n---------- Forwarded message ----------\nFrom: X\nDate: D\nSubject: S\n\nText",
        ),
        # Answers between quotes keep the quotes that stand between them.
        (
            "On 1 Jul 2025, Bob wrote:\n> Is it on?\n\nYes.\n\n> And warm?\n\nNo.",
            "Yes.\n\n> And warm?\n\nNo.",
        ),
        # Nothing new is said honestly.
        ("> only\n> quotes", ""),
        ("On 1 Jul 2025, Bob wrote:\n> only", ""),
    ],
)
def test_patterns(text: str, expected: str) -> None:
    assert new_text(text).text == expected


def test_our_own_lines_are_known_without_any_mark() -> None:
    sent = (line_hashes(OURS),)
    answered = (
        "It burns now.\n\nplease switch the printer off and on again.\nThanks\nThen call us back today."
    )
    assert new_text(answered, sent).text == "It burns now."
    assert new_text(answered).text == answered


def test_short_words_typed_anew_are_not_ours() -> None:
    sent = (line_hashes(OURS),)
    assert new_text("Thanks", sent).text == "Thanks"
    assert new_text("Thanks\n\n> Thanks\n> Bob", sent).text == "Thanks"
    assert new_text("Thanks\n\nplease switch the printer off and on again.", sent).text == "Thanks"


NOTICE = (
    "Hello\n\nit prints blank pages only.\n-----\nAlready tried:\nnew paper\nWhat shall I do now?\nJane\n\n"
    "========== maildesk #482913 ==========\nYour reply goes to Jane\nStatus: new\nTag: hardware"
)


SHORT = NOTICE.replace("it prints blank pages only.", "Blank pages!").replace(
    "What shall I do now?", "What now?"
)
ABOVE_CARD = "========== maildesk #482913 ==========\n"


@pytest.mark.parametrize(
    ("shown", "quote"),
    [
        (NOTICE, NOTICE),
        (SHORT, SHORT),
        # HTML has no line above the card.
        (NOTICE, NOTICE.replace(ABOVE_CARD, "")),
        (SHORT, SHORT.replace(ABOVE_CARD, "")),
        (NOTICE, NOTICE.partition("\nJane")[0]),
        ("Hello\n\n=== what we sent ===\nBye", "Hello\n\n=== what we sent ===\nBye"),
    ],
)
def test_short_lines_go_with_the_quote_that_they_stand_in(shown: str, quote: str) -> None:
    """A quote without any mark: the first or the last line alone would keep all of it as new text."""
    sent = (line_hashes("Something else that we sent."), line_hashes(shown))
    assert new_text(f"{quote}\n\nUse the other tray.", sent).text == "Use the other tray."
    assert new_text(f"Use the other tray.\n\n{quote}", sent).text == "Use the other tray."
    assert new_text(quote, sent).text == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Our mail begins so, but the line stands above the whole of it, or above another line.
        (f"Hello\n\n{NOTICE}", "Hello"),
        ("Hello\n\nYour reply goes to Jane", "Hello"),
        (f"{NOTICE}\nJane", "Jane"),
        # It ends neither there nor with that line.
        ("it prints blank pages only.\nnew paper", "new paper"),
        ("it prints blank pages only.\nAlready tried:", "Already tried:"),
        ("Your reply goes to Jane\nTag: hardware", "Tag: hardware"),
        # Another order, another line between.
        ("What shall I do now?\nnew paper\nYour reply goes to Jane", "new paper"),
        (
            "it prints blank pages only.\nAlready tried:\nNo.\nnew paper\nWhat shall I do now?\nYes.",
            "Already tried:\nNo.\nnew paper\n> What shall I do now?\nYes.",
        ),
        # An answer between marked lines has no mark.
        ("> it prints blank pages only.\nnew paper\n> What shall I do now?", "new paper"),
        (
            "> Hello\n> it prints blank pages only.\n\nJane\n\n> Already tried:\n> new paper\n\nnew paper",
            "Jane\n\n> Already tried:\n> new paper\n\nnew paper",
        ),
        # No word, and still said.
        (f"{NOTICE}\n\n👍", "👍"),
    ],
)
def test_what_a_person_wrote_is_not_taken_for_ours(text: str, expected: str) -> None:
    assert new_text(text, (line_hashes(NOTICE),)).text == expected


def test_a_text_that_was_given_back_is_new_when_it_comes_again() -> None:
    sent = ((line_hash("Your text, to be sent again:"), AGAIN + line_hash("Please turn it off.")),)
    assert new_text("Please turn it off.\n\nYour text, to be sent again:", sent).text == "Please turn it off."
    quoted = "-----Original Message-----\nFrom: Desk\nSent: Tuesday\n\nPlease turn it off."
    assert "Please turn it off." not in new_text(f"Better now.\n\n{quoted}", sent).cut


def test_what_was_cut() -> None:
    sent = (line_hashes("#open is what we said\nTwo of us."),)
    below = "-----Original Message-----\nFrom: Bob\nSent: Tuesday\n\n#open is what we said\n> #wait\n#close"
    assert new_text(f"Yes.\n\n-- \nAlice\n#hold\n\n{below}", sent).cut == (
        "-- ", "Alice", "#hold", "-----Original Message-----", "From: Bob", "Sent: Tuesday", "#close",
    )  # fmt: skip
    assert new_text("Yes.\n#hold").cut == ()


def test_only_our_lines_is_empty() -> None:
    assert new_text("please switch the printer off and on again.", (line_hashes(OURS),)).text == ""


def test_html_helps_where_the_text_has_no_marks() -> None:
    html = "<p>Yes, it works.</p><blockquote><p>Did you switch the printer off and on?</p></blockquote>"
    text = "Yes, it works.\n\nDid you switch the\nprinter off and on?"
    assert new_text(text, html=html).text == "Yes, it works."
    assert new_text(text).text == text


def test_spans_cover_the_text_in_order() -> None:
    text = "Yes.\n\nOn 1 Jul 2025, Bob wrote:\n> Ok?\n> Bob\n\nBye\n-- \nJane\n"
    found = new_text(text)
    assert [(text[span.start : span.end], span.kind) for span in found.spans] == [
        ("Yes.\n\n", "new"),
        ("On 1 Jul 2025, Bob wrote:\n", "separator"),
        ("> Ok?\n> Bob\n\n", "quote"),
        ("Bye\n", "new"),
        ("-- \nJane\n", "signature"),
    ]
    assert found.text == "Yes.\n\nBye"
    assert new_text("one") == NewText("one", (Span(0, 3, "new"),))
    assert new_text("").spans == ()


@pytest.mark.parametrize(
    "line",
    ["please do it", "> please do it", "> >  please   do it ", "\tplease do\u00a0it", "| please do it"],
)
def test_line_hash_knows_a_line_again(line: str) -> None:
    assert line_hash(line) == line_hash("please do it")
    assert len(line_hash(line)) == 16


def test_line_hash_tells_lines_apart() -> None:
    assert line_hash("Please do it") != line_hash("please do it")
    assert [line_hash(line) for line in ("", "> ", "-----", "> ***")] == [""] * 4
    assert line_hashes("one\n\n> ---\ntwo") == (line_hash("one"), line_hash("two"))


def test_what_was_said_before_may_be_said_again_above_its_quote() -> None:
    said = "Please send us the serial number."
    sent = (line_hashes(f"Jane wrote again.\n{said}\nBest regards from Alice Ames"),)
    quoted = f"> Jane wrote again.\n> {said}\n> Best regards from Alice Ames"
    typed = f"Once more:\n{said}\nBest regards from Alice Ames"
    assert new_text(f"{typed}\n\nOn Monday, the desk wrote:\n{quoted}\n", sent).text == typed
    assert new_text(f"{said}\n\n{quoted}\n", sent).text == said
