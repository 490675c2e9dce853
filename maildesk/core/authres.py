"""Authentication-Results (RFC 8601): what a mail server of ours found out about who sent a mail, and which such
fields are its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from maildesk.core.address import normal_domain

METHODS = ("dkim", "spf", "dmarc")
_MOST = 20  # results of one field
_HEAD = 262_144  # bytes of a mail
_FIELDS = 1_000  # of a header
_LONGEST = 65_536  # characters of one field
_LEADING = b"\r\n \t"
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_ID = re.compile(r"\"?([^\s\"=]+)\"?(?:\s+(\d+))?")
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"(?:@[^\s\"]+)?|[^\s\"]+)"
_RESULT = re.compile(r"([A-Za-z][\w-]*)\s*(?:/\s*(\d+)\s*)?=\s*([A-Za-z]+)(?=\s|$)")
# What stands in quotes by itself, a reason for example, is passed over: no property is read out of it.
_PROPERTY = re.compile(
    rf"(?<![\w-])([A-Za-z][\w-]*) ?\. ?([A-Za-z][\w-]*) ?= ?({_VALUE})|\"(?:[^\"\\]|\\.)*\""
)
_NAME = re.compile(r"\s*(?:\([^()]*\)\s*)*\"?([^\s\"=;()]++)\"?(?!\s*=)")
_BY = re.compile(r"(?:^|\s)by\s+([A-Za-z0-9._-]+)")
# Of each method the properties that name the domain it speaks of, the surest first.
_DOMAINS = {
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom",),
    "dmarc": ("header.from",),
}


@dataclass(frozen=True, slots=True)
class Result:
    """One result: a method (dkim, spf or dmarc), what it came to, and the domain it speaks of, "" if it names none."""

    method: str
    result: str
    domain: str


@dataclass(frozen=True, slots=True)
class AuthRes:
    """One field. `authserv_id` is lower-case, and "" where the field has none, as Microsoft 365 writes it."""

    authserv_id: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Pinned:
    """What the server that is trusted says of a mail; `results` is None if it says nothing. `strangers` counts the
    fields that bear its name and stand where a stranger could write them."""

    results: tuple[Result, ...] | None
    strangers: int = 0


def fields(raw: bytes) -> Iterator[tuple[str, str]]:
    """The header fields of a mail from the top, at most 1,000 in 256 KB: names in lower case, values unfolded and not
    decoded, as what stands in an encoded word is no syntax.

    Stricter than `mime.header`, which also finds fields below a broken line, and cuts long ones: nothing that a sender
    breaks or makes long may count as a word of ours, or hide one.
    """
    # A mail whose first line is empty has a header all the same (mime.py).
    block = _END.split(raw[:_HEAD].lstrip(_LEADING), maxsplit=1)[0].replace(b"\r\n", b"\n")
    for count, found in enumerate(_FIELD.finditer(block)):
        if count == _FIELDS:
            return
        yield found[1].decode("ascii").lower(), " ".join(found[2].decode("utf-8", "replace").split())


def _parts(value: str) -> list[str] | None:
    """The value without its comments, cut at its semicolons; None where quotes or brackets do not close."""
    parts: list[list[str]] = [[]]
    depth, quoted, at = 0, False, 0
    while at < len(value):
        letter = value[at]
        pair = value[at : at + 2] if letter == "\\" and (quoted or depth) else letter
        at += len(pair)
        if depth:
            depth += {"(": 1, ")": -1}.get(pair, 0)
        elif letter == '"' and pair == letter:
            quoted = not quoted
            parts[-1].append(letter)
        elif quoted:
            parts[-1].append(pair)
        elif letter == "(":
            depth = 1
            parts[-1].append(" ")
        elif letter == ";":
            parts.append([])
        else:
            parts[-1].append(letter)
    return None if quoted or depth else ["".join(part).strip() for part in parts]


def parse(value: str) -> AuthRes | None:
    """One field's value; None for what is no such value, or of another version than 1. Never raises."""
    parts = _parts(value) if len(value) <= _LONGEST else None
    if parts is None:
        return None
    name = _ID.fullmatch(parts[0])
    if not name and "=" not in parts[0]:
        return None
    if name and name[2] not in (None, "1"):
        return None
    found = [one for part in parts[1 if name else 0 :] if (one := _result(part))]
    return AuthRes(name[1].lower() if name else "", _kept(found))


def _kept(results: Iterable[Result]) -> tuple[Result, ...]:
    """The first of them. Of DMARC all: whoever puts many signatures into a mail must not crowd it out."""
    kept: list[Result] = []
    for one in results:
        if one.method == "dmarc" or len(kept) < _MOST:
            kept.append(one)
    return tuple(kept)


def _unread(value: str) -> AuthRes:
    """A field that is no statement. That it stands there counts: what stands below it is no word of its server.

    Senders bring this about: with a bracket in their address, which their server writes into it as it is, for example.
    """
    name = _NAME.match(value)
    return AuthRes(name[1].lower() if name else "", ())


def _result(part: str) -> Result | None:
    head = _RESULT.match(part)
    if not head or head[2] not in (None, "1") or head[1].lower() not in METHODS:
        return None
    method = head[1].lower()
    said: dict[str, str] = {}
    for found in _PROPERTY.finditer(part, head.end()):
        if found[1]:
            # The same property twice is no statement that anybody could rely on.
            key = f"{found[1]}.{found[2]}".lower()
            said[key] = "" if key in said else found[3]
    domain = next((d for key in _DOMAINS[method] if (d := _domain(said.get(key, "")))), "")
    return Result(method, head[3].lower(), domain)


def _domain(text: str) -> str:
    """The domain of an address or of a name, as addresses are compared; "" if it is none."""
    name = text.rpartition("@")[2].strip("<>\"'").rstrip(".")
    return normal_domain(name) if "." in name else ""


def pinned(raw: bytes, authserv_id: str, trusted_hops: int) -> Pinned:
    """What the server named `authserv_id` says of a mail.

    Each of our servers puts a Received field above those that were there: whatever stands below more than
    `trusted_hops` of them was in the mail before it came to us, and anybody may have written it. Above that, the
    topmost field of that name counts alone, as a server adds its own above what a stranger wrote; but that DMARC
    fails is heard from any of them. A field without a name counts as the server's where the Received field that
    follows it says that a machine of this domain took the mail (`by mx1.mail.protection.outlook.com` for
    `protection.outlook.com`).
    """
    wanted = authserv_id.lower()
    hops, strangers = 0, 0
    ours: list[AuthRes] = []
    nameless: list[AuthRes] = []
    for name, value in fields(raw):
        if name == "received":
            taken = _taken_by(value, wanted)
            if taken:
                ours += nameless
            elif taken is None:
                # Nobody can say whose they are, so they deny and prove nothing.
                ours += [replace(one, results=_failures(one)) for one in nameless]
            nameless = []
            hops += 1
        elif name == "authentication-results":
            found = parse(value) or _unread(value)
            if found.authserv_id == wanted and hops > trusted_hops:
                strangers += 1
            elif found.authserv_id == wanted:
                ours.append(found)
            elif not found.authserv_id and hops <= trusted_hops:
                nameless.append(found)
    if not ours:
        return Pinned(None, strangers)
    top = ours[0].results
    if not any(one.method == "dmarc" for one in top):
        top += tuple(one for other in ours[1:] for one in _failures(other))
    return Pinned(_kept(top), strangers)


def _failures(field: AuthRes) -> tuple[Result, ...]:
    return tuple(one for one in field.results if (one.method, one.result) == ("dmarc", "fail"))


def _taken_by(received: str, domain: str) -> bool | None:
    """Whether a machine of the domain took the mail; None where that cannot be read, as with a bracket in the name
    that its client gave."""
    parts = _parts(received)
    if parts is None:
        return None
    found = _BY.search(parts[0])
    host = found[1].lower().rstrip(".") if found else ""
    return host == domain or host.endswith(f".{domain}")
