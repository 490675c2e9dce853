"""Doors: what `check` and `run` tell of the ways in, and what mail can prove at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maildesk.cli.screen import plain

if TYPE_CHECKING:
    from maildesk.config.listeners import SmtpListener
    from maildesk.config.load import Loaded
    from maildesk.core.policy import Policy

NO_LOGIN = "reply addresses alone prove who writes"


def mail_in(loaded: Loaded) -> list[tuple[str, str]]:
    """The listeners, and who stands behind forms and lists, as pairs to be shown."""
    settings, policy = loaded.settings, loaded.policy
    found = [
        f"SMTP {'with TLS ' if smtp.tls == 'implicit' else ''}on {smtp.listen}; {_proof(smtp, policy)}"
        for smtp in settings.smtp
    ]
    found += [f"LMTP on {lmtp.socket or lmtp.listen}; {NO_LOGIN}" for lmtp in settings.lmtp]
    found += [
        f"IMAP: {box.folder} of {box.user} at {box.host}, then {box.after}; {NO_LOGIN}"
        for box in settings.imap
    ]
    if not found:
        found.append("no listener and no mailbox; only `maildesk deliver` brings mail")
    if settings.deliver.socket:
        found.append(f"`maildesk deliver` by the socket {settings.deliver.socket}; {NO_LOGIN}")
    pairs = [("mail in", plain(text)) for text in found]
    pairs += [("form", plain(form.from_)) for form in policy.forms]
    pairs += [("list", plain(group.address)) for group in policy.lists]
    return pairs


def _proof(smtp: SmtpListener, policy: Policy) -> str:
    if not policy.logins:
        return NO_LOGIN
    proven = dict.fromkeys(address for login in policy.logins for address in login.addresses)
    where = "" if smtp.certificate else " from this machine, as there is no certificate,"
    only = " and nobody else may send" if smtp.require_auth else ""
    return f"a login{where} proves {', '.join(proven)}{only}"
