"""Address: a mailbox as a person writes it, and the one form in which addresses are compared."""

import re
import unicodedata
from dataclasses import dataclass

from mailparser.utils import get_addresses

from maildesk.core import charset

_PLAIN = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]*[a-z0-9]")
_SIMPLE = re.compile(
    r"(?:\"?([A-Za-z0-9][A-Za-z0-9 ._'-]*?)\"?[ \t]*<)?([A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+[A-Za-z0-9])(>)?"
)
# Also what cannot be seen: an address that looks like another one is nobody's. Nor is one of bytes that are no UTF-8,
# which a command line brings as lone surrogates.
_LOCAL_FORBIDDEN = re.compile(
    r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff\ud800-\udfff<>(),;:\\\[\]\"]"
)
_QUOTED_LOCAL = re.compile(
    r"\"(?:[^\"\\\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff\ud800-\udfff]|\\[\x20-\x7e])*\""
)
_DOMAIN_LITERAL = re.compile(r"\[[0-9a-z.:]{3,64}\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_LOOKS = re.compile(r"[^\s<>()\[\],;:\"@\\]{1,64}@[^\s<>()\[\],;:\"@\\]{1,253}")
_ENCODED_RUN = re.compile(
    r"=\?[^?\s]{1,80}\?[bBqQ]\?[^?]*\?=(?:[ \t\r\n]*=\?[^?\s]{1,80}\?[bBqQ]\?[^?]*\?=)*"
)
_QUOTED_OR_SEMICOLON = re.compile(r"\"(?:[^\"\\]|\\.)*+(?:\"|$)|;")
_STANDIN = 0xF0000  # a private-use character per encoded word, so that its content can't act as syntax
_STANDINS = re.compile("[\U000f0000-\U000fffff]")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: `address` as `normal()` gives it, `name` decoded, on one line, "" if none."""

    address: str
    name: str


def normal(text: str) -> str:
    """The form in which addresses are compared: lower-cased, domain in IDNA ASCII, nothing else folded.

    Returns "" for what is not an address (RFC 5321 section 4.1.2, with RFC 6531 characters).
    """
    if "\u212a" in text:
        return ""  # the sign for Kelvin: its small letter is a plain k, and the address somebody else's
    text = text.strip().strip("<>").strip().lower()
    if len(text) <= 254 and _PLAIN.fullmatch(text) and "xn--" not in text:
        return text if _lengths(text) else ""
    local, at, domain = text.rpartition("@")
    if not at or not local or (_LOCAL_FORBIDDEN.search(local) and not _QUOTED_LOCAL.fullmatch(local)):
        return ""
    if not _DOMAIN_LITERAL.fullmatch(domain):
        domain = _ascii(domain)
    found = f"{local}@{domain}"
    return found if domain and ("@" not in local or local.startswith('"')) and _lengths(found) else ""


def normal_domain(name: str) -> str:
    """A domain in the form in which addresses are compared; "" for what is none."""
    return normal(f"x@{name}").rpartition("@")[2]


def _lengths(text: str) -> bool:
    """RFC 5321 4.5.3.1 asks for 64 octets of local part; longer ones are in use: the path limit rules."""
    local, _, domain = text.rpartition("@")
    return (
        len(text.encode("utf-8", "replace")) <= 320
        and 0 < len(domain) <= 253
        and max(map(len, domain.split("."))) <= 63
        and not local.isspace()
    )


def _ascii(domain: str) -> str:
    """The domain in IDNA ASCII, "" where it is none."""
    domain = domain.rstrip(".")
    if not domain or len(domain) > 253:
        return ""
    if not domain.isascii():
        if _LOCAL_FORBIDDEN.search(domain):
            return ""
        try:
            domain = ".".join(map(_label, _DOTS.split(domain)))
        except UnicodeError:
            return ""
    return domain if all(_LABEL.fullmatch(part) and len(part) <= 63 for part in domain.split(".")) else ""


def _label(label: str) -> str:
    # IDNA 2008 keeps these two letters (RFC 5894, 7.2); the codec makes "ss" of one, which is another domain.
    if "ß" in label or "ς" in label:
        return "xn--" + unicodedata.normalize("NFKC", label).encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


def parse(value: str, limit: int = 1000) -> tuple[tuple[Address, ...], tuple[str, ...]]:
    """The mailboxes of an address header (decoded to str, not yet RFC 2047), and what was wrong with it.

    Never raises. At most `limit` mailboxes. A header that breaks RFC 5322 but holds exactly one thing that
    looks like an address gives that one, with a defect.
    """
    simple = _SIMPLE.fullmatch(value.strip()) if len(value) < 200 else None
    if simple and bool(simple[1]) == bool(simple[3]):
        one = normal(simple[2])
        if one:
            return (Address(one, simple[1] or ""),), ()
    runs: list[str] = []

    def hide(match: re.Match[str]) -> str:
        runs.append(match[0])
        return chr(_STANDIN + len(runs) - 1)

    hidden = _ENCODED_RUN.sub(hide, _STANDINS.sub(" ", value).replace("\r", " ").replace("\n", " "))
    hidden = hidden.replace("<mailto:", "<")
    if ";" in hidden and ":" not in hidden:  # no group: Outlook's way to part addresses
        hidden = _QUOTED_OR_SEMICOLON.sub(lambda found: "," if found[0] == ";" else found[0], hidden)
    problems: list[dict[str, object]] = []
    found: list[Address] = []
    for name, address in get_addresses(hidden, defects=problems):
        known = normal(address)
        if known:
            found.append(Address(known, _shown(name, runs)))
        elif address:
            problems.append({"reason": "not-an-address"})
    if not found and value.strip():
        found = _salvage(value)
    defects = tuple(dict.fromkeys(str(problem.get("reason", "")) for problem in problems))
    if len(found) > limit:
        found, defects = found[:limit], (*defects, "too-many-addresses")
    return tuple(found), defects


def _shown(name: str, runs: list[str]) -> str:
    return charset.words(_STANDINS.sub(lambda m: runs[ord(m[0]) - _STANDIN], name)).strip("\"'").strip()


def _salvage(value: str) -> list[Address]:
    text = charset.words(value)
    looks = [normal(match[0]) for match in _LOOKS.finditer(text)]
    distinct = list(dict.fromkeys(one for one in looks if one))
    if len(distinct) != 1:
        return []
    name = text.partition("<")[0] if "<" in text else ""
    return [Address(distinct[0], name.strip(" \"'") if "@" not in name else "")]
