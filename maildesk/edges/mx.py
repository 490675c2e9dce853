"""Our own DKIM (RFC 6376), SPF (RFC 7208) and DMARC (RFC 9989), by the libraries of the extra `maildesk[mx]`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache
from ipaddress import ip_address
from typing import Any

import dkim
import spf

from maildesk.core.address import normal
from maildesk.core.authres import Result, fields
from maildesk.core.dmarc import judged
from maildesk.core.message import parse
from maildesk.core.reading import Envelope
from maildesk.edges.dns import NoAnswer, Resolver, SystemResolver

SECONDS = 8.0
"""So long may all questions about one mail take, less than the client waits for."""
SIGNATURES = 5
"""More DKIM signatures of one mail are not looked at."""
BITS = 1024
"""Shorter RSA keys prove nothing (RFC 8301)."""

LARGE = 1_000_000
"""Mails above this size (bytes) are looked at one by one: a signature's check takes several times their size."""

_large = threading.Lock()
_asked = threading.local()
_silent = logging.Logger("dkim", logging.CRITICAL + 1)  # dkimpy logs what strangers wrote


class Verifier:
    """Checks mails, each with a resolver of its own that answers in time or not at all.

    What the DNS does not tell is `temperror` and proves nothing, neither for a mail nor against it.
    """

    def __init__(self, resolver: Callable[[], Resolver] = lambda: SystemResolver(SECONDS)) -> None:
        self._resolver = resolver

    def __call__(self, raw: bytes, envelope: Envelope) -> tuple[Result, ...]:
        """The results of DKIM, one for each signature, of SPF, and of DMARC where the mail has one From address."""
        resolver = self._resolver()
        texts = cache(resolver.txt)
        with _large if len(raw) > LARGE else nullcontext():
            signed = tuple(_signatures(raw, texts))
        results = [*signed, *_sending(envelope, resolver)]
        froms = [value for name, value in fields(raw) if name == "from"]
        people = parse("".join(f"From: {value}\n" for value in froms).encode() + b"\n").from_
        if len(froms) == 1 and len(people) == 1:
            domain = people[0].address.rpartition("@")[2]
            try:
                results.append(judged(domain, results, texts))
            except NoAnswer:
                results.append(Result("dmarc", "temperror", domain))
        return tuple(results)


def _signatures(raw: bytes, texts: Callable[[str], tuple[str, ...]]) -> Iterator[Result]:
    try:
        mail = dkim.DKIM(raw, logger=_silent, minkey=BITS)
    except (dkim.DKIMException, IndexError):
        return  # its header is none that anybody could have signed
    count = sum(1 for name, _ in mail.headers if name.lower() == b"dkim-signature")
    for index in range(min(count, SIGNATURES)):
        yield _signature(mail, index, texts)


def _signature(mail: Any, index: int, texts: Callable[[str], tuple[str, ...]]) -> Result:
    testing = False

    def key(name: bytes, timeout: float = 0) -> bytes | None:
        nonlocal testing
        found = texts(name.decode("ascii").rstrip("."))
        flags = [part.partition("=") for part in found[0].split(";")] if found else []
        testing = any(tag.strip() == "t" and "y" in value.split(":") for tag, _, value in flags)
        return found[0].encode() if found else None

    mail.domain = mail.signature_fields = None
    try:
        valid = mail.verify(index, dnsfunc=key)
    except NoAnswer:
        return Result("dkim", "temperror", _name(mail.domain))
    except (dkim.DKIMException, ValueError, KeyError):
        return Result("dkim", "permerror", _name(mail.domain))
    if not valid:
        return Result("dkim", "fail", _name(mail.domain))
    if b"from" not in mail.include_headers or b"l" in mail.signature_fields or testing:
        # It leaves From open, or lets anybody add to the text, or its owner only tries it out (RFC 6376, 3.6.1).
        return Result("dkim", "policy", _name(mail.domain))
    return Result("dkim", "pass", _name(mail.domain))


def _name(domain: bytes | None) -> str:
    return normal(f"x@{domain.decode('utf-8', 'replace')}").rpartition("@")[2] if domain else ""


def _sending(envelope: Envelope, resolver: Resolver) -> Iterator[Result]:
    try:
        peer = str(ip_address(envelope.peer.partition("%")[0]))
    except ValueError:
        return  # it came by a socket
    # A null return path stands for the name that the client greeted with (RFC 7208, 2.4).
    sender = envelope.sender or (f"postmaster@{envelope.helo}" if envelope.sender == "" else "")
    if not normal(sender) or sender.endswith("]"):
        return  # nobody to ask about, or an address in brackets, which has no record
    spf.DNSLookup = _looked_up
    _asked.resolver = resolver
    try:
        result, _ = spf.check2(peer, sender, envelope.helo, timeout=SECONDS, querytime=SECONDS)
    finally:
        del _asked.resolver
    yield Result("spf", result, normal(sender).rpartition("@")[2])


def _looked_up(name: str, kind: str, _strict: bool = True, _timeout: float = 0) -> list[Any]:
    """Stands in for pyspf's own look-up, which knows no deadline for several questions together."""
    resolver: Resolver = _asked.resolver
    try:
        if kind == "TXT":
            found: list[Any] = [(text.encode(),) for text in resolver.txt(name)]
        elif kind == "MX":
            found = [*resolver.mx(name)]
        elif kind == "PTR":
            found = [*resolver.names(name)]
        elif kind in ("A", "AAAA"):
            found = [one for one in resolver.addresses(name) if (":" in one) == (kind == "AAAA")]
        else:
            found = []
    except NoAnswer as error:
        raise spf.TempError(f"DNS {error}") from error
    return [((name, kind), value) for value in found]
