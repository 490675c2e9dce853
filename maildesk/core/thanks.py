"""Thanks: a mail that only says thank you, or only reacts. It reopens nothing and starts no clock."""

from __future__ import annotations

from collections.abc import Iterable

import regex

_LETTERS = 120
# Shorter names are also words ("No", "Do").
_NAME_LETTERS = 3
_WORD = regex.compile(r"[\p{L}\p{M}'’-]+")
# What may stand in such a mail: thanks, and the courtesies around it, in the languages that customers write most.
_THANKS = r"""
    thanks? | thank\s+you | thx | ty | cheers | much\s+appreciated | appreciated
  | danke(?:\s*sch(?:ö|oe)n|\s+sehr)? | vielen\s+dank | besten\s+dank | herzlichen\s+dank
  | merci | grazie | gracias | obrigad[oa] | dank\s*(?:u|je)(?:\s*wel)? | bedankt | tack | takk | tak | kiitos
  | dzi(?:ę|e)kuj(?:ę|e) | d(?:ě|e)kuji | ď?akujem | hvala | k(?:ö|o)sz(?:ö|o)n(?:ö|o)m | mul(?:ț|t)umesc
  | te(?:ş|s)ekk(?:ü|u)r(?:ler| ederim) | спасибо | дякую | ευχαριστώ
  | תודה | شكرا | (?:どうも)?ありがとう(?:ござい(?:ます|ました))? | 谢谢 | 감사합니다
"""
_COURTESY = r"""
    hi | hello | hey | dear | hallo | guten\s+tag | bonjour | hola | ciao
  | so | very | much | a\s+lot | again | all | everyone | team | for | the | your | you | quick | fast | prompt | great
  | (?<=\b(?:your|the|quick|fast|great|prompt)\s+)help | reply | answer | support | response | information | info | all
  | perfect | super | excellent | wonderful | awesome | nice | good | ok(?:ay)?
  | sehr | für | die | den | ihre | eure | deine | schnelle | rasche | hilfe | antwort | nochmals?
  | beaucoup | bien | mille | mucho | muchas | molto | mille | hartelijk | veel | many | best | kind | regards
  | pour | votre | ton | aide | réponse | rapide | por | su | tu | la | ayuda | respuesta | rápida
  | per | il | vostro | tuo | aiuto | la | risposta | voor | uw | je | hulp | got\s+it
  | cordialement | saludos | groeten
  | mfg | lg | vg | (?:mit\s+)?freundlichen?\s+gr(?:ü|ue)(?:ß|ss)en? | (?:viele|liebe|beste)\s+gr(?:ü|ue)(?:ß|ss)e
"""
_ONLY = regex.compile(
    rf"^(?=.*?(?:\b(?:{_THANKS})\b|👍|🙏|❤))(?:(?:\b(?:{_THANKS}|{_COURTESY})\b)|[\s\p{{P}}\p{{Emoji_Presentation}}❤\uFE0F])+$",
    regex.IGNORECASE | regex.VERBOSE | regex.DOTALL,
)
_REACTION = regex.compile(
    r"^\s*(?:👍|🙏|❤️?|👏|🎉)+\s*(?:.{0,60}\breacted to your message\b.*)?$", regex.DOTALL
)


def thanks(text: str, names: Iterable[str] = ()) -> bool:
    """Whether a new text says thank you and nothing else; `names` are those of the people who may be named in it.

    In doubt it does not: a reply that counts as thanks would be overlooked, thanks that count as a reply only cost a
    glance. A question is never only thanks.
    """
    known = {word.casefold() for name in names for word in _WORD.findall(name) if len(word) >= _NAME_LETTERS}
    short = _WORD.sub(lambda word: "" if word[0].casefold() in known else word[0], text).strip()
    if not short or len(short) > _LETTERS or "?" in short:
        return False
    try:
        return bool(_ONLY.match(short, timeout=0.1) or _REACTION.match(short, timeout=0.1))
    except TimeoutError:
        return False
