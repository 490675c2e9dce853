"""Failure: the words in which mail servers say that, and why, a delivery failed.

The reasons bear the names that the field's reference collection (sisimai, BSD licence) gave them.
"""

import re

from maildesk.core import report

SUBJECT = re.compile(
    r"\W{0,4}(?:(?:notice|notify|postmaster|warning|error|smtp error|e-?mail|automatic\w{0,2})\W{1,3}){0,2}"
    r"(?:undeliver(?:ed|able)|(?:mail |message )?delivery (?:status|fail|problem|error|report|has"
    r"|delayed|notification|warning|issue)"
    r"|mail (?:delivery|system error|could not)|message (?:delivery|undeliverable|could not|you sent)"
    r"|failure notice|returned mail|returned to sender"
    r"|delivery (?:unsuccessful|incomplete)|undelivered mail|warning: (?:message|could not send)"
    r"|failed mail|mail failure|there was an error sending your mail|considered unsolicited bulk"
    r"|unable to deliver|could not (?:deliver|send)|delayed mail|non[- ]?deliver|nondeliverable|non remis"
    r"|rejected mail|mail rejected|email (?:delivery|cannot|bounce)|(?:mail|message) status|permanent delivery failure"
    r"|recipient (?:unknown|not found)|user unknown|mail error|dsn:|ndn:|ndr:"
    r"|(?:returning|returned) (?:message|mail|email)|\[?bounce|error sending"
    r"|error delivering|loop (?:alert|back warning)|(?:delivery )?failure\b"
    r"|unzustellbar|nicht zustellbar|zustell(?:fehler|ung fehlgeschlagen)|(?:fehler bei der"
    r"|ihre) (?:e-?mail-?)?zustellung"
    r"|(?:échec|echec) de (?:la )?(?:remise|distribution)|impossible d|message non (?:remis|distribué)"
    r"|no se (?:puede|ha podido|pudo) entregar|(?:correo|mensaje) (?:devuelto|no entregado)|no se puede entregar"
    r"|mensagem não|não entregue|falha na entrega|mancata consegna|messaggio non (?:recapita|consegna)|recapito non"
    r"|onbestelbaar|niet bezorgd|kan inte leverera|kunne ikke leveres|toimitus epäonnistui|ej levererat"
    r"|niedostarcz|nie (?:można )?dostarcz|nedoručit|nelze doručit|kézbesíthetetlen|teslim edilemedi|nedoručen"
    r"|недоставлен|не (?:удалось )?доставл|сообщение не доставлено|ошибка доставки"
    r"|配信(?:不能|できません|エラー|失敗)|メール(?:配信に失敗|が配信)|メッセージを配信|未配信|不達|送信(?:できません|エラー)"
    r"|无法(?:投递|送达|传递)|未能(?:送达|投递)|系统退信|退信|無法(?:傳遞|投遞)"
    r"|배달(?:할 수 없음|되지 않음| 실패)|전송 ?실패|반송)",
    re.IGNORECASE,
)
# These are searched in lower case: a third of the time that IGNORECASE takes.
_STRONG = re.compile(
    r"this is the (?:mail (?:system|delivery) |qmail-send program|postfix|dragonfly mail agent|e-?mail system)"
    r"|this message was created automatically by (?:the )?mail|mail transfer agent|automatically generated delivery"
    r"|delivery to the following recipients? (?:has been|was|failed)|your message did(?: not|n't) reach"
    r"|did not reach the following|error message below:|you are not (?:a )?member of this|duplicated message-id in"
    r"|not allowed to post to this mailing list|transcript of session follows|had permanent fatal errors"
    r"|could not be delivered to|unable to deliver (?:your|the|this|message)|reporting-mta:|final-recipient:"
    r"|(?:failed|undeliverable) addresses follow|message could not be delivered|the following recipients were affected"
    r"|(?:sent <<<|received >>>) |----- ?failure reasons|was(?: not|n't) delivered to|rejected your message to the"
    r"|konnte (?:an .{0,60})?nicht zugestellt werden|n'a pas pu être (?:remis|distribué)"
    r"|no se (?:pudo|ha podido) entregar|não pôde ser entregue|non è stato possibile (?:recapitare|consegnare)"
    r"|kon niet worden (?:bezorgd|afgeleverd)|не (?:было|может быть|могло быть|удалось) доставл|配信できませんでした"
    r"|無法傳遞|无法(?:投递|送达)"
)
_LATE = re.compile(
    r"\bdelay(?:ed)?\b|will (?:continue|keep|be) (?:to )?(?:try|retri|attempt)|still (?:trying|being)"
    r"|this is a warning message only|you do not need to resend|delivery attempts will continue"
    r"|warning: could not send|not yet been delivered"
    r"|verzögert|retardée?|en retard|retrasad[oa]|atrasad[oa]|ritardo|vertraagd"
    r"|försenad|forsinket|opóźnion|задерж|отложен|遅延|延迟|延遲|지연"
)
_FOR_GOOD = re.compile(
    r"permanent(?:ly)?\b|(?:given|giving) up|no (?:further|more) (?:delivery )?(?:attempts|retries)"
    r"|could not be delivered for"
    r"|endgültig|définitive|definitiv[oa]|окончательн"
)
_TOLD = re.compile(
    r"(?:could|can|did|was|were|has|is|have)(?: ?not|n't) (?:be |been |reach|able to )?(?:deliver|reach"
    r"|sent|accept|send|complete)"
    r"|undeliver|delivery (?:has )?(?:fail|error|status)|failed (?:permanently|to deliver|recipient"
    r"|delivery|addresse)|unable to (?:deliver|relay|send|route)"
    r"|permanent (?:fatal )?(?:error|failure)|returned to sender|user (?:unknown|not found)|unknown (?:user"
    r"|recipient|address)|invalid (?:recipient|user|mailbox|address)"
    r"|no such (?:user|recipient|address|mailbox|person)|mailbox (?:is )?(?:full|unavailable|not found"
    r"|unknown|disabled)"
    r"|(?:over|exceeded?|out of) (?:disk |the )?(?:quota|storage)|recipient (?:address )?(?:rejected"
    r"|unknown|not)|did not reach|trouble delivering|not listed in|host not found"
    r"|will (?:continue|keep) to? ?(?:try|attempt)|does(?: not|n't) exist|error(?:s)? (?:occurred|while"
    r"|when|from)|bounce|not (?:a )?member|not allowed to post|loop (?:alert|condition)|duplicated message-id"
    r"|said: ?\W{0,3}[45]\d\d|rejected|refused"
    r"|nicht (?:zugestellt|zustellbar)|unzustellbar|n'a (?:pas )?pu être|non recapit|entregar|entregue|consegnare"
    r"|niet (?:worden )?(?:bezorgd|afgeleverd)|не (?:было|может быть|могло быть|удалось)? ?доставл|недостав"
    r"|配信(?:できません|に失敗|不能)|届け(?:る|でき)|无法(?:投递|送达)|退信|無法傳遞|배달(?:하지|되지|할 수)"
)
# reason -> what says so -> the RFC 3463 detail that stands for it where the report gives no status. The first that fits
# decides, so the narrower stand before the wider: "550 user unknown, message rejected" is about the user.
_REASONS: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (name, re.compile(pattern), detail)
    for name, pattern, detail in (
        (
            "systemfull",
            r"insufficient system (?:space|storage)|no space left|(?:mail system|disk|spool|partition) (?:is )?full"
            r"|out of disk space",
            "3.1",
        ),
        (
            "mailboxfull",
            r"(?:mailbox|mail ?folder|mail ?drop|account|inbox)(?: is|'s| of .{0,40})?(?: already| currently)?"
            r" (?:full|exceed|over)|quota|insufficient (?:disk|user) (?:space|storage)"
            r"|storage (?:limit|allocation)|user has (?:too many messages|exhausted)|inbox.{0,20}full"
            r"|number of messages .{0,40}exceed|mailbox .{0,40}exceeds? (?:allowed|the)|too much mail data"
            r"|postfach (?:ist )?voll"
            r"|exceeded (?:its |the )?(?:storage|max(?:imum)? (?:size|message))",
            "2.2",
        ),
        (
            "mesgtoobig",
            r"message (?:size |is |was )?(?:too (?:big|large)|exceeds)|size exceed|exceeds? (?:the )?(?:maximum"
            r"|fixed|size).{0,30}(?:size|limit)|message file too big|larger than the (?:maximum|current)"
            r"|max message size|size limit exceeded",
            "3.4",
        ),
        (
            "hasmoved",
            r"(?:user|address|mailbox|recipient)(?: has)? moved|address (?:has )?changed|no longer (?:valid"
            r"|in use|on server)"
            r"|has been replaced by",
            "1.6",
        ),
        ("virusdetected", r"virus|malware|infected|dangerous (?:attachment|content)", "7.1"),
        (
            "authfailure",
            r"\b(?:spf|dkim|dmarc)\b|sender policy framework|purported responsible address",
            "7.1",
        ),
        (
            "requireptr",
            r"reverse (?:dns|lookup|hostname)|\bptr\b|cannot find your (?:reverse )?hostname|fcrdns|rdns",
            "7.25",
        ),
        (
            "norelaying",
            r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited)|unable to relay"
            r"|not permitted to relay|relay not|must authenticate|isn't allowed to be relayed",
            "7.1",
        ),
        (
            "badreputation",
            r"reputation|senderscore|unusual rate of unsolicited",
            "7.1",
        ),
        (
            "blocked",
            r"(?:block|black|deny|ban)[- ]?list|blocked (?:using|by|for|see|at|due)|\brbl\b|dnsbl|spamhaus|spamcop"
            r"|banned|(?:client|connecting) host|(?:your|source|sending|client)(?: ip)?(?: address)?(?: is| was"
            r"| has been)? block"
            r"|(?:ip|host|connection|network)(?: address)?(?: .{0,40})? (?:is |was |has been )?(?:blocked"
            r"|refused by|not allowed)"
            r"|service (?:not available|unavailable); client",
            "7.1",
        ),
        (
            "spamdetected",
            r"\bspam\b|unsolicited|junk (?:e-?)?mail|bulk (?:e-?)?mail|\bube\b|\buce\b|spamassassin",
            "7.1",
        ),
        (
            "suspend",
            r"(?:account|mailbox|user|recipient)(?: address)?(?: is| has been| was)?(?: \w{1,20}){0,2}"
            r" (?:disabled|suspended|inactive|deactivated|locked|frozen|discontinued|closed|blocked|expired)"
            r"|inactive (?:user|account|mailbox)|(?:disabled|suspended) (?:account|mailbox|user)",
            "2.1",
        ),
        (
            "userunknown",
            r"(?:user|recipient|mailbox|account|address|addressee)(?: name| address"
            r"|\(s\))?(?: is)?[ :]{0,3}(?:unknown|not (?:found|known|exist|listed|valid|recogni[sz]ed)|does(?: not"
            r"|n't) exist|invalid)"
            r"|unknown (?:e-?mail )?(?:user|recipient|address|local|account|mailbox)|no such (?:user|recipient|address"
            r"|mailbox|person|account)|invalid (?:final delivery )?(?:recipient|mailbox|user|address)"
            r"|not a (?:valid|known) (?:user|recipient|mailbox|address)|no mailbox|mailbox (?:unavailable"
            r"|not available)"
            r"|does(?: not|n't) (?:exist|have an? .{0,60}account)|destinataire invalide"
            r"|unbekannter? (?:empfänger|benutzer)"
            r"|not listed in|recipient (?:address )?rejected: user|not our customer|isn't a valid"
            r"|couldn't be found|wasn.t found|no valid recipients|account.{0,20}does not exist"
            r"|宛先不明|存在しません|見つかりません|リストにありません|不存在|recipient name is not",
            "1.1",
        ),
        (
            "hostunknown",
            r"(?:host|domain)(?: name)?(?: \S{1,80})? (?:unknown|not found|does not exist|is not (?:found|valid))"
            r"|unknown (?:host|domain)|name service error|dns (?:lookup )?(?:failure|error)|domain lookup"
            r"|name or service not known|unrouteable (?:mail )?(?:address|domain)|no such (?:host|domain)"
            r"|nxdomain|bad destination",
            "1.2",
        ),
        (
            "notaccept",
            r"nullmx|null mx|does not accept (?:mail|e-?mail|messages)|smtp protocol returned a permanent error"
            r"|no (?:mail|smtp) service|not accept mail|no mx record",
            "1.10",
        ),
        (
            "exceedlimit",
            r"(?:exceed|over|too many)\w{0,3} .{0,30}(?:line|header|length|attachments) ?(?:limit|length)?",
            "3.4",
        ),
        (
            "toomanyconn",
            r"too many (?:concurrent |simultaneous )?(?:connections|sessions)|connection (?:rate|limit)|throttl",
            "4.5",
        ),
        (
            "speeding",
            r"too (?:fast|many (?:messages|mails|emails|recipients))|rate[- ]?limit|frequency limited|try again later",
            "4.5",
        ),
        (
            "failedstarttls",
            r"starttls|tls (?:is )?(?:required|not available|handshake)|\bcertificate\b",
            "7.10",
        ),
        (
            "networkerror",
            r"connection (?:refused|reset|dropped)|network (?:error|unreachable|is unreachable)|no route to host"
            r"|lost connection|(?:mail|routing|message) loop|hop count|too many hops|loops? back to|host (?:is )?down",
            "4.1",
        ),
        (
            "expired",
            r"(?:delivery|retry|retries) (?:time|timeout).{0,20}(?:expired|exceeded)|timed? ?out|too long"
            r"|queue (?:lifetime|too long|expired)|retry time|message expired|(?:has )?expired"
            r"|for \d{1,3} (?:days?|hours?)"
            r"|not reachable|unreachable|delivery time expired|could not (?:be )?connect|failed to connect"
            r"|unable to connect|requests to connect|giving up|will be retried",
            "4.7",
        ),
        (
            "notcompliantrfc",
            r"rfc ?-?\d{3,4}|not (?:rfc|compliant)|message-id header|multiple (?:from|subject) header"
            r"|missing (?:from|date)"
            r"|invalid (?:from|header)",
            "6.0",
        ),
        (
            "policyviolation",
            r"polic(?:y|ies)|potential|prohibited|disallowed|not permitted|restrict",
            "7.0",
        ),
        (
            "contenterror",
            r"(?:message|mail) content|attachment|bare (?:lf|cr)|(?:bad|improper|invalid) (?:mime|content|charset)"
            r"|8-?bit|conversion|headers too large",
            "6.0",
        ),
        (
            "syntaxerror",
            r"syntax|malformed address|command not (?:recogni[sz]ed|implemented)|unrecogni[sz]ed command|bad sequence",
            "5.2",
        ),
        (
            "mailererror",
            r"mailer (?:error|returned)|procmail|exit(?:ed)? (?:with|status)|child status|command (?:failed"
            r"|died|output)"
            r"|local delivery failed|pipe (?:to|transport)",
            "3.0",
        ),
        (
            "systemerror",
            r"(?:local|internal|system|server|temporary|configuration) (?:error|failure|problem)"
            r"|cannot (?:write|open|create|lock)"
            r"|(?:database|file) error|can't create|service (?:temporarily )?(?:unavailable|not available)",
            "3.0",
        ),
        (
            "rejected",
            r"sender (?:address )?(?:rejected|denied|verify)|access denied|not authori[sz]ed|refused|rejected"
            r"|denied|not (?:a )?member|not allowed to post|domain of sender|invalid sender",
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
    return _TOLD.search(text.lower()) is not None


def late(subject: str, text: str) -> bool:
    """The delivery goes on: the report only warns of a delay, and does not say that somebody gave up."""
    subject, text = subject[:300].lower(), text[:4000].lower()
    return _LATE.search(subject) is not None or (
        _LATE.search(text) is not None and _FOR_GOOD.search(text) is None
    )


def strong(text: str) -> bool:
    """The text has words that nothing but a report of a mail server has."""
    return _STRONG.search(text.lower()) is not None


def reason(status: str, text: str) -> str:
    """One word for why: by the words of the server, else by the status; "" if neither says."""
    text = text[:4000].lower()
    for name, pattern, _ in _REASONS:
        if pattern.search(text):
            return name
    return _BY_STATUS.get(status[2:], "")


def status(why: str, kind: str) -> str:
    """The RFC 3463 status that stands for a reason, in class `kind` ("4" or "5")."""
    detail = next((detail for name, _, detail in _REASONS if name == why), "0.0")
    return f"{kind}.{detail}"


def kind(text: str, delayed: bool) -> str:
    """The class of an RFC 3463 status by the reply code (RFC 5321 4.2) in a text, "4" for what is late, else ""."""
    code = report.REPLY.search(text)
    return "4" if delayed else (code[1][0] if code else "")
