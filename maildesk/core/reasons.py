"""Reasons: the words in which mail servers say why a delivery failed, and the status that stands for each.

The reasons bear the names that the field's reference collection (sisimai, BSD licence) gave them.
"""

import re

from maildesk.core import report

_FOLD = re.compile(r"\n[ \t]+(?=\S)")

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
            r"|storage (?:limit|allocation|full)|mailbox size limit"
            r"|user has (?:too many messages|exhausted)|inbox.{0,20}full"
            r"|number of messages .{0,40}exceed|mailbox .{0,40}exceeds? (?:allowed|the)|too much mail data"
            r"|mailbox \S{1,100} is full"
            r"|postfach .{0,30}voll|boîte .{0,40}pleine|buzón .{0,40}llen[oa]|casella .{0,40}piena|caixa .{0,40}cheia"
            r"|postvak .{0,30}vol\b|ящик .{0,30}(?:переполнен|полон)"
            r"|容量を?超|メールボックスが(?:いっぱい|一杯)|已满|已滿"
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
            r"|has been replaced by|user not local",
            "1.6",
        ),
        ("suspend", r"(?:due to|for|extended) inactivity", "2.1"),
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
            r"|not permitted to relay|relay not|must authenticate|isn't allowed to be relayed"
            r"|do(?:es)? not relay|allowed rcpthosts",
            "7.1",
        ),
        ("networkerror", r"deferred: connection (?:refused|reset)", "4.1"),
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
            r"(?:account|mailbox|user|recipient)(?: address)?(?: \S{1,100}@\S{1,100})?(?: is"
            r"| has been| was)?(?: \w{1,20}){0,2}"
            r" (?:disabled|suspended|inactive|deactivated|locked|frozen|discontinued|closed|blocked|expired)"
            r"|inactive (?:user|account|mailbox)|(?:disabled|suspended) (?:account|mailbox|user)"
            r"|administrat\w{2,6} disabled|temporarily (?:limited|restricted)|no longer (?:active|accept)"
            r"|unable to accept messages",
            "2.1",
        ),
        # What is wrong with the sender says nothing of the recipient, whatever it is that does not exist.
        (
            "rejected",
            r"(?:domain of|sender|envelope).{0,60}domain.{0,60}(?:must exist|not (?:found|exist|resolve)|invalid|n't)"
            r"|domain of sender.{0,160}(?:not|n't)|(?:cannot|can't|could not|unable to) resolve (?:your|the sender)",
            "1.8",
        ),
        ("rejected", r"sender (?:address )?(?:rejected|refused|denied|verif)|invalid sender", "7.1"),
        (
            "hostunknown",
            r"(?:host|domain)(?: name)?(?: [^\s:]{1,80}\.[^\s:]{1,80})? (?:does(?: not|n't) exist"
            r"|not found|unknown|could(?: not|n't) be found)",
            "1.2",
        ),
        (
            "filtered",
            r"ambiguous (?:recipient|address|user|name)"
            r"|(?:user|recipient|name) .{0,80}not unique|several matches found",
            "1.4",
        ),
        (
            "syntaxerror",
            r"malformed (?:address|local part)|domain missing in|(?:bad|invalid) address syntax",
            "1.3",
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
            r"|(?:user|recipient|mailbox|account) \S{1,100} (?:is )?(?:unknown|not (?:found|known)"
            r"|could(?: not|n't) be found)|subscriber unknown|unknown subscriber"
            r"|(?:illegal|bad|unknown) (?:alias|address)|@\S{1,100} not found"
            r"|no (?:user|person|one) by that name|recipient name is not"
            r"|(?:benutzer|empfänger|adresse|postfach).{0,60}(?:unbekannt"
            r"|existiert nicht|nicht (?:gefunden|bekannt|im ))"
            r"|(?:utilisateur|destinataire|adresse|boîte).{0,60}(?:inconnu"
            r"|introuvable|inexistant|non répertorié|n'existe)"
            r"|(?:usuari[oa]|destinatari[oa]|buzón|cuenta"
            r"|dirección).{0,60}(?:desconocid|inexistente|no (?:encontrad|exist))"
            r"|(?:utente|destinatario|casella|indirizzo).{0,60}(?:sconosciut"
            r"|inesistente|non (?:trovat|esiste|è elencat))"
            r"|(?:usuário|utilizador|destinatário|caixa"
            r"|endereço).{0,60}(?:desconhecid|inexistente|não (?:encontrad|exist))"
            r"|(?:gebruiker|geadresseerde|ontvanger|adres).{0,60}(?:onbekend|niet gevonden|bestaat niet)"
            r"|(?:пользовател|получател|адрес|ящик).{0,60}(?:не (?:найден|существу)|неизвест)|user.{0,80}non-?existent"
            r"|(?:użytkownik|adresat|odbiorca|skrzynka|konto).{0,60}(?:nie istnieje|nieznan|nie znaleziono)"
            r"|(?:uživatel|adresa|schránka|příjemce).{0,60}(?:neexistuje|neznám)"
            r"|(?:mottagar|modtager|mottaker|adress|bruger|användar).{0,60}(?:finns inte|hitta[dt]"
            r"|findes ikke|ikke funnet)"
            r"|宛先不明|存在しません|見つかりません|リストにありません|不存在|존재하지 않|찾을 수 없",
            "1.1",
        ),
        (
            "hostunknown",
            r"(?:host|domain)(?: name)?(?: \S{1,80})? (?:unknown|not found|does not exist|is not (?:found|valid))"
            r"|unknown (?:host|domain)|name service error|dns (?:lookup )?(?:failure|error)|domain lookup"
            r"|name or service not known|unrouteable (?:mail )?(?:address|domain)|no such (?:host|domain)"
            r"|nxdomain|bad destination|all host address lookups failed|non-?existent (?:host|domain)|illegal host"
            r"|(?:host|domain)(?: name)? does ?n.?t exist|could(?: not|n't) find any host",
            "1.2",
        ),
        (
            "networkerror",
            r"could not find a (?:gateway|route)"
            r"|(?:cannot|can't|unable to|don't know how to) route\b|no route to (?!host)",
            "4.4",
        ),
        ("networkerror", r"lost connection|connection (?:reset|dropped|closed)|timed out while", "4.2"),
        ("networkerror", r"(?:accept our requests to connect|no answer from) ?", "4.1"),
        (
            "networkerror",
            r"(?:mail|routing|message|mailing|forwarding) loop|\bloop (?:detected|condition|alert|back)|loops? back to"
            r"|is looping|hop count|too many hops|too many .?received.? headers|duplicated message-id",
            "4.6",
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
        ("toomanyconn", r"too many recipients", "5.3"),
        ("speeding", r"gr[ea]y-?list", "7.1"),
        (
            "speeding",
            r"too (?:fast|quickly|many (?:messages|mails|emails))|rate[- ]?limit|frequency limited|try again later",
            "4.5",
        ),
        (
            "failedstarttls",
            r"starttls|tls (?:is )?(?:required|not available|handshake)|\bcertificate\b",
            "7.10",
        ),
        (
            "networkerror",
            r"connection refused|network (?:error|unreachable|is unreachable)|no route to host"
            r"|host (?:is )?down",
            "4.1",
        ),
        (
            "expired",
            r"(?:delivery|retry|retries) (?:time|timeout).{0,20}(?:expired|exceeded)|timed? ?out|too long"
            r"|queue (?:lifetime|too long|expired)|retry time|message expired|(?:has )?expired"
            r"|for \d{1,3} (?:days?|hours?)"
            r"|not reachable|unreachable|delivery time expired|could not (?:be )?connect|failed to connect"
            r"|unable to connect|giving up(?! on )|will be retried|not responding|not delivered within|\d attempts\b",
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
            r"polic(?:y|ies)|potential|prohibit|disallowed|not permitted|restrict",
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
            r"syntax|command not (?:recogni[sz]ed|implemented)|unrecogni[sz]ed command|bad sequence",
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
            r"access denied|not authori[sz]ed|refused|rejected"
            r"|denied|not (?:a )?member|not allowed to post|permission to post"
            # What the other side refused before it had heard of any recipient.
            r"|\bafter (?:mail from|ehlo|helo)\b|but (?:sender|my name) was rejected",
            "7.1",
        ),
    )
)
_BY_STATUS = {
    "1.1": "userunknown",
    "1.2": "hostunknown",
    "1.3": "userunknown",
    "1.4": "filtered",
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


def _said(text: str) -> str:
    """The words to search: on one line what is one, as reports break theirs and indent what follows."""
    return _FOLD.sub(" ", text[:4000]).lower()


def reason(status: str, text: str) -> str:
    """One word for why: by the words of the server, else by the status; "" if neither says."""
    text = _said(text)
    for name, pattern, _ in _REASONS:
        if pattern.search(text):
            return name
    return _BY_STATUS.get(status[2:], "")


def status(text: str, kind: str) -> str:
    """The RFC 3463 status that the words of the server stand for, in class `kind` ("4" or "5")."""
    text = _said(text)
    detail = next((detail for _, pattern, detail in _REASONS if pattern.search(text)), "0.0")
    return f"{kind}.{detail}"


def kind(text: str, delayed: bool) -> str:
    """The class of an RFC 3463 status by the reply code (RFC 5321 4.2) in a text, "4" for what is late, else ""."""
    code = report.REPLY.search(text)
    return "4" if delayed else (code[1][0] if code else "")
