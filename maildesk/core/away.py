"""Away: the subjects under which machines answer for people, in the languages of the mail programs that write them."""

import re

from maildesk.core.subject import marked

# "Re: Automatic reply: x" is an answer that a person gave to one.
_PREFIX = r"\W{0,3}(?:auto\W{1,3})?\W{0,3}"
# Words that hardly anybody but a machine begins a subject with.
_ANSWER = re.compile(
    _PREFIX + r"(?:auto(?:mat(?:ic|ed))?[ -]?(?:reply|response|responder|answer|confirmation of absence)"
    r"|auto[ -]?respond(?:er)?\b|vacation (?:reply|response|message|notice)|away notice"
    r"|out[ -]of[ -]office (?:auto|reply)"
    r"|automatische (?:antwort|rückmeldung|abwesenheit)|abwesenheits(?:notiz|benachrichtigung|assistent|meldung"
    r"|nachricht)"
    r"|automatische afwezigheid|automatisch antwoord|afwezigheids(?:bericht|assistent)"
    r"|réponse automatique|message d['’ ]absence|notification d['’ ]absence|avis d['’ ]absence"
    r"|respuesta autom[áa]tica|mensaje autom[áa]tico|resposta autom[áa]tica|mensagem autom[áa]tica"
    r"|rispost[ae] automatic[ah]|messaggio automatico|resposta automàtica"
    r"|autosvar|automatisk(?:t)? (?:svar|meddelande|melding)|automaattinen (?:vastaus|poissaolo)"
    r"|odpowied[źz] automatyczna|automatyczna odpowied[źz]|autorespon?der:"
    r"|automatick[áa] odpov[ěeď]\w{0,3}|samodejni odgovor|automatski odgovor|răspuns automat|automatinis atsakymas"
    r"|automātiskā atbilde|automaatvastus|automatikus válasz|otomatik (?:yanıt|cevap)"
    r"|αυτόματη απάντηση|автоматич\w{1,6} (?:ответ|відповідь)|автоответ|автовідповідь|автоматичен отговор"
    r"|trả lời tự động|(?:การ)?ตอบกลับอัตโนมัติ|(?:תשובה|תגובה|מענה) אוטומטית?|(?:ال)?رد (?:ال)?تلقائي|پاسخ خودکار"
    r"|balasan (?:otomatis|automatik)|аут?оматски одговор|sjálfvirkt svar|outomatiese antwoord|erantzun automatikoa"
    r"|përgjigje automatike|автоматты жауап|avtomatik (?:cavab|javob)|awtomatikong tugon|ავტომატური პასუხი"
    r"|自動(?:返信|回覆|応答|回复)|自动(?:回复|答复|应答)|자동 ?(?:회신|응답))",
    re.IGNORECASE,
)
# Prose that goes on behind them: "Abwesenheitsnotiz einrichten" is what somebody asks for.
_GOES_ON = re.compile(
    r"[ \t]+(?!(?:re|aw|sv|vs|antw|odp|fwd?|wg|tr|to|from|for|by|von|vom|auf|zu|an|de|du|da|di|à|a|van|op|til|fra|på"
    r"|från|till|na|od|für|bis|until|till|regarding|about|message|notification|received)\b)[^\W\d_]",
    re.IGNORECASE,
)
# Words about an office: they count where the subject says no more, or goes on with a colon or a time.
_OFFICE = re.compile(
    _PREFIX + r"(?:.{0,40}\bis )?(?:(?:i am |i'm )?(?:currently )?out[ -]of[ -](?:the |my )?office"
    r"|(?:i am |i'm )?away from (?:the |my )?(?:office|desk|mail)"
    r"|(?:ich bin )?(?:(?:vom|bis|ab|am) [^:]{1,30})?nicht im (?:büro|haus)"
    r"|niet (?:op|aanwezig op) kantoor|absen(?:ce|t) d[ue] bureau"
    r"|fuera de (?:la )?oficina|fuori (?:sede|ufficio)|fora do escritório|(?:nieobecność|poza) (?:w )?biur\w{1,2}"
    r"|mimo kancel[áa][řr]|ofis dışında|вне офиса|εκτός γραφείου|不在(?:通知|のお知らせ)|부재 ?중)",
    re.IGNORECASE,
)
_NO_MORE = re.compile(
    r"[\s.!)\]-]*(?:$|[:：(,;]|\b(?:re|until|till?|from|through|on \d|bis|vom|ab|seit|jusqu|du \d|hasta|desde|fino|dal"
    r"|até|t/?m|tot|do|returning|back|auto|reply|message|notification)\b)",
    re.IGNORECASE,
)
# Words that a customer or a colleague may begin with ("Absence in May"): they count where the mail answers one.
_ABSENT = re.compile(
    _PREFIX
    + r"(?:(?:i am |i'm )?(?:away )?on (?:annual )?(?:vacation|holidays?|leave)|(?:ich bin )?abwesen(?:d|heit)\b"
    r"|im urlaub|afwezig(?:heid)?\b|absen(?:ce|t)\b|(?:je suis )?en congés?\b|ausen(?:te|cia)\b|de vacaciones"
    r"|assen(?:te|za)\b|in ferie\b|ausência\b|de férias|frånvar(?:o|ande)|fravær|poissa|nieobecn"
    r"|nepřítomn|távollét|házon kívül|в отпуске|отсутству|不在|外出中|休假)",
    re.IGNORECASE,
)


def away(subject: str, answers: bool) -> str:
    """The words by which a subject shows that a machine answers for somebody, "" if it does not.

    `answers`: the mail refers to an earlier one. "Out of office printer is broken" is a person's, if it does not.
    """
    subject = subject[:200]
    if (found := _ANSWER.match(subject)) and (answers or not _GOES_ON.match(subject, found.end())):
        return found[0]
    if (found := _OFFICE.match(subject)) and (answers or _NO_MORE.match(subject, found.end())):
        return found[0]
    if (found := _ABSENT.match(subject)) and (answers or marked(subject[found.end() :].lstrip(" :："))):
        return found[0]
    return ""
