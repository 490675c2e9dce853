"""Authentication-Results (RFC 8601): what a mail server of ours found out about who sent a mail, and which such
fields are its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildesk.core.address import normal

METHODS = ("dkim", "spf", "dmarc")
_MOST = 20
_HEAD = 262_144
_FIELDS = 1_000
_LONGEST = 16_000
_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.MULTILINE)
_ID = re.compile(r"\"?([^\s\"=]+)\"?(?:\s+(\d+))?")
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"(?:@[^\s\"]+)?|[^\s\"]+)"
_RESULT = re.compile(r"([A-Za-z][\w-]*)\s*(?:/\s*(\d+)\s*)?=\s*([A-Za-z]+)(?=\s|$)")
# What stands in quotes by itself, a reason for example, is passed over: no property is read out of it.
_PROPERTY = re.compile(
    rf"(?<![\w-])([A-Za-z][\w-]*) ?\. ?([A-Za-z][\w-]*) ?= ?({_VALUE})|\"(?:[^\"\\]|\\.)*\""
)
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
    decoded: what stands in an encoded word is no syntax."""
    block = _END.split(raw[:_HEAD], maxsplit=1)[0].replace(b"\r\n", b"\n")
    for count, found in enumerate(_FIELD.finditer(block)):
        if count == _FIELDS:
            return
        yield found[1].decode("ascii").lower(), " ".join(found[2].decode("utf-8", "replace").split())


def _parts(value: str) -> list[str] | None:
    """The value without its comments, cut at its semicolons; None where quotes or brackets do not close."""
    parts, depth, quoted, at = [""], 0, False, 0
    while at < len(value):
        letter = value[at]
        pair = value[at : at + 2] if letter == "\\" and (quoted or depth) else letter
        at += len(pair)
        if depth:
            depth += {"(": 1, ")": -1}.get(pair, 0)
        elif letter == '"' and pair == letter:
            quoted = not quoted
            parts[-1] += letter
        elif quoted:
            parts[-1] += pair
        elif letter == "(":
            depth = 1
            parts[-1] += " "
        elif letter == ";":
            parts.append("")
        else:
            parts[-1] += letter
    return None if quoted or depth else [part.strip() for part in parts]


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
    found = tuple(one for part in parts[1 if name else 0 :] if (one := _result(part)))
    return AuthRes(name[1].lower() if name else "", found[:_MOST])


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
    return normal(f"x@{name}").rpartition("@")[2] if "." in name else ""


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
            if _taken_by(value, wanted):
                ours += nameless
            nameless = []
            hops += 1
        elif name == "authentication-results" and (found := parse(value)):
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
        top += tuple(
            one
            for other in ours[1:]
            for one in other.results
            if (one.method, one.result) == ("dmarc", "fail")
        )
    return Pinned(top[:_MOST], strangers)


def _taken_by(received: str, domain: str) -> bool:
    parts = _parts(received)
    found = _BY.search(parts[0]) if parts else None
    host = found[1].lower().rstrip(".") if found else ""
    return host == domain or host.endswith(f".{domain}")
