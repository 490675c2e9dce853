"""Prose: what a report in words says itself, whom it names, and where the mail begins that it returns."""

import re

from maildesk.core import address, encapsulated, mime

TEXT = 64 * 1024
# Chinese, Japanese and Korean letters and signs stand beside an address without a space, and are none of it.
_GLUED = "\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uff65"
_LOCAL = (
    r"(?:\"[^\"@\n]{1,64}\"|(?i:imcea)[^\s<>()\[\],;:\"'@-]{2,8}-[^\s<>()\[\],;:\"'@]{1,400}"
    rf"|[^\s<>()\[\],;:\"'`=/|{_GLUED}]{{1,64}})"
)
_ADDRESS = (
    rf"{_LOCAL}@(?:[^\s<>()\[\],;:\"'`=/|@.]{{1,63}}\.){{1,8}}"
    r"(?:[A-Za-z0-9][A-Za-z0-9-]{0,62}|[^\W_A-Za-z0-9][\w-]{0,62})"
)
_MARKER = re.compile(
    r"^[ \t>*|-]{0,10}(?!.{0,60}transcript)(?:.{0,60}?(?:copy of (?:the|your) (?:original )?(?:message|mail|email)"
    r"|original (?:message|mail) (?:follows|as follows|headers?|is below|text|below)"
    r"|returned message (?:follows|below|header)"
    r"|unsent message (?:follows|below)|undelivered (?:message|mail) (?:follows|below)"
    r"|no message was collected|bounced (?:e-?mail|message):"
    r"|message (?:headers?|text) follows?|first \d+ (?:lines|bytes|characters) of .{0,30}message"
    r"|(?:full|undelivered|your|the) message (?:follows|header)|header of the (?:message|mail)"
    r"|kopie (?:ihrer|der) (?:original-?)?nachricht|copie (?:du|de votre) message)"
    r"|[ \t]*-{3,} ?(?:original[- ]?(?:message|nachricht)|returned (?:message|mail)|message header"
    r"|forwarded message|ursprüngliche nachricht|元のメール|原始邮件).{0,30})",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_HEADER = re.compile(
    r"^([ \t>|]{0,6})(?:received|return-path|message-id|from|date|to|subject|mime-version):[ \t]?",
    re.IGNORECASE | re.MULTILINE,
)
_HEADED = re.compile(
    rf"^[ \t]{{0,4}}<({_ADDRESS})>(?:\s{{1,8}}\((?:expanded|generated)[^()]{{0,400}}\))?:(?=\s)", re.MULTILINE
)
# What comes before the list of those who did not get the mail, on lines of their own.
_ANNOUNCED = re.compile(
    r"(?:following|these|one or more) (?:e-?mail )?(?:recipient|address|destination|user)[^\n:@.]{0,60}"
    r"(?:\n[^\n:@]{0,80}){0,2}[:.]"
    r"|(?:did not reach|not (?:be )?delivered to|failed to deliver to|undeliverable to|delivered to the following)"
    r"[^\n:@]{0,60}:"
    r"|had permanent (?:fatal|delivery) errors|had (?:transient non-fatal errors|delivery problems)"
    r"|failed addresses follow|failed recipients?:|failure reasons"
    r"|(?:rejected|blocked) your message to the following"
    r"|folgende[nrs]? (?:empfänger|adresse)[^\n:]{0,80}:|(?:destinataires?|adresses?) suivante?s?[^\n:]{0,60}:"
    r"|siguientes? (?:destinatario|direcci)[^\n:]{0,80}:|seguent[ei] (?:destinatar|indirizz)[^\n:]{0,80}:"
    r"|seguintes? (?:destinat|endereç)[^\n:]{0,80}:|volgende (?:geadresseerde|ontvanger|adres)[^\n:]{0,80}:"
    r"|следующ\w{1,5} (?:адрес|получател)[^\n:]{0,80}:"
    r"|(?:宛先|受信者|アドレス)[^\n:：]{0,60}[:：]|收件人[^\n:：]{0,40}[:：]",
    re.IGNORECASE,
)
_UNTIL_FIRST = 400
# An address that leads its line, alone or with what is said of it; "Name <address>" and "a@b <a@b>" mean the latter.
_LED = re.compile(
    r"^[ \t*•>-]{0,9}(?:(?:recipient|to|user|address|mailbox|e-?mail|rcpt to|final-recipient"
    r"|original-recipient|failed recipient)[ \t]*(?:address)?"
    r"[ \t]*[:=](?:[^\n@]{0,60}[\s:;<\"'])?|[^\n@]{0,120}\bsmtp[=:])?[\"'<]{0,2}"
    rf"({_ADDRESS})(?:[ \t]{{1,3}}<({_ADDRESS})>)?",
    re.IGNORECASE | re.MULTILINE,
)
# Constructs in which software names whom the mail did not reach, inside a sentence or a dialogue.
_NAMED = re.compile(
    r"(?:(?:deliver(?:ing|ed)?|send(?:ing)?|sent|relay(?:ing)?|forward(?:ing)?)[^\n@<]{0,40}[ \t]to:? {0,3}"
    r"|(?:rcpt to|final-recipient: rfc822|failed recipient|target mail address)[:;][ \t]{0,3}"
    r"|(?:unknown (?:user|recipient)|invalid final delivery userid|user mailbox exceeds allowed size)[:;][ \t]{0,3}"
    r"|(?:recipient|user|mailbox|account|mailing list|addressee|message-id in)[ \t]{1,3}(?=<)"
    r"|^[ \t]{0,9}[45]\d\d[ -](?:[45]\.\d\.\d{1,3} )?(?=<[^<>\n]{1,320}>(?:\.\.\.|:))"
    rf")<?({_ADDRESS})",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_FAILED = re.compile(
    r"contact|assistance|questions|support team|wenden sie sich|contacter|message-?id:?[ \t]{0,4}<?$",
    re.IGNORECASE,
)
_LOOKS = re.compile(f"({_ADDRESS})")
_FIRST_LINES = 32 * 1024


def own_text(text: str) -> str:
    """What the report itself says, before the mail that it returns."""
    text = text[:TEXT]
    marker = _MARKER.search(text)
    end = marker.start() if marker and marker.start() > 20 else len(text)
    header = [match.start() for match in _RETURNED_HEADER.finditer(text[:end])]
    close = (
        here for here, later in zip(header, header[3:], strict=False) if later - here < 800 and here > 20
    )
    begin = next(close, end)
    # Four such lines close together are a mail's header, unannounced; or they are what the report is about, and whom
    # it concerns comes below.
    return text[:end] if announced(text[begin:end]) and not announced(text[:begin]) else text[:begin]


def returned(text: str, begin: int) -> mime.Entity | None:
    """The header of a mail that stands as text from `begin` on, quoted or indented; None if there is none."""
    text = text[begin : begin + _FIRST_LINES]
    first = _RETURNED_HEADER.search(text)
    if first is None:
        return None
    indent = first[1]
    lines = (line.removeprefix(indent) for line in text[first.start() :].split("\n"))
    return mime.split("\n".join(lines).encode("utf-8", "replace"))[0]


def headed(text: str) -> list[str]:
    """The addresses that head a paragraph of their own, "<address>: why", as qmail and Postfix write them."""
    return [one for match in _HEADED.finditer(text) if (one := _normal(match[1]))]


def announced(text: str) -> list[str]:
    """The addresses that lead lines below a sentence such as "the following recipients", in order."""
    for match in _ANNOUNCED.finditer(text):
        found = led(text[match.end() :], _UNTIL_FIRST)
        if found:
            return found
    return []


def named(text: str) -> list[str]:
    """The addresses that stand where software names whom a mail did not reach."""
    return _found(_NAMED, text)


def led(text: str, within: int = TEXT) -> list[str]:
    """The addresses that lead a line; none if the first one stands further than `within` characters."""
    found: list[str] = []
    for match in _LED.finditer(text):
        if not found and match.start() > within:
            break
        asked = _NOT_FAILED.search(text[max(0, match.start() - 60) : match.start()].rpartition("\n\n")[2])
        if not asked and (one := _normal(match[2] or match[1])):
            found.append(one)
    return found


def anywhere(text: str) -> list[str]:
    """All that looks like an address."""
    return _found(_LOOKS, text)


def near(text: str, recipient: str, others: tuple[str, ...] = ()) -> str:
    """The passage that speaks of the recipient, where codes and reasons stand, up to where that of another begins."""
    small = text.lower()
    at = small.find(recipient)
    if at < 0:
        return text
    after = at + len(recipient)
    at -= text[at - 1 : at] in ("<", '"')
    small = small[: at + 1500]
    ends = (small.rfind("\n", after, found) for one in others if (found := small.find(one, after)) > 0)
    # A bare list has its reason below.
    end = min(
        (one for one in ends if one > after and small[after:one].strip(" \t\n<>:,;\"'")), default=len(small)
    )
    return text[at:end]


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    """The addresses that a pattern finds, but for those of people whom one may ask, and Message-IDs."""
    return [
        one
        for match in pattern.finditer(text)
        if not _NOT_FAILED.search(text, max(0, match.start() - 60), match.start())
        and (one := _normal(match[1]))
    ]


def _normal(text: str) -> str:
    return encapsulated.plain(address.normal(text.rstrip(".")))
