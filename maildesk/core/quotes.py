"""Quotes: how mail clients mark what is not new text. Patterns only; `body` decides what they mean.

All patterns are applied to single lines cut at 400 characters (attributions: up to six lines joined), and none nests
repetitions, so each takes bounded time. The words are in `phrases`.
"""

import re
from functools import lru_cache

from maildesk.core import phrases

MAX_LINE = 400
_MAX_ATTRIBUTION = 6
_DASH = "[-_=*\u2010-\u2015\u2500]"
_TIME = r"\d{1,2}[:.h]\d\d"

_ATTRIBUTION_START = re.compile(
    rf"[ \t*-]{{0,12}}(?:(?:{phrases.BEFORE_DATE})[ \d]|(?:{phrases.BEFORE_DATE}) ?(?:{phrases.DAYS})"
    rf"|(?:{phrases.DAYS})[a-zà-ž]{{0,7}}[.,]"
    r"|\d{1,4}[./年-]|\"?[\w.' -]{1,60}\"?\s?<[^<>\s]{3,80}@|[\w.+-]{1,64}@[\w.-]{1,80}"
    r"|[\w.' -]{2,60}?\s(?:wrote|schrieb|writes|said))",
    re.IGNORECASE,
)
# From the last verb on: each one would cost its whole way to the end.
_ATTRIBUTION_END = re.compile(
    rf"(?>(?:.*[\s>)\]\"',*])?(?:{phrases.WROTE})\b)[ (]{{0,3}}(?:időpont:)?"
    rf"(?:[^:：]|(?<=\d)[:：](?=\d)){{0,120}}(?:[:：][ \t*_]*|\.{{3}}|-{{3,}})$",
    re.IGNORECASE,
)
_VERB_END = re.compile(rf"(?:{phrases.WROTE})[:：]?[ \t*-]*$", re.IGNORECASE)
# The last words above, as letters: looked at first, for the pattern is slow.
_MAY_END = (
    ":", "：", "...", "wrote", "schrieb", "schreef", "skrev", "écrit", "ecrit", "scritto", "escribió", "escreveu",
    "写道", "寫道", "작성", "メッセージ", "メール",
)  # fmt: skip
_HAS_DATE_OR_ADDRESS = re.compile(r"\d[\d:./-]{0,9}\D{1,30}\d|@[\w-]+\.|\d{1,2}:\d\d")
# Neither a year nor a time of day is in "192.0.20.25".
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<![\d.])\d{1,2}[./-]\d{1,2}[./-]\d{2}(?![\d.]\d|\d)")
_TIME_OF_DAY = re.compile(rf"(?<![\d.]){_TIME}(?!\.?\d)")
_MAILBOX = re.compile(r"<\s?(?:mailto:)?[^<>\s@]{1,64}@[^<>\s@]{1,200}>")
_COLON_END = re.compile(r"[:：][ \t*_]*$")
_ANONYMOUS_ATTRIBUTION = re.compile(
    r"^(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}.{0,80}(?:<[^<>\s]+@[^<>\s]+>|@\S+).{0,3}"
    r"|.{0,120}<[^<>\s]+@[^<>\s]+>.{0,60}[:：])\s*$"
)
# Gmail in many languages: "2014-03-20 8:48 GMT+01:00 Jane Doe <jane@example.org>:"
_DATED = re.compile(
    r"\s{0,3}\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} GMT[+-]\d{2}:\d{2} [^<>\n]{0,100}<\s?[^<>\s]{3,200}>:(?=\s|$)"
)
# Horde and others: "Quoting Jane <jane@example.org>:"
_QUOTING = re.compile(
    r"\s{0,3}(?:quoting|zitat von|citando (?:a )?|selon|quoteando|cytowanie|citerar|citerer|citát|цитирование) "
    r"[^:\n]{0,120}@[^\s:]{3,120}[>)]?:\s{0,3}$",
    re.IGNORECASE,
)
# Yahoo and AOL put it on the last line of the answer: "Yes.--- On Wed, 4/4/12, Jane <jane@example.org> wrote:"
# Only the first time of day there counts, and the verb is looked for at the end alone: else a line takes milliseconds.
_SHARED = re.compile(
    rf"\S\S((?:[ \t]+|[ \t]*-{{2,3}}[ \t]*)(?:{phrases.BEFORE_DATE}) (?:{phrases.DAYS})\w{{0,8}}[.,]{{0,2}} "
    rf"(?>[^:：]{{0,80}}?{_TIME}).{{0,140}})$",
    re.IGNORECASE,
)
_SHARED_END = re.compile(rf"\b(?:{phrases.WROTE})[:：]$", re.IGNORECASE)
_LONGEST_VERB = 40
_LONGEST_END = 200
"""From the verb to the end, as `_ATTRIBUTION_END` has it; looked at alone, as verbs may fill what stands above."""

_LONGEST_LABEL = 40
_LABEL = r"[ \t>*]{0,12}(?:%s)[ \t\xa0]?[*]{0,2}\s?[:：][*]{0,2}"
_FORM_LINE = re.compile(_LABEL % phrases.FORM, re.IGNORECASE)
_FROM_LINE = re.compile(_LABEL % phrases.FROM + r"\s*\S", re.IGNORECASE)
_SUBJECT_LINE = re.compile(_LABEL % phrases.SUBJECT, re.IGNORECASE)
_SENT_LINE = re.compile(_LABEL % phrases.SENT, re.IGNORECASE)
_MORE_LINE = re.compile(
    _LABEL % f"{phrases.SENT}|{phrases.SUBJECT}|{phrases.MORE}",
    re.IGNORECASE,
)
# Fields that lost their line breaks: "From: jane@example.org Date: Thu, 24 Mar 2016".
_FROM_AND_MORE = re.compile(
    rf"[ \t>*]{{0,6}}(?:{phrases.FROM})[*]?\s?[:：].{{3,120}}\s(?:{phrases.SENT}|{phrases.SUBJECT}|{phrases.MORE})"
    r"[*]?\s?[:：]",
    re.IGNORECASE,
)

_ORIGINAL = re.compile(
    rf"[ \t>]{{0,6}}(?:(?:{_DASH}{{2,}}+\s{{0,3}}|\[)(?:{phrases.ORIGINAL})[\s:]{{0,3}}(?:{_DASH}{{2,}}"
    rf"|\](?=[\s:]{{0,9}}$)|$)"
    rf"|{_DASH}{{5,}}+\s{{0,3}}original\s{{0,3}}{_DASH}{{5,}}"
    rf"|{_DASH}{{4,}}+[^<>]{{0,80}}(?:<[^<>\s]{{3,200}}>)?\s?(?:{phrases.WROTE})\s?:\s?{_DASH}{{4,}}"
    rf"|{_DASH}{{5}}+ (?:{phrases.MESSAGE_FROM}) [^\s<>].{{0,200}} {_DASH}{{9,}})",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    rf"[ \t]{{0,4}}(?:{_DASH}{{2,}}+\s{{0,3}}(?:{phrases.FORWARDED}).{{0,160}}"
    rf"|(?:{phrases.BEGIN_FORWARD})\s?[:：])\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]{0,4}(?:_{10,}|-{20,}|={20,}|\*{20,}|\u2500{10,})[ \t]*$")
_REPLY_ABOVE = re.compile(phrases.REPLY_ABOVE, re.IGNORECASE)
_QUOTED = re.compile(r"[ \t]{0,3}>|[ \t]{0,3}[|│](?:[ \t]|$)")
_SPEAKS = re.compile(rf"\b(?:{phrases.SPEAKS})\b", re.IGNORECASE)
_PROSE = re.compile(rf"\b(?:{phrases.SPEAKS}|{phrases.SPEAKS_TO})\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[^\W\d_]{2}[.!?]$")
_I_WROTE = re.compile(
    r"\bI (?:have |had )?(?:wrote|written)\b|\b(?:schrieb|habe) ich\b|\bj['’]ai (?:\w{2,20} )?écrit\b"
    r"|\bwrote (?:to )?(?:you|us|me)\b"
)
_YOU_WROTE = re.compile(r"on [^.!?:]{0,30}(?:19|20)\d\d[^.!?]{0,30} you wrote:\s{0,3}", re.IGNORECASE)
_DIGIT_OR_AT = re.compile(r"[\d@]")
_STOPS = (",", "'", '"', "\u201d", "\u2019", "?", ";")
_HINT = re.compile(r"[0-9@<:：_=\[\u2010-\u2015\u2500\u1427]|--|\*\*")
_DIRECTION = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_MARKS = re.compile(r"^(?:[ \t]{0,3}[>|│])+[ \t]?|^[ \t]+")


def is_quoted(line: str) -> bool:
    """The line bears a quote mark. A row of a table in bars is none."""
    found = _QUOTED.match(line)
    if found is None or ">" in found[0]:
        return found is not None
    return not (found[0] != line.rstrip() and line.rstrip().endswith(("|", "│")))


def unmarked(line: str) -> str:
    """The line without its quote marks and leading space."""
    previous = ""
    while previous != line:
        previous, line = line, _MARKS.sub("", line, count=1)
    return line


def may_mark(line: str) -> bool:
    """False for the lines, most of prose, in which nothing else here needs to be looked for."""
    return _HINT.search(line) is not None


def speaks(line: str) -> bool:
    """Somebody speaks of themselves in the line."""
    return _SPEAKS.search(line) is not None


def leads(line: str) -> bool:
    """What stands below the line is shown by whoever wrote it: "I typed this:". Clients name a time or an address."""
    return _COLON_END.search(line[-MAX_LINE:]) is not None and _DIGIT_OR_AT.search(line) is None


def may_reply_above(text: str) -> bool:
    """False for a text, as most are, in which no line can be a help desk's "reply above this line"."""
    return any(word in text for word in phrases.ABOVE_LINE)


def is_reply_above(line: str) -> bool:
    """The line is a help desk's "reply above this line", and no sentence in which somebody speaks of one."""
    found = _REPLY_ABOVE.search(line) if len(line) < 200 else None
    if found is None or line[found.end() : found.end() + 1] in _STOPS:
        return False
    return not speaks(line[: found.start()]) and '"' not in line[: found.start()]


def is_forward(line: str) -> bool:
    """The line begins a mail that is passed on."""
    return _FORWARD.match(line[:MAX_LINE]) is not None


def shared(line: str) -> int:
    """Where in the line "On Tuesday, Jane wrote:" begins behind the end of an answer; 0 if it does not."""
    bare = line.rstrip(" \t")
    ends = len(line) < MAX_LINE and bare.endswith((":", "："))
    found = _SHARED.search(bare) if ends else None
    return found.start(1) if found and _SHARED_END.search(bare[-_LONGEST_VERB:]) else 0


def is_rule(line: str) -> bool:
    """The line is a rule and nothing else."""
    return _RULE.match(line[:MAX_LINE]) is not None


def separator(lines: list[str], at: int) -> int:
    """How many lines from `at` separate the new text from a whole earlier mail that follows; 0 if none do.

    Outlook's "-----Original Message-----" and its header block ("From: ... Sent: ..."), or a rule above it.
    """
    line = lines[at][:MAX_LINE]
    if _ORIGINAL.match(line):
        return 1 + header_block(lines, _next_filled(lines, at + 1))
    if is_rule(line):
        start = _next_filled(lines, at + 1)
        if start < len(lines) and is_rule(lines[start]):
            start = _next_filled(lines, start + 1)
        block = header_block(lines, start, below_rule=True)
        return start - at + block if block else 0
    if at and lines[at - 1].strip() and not _FROM_LINE.match(line):
        return 0  # a field in the middle of a header that somebody shows whole
    above = next((one for one in lines[max(0, at - 3) : at][::-1] if one.strip()), "")
    if _COLON_END.search(above[-MAX_LINE:]) and not _FORM_LINE.match(above):
        return 0  # "I got this mail:"
    return header_block(lines, at)


def passed_on(lines: list[str], most: int) -> int | None:
    """Where, within so many lines, a whole mail begins that the text passes on; None if none does."""
    return next(
        (at for at in range(min(len(lines), most)) if is_forward(lines[at]) or separator(lines, at)), None
    )


def header_block(lines: list[str], at: int, below_rule: bool = False) -> int:
    """How many lines from `at` are the header of an earlier mail as clients show it; 0 if it is none.

    It names the sender and two more fields. Where it does not begin with the sender, or where nothing tells it from
    what a person asks for ("From: Berlin, To: Paris, Date: Friday"), what only mails have must be among them: an
    address, the field that tells when it was sent, or a subject beside a time.
    """
    if at >= len(lines):
        return 0
    first = lines[at][:MAX_LINE]
    if ":" not in first[:_LONGEST_LABEL] and "：" not in first[:_LONGEST_LABEL]:
        return 0
    sender = bool(_FROM_LINE.match(first))
    if not sender and not _MORE_LINE.match(first):
        return 0
    if below_rule and sender and _FROM_AND_MORE.match(first):
        return 1
    more = 0 if sender else 1
    begins = sender
    least = 1 if below_rule and begins else 2
    mail = below_rule or "@" in first or bool(_SENT_LINE.match(first))
    subject = bool(_SUBJECT_LINE.match(first))
    timed = _is_timed(first)
    count = 1
    for line in (one[:MAX_LINE] for one in lines[at + 1 : at + 12]):
        enough = sender and (mail or (subject and timed)) and more >= least
        if not line.strip():
            if enough:
                return count + 1
            if not begins:
                return 0
        elif _FORM_LINE.match(line):
            return 0
        elif _MORE_LINE.match(line):
            more += 1
            mail = mail or bool(_SENT_LINE.match(line))
            subject = subject or bool(_SUBJECT_LINE.match(line))
        elif not sender and _FROM_LINE.match(line):
            sender = True
        elif enough:
            return count
        mail = mail or (sender and "@" in line)
        timed = timed or _is_timed(line)
        count += 1
    return count if sender and (mail or (subject and timed)) and more >= least else 0


def _is_timed(line: str) -> bool:
    return _YEAR.search(line) is not None or _TIME_OF_DAY.search(line) is not None


def attribution(lines: list[str], at: int) -> int:
    """How many lines from `at` say who wrote the quote below ("On ..., Jane wrote:"); 0 if none do."""
    first = _bare(lines[at])
    if not first.strip():
        return 0
    dated = bool(_TIME_OF_DAY.search(first) and _YEAR.search(first))
    if dated or ("@" in first and _MAILBOX.search(first)) or _ATTRIBUTION_START.match(first):
        count = _with_verb(lines, at, dated)
        if count:
            return count
    if _DATED.match(first) or _QUOTING.match(first):
        return 1
    if at + 1 < len(lines) and _DATED.match(f"{first.rstrip()} {lines[at + 1][:MAX_LINE].strip()}"):
        return 2
    count = _without_verb(lines, at)
    if count:
        return count
    follows = _next_filled(lines, at + 1)
    if follows >= len(lines) or not is_quoted(lines[follows]):
        return 0
    named = _ANONYMOUS_ATTRIBUTION.match(first) or _ends_attribution(first)
    return int(bool(named or (dated and _COLON_END.search(first))))


def is_prose(lines: list[str]) -> bool:
    """The attribution is a person's own: "on Monday you wrote:". A client names who wrote, mostly by an address.

    Old ones write "On July 1, 2025 you wrote:", as a line with nothing else.
    """
    joined = " ".join(map(_bare, lines))
    if "@" in joined:
        return _I_WROTE.search(joined) is not None
    return _PROSE.search(joined) is not None and not _YOU_WROTE.fullmatch(joined)


def is_dated(lines: list[str]) -> bool:
    """The lines name a day and a time of day, as clients do and people hardly."""
    joined = " ".join(map(_bare, lines))
    return bool(_TIME_OF_DAY.search(joined) and _YEAR.search(joined))


def _with_verb(lines: list[str], at: int, dated: bool) -> int:
    joined = ""
    filled = 0
    for count, line in enumerate(lines[at : at + _MAX_ATTRIBUTION + 2], 1):
        if not line.strip():
            # Some clients tear the address off: it stands in its brackets below an empty line.
            if dated and at + count < len(lines) and lines[at + count].strip() == "<":
                continue
            return 0
        filled += 1
        if filled > (_MAX_ATTRIBUTION if dated else 4) or _begins_sentence(joined, line):
            return 0
        joined = f"{joined} {_bare(line).strip()}".strip()
        ends = joined.rstrip(" \t*_-").endswith(_MAY_END) or joined.endswith("---")
        if ends and _ends_attribution(joined) and _HAS_DATE_OR_ADDRESS.search(joined):
            return count
    return 0


def _ends_attribution(joined: str) -> bool:
    return (
        _ends_in_verb(joined[-_LONGEST_VERB:]) or _ATTRIBUTION_END.match(joined[-_LONGEST_END:]) is not None
    )


@lru_cache(maxsize=16)
def _ends_in_verb(last: str) -> bool:
    # The same line is looked at below each of the lines above it.
    return _VERB_END.search(last) is not None


def _begins_sentence(above: str, line: str) -> bool:
    """People end sentences at the ends of lines; clients break the line above a quote in the middle of one."""
    return line.lstrip()[:1].isupper() and _SENTENCE_END.search(above[-3:]) is not None


def _without_verb(lines: list[str], at: int) -> int:
    """Date, time, name and address with a colon at the end, on one or two lines: nothing but a client writes so."""
    joined = ""
    if not any("@" in line for line in lines[at : at + 2]) or _COLON_END.search(
        lines[at - 1][-MAX_LINE:] if at else ""
    ):
        return 0
    for count, line in enumerate(lines[at : at + 2], 1):
        if _begins_sentence(joined, line):
            return 0
        joined = f"{joined} {_bare(line).strip()}".strip()
        if (
            len(joined) < 250
            and _COLON_END.search(joined)
            and _MAILBOX.search(joined)
            and _YEAR.search(joined)
            and _TIME_OF_DAY.search(joined)
        ):
            return count
        if not line.strip() or _COLON_END.search(joined):
            return 0
    return 0


def _bare(line: str) -> str:
    """The beginning of the line, without marks of direction."""
    return line[:MAX_LINE] if line.isascii() else _DIRECTION.sub("", line[:MAX_LINE])


def _next_filled(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
