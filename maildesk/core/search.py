"""Searching in what people wrote: text becomes words, a question becomes terms, a hit becomes a snippet.

Words are made here and nowhere else, of what is stored and of what is looked for, so that both kinds of database,
which only keep and compare them, find the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

MOST_WORDS = 16_000
MOST_LETTERS = 200_000
"""How much of one entry can be found. PostgreSQL takes 1 MB and 16,383 places for one; the first part counts."""
LONGEST = 60
"""Letters of a word that count."""
MOST_ASKED = 50
"""Words of one question."""
SHORTEST_START = 3
"""Letters from which on the last word of a question also means the words that begin with it."""
BETWEEN = "\u00b6"
"""Stands between the parts of a document, so that no phrase reaches from one into the next. It is no word's letter."""

_ASCII_WORD = re.compile(r"[0-9a-z]+")
# These are written without spaces: every letter is a word of its own, and several are looked for as a phrase.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"(?V1)[{_UNSPACED}]|[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
# Putting marks on one letter in order takes the square of their number, minutes for those of one mail. No language has
# as many as this (Unicode's Stream-Safe Text Format). Half-width sound marks are no marks yet, but become some.
_MARKS = regex.compile(r"([\p{M}\uff9e\uff9f]{30})[\p{M}\uff9e\uff9f]+")
_TERM = regex.compile(r'(?P<sign>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))(?P<star>\*?)')
# Telephones and word processors put these for the straight one.
_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'))


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand one after another. With `starts` the last one may also be the beginning of a word.

    `asked` is what the person wrote: a ticket's number and a Message-ID are also looked up as what they are.
    """

    words: tuple[str, ...]
    starts: bool = False
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A ticket is found if all `wanted` terms stand somewhere in it, and none of the `unwanted`."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


def words(text: str) -> list[str]:
    """The words of a text in order: without case and accents, cut at everything that is no letter or digit."""
    return _ascii(text) if text.isascii() else _folded(text)


def document(parts: Iterable[str]) -> list[str]:
    """The words by which something is found, `BETWEEN` between its parts; no more than both databases take."""
    found: list[str] = []
    letters = 0
    for part in parts:
        # Each letter makes at most one word, and few make more letters than they are.
        for word in words(part[:MOST_LETTERS]):
            letters += len(word)
            if len(found) >= MOST_WORDS or letters > MOST_LETTERS:
                return found
            found.append(word)
        found.append(BETWEEN)
    return found


def _ascii(text: str) -> list[str]:
    return [word[:LONGEST] for word in _ASCII_WORD.findall(text.lower())]


def _placed(text: str) -> Iterator[tuple[int, int, str]]:
    """The words of a text, with where they begin and end in it."""
    for found in _WORD.finditer(text):
        written = found.group()
        for word in _ascii(written) if written.isascii() else _folded(written):
            yield found.start(), found.end(), word


def _folded(text: str) -> list[str]:
    # Compatibility forms first: full-width letters are letters. What is left decomposed is put together again.
    text = _MARKS.sub(r"\1", text)
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    plain = unicodedata.normalize("NFKC", plain)
    return [word[:LONGEST] for word in _WORD.findall(plain)]


def parse(text: str) -> Query:
    """What a person asks for: words, "phrases", -words to leave out, and beginnings of words, written print*.

    The last word need not be whole. Raises ValueError with a sentence where there is nothing to look for.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    found = list(_TERM.finditer(text.translate(_QUOTES)))
    for place, one in enumerate(found):
        phrase, written = one["phrase"], one["word"] or ""
        term_words = tuple(words(phrase if phrase is not None else written))
        if not term_words:
            continue
        starts = bool(one["star"]) or written.endswith("*")
        if phrase is None and not one["sign"] and place == len(found) - 1:
            starts = starts or len(term_words[-1]) >= SHORTEST_START
        into = unwanted if one["sign"] else wanted
        into.append(Term(term_words, starts, written))
    if not wanted:
        raise ValueError(
            "there are only words to leave out; write one to look for, too"
            if unwanted
            else "there is no word in it to look for"
        )
    if sum(len(term.words) for term in (*wanted, *unwanted)) > MOST_ASKED:
        raise ValueError(f"these are more than {MOST_ASKED} words; write fewer")
    return Query(tuple(wanted), tuple(unwanted))


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text on one line. `hits` are the places in it that were looked for, as (start, end)."""

    text: str
    hits: tuple[tuple[int, int], ...] = ()
    terms: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    before: str
    text: str
    after: str

    @property
    def whole(self) -> str:
        return self.before + self.text + self.after


def _cut(line: str, start: int, width: int) -> _Piece:
    end = start + width
    if end >= len(line):
        return _Piece("\u2026" if start else "", line[start:], "")
    # Between two words, unless the last one is so long that little would be left.
    between = line.rfind(" ", start + width * 3 // 4, end + 1)
    end = between if between > 0 else end
    return _Piece("\u2026" if start else "", line[start:end], "\u2026")


def snippet(text: str, terms: Sequence[Term], width: int = 160) -> Snippet:
    """The piece of a text, about `width` letters, in which the most of these terms stand; its beginning if none does.

    A text with letters as wide as two, like Chinese ones, gets half as many.
    """
    line = " ".join(text.split())
    if not line.isascii() and any(unicodedata.east_asian_width(letter) in "WF" for letter in line):
        width //= 2
    placed = list(_placed(line))
    places = sorted((start, end, n) for n, term in enumerate(terms) for start, end in _hits(placed, term))
    if not places:
        return Snippet(_cut(line, 0, width).whole)
    begin = max(
        (start for start, _, _ in places),
        key=lambda at: (len({n for start, end, n in places if at <= start and end <= at + width}), -at),
    )
    # Some words before the first hit tell what it is about.
    lead = max(0, min(begin - width // 4, len(line) - width))
    lead = line.find(" ", lead, begin) + 1 or lead if lead else 0
    piece = _cut(line, lead, width)
    shift = lead - len(piece.before)
    inside = [(s - shift, e - shift, n) for s, e, n in places if s >= lead and e <= lead + len(piece.text)]
    hits = tuple(dict.fromkeys((start, end) for start, end, _ in inside))
    return Snippet(piece.whole, hits, len({n for _, _, n in inside}))


def _hits(placed: Sequence[tuple[int, int, str]], term: Term) -> Iterator[tuple[int, int]]:
    size = len(term.words)
    for at in range(len(placed) - size + 1):
        there = [word for _, _, word in placed[at : at + size]]
        last, asked = there[-1], term.words[-1]
        if tuple(there[:-1]) == term.words[:-1] and (
            last.startswith(asked) if term.starts else last == asked
        ):
            yield placed[at][0], placed[at + size - 1][1]
