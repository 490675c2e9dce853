"""Words, questions and snippets: what is written and what is asked become the same words."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildesk.core.search import (
    _MARKS,
    BETWEEN,
    LONGEST,
    MOST_LETTERS,
    MOST_WORDS,
    Query,
    Term,
    document,
    parse,
    snippet,
    words,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, World!", "hello world"),
        ("GRÜSSE aus Köln, Straße", "grusse aus koln strasse"),
        ("cafe\u0301 café CAFÉ", "cafe cafe cafe"),
        ("İstanbul \ufb01nds \uff26\uff35\uff2c\uff2c Ⅷ", "istanbul finds full viii"),
        ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
        ("jane.doe+x@customer.example", "jane doe x customer example"),
        ("e-mail, foo_bar, can't", "e mail foo bar can t"),
        ("#482913: 3.5 kg", "482913 3 5 kg"),
        ("日本語のメール", "日 本 語 の メ ー ル"),
        ("die日本語ist", "die 日 本 語 ist"),
        ("हिन्दी में", "हिन्दी में"),
        ("привет Ёлка", "привет елка"),
        ("한국어 이메일", "한국어 이메일"),
        ("half\ud800 nul\x00nul", "half nul nul"),
        ("¶ \u200b \u0301 ...", ""),
        ("x" * 500, "x" * LONGEST),
    ],
)
def test_words(text: str, found: str) -> None:
    assert words(text) == found.split()


def test_a_part_that_is_plain_ascii_has_the_same_words_in_any_text() -> None:
    text = "Re: Printer_2, jane@X.example (3.5)"
    assert words(f"{text} é")[:-1] == words(text)


def test_a_document_keeps_its_parts_apart_and_is_bounded() -> None:
    assert document(["a b", "", "c"]) == ["a", "b", BETWEEN, BETWEEN, "c", BETWEEN]
    assert len(document(["a " * 100_000])) == MOST_WORDS
    assert len(document(["a"] * 100_000)) <= MOST_WORDS + 1
    assert sum(map(len, document(["\ufdfa" * 100_000]))) <= MOST_LETTERS


@pytest.mark.parametrize("marks", ["\u0591\u05c4", "\uff9e\u05c4", "\u3099\u0591"])
def test_of_many_marks_on_one_letter_the_first_count(marks: str) -> None:
    """Each takes as long as there are others before it: a mail full of them would hold up the desk for minutes."""
    [word, other] = words(f"a{marks * 50_000} b")
    assert (len(word), other) == (1 + 30, "b")


def test_no_letter_but_marks_becomes_one() -> None:
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        if unicodedata.combining(unicodedata.normalize("NFKD", letter)[0]):
            assert _MARKS.fullmatch(letter * 31), f"U+{code:04X}"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("printer", Query((Term(("printer",), True, "printer"),))),
        ("Printer pages", Query((Term(("printer",), False, "Printer"), Term(("pages",), True, "pages")))),
        ("a to", Query((Term(("a",), False, "a"), Term(("to",), False, "to")))),
        ("print* page", Query((Term(("print",), True, "print*"), Term(("page",), True, "page")))),
        ('"Blank pages"', Query((Term(("blank", "pages")),))),
        ('"Blank pages"*', Query((Term(("blank", "pages"), True),))),
        ("\u201eleere Seiten\u201c", Query((Term(("leere", "seiten")),))),
        ('"never closed', Query((Term(("never", "closed")),))),
        ("a -b", Query((Term(("a",), False, "a"),), (Term(("b",), False, "b"),))),
        ('-"x y" a', Query((Term(("a",), False, "a"),), (Term(("x", "y")),))),
        ("jane@x.example", Query((Term(("jane", "x", "example"), True, "jane@x.example"),))),
        ("e-mail", Query((Term(("e", "mail"), True, "e-mail"),))),
        ("日本", Query((Term(("日", "本"), False, "日本"),))),
        ("AND NEAR(", Query((Term(("and",), False, "AND"), Term(("near",), True, "NEAR(")))),
    ],
)  # fmt: skip
def test_a_question(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no word in it"),
        ('-- "" ***', "there is no word in it"),
        ("-printer", "only words to leave out"),
        ("x " * 51, "more than 50 words"),
        ("日" * 51, "more than 50 words"),
    ],
)
def test_a_question_without_an_answer(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(text)


def shown(text: str, asked: str, width: int = 40) -> str:
    """A snippet with its hits in brackets."""
    found = snippet(text, parse(asked).wanted, width)
    marked, at = "", 0
    for start, end in found.hits:
        marked += f"{found.text[at:start]}[{found.text[start:end]}]"
        at = end
    return marked + found.text[at:]


LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


@pytest.mark.parametrize(
    ("text", "asked", "found"),
    [
        ("Nothing but\n\n  Blänk   pages.", "blank page", "Nothing but [Blänk] [pages]."),
        ("Nothing but blank pages.", '"blank pages"', "Nothing but [blank pages]."),
        ("Nothing but blank pages.", "blank no", "Nothing but [blank] pages."),
        (LONG, "one", "[one] two three four five six seven eight\u2026"),
        (LONG, "ten", "\u2026nine [ten] eleven twelve thirteen fourteen\u2026"),
        (LONG, "fifteen", "\u2026eleven twelve thirteen fourteen [fifteen]"),
        (LONG, "one twelve thirteen", "\u2026eleven [twelve] [thirteen] fourteen fifteen"),
        (LONG, "zebra", "one two three four five six seven eight\u2026"),
        ("日本語のメールが届きません。" * 3, "メール", "日本語の[メール]が届きません。日本語のメー\u2026"),
        ("", "x", ""),
    ],
)
def test_a_snippet(text: str, asked: str, found: str) -> None:
    assert shown(text, asked) == found


@given(st.text(), st.text(), st.integers(1, 50))
def test_any_text_is_harmless(text: str, asked: str, width: int) -> None:
    assert all(word == word.strip() and word for word in words(text))
    assert not {"'", '"', "\\", " ", BETWEEN, "\x00"} & set("".join(words(text)))
    try:
        query = parse(asked)
    except ValueError:
        return
    found = snippet(text, query.wanted, width)
    assert all(0 <= start < end <= len(found.text) for start, end in found.hits)
    assert len(found.text) <= width + 2
