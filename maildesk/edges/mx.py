"""Our own DKIM (RFC 6376), SPF (RFC 7208) and DMARC (RFC 9989), by the libraries of the extra `maildesk[mx]`."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from functools import cache
from ipaddress import ip_address
from typing import Any

import dkim
import dkim.canonicalization
import spf

from maildesk.core import address
from maildesk.core.address import normal, normal_domain
from maildesk.core.authres import Result
from maildesk.core.dmarc import is_within, judged, organization
from maildesk.core.mime import MAX_HEADERS, header
from maildesk.core.reading import Envelope
from maildesk.edges.dns import NoAnswer, Resolver, SystemResolver

SECONDS = 8.0
"""So long may all questions about one mail take, less than the client waits for."""
SIGNATURES = 5
"""More DKIM signatures of one mail are not looked at."""
BITS = 1024
"""Shorter RSA keys prove nothing (RFC 8301)."""
HEADER = 131_072
SIGNATURE = 8_192
"""Longer headers (bytes), and signatures, are not looked at: dkimpy takes the square of their length."""
LARGE = 1_000_000
"""Mails above this size (bytes) are looked at one by one: a signature's check takes several times their size."""

_BLANK = re.compile(rb"\n\r?\n")
_SIGNER = re.compile(rb"(?:\A|;)\s*d\s*=\s*([^\s;]+)")
_TRAILING = re.compile(rb"(?<![\t ])[\t ]+\r\n")
_large = threading.Lock()
_asked = threading.local()
log = logging.getLogger("maildesk.verify")
_silent = logging.Logger("dkim", logging.CRITICAL + 1)  # dkimpy logs what strangers wrote


def _stripped(content: bytes) -> bytes:
    """Stands in for dkimpy's own, which takes the square of the length of a run of spaces: hours for a megabyte."""
    return _TRAILING.sub(b"\r\n", content)


dkim.canonicalization.strip_trailing_whitespace = _stripped


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
        people = [one for name, value in header(raw) if name == "from" for one in address.parse(value)[0]]
        domain = people[0].address.rpartition("@")[2] if len(people) == 1 else ""
        if domain:
            # First of all, while there is time: who sent the mail may have names asked for that answer slowly.
            with suppress(NoAnswer):
                organization(domain, texts)
        with _large if len(raw) > LARGE else nullcontext():
            signed = tuple(_signatures(raw, domain, texts))
        results = [*signed, *_sending(envelope, resolver)]
        if domain:
            try:
                results.append(judged(domain, results, texts))
            except NoAnswer:
                results.append(Result("dmarc", "temperror", domain))
        return tuple(results)


def _signatures(raw: bytes, domain: str, texts: Callable[[str], tuple[str, ...]]) -> Iterator[Result]:
    blank = _BLANK.search(raw, 0, HEADER + 1)
    if (blank.end() if blank else len(raw)) > HEADER:
        return
    try:
        mail = dkim.DKIM(raw, logger=_silent, minkey=BITS)
    except (dkim.DKIMException, IndexError):
        return  # its header is none that anybody could have signed
    if len(mail.headers) > MAX_HEADERS:
        return
    found = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    # Those that may prove the From before those that are there to use up the time.
    order = sorted(range(len(found)), key=lambda index: not _concerns(found[index], domain))
    for index in order[:SIGNATURES]:
        if len(found[index]) <= SIGNATURE:
            yield _signature(mail, index, texts)


def _concerns(signature: bytes, domain: str) -> bool:
    found = _SIGNER.search(signature)
    name = _name(found[1]) if found else ""
    return is_within(domain, name) or is_within(name, domain)


def _signature(mail: Any, index: int, texts: Callable[[str], tuple[str, ...]]) -> Result:
    testing = False

    def key(name: bytes, timeout: float = 0) -> bytes | None:
        nonlocal testing
        found = texts(name.decode("ascii").rstrip("."))
        flags = [part.partition("=") for part in found[0].split(";")] if found else []
        testing = any(
            tag.strip() == "t" and "y" in map(str.strip, value.split(":")) for tag, _, value in flags
        )
        return found[0].encode() if found else None

    mail.domain = mail.signature_fields = None
    try:
        valid = mail.verify(index, dnsfunc=key)
    except NoAnswer:
        return Result("dkim", "temperror", _name(mail.domain))
    except Exception as error:
        # dkimpy stumbles over many things that strangers may write; one signature must not take the others with it.
        if not isinstance(error, (dkim.DKIMException, ValueError, KeyError)):
            log.info("a DKIM signature could not be read: %s", type(error).__name__)
        return Result("dkim", "permerror", _name(mail.domain))
    if not valid:
        return Result("dkim", "fail", _name(mail.domain))
    signed, said = mail.include_headers, mail.signature_fields
    if b"from" not in signed or b"subject" not in signed or b"l" in said or testing:
        # It leaves From or the ticket's number open, or lets anybody add to the text, or its owner only tries it out
        # (RFC 6376, 3.6.1).
        return Result("dkim", "policy", _name(mail.domain))
    if said[b"a"] == b"rsa-sha1":
        return Result("dkim", "policy", _name(mail.domain))  # RFC 8301, 3.1
    return Result("dkim", "pass", _name(mail.domain))


def _name(domain: bytes | None) -> str:
    return normal_domain(domain.decode("utf-8", "replace")) if domain else ""


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
    except Exception as error:
        # Nor may a record that pyspf stumbles over take with it what is known of DKIM and DMARC.
        log.info("an SPF record could not be read: %s", type(error).__name__)
        result = "permerror"
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
