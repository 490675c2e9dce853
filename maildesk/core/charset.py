"""Charset: bytes that claim an encoding become text, whatever they claim."""

import binascii
import codecs
import re
from functools import lru_cache

from maildesk.core.guess import guess, japanese

# Labels that mean more than they say: what mailers call by the left name is in fact the superset on the
# right (WHATWG Encoding Standard, section 4.2, and Windows mailers' habits).
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "windows-1252": "cp1252",
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "cp-850": "cp850",
    "win-1251": "cp1251",
    "mac": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "iso-ir-149": "cp949",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp51932": "euc_jp",
    "eucjp-ms": "euc_jp",
    "logical": "iso-8859-8",
    "visual": "iso-8859-8",
}
# Python has codecs that are no charsets (rot13, punycode, unicode_escape, idna): mail may not name them.
_CHARSET = re.compile(
    r"(?:utf[-_]?(?:7|8|8[-_]sig|16|16[-_]?[lb]e|32|32[-_]?[lb]e)|ascii|iso(?:8859|2022)[-_].+|cp\d+"
    r"|koi8[-_].+"
    r"|big5.*|gb\d+|gbk|hz|euc[-_].+|johab|mac[-_].+|shift_?jis.*|ptcp154|kz1048|tis[-_]620)"
)
_DECORATED = re.compile(r"^(?:(?:x-)?(?:windows|win|dos|ibm|ms|cp)[-_]?(?:cp)?(?=(\d))|x-)")
_META = re.compile(rb"<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{1,40})", re.IGNORECASE)
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_WORD = re.compile(r"=\?([^?\s]{0,80})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*){0,3})(?:\?=|\?$|$)")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?)")
_CONTROLS = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_HEX_PAIR = re.compile(rb"=([0-9A-Fa-f]{2})")


@lru_cache(maxsize=256)
def codec(label: str) -> str:
    """The Python codec for a charset label as found in mail; "" for one that is unknown or no charset."""
    key = label.strip().strip("\"'<>").lower()
    # RFC 2231 section 5: charset*language in an encoded word.
    key = key.removeprefix("charset=").partition("*")[0]
    # "windows-949", "dos-862", "x-mac-romanian", "x-ms-cp932": the same names, decorated.
    plain = _DECORATED.sub(lambda found: "cp" if found[1] else "", key)
    for known in (_ALIASES.get(key, key), _ALIASES.get(plain, plain)):
        try:
            name = codecs.lookup(known).name
        except (LookupError, ValueError, UnicodeError):
            continue
        if _CHARSET.fullmatch(name):
            return name
    return ""


def clean(text: str) -> str:
    """Text without NUL and lone surrogates, which databases refuse."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return _UNSAFE.sub("", text)


def decode(data: bytes, declared: str = "", html: bool = False) -> str:
    """Text of `data`. Never raises.

    The declared charset is believed where the bytes fit it. Where they do not, or none is declared, UTF-8 is
    tried, then a guess. What can't be decoded at all shows as U+FFFD. `html` lets a <meta> declare.
    """
    if data.isascii() and b"\x1b" not in data and (not declared or codec(declared) in _ASCII_SUPERSETS):
        return clean(data.decode("ascii"))
    for mark, name in _MARKS:
        if data.startswith(mark):
            return clean(data[len(mark) :].decode(name, "replace"))
    name = codec(declared)
    if (
        b"\x1b$" in data
        and data.isascii()
        and (name in ("", "ascii", "cp1252", "utf-8") or name.startswith(_JAPAN))
    ):
        # Undeclared, or with the signs that Windows adds: what claims to be ASCII would be unreadable.
        text = _strict(data, "iso2022_jp_ext") or japanese(data)
        if text is not None:
            return clean(text)
    if not name and html:
        found = _META.search(data, 0, 2048)
        name = codec(found[1].decode("ascii", "replace")) if found else ""
        if name.startswith("utf-16"):  # a <meta> that could be read is not UTF-16
            name = ""
    if name in ("cp1252", "ascii", ""):
        # Genuine Latin-1 prose is practically never valid multi-byte UTF-8: mislabelled mail is.
        text = _strict(data, "utf-8")
        if text is not None:
            return clean(text)
    if name:
        text = _strict(data, name)
        if text is not None:
            return clean(text)
    if name == "utf-8":
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") * 3 <= sum(1 for c in text[:100_000] if c > "\x7f"):
            return clean(text)
    elif name and name not in ("cp1252", "ascii"):
        # What claims Big5 and fails, yet is valid UTF-8, is UTF-8; 8-bit bytes that claim the 7-bit charset of
        # Japan are in one of its other two.
        for other in ("utf-8", *(("euc_jp", "cp932") if name.startswith(_JAPAN) else ())):
            text = _strict(data, other) or ""
            if text:
                return clean(text)
        text = data.decode(name, "replace")
        if text.count("\ufffd") * 20 <= len(text):
            return clean(text)
    return clean(data.decode(guess(data), "replace"))


def decode_raw(data: bytes, hint: str) -> str:
    """Text of a header's raw 8-bit bytes: UTF-8 (RFC 6532), else the charset that the mail names elsewhere."""
    text = _strict(data, "utf-8") if b"\x1b$" not in data else None
    return clean(text) if text is not None else decode(data, hint)


_ASCII_SUPERSETS = frozenset(
    {
        "ascii",
        "utf-8",
        "cp1252",
        "cp1251",
        "cp1250",
        "koi8-r",
        "gb18030",
        "big5hkscs",
        "cp949",
        "cp932",
        "iso8859-15",
        "iso8859-2",
    }
)
_JAPAN = "iso2022_jp"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        if name == "cp1252" and not any(byte in data for byte in b"\x81\x8d\x8f\x90\x9d"):
            return None
        return data.decode("latin-1") if name == "cp1252" else None


def words(value: str) -> str:
    """A header value with its RFC 2047 encoded words decoded, on one line. Never raises.

    More lenient than the RFC, as mail clients are: inside quotes, without space between words, with a
    character split over two words.
    """
    if "=?" in value:
        value = _decode_words(value)
    return line(value)


def line(value: str) -> str:
    """`value` on one line: folds, controls and line separators become a space, NUL and surrogates go."""
    if not (value.isascii() and value.isprintable()):
        value = _CONTROLS.sub(" ", clean(value))
    return value.strip()


def _decode_words(value: str) -> str:
    value = _BETWEEN.sub(r"\1", value)
    out: list[str] = []
    pending = b""
    charset = ""
    at = 0
    for word in _WORD.finditer(value):
        if word.start() > at or word[1].lower() != charset:
            out.append(decode(pending, charset))
            pending = b""
        if word.start() > at:
            out.append(value[at : word.start()])
        charset = word[1].lower()
        at = word.end()
        pending += _word_bytes(word[2], word[3])  # adjacent words may share a multi-byte character
    out.append(decode(pending, charset))
    out.append(value[at:])
    return "".join(out)


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return unbase64(data)
    return _HEX_PAIR.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))


_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_PADDING = re.compile(rb"=+")
_MANY_CHUNKS = 1000


def unbase64(data: bytes) -> bytes:
    """The bytes behind base64: foreign characters are skipped, missing padding is added, chunks joined."""
    try:
        plain = binascii.a2b_base64(data)
    except binascii.Error:
        plain = b""
    # a2b_base64 stops at the first padding: mailers that encode in chunks put padding in the middle.
    if plain and (b"=" not in data.rstrip(b"=\r\n \t")):
        return plain
    packed = data.translate(None, _NOT_BASE64)
    if packed.count(b"=") > _MANY_CHUNKS:
        packed = packed.partition(b"=")[0]
    out = []
    for chunk in _PADDING.split(packed):
        usable = len(chunk) - (len(chunk) % 4 == 1)
        out.append(binascii.a2b_base64(chunk[:usable] + b"=" * (-usable % 4)))
    return b"".join(out)
