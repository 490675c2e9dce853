"""Failure: the words in which mail servers say that, and why, a delivery failed.

The reasons bear the names that the field's reference collection (sisimai, BSD licence) gave them.
"""

import re

SUBJECT = re.compile(
    r"\W{0,4}(?:undeliver(?:ed|able)|(?:mail |message )?delivery (?:status|fail|problem|error|report|has"
    r"|delayed|notification|warning|issue)"
    r"|mail (?:delivery|system error|could not)|message (?:delivery|undeliverable|could not|you sent)"
    r"|failure notice|returned mail|returned to sender"
    r"|delivery (?:unsuccessful|incomplete)|undelivered mail|warning: (?:message|could not send)"
    r"|failed mail|mail failure"
    r"|unable to deliver|could not (?:deliver|send)|delayed mail|non[- ]?deliver|nondeliverable"
    r"|unzustellbar|rejected mail"
    r"|email (?:delivery|cannot)|(?:mail|message) status|mensagem não|não entregue|no se puede entregar"
    r"|impossible d|non remis"
    r"|mancata consegna|onbestelbaar|permanent delivery failure|recipient (?:unknown|not found)"
    r"|user unknown|mail error"
    r"|dsn:|ndn:|ndr:|(?:returning|returned) (?:message|mail|email)|\[?bounce|error sending"
    r"|error delivering|(?:delivery )?failure\b)",
    re.IGNORECASE,
)
STRONG = re.compile(
    r"this is the (?:mail system at|qmail-send program|postfix)|this message was created automatically by"
    r"|delivery to the following recipients? (?:has been|was|failed)|your message did(?: not|n't) reach"
    r"|could not be delivered to|unable to deliver (?:your|the|this) message|reporting-mta:|final-recipient:",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"\bdelay(?:ed)?\b|will (?:continue|keep|be) (?:to )?(?:try|retri|attempt)|still (?:trying|being)"
    r"|this is a warning message only"
    r"|you do not need to resend|delivery attempts will continue|warning: could not send"
    r"|not yet been delivered",
    re.IGNORECASE,
)
_TOLD = re.compile(
    r"(?:could|can|did|was|were|has|is|have)(?: ?not|n't) (?:be |been |reach|able to )?(?:deliver|reach"
    r"|sent|accept|send|complete)"
    r"|undeliver|delivery (?:has )?(?:fail|error|status)|failed (?:permanently|to deliver|recipient"
    r"|delivery|addresse)|unable to (?:deliver|relay|send|route)"
    r"|permanent (?:fatal )?(?:error|failure)|returned to sender|user (?:unknown|not found)|unknown (?:user"
    r"|recipient|address)"
    r"|no such (?:user|recipient|address|mailbox|person)|mailbox (?:is )?(?:full|unavailable|not found"
    r"|unknown|disabled)"
    r"|(?:over|exceeded?|out of) (?:disk |the )?(?:quota|storage)|recipient (?:address )?(?:rejected"
    r"|unknown|not)|did not reach"
    r"|will (?:continue|keep) to? ?(?:try|attempt)|does(?: not|n't) exist|error(?:s)? (?:occurred|while"
    r"|when|from)|bounce"
    r"|said: ?\W{0,3}[45]\d\d|rejected|refused|nicht zugestellt|unzustellbar|n'a pu être|non recapitabile"
    r"|entregar",
    re.IGNORECASE,
)
# reason -> what says so -> the RFC 3463 detail that stands for it where the report gives no status
_REASONS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE), detail)
    for name, pattern, detail in (
        (
            "mailboxfull",
            r"mailbox (?:is )?(?:full|exceed)|quota|insufficient (?:disk|system) (?:space|storage)|disk full"
            r"|storage (?:limit|allocation)|user has (?:too many messages|exhausted)|inbox.{0,20}full",
            "2.2",
        ),
        (
            "mesgtoobig",
            r"message (?:size |is )?(?:too (?:big|large)|exceeds)|size exceed|exceeds? (?:the )?(?:maximum"
            r"|fixed).{0,20}size"
            r"|message file too big",
            "3.4",
        ),
        (
            "hostunknown",
            r"(?:host|domain)(?: name)? (?:unknown|not found|does not exist|is not (?:found|valid))"
            r"|unknown (?:host|domain)"
            r"|name or service not known|unrouteable (?:mail )?(?:address|domain)|no such (?:host|domain)"
            r"|nxdomain|bad destination",
            "1.2",
        ),
        (
            "hasmoved",
            r"(?:user|address|mailbox) (?:has )?moved|address (?:has )?changed|no longer (?:valid|in use)",
            "1.6",
        ),
        (
            "suspend",
            r"(?:account|mailbox|user)(?: is| has been)? (?:disabled|suspended|inactive|deactivated|locked"
            r"|frozen)",
            "2.1",
        ),
        (
            "userunknown",
            r"(?:user|recipient|mailbox|account|address|addressee)(?: name| address"
            r"|\(s\))?(?: is)?[ :]{0,3}(?:unknown|not (?:found|known|exist|listed|valid)|does(?: not"
            r"|n't) exist|invalid)"
            r"|unknown (?:user|recipient|address|local|account|mailbox)|no such (?:user|recipient|address"
            r"|mailbox|person|account)|invalid (?:recipient|mailbox|user|address)"
            r"|not a (?:valid|known) (?:user|recipient|mailbox|address)|no mailbox here|mailbox unavailable"
            r"|does(?: not|n't) (?:exist|have an? account)"
            r"|not listed in|recipient (?:address )?rejected: user|not our customer|isn't a valid"
            r"|couldn't be found",
            "1.1",
        ),
        ("spamdetected", r"\bspam\b|unsolicited|junk mail|bulk mail", "7.1"),
        ("virusdetected", r"virus|malware|infected", "7.1"),
        ("authfailure", r"\b(?:spf|dkim|dmarc)\b", "7.1"),
        (
            "norelaying",
            r"relay(?:ing)? (?:access )?(?:denied|not permitted|not allowed|prohibited)|unable to relay"
            r"|not permitted to relay",
            "7.1",
        ),
        (
            "blocked",
            r"block(?:ed)?(?:list| list)?\b|blacklist|\brbl\b|dnsbl|reputation|banned|reverse dns"
            r"|client host",
            "7.1",
        ),
        (
            "expired",
            r"(?:delivery|retry) (?:time|timeout).{0,20}(?:expired|exceeded)|timed? ?out|too long"
            r"|queue lifetime|retry time",
            "4.7",
        ),
        (
            "networkerror",
            r"connection (?:refused|reset|timed)|network (?:error|unreachable)|no route to host"
            r"|lost connection|loop",
            "4.1",
        ),
        (
            "rejected",
            r"sender (?:address )?(?:rejected|denied)|access denied|not authori[sz]ed|refused|rejected"
            r"|denied",
            "7.1",
        ),
    )
)
_BY_STATUS = {
    "1.1": "userunknown",
    "1.2": "hostunknown",
    "1.3": "userunknown",
    "1.6": "hasmoved",
    "1.10": "userunknown",
    "2.1": "suspend",
    "2.2": "mailboxfull",
    "2.3": "mesgtoobig",
    "3.4": "mesgtoobig",
    "4.1": "networkerror",
    "4.4": "hostunknown",
    "4.6": "networkerror",
    "4.7": "expired",
    "7.1": "rejected",
    "7.26": "authfailure",
}


def told(text: str) -> bool:
    """The text says that a mail was not delivered."""
    return _TOLD.search(text) is not None


def reason(status: str, text: str) -> str:
    """One word for why: by the words of the server, else by the status; "" if neither says."""
    for name, pattern, _ in _REASONS:
        if pattern.search(text[:4000]):
            return name
    return _BY_STATUS.get(status[2:], "")


def status(why: str, kind: str) -> str:
    """The RFC 3463 status that stands for a reason, in class `kind` ("4" or "5")."""
    detail = next((detail for name, _, detail in _REASONS if name == why), "0.0")
    return f"{kind}.{detail}"
