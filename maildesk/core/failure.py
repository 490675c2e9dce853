"""Failure: the words in which mail servers say that a delivery failed, or goes on."""

import re

SUBJECT = re.compile(
    r"\W{0,4}(?:(?:notice|notify|postmaster|copy|warning|error|smtp error|e-?mail|automatic\w{0,2})\W{1,3}){0,2}"
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
    r"|error delivering|loop (?:alert|back warning)|(?:delivery )?failure\b|(?:message|mail) non-?deliver"
    r"|not member article|reject mail|spam mail from|\w{1,20} system error message|message (?:has been )?frozen"
    r"|(?:zustellung|recapito|bezorging|leveran[sz]en?|levering(?:en)?|dostarczanie)(?: är| er)?"
    r" (?:verzögert|ritardato|posticipato|vertraagd|försenad|forsinke[nt]|opóźnione)|remise (?:différée|retardée)"
    r"|entrega (?:retrasada|demorada|atrasada|adiada)|配信の?遅延|доставка (?:задерживается|отложена)"
    r"|non recapitabile|no entregado|niet-bezorgd"
    r"|notification d['’]état de remise|notificación (?:de|del) estado de|benachricht(?:ig)?ung zum \w{1,20}status"
    r"|notifica .{0,12}stato (?:del|di) (?:recapito|consegna)|notificação d[eo] (?:status|estado) d[ea] entrega"
    r"|(?:melding|bericht) .{0,12}bezorgingsstatus|уведомление о (?:состоянии|статусе) доставки|配信状(?:態|況)の?通知"
    r"|\S{1,80} - (?:user unknown|no such user)"
    r"|unzustellbar|nicht zustellbar|zustell(?:ungs?)?(?:fehler| fehlgeschlagen)|(?:fehler bei der"
    r"|ihre) (?:e-?mail-?)?zustellung"
    r"|(?:échec|echec) de (?:la )?(?:remise|distribution|livraison)|impossible d|message non (?:remis|distribué)"
    r"|no se (?:puede|ha podido|pudo) entregar|(?:correo|mensaje) (?:devuelto|no entregado)|no es pot lliurar"
    r"|(?:error|fallo|falla) (?:de|en la) entrega"
    r"|mensagem não|não (?:entregue|foi possível entregar|é possível entregar)|falha (?:na|de) entrega"
    r"|mancata consegna|consegna non riuscita|errore di consegna|messaggio non (?:recapita|consegna)|recapito non"
    r"|onbestelbaar|niet bezorgd|aflever(?:ings)?fout"
    r"|(?:kan|kunne|gick) (?:inte|ikke) (?:att )?lever"
    r"|det går inte att lever|ej lever|toimi(?:tus|ttaminen) ep|ei voi toimit"
    r"|niedostarcz|nie (?:można )?dostarcz|nedoruč|nelze doruč|doručení .{0,30}nezdařilo|kézbesíthetetlen"
    r"|teslim edilem|nelivrat|imposibil de livrat|nije moguće (?:isporu|dostavi)|ni mogoče dostaviti"
    r"|недоставлен|не (?:удалось |удается |удаётся )?достав[лк]|не (?:удается|удаётся|удалось) достав"
    r"|сообщение не доставлено|ошибка доставки|не вдалося достав|неможливо достав|не може да (?:се|бъде) достав"
    r"|δεν (?:ήταν|είναι) δυνατή η παράδοση|η παράδοση απέτυχε"
    r"|לא ניתן למסירה|تعذر التسليم|غير قابل للتسليم|لم يتم التسليم|không thể gửi|ไม่สามารถส่ง|tidak (?:dapat )?terkirim"
    r"|配信(?:不能|できません|エラー|失敗)|メール(?:配信に失敗|が配信)|メッセージを配信|未配信|不達|送信(?:できません|エラー)"
    r"|无法(?:投递|送达|传递)|未(?:能|)(?:送达|投递|传递)|系统退信|退信|無法(?:傳遞|投遞)"
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
    r"|transcript of the attempts to send|message non-deliverable|no user by that name"
    r"|detected a loop condition|loop back warning:|may cause (?:a )?mail loop|reject(?:s|ing)? (?:mail from|spammers:)"
    r"|konnte (?:an .{0,60})?nicht zugestellt werden|n'a pas pu être (?:remis|distribué)"
    r"|no se (?:pudo|ha podido) entregar|não pôde ser entregue|non è stato possibile (?:recapitare|consegnare)"
    r"|kon niet worden (?:bezorgd|afgeleverd)|не (?:было|может быть|могло быть|удалось) доставл|配信できませんでした"
    r"|無法傳遞|无法(?:投递|送达)"
)
# An answer of SMTP with its status (RFC 2034) at the beginning of a line: a report, in whatever tongue.
_CODED = re.compile(r"^[#'\"( \t]{0,4}[45]\d\d[- ]#?[45]\.\d\.\d{1,3}\s", re.MULTILINE)
_LATE = re.compile(
    r"\bdelay(?:ed)?\b|will (?:continue|keep|be) (?:to )?(?:try|retri|attempt)|still (?:trying|being)"
    r"|this is a warning message only|you do not need to resend|delivery attempts will continue"
    r"|warning: could not send|(?:not yet been|yet to be) delivered|message \S{1,60} (?:has been|was) frozen"
    r"|verzögert|retardée?|en retard|retrasad[oa]|atrasad[oa]|ritard[oa]|vertraagd"
    r"|différée|försena|forsinke|opóźnion|задерж|отложен|遅延|遅れ|延迟|延遲|지연"
)
_GOES_ON = re.compile(
    r"will be retried until|this is a warning (?:message )?only|no action is required on your part"
    r"|delivery attempts will continue"
)
_FOR_GOOD = re.compile(
    r"permanent(?:ly)?\b|(?:given|giving) up|no (?:further|more) (?:delivery )?(?:attempts|retries)"
    r"|could not be delivered for"
    r"|endgültig|définitive|definitiv[oa]|окончательн"
)
_DONE = re.compile(
    r"(?:was|been|were) successfully (?:delivered|relayed)|successfully (?:delivered|relayed) to"
    r"|was relayed to these recipients|(?:wurde|wurden) erfolgreich zugestellt|a été (?:remis|livré) à"
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


def told(text: str) -> bool:
    """The text says that a mail was not delivered."""
    return _TOLD.search(text.lower()) is not None or strong(text) or coded(text)


def done(text: str) -> bool:
    """The text says that a mail was delivered or passed on: a receipt in words."""
    return _DONE.search(text.lower()) is not None


def late(subject: str, text: str) -> bool:
    """The delivery goes on: the report only warns of a delay, and does not say that somebody gave up."""
    subject, text = subject[:300].lower(), text[:4000].lower()
    goes_on = _LATE.search(subject) or _GOES_ON.search(text)
    return goes_on is not None or (_LATE.search(text) is not None and _FOR_GOOD.search(text) is None)


def coded(text: str) -> bool:
    """The text gives an SMTP server's answer with its status, as reports do, and people who quote them."""
    return _CODED.search(text) is not None


def strong(text: str) -> bool:
    """The text has words that nothing but a report of a mail server has."""
    return _STRONG.search(text.lower()) is not None
