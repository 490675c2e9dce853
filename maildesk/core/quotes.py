"""Quotes: how mail clients mark what is not new text. Patterns only; `body` decides what they mean.

All patterns are applied to single lines cut at 400 characters (attributions: up to four lines joined), and
none nests repetitions, so each takes bounded time.
"""

import re

MAX_LINE = 400
_WROTE = (
    r"wrote|writes|said|schrieb|a écrit|écrit|escribió|escribio|ha scritto|scrisse|schreef|geschreven"
    r"|escreveu"
    r"|skrev|kirjoitti|napisał\(a\)|napisała?|napsal\(a\)|napsala?|napísala?|написала?|пише|пишет|írta"
    r"|a scris"
    r"|yazdı|έγραψε|写道|寫道|のメッセージ|님이 작성"
)
_ATTRIBUTION_START = re.compile(
    r"[ \t*-]{0,12}(?:on|am|le|el|il|op|em|a|den|dnia|dne|dňa|w dniu|pe|kl|in data|at|в|la|på|le\s"
    r"|(?:mon|tue|wed|thu|fri|sat|sun|man|tir|ons|tor|fre|lør|søn|lör|sön|mo|di|mi|do|fr|sa|so|pon|wt|śr"
    r"|czw|pt)[a-zé]{0,7}[.,]"
    r"|\d{1,4}[./年-]|\"?[\w.' -]{1,60}\"?\s?<[^<>\s]{3,80}@|[\w.+-]{1,64}@[\w.-]{1,80}"
    r"|[\w.' -]{2,60}?\s(?:wrote|schrieb|writes|said))",
    re.IGNORECASE,
)
_ATTRIBUTION_END = re.compile(
    rf"(?:^|[\s>)\]\"',*])(?:{_WROTE})\b[^:：]{{0,120}}(?:[:：][ \t*_]*|\.{{3}}|-{{3,}})$"
    rf"|(?:{_WROTE})[:：]?[ \t*-]*$",
    re.IGNORECASE,
)
_HAS_DATE_OR_ADDRESS = re.compile(r"\d[\d:./-]{0,9}\D{1,30}\d|@[\w-]+\.|\d{1,2}:\d\d")
_ANONYMOUS_ATTRIBUTION = re.compile(
    r"^(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}.{0,80}(?:<[^<>\s]+@[^<>\s]+>|@\S+).{0,3}"
    r"|.{0,120}<[^<>\s]+@[^<>\s]+>.{0,60}[:：])\s*$"
)

# Gmail in many languages: "2014-03-20 8:48 GMT+01:00 Jane Doe <jane@example.org>:"
_DATED = re.compile(
    r"\s{0,3}\d{4}-\d{2}-\d{2} \d{1,2}:\d{2} GMT[+-]\d{2}:\d{2} [^<>\n]{0,100}<\s?[^<>\s]{3,200}>:(?=\s|$)"
)

_FROM = (
    r"from|von|de|da|van|od|fra|från|expéditeur|mittente|kimden|от|från|lähettäjä|feladó|de la"
    r"|发件人|寄件者|差出人"
    r"|보낸 사람"
)
_MORE = (
    r"sent|date|to|subject|cc|reply-to|gesendet|datum|an|betreff|envoyé|date|à|objet|enviado(?: el| em)?"
    r"|fecha|para"
    r"|asunto|assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|wysłano|wysłane|do|temat|sendt|til"
    r"|emne|dato"
    r"|skickat|till|ämne|odesláno|komu|předmět|отправлено|кому|тема|дата|lähetetty|vastaanottaja|aihe"
    r"|gönderme"
    r"|kime|konu|发送时间|收件人|主题|日期|寄件日期|收件者|主旨|送信日時|宛先|件名|보낸 날짜|받는 사람|제목"
)
_FROM_LINE = re.compile(rf"[ \t>*]{{0,6}}(?:{_FROM})[ \t\xa0]?[*]?\s?[:：][*]?\s*\S", re.IGNORECASE)
_MORE_LINE = re.compile(rf"[ \t>*]{{0,6}}(?:{_MORE})[ \t\xa0]?[*]?\s?[:：]", re.IGNORECASE)

_ORIGINAL = re.compile(
    r"[ \t>]{0,6}(?:[-_=*]{2,}\s{0,3}|\[)(?:original message|original email|reply message"
    r"|original appointment"
    r"|ursprüngliche (?:nachricht|e-mail|mail)|originalnachricht|original-nachricht|message d'origine"
    r"|message d’origine|message original|mensaje original|mensagem original|messaggio originale"
    r"|oorspronkelijk bericht|originele bericht|oprindelig meddelelse|originalmeddelande"
    r"|ursprungligt meddelande"
    r"|opprinnelig melding|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|původní zpráva"
    r"|исходное сообщение|original-mail|eredeti üzenet|mesaj original|orijinal mesaj"
    r"|原始邮件|原始郵件|원본 메시지"
    r"|original message processed by david.{0,20})[\s:]{0,3}(?:[-_=*]{2,}|\]|$)",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"[ \t]{0,4}(?:[-_=]{2,}\s{0,3}(?:forwarded message|forwarded by .{1,80}|weitergeleitete nachricht"
    r"|message transféré|mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|mensagem encaminhada"
    r"|videresendt meddelelse|vidarebefordrat meddelande|wiadomość przekazana dalej|пересылаемое сообщение)"
    r"(?:\s{0,3}[-_=]{2,})?.{0,80}|begin forwarded message:|anfang der weitergeleiteten (?:nachricht|e-mail):"
    r"|début du message (?:transféré|réexpédié)\s?:|inicio del mensaje reenviado:"
    r"|inizio messaggio inoltrato:)\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]{0,4}(?:_{10,}|-{20,}|={20,}|\*{20,})[ \t]*$")
_REPLY_ABOVE = re.compile(
    r"(?:(?:reply|respond|answer|write|type your reply).{0,40}above th(?:is|e) line"
    r"|(?:antwort|antworten).{0,60}(?:oberhalb|über) dieser (?:linie|zeile)|au-dessus de cette ligne)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[ \t]{0,3}>|[ \t]{0,3}[|│][ \t]")
_SIGNATURE = re.compile(r"(?:--|—|__)[ \t\xa0]{0,3}$")
_MOBILE = re.compile(
    r"[ \t*_(<\[]{0,4}(?:sent (?:from|with|via|using) .{2,60}|get outlook for \S.{1,60}|gesendet (?:von|vom"
    r"|mit|über|aus) .{2,60}"
    r"|(?:von|vom) (?:meinem|unterwegs|mobil).{0,40}(?:gesendet|gesandt)"
    r"|diese nachricht wurde von meinem .{2,60}"
    r"|envoyé (?:de|depuis|à partir) .{2,60}|enviado (?:desde|do|de|a partir) .{2,60}|enviada? (?:do"
    r"|pelo) .{2,60}"
    r"|inviato (?:da|dal|con) .{2,60}|verzonden (?:vanaf|vanuit|met|via) .{2,60}|verstuurd vanaf .{2,60}"
    r"|skickat från .{2,60}|sendt fra .{2,60}|lähetetty .{2,60}(?:sta|lta|stä|ltä)|wysłan[eo] z .{2,60}"
    r"|odesláno z .{2,60}|отправлено (?:с|из) .{2,60}|надіслано з .{2,60}|elküldve .{2,60}"
    r"|发自我的\s?.{2,30}|從我的\s?.{2,20}(?:傳送|发送)|.{2,20}から送信|(?:나의|내) .{2,20}에서 보냄"
    r"|my (?:iphone|ipad|blackberry|android|phone)\b.{0,40})[ \t*_)>\].!]{0,4}$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r",\s+(?!please|sorry|excuse|bitte|inc\b)\w", re.IGNORECASE)
_HINT = re.compile(r"[0-9@<:：_=\[]|--|\*\*|above|oberhalb|über|ligne", re.IGNORECASE)
_MARKS = re.compile(r"^(?:[ \t]{0,3}[>|│])+[ \t]?|^[ \t]+")


def is_quoted(line: str) -> bool:
    """The line bears a quote mark."""
    return _QUOTED.match(line) is not None


def unmarked(line: str) -> str:
    """The line without its quote marks and leading space."""
    previous = ""
    while previous != line:
        previous, line = line, _MARKS.sub("", line, count=1)
    return line


def may_mark(line: str) -> bool:
    """False for the lines, most of prose, in which nothing else here needs to be looked for."""
    return _HINT.search(line) is not None


def is_signature(line: str) -> bool:
    """The line is a signature separator: "-- " (RFC 3676 section 4.3), or what becomes of it on the way."""
    return len(line) < 8 and _SIGNATURE.match(line) is not None


def is_mobile_signature(line: str) -> bool:
    """The line is what a phone or a mail app adds about itself, not a sentence that begins alike."""
    return len(line) < 120 and _MOBILE.match(line) is not None and not _CLAUSE.search(line)


def is_reply_above(line: str) -> bool:
    """The line is a help desk's "reply above this line"."""
    return len(line) < 200 and _REPLY_ABOVE.search(line) is not None


def is_forward(line: str) -> bool:
    """The line begins a mail that is passed on."""
    return _FORWARD.match(line[:MAX_LINE]) is not None


def separator(lines: list[str], at: int) -> int:
    """How many lines from `at` separate the new text from a whole earlier mail that follows; 0 if none do.

    Outlook's "-----Original Message-----" and its header block ("From: ... Sent: ..."), or a rule above it.
    """
    line = lines[at][:MAX_LINE]
    if _ORIGINAL.match(line):
        return 1 + header_block(lines, _next_filled(lines, at + 1))
    if _RULE.match(line):
        start = _next_filled(lines, at + 1)
        block = header_block(lines, start, enough=1)
        return start - at + block if block else 0
    return header_block(lines, at)


def header_block(lines: list[str], at: int, enough: int = 2) -> int:
    """How many lines from `at` are the header of an earlier mail as Outlook shows it; 0 if it is none."""
    if at >= len(lines) or not _FROM_LINE.match(lines[at][:MAX_LINE]):
        return 0
    count = 1
    more = 0
    for line in lines[at + 1 : at + 12]:
        if _MORE_LINE.match(line[:MAX_LINE]):
            more += 1
        elif line.strip() and more >= enough:
            break
        count += 1
        if not line.strip() and more >= enough:
            break
    return count if more >= enough else 0


def attribution(lines: list[str], at: int) -> int:
    """How many lines from `at` say who wrote the quote below ("On ..., Jane wrote:"); 0 if none do."""
    first = lines[at][:MAX_LINE]
    if not first.strip():
        return 0
    if _ATTRIBUTION_START.match(first):
        joined = ""
        for count, line in enumerate(lines[at : at + 4], 1):
            if not line.strip():
                break
            joined = f"{joined} {line[:MAX_LINE].strip()}".strip()
            if _ATTRIBUTION_END.search(joined[-MAX_LINE:]) and _HAS_DATE_OR_ADDRESS.search(joined):
                return count
    if _DATED.match(first):
        return 1
    if at + 1 < len(lines) and _DATED.match(f"{first.rstrip()} {lines[at + 1][:MAX_LINE].strip()}"):
        return 2
    follows = _next_filled(lines, at + 1)
    marked = follows < len(lines) and is_quoted(lines[follows])
    return int(marked and bool(_ANONYMOUS_ATTRIBUTION.match(first) or _ATTRIBUTION_END.search(first)))


def _next_filled(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
