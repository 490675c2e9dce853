"""Doors: what `check` and `run` tell of the ways in, and what mail can prove at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maildesk.cli.screen import plain

if TYPE_CHECKING:
    from maildesk.config.listeners import Listener, SmtpListener
    from maildesk.config.load import Loaded
    from maildesk.core.policy import Policy
    from maildesk.edges.verify import Door

NOTHING = "reply addresses alone prove who writes"


def mail_in(loaded: Loaded) -> list[tuple[str, str]]:
    """The listeners, and who stands behind forms and lists, as pairs to be shown."""
    settings, policy = loaded.settings, loaded.policy
    found = [
        f"SMTP {'with TLS ' if smtp.tls == 'implicit' else ''}on {smtp.listen}; {_at_smtp(smtp, policy)}"
        for smtp in settings.smtp
    ]
    found += [f"LMTP on {lmtp.socket or lmtp.listen}; {_or_nothing(_at(lmtp))}" for lmtp in settings.lmtp]
    found += [
        f"IMAP: {box.folder} of {box.user} at {box.host}, then {box.after}; {_or_nothing(_stated(box))}"
        for box in settings.imap
    ]
    if not found:
        found.append("no listener and no mailbox; only `maildesk deliver` brings mail")
    if settings.deliver.socket:
        proof = _or_nothing(_stated(settings.deliver))
        found.append(f"`maildesk deliver` by the socket {settings.deliver.socket}; {proof}")
    pairs = [("mail in", plain(text)) for text in found]
    pairs += [("form", plain(form.from_)) for form in policy.forms]
    pairs += [("list", plain(group.address)) for group in policy.lists]
    return pairs


def _or_nothing(proofs: list[str]) -> str:
    return "; ".join(proofs) or NOTHING


def _stated(door: Door) -> list[str]:
    """What the mail server before a door can prove."""
    if not door.authserv_id:
        return []
    return [
        f"DMARC, DKIM and SPF as {door.authserv_id} found them prove From (trusted_hops = {door.trusted_hops})"
    ]


def _at(listener: Listener) -> list[str]:
    """The same for a listener, where only mail servers of one's own are believed."""
    own = "" if listener.socket else f", in mail from {', '.join(('this machine', *listener.relays))}"
    return [f"{told}{own}" for told in _stated(listener)]


def _at_smtp(smtp: SmtpListener, policy: Policy) -> str:
    proofs = _at(smtp)
    if smtp.verify:
        proofs.append("DKIM, SPF and DMARC are checked here and prove From")
    if policy.logins:
        proven = dict.fromkeys(address for login in policy.logins for address in login.addresses)
        where = "" if smtp.certificate else " from this machine, as there is no certificate,"
        only = " and nobody else may send" if smtp.require_auth else ""
        proofs.append(f"a login{where} proves {', '.join(proven)}{only}")
    return _or_nothing(proofs)
