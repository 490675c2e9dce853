"""NewText: what of a mail's text was written for this mail, and what is quote, signature or separator."""

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

from maildesk.core import markup, quotes

NEW, QUOTE, SIGNATURE, SEPARATOR = "new", "quote", "signature", "separator"
_MAX_LINES = 20_000
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_MAX_SIGNATURE = 25
_HTML_QUOTE = re.compile(
    r"<blockquote|class=[\"']?(?:gmail_quote|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra)"
    r"|divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text, from `start` to before `end` in characters, of one `kind` (new, quote...)."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class NewText:
    """`text`: the new text, with the quotes between its answers. `spans` cover the whole text, in order."""

    text: str
    spans: tuple[Span, ...]


def line_hash(line: str) -> str:
    """16 hex characters that know a line again however it is quoted and spaced; "" if it holds no word."""
    bare = " ".join(quotes.unmarked(line).split())
    if not _LETTER_OR_DIGIT.search(bare):
        return ""
    return hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()[:16]


def line_hashes(text: str) -> tuple[str, ...]:
    """The hashes of the lines of a text that hold a word, in order."""
    return tuple(found for found in map(line_hash, text.split("\n")) if found)


def new_text(text: str, sent: frozenset[str] = frozenset(), html: str = "") -> NewText:
    """Tell new text from the rest. Never raises. Lines beyond the first 20,000 go with the last of them.

    Lines whose hash is in `sent` are quote (those of three words, or with a quote mark, or between such): we
    know what we sent; then the clients' patterns decide; `html` helps where the plain text has lost all
    marks. Quotes between two answers stay in the result, as does a passed-on mail, which is what its sender
    wants us to read. The result may be empty: then there is no new text, and nothing to send on.
    """
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], "\n".join(lines[_MAX_LINES:])]
    kinds = _by_hash(lines, sent) if sent else [NEW] * len(lines)
    _by_pattern(lines, kinds)
    if QUOTE not in kinds and html and _HTML_QUOTE.search(html):
        _by_html(lines, kinds, html)
    _signatures(lines, kinds)
    return NewText(_joined(lines, kinds), _spans(lines, kinds))


def _by_hash(lines: list[str], sent: frozenset[str]) -> list[str]:
    hits = [bool(line.strip()) and line_hash(line) in sent for line in lines]
    kinds = [NEW] * len(lines)
    for at, line in enumerate(lines):
        if hits[at] and (quotes.is_quoted(line) or len(line.split()) >= 3):
            kinds[at] = QUOTE
    # A short line ("Thanks") may be typed anew: it counts only between longer ones of ours, marked alike.
    known = [at for at, kind in enumerate(kinds) if kind == QUOTE]
    for before, after in pairwise(known):
        between = [at for at in range(before + 1, after) if lines[at].strip()]
        if between and all(hits[at] for at in between):
            for at in between:
                kinds[at] = QUOTE
    return kinds


def _by_pattern(lines: list[str], kinds: list[str]) -> None:
    at = 0
    seen_new = False
    while at < len(lines):
        line = lines[at]
        if kinds[at] == QUOTE or not line.strip():
            at += 1
            continue
        if quotes.is_quoted(line):
            kinds[at] = QUOTE
            at += 1
            continue
        if len(line) > 100_000:
            return
        if not quotes.may_mark(line):
            seen_new = True
            at += 1
            continue
        if quotes.is_forward(line):
            return
        if quotes.is_reply_above(line):
            _mark(kinds, at, len(lines), QUOTE)
            return
        count = quotes.separator(lines, at)
        if count:
            # Nothing new above: a mail passed on without a word, or an answer below. Nobody can tell.
            _mark(kinds, at, at + count, SEPARATOR)
            _mark(kinds, at + count, len(lines), QUOTE)
            return
        count = quotes.attribution(lines, at)
        if count:
            _mark(kinds, at, at + count, SEPARATOR)
            at += count
            follows = next((i for i in range(at, len(lines)) if lines[i].strip()), len(lines))
            marked = follows < len(lines) and (quotes.is_quoted(lines[follows]) or kinds[follows] == QUOTE)
            if not marked and seen_new:
                _mark(kinds, at, len(lines), QUOTE)
                return
            continue
        seen_new = True
        at += 1


def _mark(kinds: list[str], start: int, end: int, kind: str) -> None:
    kinds[start:end] = [kind] * (min(end, len(kinds)) - start)


def _by_html(lines: list[str], kinds: list[str], html: str) -> None:
    """The words that open the quote in the HTML mark its beginning in the plain text too."""
    rendered = markup.text_of(html).split("\n")
    shadow = [NEW] * len(rendered)
    _by_pattern(rendered, shadow)
    if NEW not in (kind for kind, line in zip(shadow, rendered, strict=True) if line.strip()):
        return
    first = next((at for at, kind in enumerate(shadow) if kind in (QUOTE, SEPARATOR)), len(shadow))
    words = " ".join(quotes.unmarked(line) for line in rendered[first : first + 6]).split()[:8]
    if len(words) < 4:
        return
    for at in range(len(lines)):
        here = " ".join(lines[at : at + 6])[:1000].split()[: len(words)]
        if here == words:
            if any(line.strip() for line in lines[:at]):
                _mark(kinds, at, len(lines), QUOTE)
            return


def _signatures(lines: list[str], kinds: list[str]) -> None:
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    at = 0
    while at < len(lines):
        if kinds[at] == NEW and quotes.is_signature(lines[at]):
            end = at
            filled = 0
            while end < len(lines) and kinds[end] == NEW and filled <= _MAX_SIGNATURE:
                filled += bool(lines[end].strip())
                end += 1
            if at > first and filled <= _MAX_SIGNATURE:
                _mark(kinds, at, end, SIGNATURE)
                at = end
                continue
        at += 1
    for at in range(len(lines) - 1, -1, -1):
        # A phone's line ends a paragraph: what goes on below it was written by a person.
        ends = at + 1 == len(lines) or kinds[at + 1] != NEW or not lines[at + 1].strip()
        if ends and kinds[at] == NEW and quotes.is_mobile_signature(lines[at].strip()):
            kinds[at] = SIGNATURE


def _joined(lines: list[str], kinds: list[str]) -> str:
    written = [at for at, line in enumerate(lines) if kinds[at] == NEW and line.strip()]
    if not written:
        return ""
    kept: list[str] = []
    for start, end, kind in _runs(lines, kinds):
        inside = written[0] < start and end <= written[-1]
        if kind == NEW or (kind == QUOTE and inside and not _is_whole_mail(lines, kinds, start)):
            kept += lines[start:end]
        elif kept and kept[-1].strip():
            kept.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _is_whole_mail(lines: list[str], kinds: list[str], start: int) -> bool:
    """A quote with "Jane wrote:" above is the mail that is answered, not a passage that an answer needs."""
    above = next((at for at in range(start - 1, -1, -1) if lines[at].strip()), -1)
    return above >= 0 and kinds[above] == SEPARATOR


def _runs(lines: list[str], kinds: list[str]) -> list[tuple[int, int, str]]:
    """Stretches of lines of one kind; an empty line goes with the line before it."""
    runs: list[tuple[int, int, str]] = []
    for at, kind in enumerate(kinds):
        if runs and (not lines[at].strip() or runs[-1][2] == kind):
            runs[-1] = (runs[-1][0], at + 1, runs[-1][2])
        else:
            runs.append((at, at + 1, kind))
    return runs


def _spans(lines: list[str], kinds: list[str]) -> tuple[Span, ...]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    total = starts[-1] - 1
    return tuple(
        Span(starts[start], min(starts[end], total), kind)
        for start, end, kind in _runs(lines, kinds)
        if starts[start] < total
    )
