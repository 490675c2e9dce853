"""Checks of the world around the desk: the DNS of its domains, certificates, and the servers that it logs in to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maildesk.config.settings import loopback
from maildesk.core import sender_domain
from maildesk.core.finding import Finding, fault, fine, warning
from maildesk.core.sender_domain import LOOKUPS, Sender
from maildesk.doctor.patient import Patient
from maildesk.edges.certificate import BadCertificate, Certificate
from maildesk.edges.dns import NoAnswer, Resolver


def dns(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    send = patient.settings.send
    if send.kind != "smtp":
        yield fine("dns", "mail goes into a folder, so the DNS does not matter")
        return
    policy = patient.policy
    addresses = (policy.address, *(department.address for department in policy.departments))
    for domain in dict.fromkeys(address.rpartition("@")[2] for address in addresses):
        try:
            sender = asked(patient.resolver, domain, "" if loopback(send.host) else send.host)
        except NoAnswer as error:
            do = "Look at /etc/resolv.conf, and run this again where the DNS can be reached."
            yield warning("dns", f"the DNS tells nothing of {domain}: {error}", do)
            return
        yield from sender_domain.judge(sender)


def asked(resolver: Resolver, domain: str, relay: str) -> Sender:
    """Asks the DNS all that is judged of a domain. Raises NoAnswer."""
    mx = resolver.mx(domain)
    hosts = (domain, *(name for _, name in mx if name))
    texts = {name: resolver.txt(name) for name in (domain, *sender_domain.dmarc_names(domain))}
    wanted = [domain]
    while wanted and len(texts) < 3 * LOOKUPS:
        for record in sender_domain.spf_of(texts[wanted.pop()]):
            for name in sender_domain.includes(record):
                if name not in texts:
                    texts[name] = resolver.txt(name)
                    wanted.append(name)
    return Sender(
        domain=domain,
        mx=mx,
        addresses={name: resolver.addresses(name) for name in dict.fromkeys(hosts)},
        texts=texts,
        relay=relay,
        relay_addresses=resolver.addresses(relay) if relay else (),
    )


def certificates(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    shown = [smtp for smtp in patient.settings.smtp if smtp.certificate]
    for smtp in shown:
        certificate = Certificate(Path(smtp.certificate), Path(smtp.key))
        try:
            certificate.load()
            why = certificate.refused_as(smtp.hostname) if smtp.hostname else ""
        except BadCertificate:
            continue  # the check of the configuration tells it, with file and line
        if why:
            do = f"Get one that names {smtp.hostname}, or write the name that it has as hostname below [[smtp]]."
            yield fault("certificates", f"the certificate {smtp.certificate} is for another name ({why})", do)
        else:
            yield fine("certificates", f"{smtp.certificate} and its key fit together")
    if not shown:
        yield fine("certificates", "no listener has a certificate")


def servers(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    if patient.online is None:
        yield fine("servers", "nobody has logged in to other servers; --online does")
        return
    found, problems = patient.online()
    for name, told in found:
        yield fine("servers", f"{name}: {told}")
    for problem in problems:
        yield fault("servers", problem.rstrip("."), "Mend that, and try `maildesk check --online`.")
