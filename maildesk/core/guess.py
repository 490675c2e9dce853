"""Guess: the codec of bytes that nobody declared, or declared wrongly, and that are not UTF-8."""

import re

from charset_normalizer import from_bytes

_CYRILLIC = ["cp1251", "koi8_r"]
_CODECS = [
    *_CYRILLIC,
    "cp1253",
    "cp1255",
    "cp1256",
    "cp1250",
    "tis_620",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
]
_SAMPLE = 4096
_MIN_SAMPLE = 24
_MIN_LETTERS = 16
_NARROW_KANA = re.compile("[\uff61-\uff9f]")
# Hebrew letters, points and quotation marks; Russian of that length has a capital, or one of its last five letters.
_HEBREW = re.compile(rb"[\x00-\x7f\x91-\x97\xa0-\xbf\xe0-\xfa]+")
_ISO_LATIN_2 = re.compile(r"[a-z][±¶¦ˇ¬]|[±¶¦ˇ¬][a-z]")
_SHIFT = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\([BJIH])")
_DOUBLE = (b"$B", b"$@", b"$(B", b"$(@")


def guess(data: bytes) -> str:
    """A codec for the bytes; cp1252 where they are hardly of another script."""
    sample = data[:_SAMPLE]
    high = sum(1 for byte in sample if byte > 127)
    if high * 5 <= len(sample) or len(sample) < _MIN_SAMPLE:
        return "cp1252"
    if _HEBREW.fullmatch(sample) and sum(1 for byte in sample if byte >= 0xE0) >= _MIN_LETTERS:
        return "cp1255"
    found = _best(sample, _CODECS)
    if found == "cp932" and len(_NARROW_KANA.findall(sample.decode("cp932", "replace"))) * 2 > high:
        # Nobody writes so in Japan, but Cyrillic letters look like it.
        found = _best(sample, _CYRILLIC)
    if found == "cp1250" and _ISO_LATIN_2.search(sample.decode("cp1250", "replace")):
        return "iso8859_2"
    return "cp874" if found == "tis_620" else found or "cp1252"


def _best(sample: bytes, codecs: list[str]) -> str:
    best = from_bytes(sample, cp_isolation=codecs, enable_fallback=False).best()
    return best.encoding if best is not None else ""


def japanese(data: bytes) -> str | None:
    """Text of the 7-bit encoding of Japan with the signs that Windows adds to it ("①", "㈱"); None if it is none."""
    out = []
    at = 0
    shift = b"(B"
    for found in _SHIFT.finditer(data):
        out.append(_segment(data[at : found.start()], shift))
        shift = found[1]
        at = found.end()
    if at == 0:
        return None
    out.append(_segment(data[at:], shift))
    return "".join(out)


def _segment(data: bytes, shift: bytes) -> str:
    if shift == b"(I":
        return bytes(byte | 0x80 for byte in data).decode("cp932", "replace")
    if shift not in _DOUBLE:
        return data.decode("ascii", "replace")
    lines = re.split(rb"([\x00-\x20]+)", data)  # a line that lost its way back to ASCII
    return "".join(
        one.decode("ascii") if one[:1] <= b" " else bytes(_shift_jis(one)).decode("cp932", "replace")
        for one in lines
    )


def _shift_jis(data: bytes) -> list[int]:
    """Pairs of 7-bit JIS X 0208 as Shift JIS."""
    out = []
    for first, second in zip(data[::2], data[1::2], strict=False):
        row = (first - 0x21) // 2 + (0x81 if first < 0x5F else 0xC1)
        odd = second + (0x1F if second < 0x60 else 0x20)
        out += [row, odd if first % 2 else second + 0x7E]
    return [byte & 0xFF for byte in out]
