"""Evidence: what is known of who wrote a mail is recorded once, as it comes in. What it proves is decided later."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from maildesk.core.authres import Result, fields, pinned
from maildesk.core.reading import Envelope, Evidence

log = logging.getLogger("maildesk.verify")

Verify = Callable[[bytes, Envelope], tuple[Result, ...]]
"""Checks a mail itself; asks the DNS, so it may take some seconds."""

OURSELVES = "maildesk"
"""The authority of what we have checked ourselves."""


class Door(Protocol):
    """The keys of a door's configuration that say whose word is taken."""

    @property
    def authserv_id(self) -> str: ...

    @property
    def trusted_hops(self) -> int: ...

    @property
    def spam_header(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word on a mail is taken at a door."""

    authserv_id: str = ""
    trusted_hops: int = 1
    spam_header: str = ""

    @classmethod
    def of(cls, door: Door) -> Trust:
        """That of a listener or mailbox."""
        return cls(door.authserv_id, door.trusted_hops, door.spam_header)


def stated(raw: bytes, trust: Trust, evidence: Evidence = Evidence()) -> Evidence:
    """The evidence with what the headers of a mail say that our own servers have written."""
    if trust.spam_header:
        evidence = replace(evidence, spam=_spam(raw, trust.spam_header))
    if trust.authserv_id:
        said = pinned(raw, trust.authserv_id, trust.trusted_hops)
        evidence = replace(
            evidence,
            authority=trust.authserv_id if said.results is not None else "",
            results=said.results or (),
            strangers=said.strangers,
        )
    return evidence


def _spam(raw: bytes, header: str) -> str:
    # Wherever it stands: a stranger who writes it harms nobody else.
    name, _, value = header.partition(":")
    wanted, start = name.strip().lower(), value.strip().lower()
    for known, said in fields(raw):
        if known == wanted and said.lower().startswith(start):
            return f"{name.strip()}: {said[:60]}"
    return ""


class Prover:
    """Says what is known of the mails of one listener.

    The headers are believed only where the client is a mail server of ours: by a socket or from this machine, or from
    an address among `relays`. Whoever logs in brings mail of their own, and what it says of itself proves nothing.
    With `verify` the mail of all others, or of all where no server is trusted, is checked by ourselves.
    """

    def __init__(
        self,
        trust: Trust,
        relays: tuple[IPv4Network | IPv6Network, ...] = (),
        verify: Verify | None = None,
    ) -> None:
        self._trust = trust
        self._relays = relays
        self._verify = verify

    def asks(self, envelope: Envelope, evidence: Evidence) -> bool:
        """Whether it asks the DNS about this mail, and may take some seconds."""
        if self._verify is None or evidence.login:
            return False
        return not (self._trust.authserv_id and self._is_relay(envelope.peer))

    def __call__(self, raw: bytes, envelope: Envelope, evidence: Evidence) -> Evidence:
        """The evidence with what is found out. Never raises: what cannot be found out proves nothing, and is logged."""
        if evidence.login:
            return evidence
        try:
            if self._is_relay(envelope.peer):
                evidence = stated(raw, self._trust, evidence)
            if self._verify is not None and self.asks(envelope, evidence):
                return replace(evidence, authority=OURSELVES, results=self._verify(raw, envelope))
        except Exception:
            # A mail that some library cannot bear must come in all the same, or its sender tries for ever.
            log.warning("%s: who wrote a mail could not be checked", envelope.peer, exc_info=True)
        return evidence

    def _is_relay(self, peer: str) -> bool:
        if not peer:
            return True
        address = ip_address(peer.partition("%")[0])
        return address.is_loopback or any(address in network for network in self._relays)
