"""The listeners that the settings ask for: SMTP, LMTP, and the socket of `maildesk deliver`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from maildesk.config.listeners import UNIX, Listener, SmtpListener
from maildesk.config.settings import Settings
from maildesk.core.deskaddress import is_desk
from maildesk.core.policy import Policy
from maildesk.edges.certificate import BadCertificate, Certificate
from maildesk.edges.intakes.lmtp_session import LmtpSession, PipeSession
from maildesk.edges.intakes.smtp import Accept, CannotListen, SmtpIntake
from maildesk.edges.intakes.smtp_client import Account, Guard
from maildesk.edges.verify import Prover, Trust, Verify


def listeners(settings: Settings, accept: Accept, policy: Callable[[], Policy]) -> list[SmtpIntake]:
    """All of them, not started yet. `policy` gives the one that rules now. Raises CannotListen."""
    found = [
        _listener(smtp, accept, policy, guard=_guard(smtp, policy), channel="smtp", verify=verifier(smtp))
        for smtp in settings.smtp
    ]
    found += [
        _listener(lmtp, accept, policy, protocol=LmtpSession, channel="lmtp", mode=int(lmtp.mode, 8))
        for lmtp in settings.lmtp
    ]
    if settings.deliver.socket:
        pipe = Listener(
            listen=f"{UNIX}{settings.deliver.socket}",
            max_recipients=10_000,
            authserv_id=settings.deliver.authserv_id,
            trusted_hops=settings.deliver.trusted_hops,
            spam_header=settings.deliver.spam_header,
        )
        mode = int(settings.deliver.mode, 8)
        found.append(_listener(pipe, accept, policy, protocol=PipeSession, channel="pipe", mode=mode))
    return found


def verifier(smtp: SmtpListener) -> Verify | None:
    """What checks the mails of a listener that asks for it. Raises CannotListen where it is not installed any more."""
    if not smtp.verify:
        return None
    # Late: only who asks for it has its libraries.
    try:
        from maildesk.edges.mx import Verifier
    except ImportError as error:
        raise CannotListen(
            f"cannot check the mail that comes by SMTP on {smtp.listen}: {error};"
            " install the extra: pip install 'maildesk[mx]'"
        ) from error
    return Verifier()


def prover(listener: Listener, verify: Verify | None = None) -> Prover:
    """What a listener finds out of who wrote its mails."""
    return Prover(Trust.of(listener), tuple(ip_network(network) for network in listener.relays), verify)


def _listener(
    listener: Listener,
    accept: Accept,
    policy: Callable[[], Policy],
    verify: Verify | None = None,
    **options: Any,
) -> SmtpIntake:
    return SmtpIntake(
        prover=prover(listener, verify),
        listen=listener.listen,
        hostname=listener.hostname,
        accept=accept,
        known=lambda address: is_desk(address, policy()),
        mail_bytes=lambda: policy().limits.mail_bytes,
        max_sessions=listener.max_sessions,
        max_recipients=listener.max_recipients,
        timeout=listener.timeout,
        **options,
    )


def _guard(smtp: SmtpListener, policy: Callable[[], Policy]) -> Guard:
    certificate = Certificate(Path(smtp.certificate), Path(smtp.key)) if smtp.certificate else None
    if certificate:
        try:
            certificate.load()
        except BadCertificate as error:
            raise CannotListen(
                f"cannot take mail by SMTP on {smtp.listen}: {error}; name a certificate and its key in maildesk.toml"
            ) from error

    def accounts() -> Mapping[str, Account]:
        return {login.name: Account(login.hash, login.addresses) for login in policy().logins}

    return Guard(
        tls=certificate.context if certificate else lambda: None,
        accounts=accounts,
        require_tls=smtp.require_tls,
        implicit=smtp.tls == "implicit",
        require_auth=smtp.require_auth,
        proxies=tuple(ip_network(network) for network in smtp.proxies),
    )
