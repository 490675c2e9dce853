"""Sender domains: what the DNS says of a domain that the desk sends from, judged from the records alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from maildesk.core.finding import Finding, fault, fine, warning

CHECK = "dns"
LOOKUPS = 10
"""So many further questions an SPF record may cause (RFC 7208, 4.6.4)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What was asked of one domain. `mx` are (preference, name) pairs; `addresses` those of each MX name and of the
    domain itself; `texts` the TXT records by name, those that SPF records include and `_dmarc` ones, too. `relay` is
    the name that mail goes out through, "" where it is no public one, and `relay_addresses` are its addresses."""

    domain: str
    mx: tuple[tuple[int, str], ...] = ()
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    relay: str = ""
    relay_addresses: tuple[str, ...] = ()


def judge(sender: Sender) -> Iterator[Finding]:
    """All that can be said of it."""
    yield _mx(sender)
    yield _spf(sender)
    yield _dmarc(sender)


def _mx(sender: Sender) -> Finding:
    domain, own = sender.domain, sender.addresses.get(sender.domain, ())
    if sender.mx and all(name in ("", ".") for _, name in sender.mx):
        return fault(
            CHECK,
            f'{domain} says that it takes no mail (MX 0 ".", RFC 7505), so no answer comes back',
            "Enter your mail server's name as its MX record, or send from another domain.",
        )
    if not sender.mx and not own:
        return fault(
            CHECK,
            f"{domain} has no MX record and no address, so no answer comes back",
            "Enter your mail server's name as its MX record.",
        )
    if not sender.mx:
        return warning(
            CHECK,
            f"{domain} has no MX record; mail goes to its address {own[0]}",
            "Enter the name of the server that takes its mail as MX record.",
        )
    names = [name for _, name in sorted(sender.mx)]
    lost = [name for name in names if not sender.addresses.get(name)]
    if lost:
        return fault(
            CHECK,
            f"the mail server {lost[0]}, which the MX record of {domain} names, has no address",
            "Correct the name in the MX record, or enter an A record for it.",
        )
    return fine(CHECK, f"mail for {domain} goes to {', '.join(names)}")


def spf_of(texts: tuple[str, ...]) -> list[str]:
    """The SPF records among TXT records (RFC 7208, 4.5)."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def includes(record: str) -> list[str]:
    """The domains whose records an SPF record takes in."""
    found = []
    for term in record.lower().split()[1:]:
        name, _, value = term.lstrip("+-~?").replace("redirect=", "include:").partition(":")
        if name == "include" and value and "%" not in value:
            found.append(value.rstrip("."))
    return found


def _spf(sender: Sender) -> Finding:
    domain = sender.domain
    records = spf_of(sender.texts.get(domain, ()))
    if not records:
        return fault(
            CHECK,
            f"{domain} has no SPF record, so mail from it looks forged",
            f'Enter a TXT record for {domain} such as "v=spf1 mx -all", with what your relay\'s manual names.',
        )
    if len(records) > 1:
        return fault(
            CHECK,
            f"{domain} has {len(records)} SPF records, which counts as an error (RFC 7208, 4.5)",
            "Delete all but one of them, and put what each allows into that one.",
        )
    record = records[0]
    terms = record.lower().split()[1:]
    if "+all" in terms or "all" in terms:
        return fault(
            CHECK,
            f"the SPF record of {domain} allows everybody to send in its name (+all)",
            'Replace +all by "-all" or "~all".',
        )
    if not [term for term in terms if not term.endswith("all")]:
        return fault(
            CHECK,
            f"the SPF record of {domain} allows nobody to send in its name ({record})",
            "Add what your relay's manual names, such as include:spf.relay.example or ip4:192.0.2.1.",
        )
    walk = _Walk(sender)
    covers = walk.covers(domain)
    if walk.lookups > LOOKUPS:
        return fault(
            CHECK,
            f"the SPF record of {domain} needs {walk.lookups} further look-ups; {LOOKUPS} are allowed",
            "Take out includes that you do not need: until then it counts as an error (RFC 7208, 4.6.4).",
        )
    if walk.broken:
        return fault(
            CHECK,
            f"the SPF record of {domain} includes {walk.broken}, which has no SPF record",
            "Correct that name, or take it out: until then the record counts as an error (RFC 7208, 5.2).",
        )
    if sender.relay and sender.relay_addresses and covers:
        return fine(CHECK, f"the SPF record of {domain} covers the address of {sender.relay}")
    if sender.relay:
        return fine(
            CHECK,
            f"{domain} has one SPF record; whether it covers the addresses that {sender.relay} sends from, the DNS"
            " does not tell; `maildesk doctor --probe` shows what your mail server makes of it",
        )
    return fine(CHECK, f"{domain} has one SPF record: {record}")


class _Walk:
    """Follows the records that an SPF record includes."""

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.lookups = 0
        self.broken = ""
        self._seen: set[str] = set()

    def covers(self, domain: str) -> bool:
        """Whether an address of the relay is allowed, as far as the records at hand tell."""
        self._seen.add(domain)
        found = False
        for record in spf_of(self.sender.texts.get(domain, ()))[:1]:
            for term in record.lower().split()[1:]:
                found = self._term(term, domain) or found
        return found

    def _term(self, term: str, domain: str) -> bool:
        allows = term[0] not in "-~?"
        name, _, value = term.lstrip("+-~?").replace("redirect=", "include:").partition(":")
        name, _, _ = name.partition("/")
        if name in ("include", "a", "mx", "ptr", "exists"):
            self.lookups += 1
        found = False
        if name in ("ip4", "ip6"):
            found = any(_within(one, value) for one in self.sender.relay_addresses)
        elif name == "a":
            found = bool(set(self._addresses(value or domain)) & set(self.sender.relay_addresses))
        elif name == "mx" and (not value or value == self.sender.domain):
            own = {one for _, host in self.sender.mx for one in self._addresses(host)}
            found = bool(own & set(self.sender.relay_addresses))
        elif name == "include" and "%" not in value and (inner := value.rstrip(".")) not in self._seen:
            if inner in self.sender.texts and not spf_of(self.sender.texts[inner]):
                self.broken = inner
            found = self.covers(inner)
        return found and allows

    def _addresses(self, name: str) -> tuple[str, ...]:
        return self.sender.addresses.get(name.partition("/")[0].rstrip("."), ())


def _within(address: str, network: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return False


def dmarc_names(domain: str) -> list[str]:
    """Where a domain's DMARC record may stand: at itself, then at each domain above that is no top level."""
    labels = domain.split(".")
    return [f"_dmarc.{'.'.join(labels[at:])}" for at in range(max(1, len(labels) - 1))]


def _dmarc(sender: Sender) -> Finding:
    domain = sender.domain
    for name in dmarc_names(domain):
        found = [text for text in sender.texts.get(name, ()) if text.lower().startswith("v=dmarc1")]
        if len(found) > 1:
            return fault(
                CHECK,
                f"{name} has {len(found)} DMARC records, so none of them counts (RFC 7489, 6.6.3)",
                "Delete all but one of them.",
            )
        if found:
            tags = dict(part.strip().partition("=")[::2] for part in found[0].split(";"))
            return fine(CHECK, f"{domain} has a DMARC record (p={tags.get('p', '?').strip()})")
    return warning(
        CHECK,
        f"{domain} has no DMARC record; large providers distrust mail from such domains",
        f'Enter a TXT record for _dmarc.{domain} such as "v=DMARC1; p=none; rua=mailto:postmaster@{domain}".',
    )
