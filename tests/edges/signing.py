"""A world for DKIM, SPF and DMARC: domains with keys and records in a DNS that is a table, and signed mails."""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from functools import cache

from maildesk.edges.dns import NoAnswer

A, EVIL = "customer.example", "evil.example"


@cache
def key_pair(bits: int = 2_048) -> tuple[bytes, str]:
    """A private key (PEM) and the public one as DKIM records show it."""
    private = subprocess.run(
        ["openssl", "genrsa", "-traditional", str(bits)], check=True, capture_output=True
    ).stdout
    public = subprocess.run(
        ["openssl", "rsa", "-pubout", "-outform", "DER"], input=private, check=True, capture_output=True
    ).stdout
    return private, base64.b64encode(public).decode()


@dataclass
class World:
    """A DNS. Names in `broken` get no answer; `asked` are all that were asked for."""

    txts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    hosts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mxs: dict[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def domain(self, name: str, spf: str = "", dmarc: str = "", bits: int = 2_048, flags: str = "") -> None:
        """Enters a domain that signs with the selector `s`."""
        self.txts[f"s._domainkey.{name}"] = (f"v=DKIM1; k=rsa; {flags}p={key_pair(bits)[1]}",)
        if spf:
            self.txts[name] = ("other=1", f"v=spf1 {spf}")
        if dmarc:
            self.txts[f"_dmarc.{name}"] = (f"v=DMARC1; {dmarc}",)

    def _of(self, name: str) -> str:
        self.asked.append(name)
        if name in self.broken:
            raise NoAnswer("no answer in time")
        return name

    def txt(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self.txts.get(self._of(name), ())

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """See Resolver."""
        return self.mxs.get(self._of(name), ())

    def addresses(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self.hosts.get(self._of(name), ())

    def names(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return self.hosts.get(self._of(name), ())


def two_domains() -> World:
    """A customer's domain in good order, and one of somebody evil."""
    one = World()
    one.domain(A, "ip4:192.0.2.0/28 -all", "p=reject")
    one.domain(EVIL, "ip4:198.51.100.0/24 -all", "p=reject")
    return one


def signed(mail: EmailMessage | bytes, domain: str, bits: int = 2_048, length: bool = False) -> bytes:
    """The mail with a DKIM signature of a domain above it."""
    import dkim

    raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
    headers = [b"from", b"to", b"subject", b"date", b"message-id"]
    signature: bytes = dkim.sign(
        raw, b"s", domain.encode(), key_pair(bits)[0], include_headers=headers, length=length
    )
    return signature + raw
