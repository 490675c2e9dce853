"""NewText: what of a mail's text was written for this mail, and what is quote, signature or separator."""

import hashlib
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maildesk.core import markup, quotes, signature

NEW, QUOTE, SIGNATURE, SEPARATOR = "new", "quote", "signature", "separator"
_MAX_LINES = 20_000
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_MAX_SHARED = 100
_MAX_SQUEEZED = 65_536
_MAX_SOUGHT = 1_000
_WRAP = 60
_ENDS = (".", "!", "?", ":", "。", "？", "！")
_RULE = re.compile(r"\s*[-=_*~]{2,}\s*")
AGAIN = "+"
"""Stands before the hash of a line that we gave back to its writer, to be sent again: it is no quote where it comes."""
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
    """`text`: the new text, with the quotes between its answers. `spans` cover the whole text, in order.

    `cut` are the lines below a signature or a separator that bear no quote mark and that we did not send.
    """

    text: str
    spans: tuple[Span, ...]
    cut: tuple[str, ...] = ()


def line_hash(line: str) -> str:
    """16 hex characters that know a line again however it is quoted and spaced; "" if it holds no word."""
    bare = " ".join(quotes.unmarked(line).split())
    if not _LETTER_OR_DIGIT.search(bare):
        return ""
    return hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()[:16]


def line_hashes(text: str) -> tuple[str, ...]:
    """The hashes of the lines of a text that hold a word, in order."""
    return tuple(found for found in map(line_hash, text.split("\n")) if found)


def new_text(
    text: str, sent: Sequence[Sequence[str]] = (), html: str = "", passed_on: bool = False
) -> NewText:
    """Tell new text from the rest. Never raises. Lines beyond the first 20,000 go with the last of them.

    `sent` are the line hashes of our mails that it may quote, each in its order. Their lines are quote (see
    `_by_hash`): we know what we sent; then the clients' patterns decide; `html` helps where the plain text has
    lost all marks. Quotes between two answers stay in the result, as does a passed-on mail, which is what its sender
    wants us to read; `passed_on` says that the mail's subject calls it one, which Outlook's separators do not tell.
    The result may be empty: then there is no new text, and nothing to send on.
    """
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], "\n".join(lines[_MAX_LINES:])]
    starts = _starts(lines)
    lines = _parted(lines, starts)
    kinds = _by_hash(lines, sent) if sent else [NEW] * len(lines)
    if "-----BEGIN PGP SIGN" in text:
        for start, end, above in signature.armour(lines):
            _mark(kinds, start, end, SEPARATOR if above else SIGNATURE)
    typed = _typed_between(lines, sent) if QUOTE in kinds else []
    _by_pattern(lines, kinds, passed_on and QUOTE not in kinds, quotes.may_reply_above(text))
    for at in typed:
        kinds[at] = NEW
    _wrapped(lines, kinds)
    if QUOTE not in kinds and html and not passed_on and _HTML_QUOTE.search(html):
        _by_html(lines, kinds, html)
    for start, end in signature.stretches(lines, [kind == NEW for kind in kinds]):
        _mark(kinds, start, end, SIGNATURE)
    return NewText(_joined(lines, kinds), _spans(lines, kinds, starts), _cut(lines, kinds, sent))


def _starts(lines: list[str]) -> list[int]:
    """Where each line begins in the text, and at the end where the text ends."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    starts[-1] -= 1
    return starts


def _parted(lines: list[str], starts: list[int]) -> list[str]:
    """The lines, in two where the words above a quote stand on the last line of the answer; `starts` with them."""
    cuts = [(at, cut) for at, line in enumerate(lines) if (cut := quotes.shared(line))]
    for at, cut in reversed(cuts[:_MAX_SHARED]):
        lines[at : at + 1] = [lines[at][:cut], lines[at][cut:]]
        starts.insert(at + 1, starts[at] + cut)
    return lines


def _by_hash(lines: list[str], sent: Sequence[Sequence[str]]) -> list[str]:
    """Marks what we sent: lines of three words, lines with a quote mark, and the short ones that go with them.

    A short line ("Thanks") may be typed anew, so it counts only where it stands as in our mail: between two lines
    that count, in the same order; or above one, where our mail begins like that, or below one, where it ends so. An
    unmarked line beside marked ones is an answer to them.
    """
    places = [_places(mail) for mail in sent]
    ours = {found for mail in sent for found in mail if not found.startswith(AGAIN)}
    words = [(at, found) for at, line in enumerate(lines) if (found := line_hash(line))]
    # What stands there marked as quote was quoted: the same without a mark was typed once more.
    marked = {found for at, found in words if quotes.is_quoted(lines[at])}
    known = [
        i
        for i, (at, found) in enumerate(words)
        if found in ours
        and (quotes.is_quoted(lines[at]) or (len(lines[at].split()) >= 3 and found not in marked))
    ]
    quoted = set(known)
    for before, after in pairwise((-1, *known, len(words))):
        if after - before < 2:
            continue
        above = before >= 0 and not quotes.is_quoted(lines[words[before][0]])
        below = after < len(words) and not quotes.is_quoted(lines[words[after][0]])
        hashes = [found for _, found in words[max(before, 0) : after + 1]]
        between = before >= 0 and after < len(words) and (above or below) and ours.issuperset(hashes)
        if between and any(_in_order(hashes, one) for one in places):
            quoted.update(range(before, after))
            continue
        if below:
            quoted.update(range(after - _beginning(words, before, after, sent), after))
        if above:
            quoted.update(range(before, before + 1 + _ending(words, before, after, sent)))
    kinds = [NEW] * len(lines)
    for i in quoted:
        kinds[words[i][0]] = QUOTE
    _rules(lines, kinds)
    return kinds


def _places(mail: Sequence[str]) -> Mapping[str, list[int]]:
    places = defaultdict(list)
    for at, found in enumerate(mail):
        places[found].append(at)
    return places


def _in_order(hashes: list[str], places: Mapping[str, list[int]]) -> bool:
    """Whether a mail of ours has these lines in this order; others may stand between, as clients drop some."""
    last = -1
    for found in hashes:
        here = places.get(found, ())
        behind = bisect_right(here, last)
        if behind == len(here):
            return False
        last = here[behind]
    return True


def _typed_between(lines: list[str], sent: Sequence[Sequence[str]]) -> list[int]:
    """The lines without a mark that stand between two lines which follow each other in a mail of ours.

    So people answer in Outlook, below its header: each sentence under ours. Older mails stand further down.
    """
    following = {pair for mail in sent for pair in pairwise(mail)}
    ours = {found for mail in sent for found in mail}
    words = [(at, found) for at, line in enumerate(lines) if (found := line_hash(line))]
    known = [i for i, (_, found) in enumerate(words) if found in ours]
    return [
        words[i][0]
        for before, after in pairwise(known)
        if (words[before][1], words[after][1]) in following
        for i in range(before + 1, after)
        if not quotes.is_quoted(lines[words[i][0]])
    ]


def _beginning(
    words: list[tuple[int, str]], before: int, after: int, sent: Sequence[Sequence[str]], missing: int = 1
) -> int:
    """How many lines right above the line `after` are how a mail of ours begins, up to that line.

    One line may be missing between: the one above the card stands in the text part alone.
    """
    for mail in sent:
        room = mail[: after - before + 1]
        count = room.index(words[after][1]) if words[after][1] in room else 0
        for start in range(count, count - 1 - missing, -1):
            above = [found for _, found in words[after - start : after]]
            if 0 < start < after - before and above == list(mail[:start]):
                return start
    return 0


def _ending(words: list[tuple[int, str]], before: int, after: int, sent: Sequence[Sequence[str]]) -> int:
    """How many lines right below the line `before` are how a mail of ours ends, from that line on."""
    turned = [(at, found) for at, found in reversed(words[before:after])]
    last = len(turned) - 1
    return _beginning(turned, -1, last, [mail[-last - 2 :][::-1] for mail in sent], 0) if last else 0


def _rules(lines: list[str], kinds: list[str]) -> None:
    """A line of dashes between two lines of our quote is part of it; it has no word by which to know it."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    for above, here, below in zip(filled, filled[1:], filled[2:], strict=False):
        if kinds[above] == kinds[below] == QUOTE and _RULE.fullmatch(lines[here]):
            kinds[here] = QUOTE


def _cut(lines: list[str], kinds: list[str], sent: Sequence[Sequence[str]]) -> tuple[str, ...]:
    shown = {found.removeprefix(AGAIN) for mail in sent for found in mail}
    return tuple(
        line
        for line, kind in zip(lines, kinds, strict=True)
        if kind != NEW and line.strip() and not quotes.is_quoted(line) and line_hash(line) not in shown
    )


def _by_pattern(lines: list[str], kinds: list[str], passed_on: bool = False, above: bool = False) -> None:
    at = 0
    seen_new = False
    while at < len(lines):
        line = lines[at]
        if kinds[at] != NEW or not line.strip():
            at += 1
            continue
        if quotes.is_quoted(line):
            shown = at > 0 and kinds[at - 1] == NEW and quotes.leads(lines[at - 1])
            while at < len(lines) and quotes.is_quoted(lines[at]) and kinds[at] == NEW:
                kinds[at] = NEW if shown else QUOTE
                at += 1
            continue
        if len(line) > 100_000:
            return
        if above and quotes.is_reply_above(line):
            _mark(kinds, at, len(lines), QUOTE)
            return
        if not quotes.may_mark(line):
            seen_new = True
            at += 1
            continue
        if quotes.is_forward(line):
            return
        count = quotes.separator(lines, at)
        if count and passed_on:
            return
        if count:
            # Nothing new above: a mail passed on without a word, or an answer below. Nobody can tell.
            _mark(kinds, at, at + count, SEPARATOR)
            if quotes.is_quoted(_filled(lines, at + count)):
                at += count  # what bears no mark there is an answer
                continue
            _mark(kinds, at + count, len(lines), QUOTE)
            return
        count = quotes.attribution(lines, at)
        if count:
            follows = next((i for i in range(at + count, len(lines)) if lines[i].strip()), len(lines))
            marked = follows < len(lines) and (quotes.is_quoted(lines[follows]) or kinds[follows] == QUOTE)
            if not marked and quotes.is_prose(lines[at : at + count]):
                seen_new = True
                at += count
                continue
            if marked or seen_new or quotes.is_dated(lines[at : at + count]):
                _mark(kinds, at, at + count, SEPARATOR)
            if not marked and seen_new:
                _mark(kinds, at + count, len(lines), QUOTE)
                return
            at += count
            continue
        seen_new = True
        at += 1


def _filled(lines: list[str], at: int) -> str:
    return next((line for line in lines[at:] if line.strip()), "")


def _mark(kinds: list[str], start: int, end: int, kind: str) -> None:
    kinds[start:end] = [kind] * (min(end, len(kinds)) - start)


def _wrapped(lines: list[str], kinds: list[str]) -> None:
    """The end of a quoted line that was too long, which some client broke without a mark, is quote too.

    It stands alone between marked lines and goes on in the middle of a sentence, or closes a bracket.
    """
    for at in range(1, len(lines) - 1):
        if kinds[at] != NEW or kinds[at - 1] != QUOTE or not lines[at].strip():
            continue
        before, here = lines[at - 1].rstrip(), lines[at].strip()
        if not (quotes.is_quoted(before) and quotes.is_quoted(lines[at + 1])) or before.endswith(_ENDS):
            continue
        long = len(before) >= _WRAP and not here[0].isupper() and here[0].isalpha()
        if long or (")" in here and before.count("(") > before.count(")")):
            kinds[at] = QUOTE


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
                below = [(line, kind) for line, kind in zip(rendered, shadow, strict=True)][first:]
                _by_words(lines, kinds, at, below)
            return


def _by_words(lines: list[str], kinds: list[str], at: int, below: list[tuple[str, str]]) -> None:
    """Marks the lines from `at` on as quote, but for those that stand below the quote in the HTML as new text.

    Only the first 1,000 lines are sought there: each search may read all of it.
    """
    answers = _squeezed(line for line, kind in below if kind == NEW)
    quoted = _squeezed(line for line, kind in below if kind != NEW)
    for i in range(at, len(lines)):
        words = _squeezed([lines[i]]) if i < at + _MAX_SOUGHT else ""
        if not words or words not in answers or words in quoted:
            kinds[i] = QUOTE


def _squeezed(lines: Iterable[str]) -> str:
    return "".join("".join(lines).split())[:_MAX_SQUEEZED]


def _joined(lines: list[str], kinds: list[str]) -> str:
    written = [at for at, line in enumerate(lines) if kinds[at] == NEW and line.strip()]
    if not written:
        return ""
    kept: list[str] = []
    for start, end, kind in _runs(lines, kinds):
        inside = written[0] < start and end <= written[-1]
        if kind == NEW:
            kept += lines[start:end]
        elif kind == QUOTE and inside and not _is_whole_mail(lines, kinds, start):
            # Marked, so that everybody sees whose words they are, and no command is read in them.
            kept += [
                f"> {line}" if line.strip() and not quotes.is_quoted(line) else line
                for line in lines[start:end]
            ]
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


def _spans(lines: list[str], kinds: list[str], starts: list[int]) -> tuple[Span, ...]:
    return tuple(
        Span(starts[start], starts[end], kind)
        for start, end, kind in _runs(lines, kinds)
        if starts[start] < starts[-1]
    )
