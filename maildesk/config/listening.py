"""What no single key of the listeners shows: the same port twice, TLS without a certificate, logins for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config.listeners import UNIX, Deliver, Listener, SmtpListener
from maildesk.config.positions import Path
from maildesk.config.settings import Mailbox, Settings
from maildesk.config.trust import not_installed


def problems(settings: Settings, logins: bool) -> Iterator[tuple[Path, str]]:
    """Paths and sentences. `logins` says whether there is any login."""
    seen: dict[object, str] = {}
    tables: tuple[tuple[str, tuple[Listener, ...]], ...] = (("smtp", settings.smtp), ("lmtp", settings.lmtp))
    for kind, found in tables:
        for index, listener in enumerate(found):
            if not listener.socket and not listener.port:
                continue
            where = listener.socket or (listener.host, listener.port)
            name = f"[[{kind}]] number {index + 1}"
            first = seen.setdefault(where, name)
            if first != name:
                other = "socket" if listener.socket else "port"
                told = f"{listener.listen} is taken by {first}; write another {other}"
                yield (kind, index, "listen"), told
    if settings.deliver.socket and (first := seen.get(FilePath(settings.deliver.socket), "")):
        told = f"{settings.deliver.socket} is taken by {first}; write another socket"
        yield ("deliver", "socket"), told
    yield from _trust(settings)
    for index, smtp in enumerate(settings.smtp):
        if bool(smtp.certificate) != bool(smtp.key):
            there, missing = ("certificate", "key") if smtp.certificate else ("key", "certificate")
            yield ("smtp", index, there), f"it is of no use alone; write {missing}, too"
        elif smtp.tls == "implicit" and not smtp.certificate:
            told = "there is no TLS without a certificate; write certificate and key"
            yield ("smtp", index, "tls"), told
        elif smtp.require_tls and not smtp.certificate:
            yield (
                ("smtp", index, "require_tls"),
                "there is no TLS without a certificate; write certificate and key",
            )
        if smtp.tls == "implicit" and smtp.proxies:
            told = (
                'a proxy speaks before TLS begins; write tls = "starttls", or have the proxy end TLS itself'
            )
            yield ("smtp", index, "proxies"), told
        if smtp.verify and not_installed():
            told = "what it needs is not installed; install the extra: pip install 'maildesk[mx]'"
            yield ("smtp", index, "verify"), told
        if smtp.require_auth and not logins:
            told = "nobody could log in; write logins into config/logins.toml"
            yield ("smtp", index, "require_auth"), told


def _trust(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Keys on whose word is taken that change nothing, so that nobody relies on them."""
    doors: list[tuple[Path, Listener | Deliver | Mailbox]] = [
        *((("smtp", index), smtp) for index, smtp in enumerate(settings.smtp)),
        *((("lmtp", index), lmtp) for index, lmtp in enumerate(settings.lmtp)),
        (("deliver",), settings.deliver),
        *((("imap", index), box) for index, box in enumerate(settings.imap)),
    ]
    for place, door in doors:
        if door.trusted_hops != 1 and not door.authserv_id:
            told = "it changes nothing without authserv_id, the name of the mail server whose word is taken; write both"
            yield (*place, "trusted_hops"), told
        if isinstance(door, Listener) and door.relays and not (door.authserv_id or door.spam_header):
            told = "they are believed nothing without authserv_id or spam_header; write one of them, too"
            yield (*place, "relays"), told
        if isinstance(door, SmtpListener) and door.require_auth:
            for key in ("authserv_id", "verify"):
                if getattr(door, key):
                    told = "it changes nothing with require_auth: a login alone proves who writes; delete one of them"
                    yield (*place, key), told


def resolved(settings: Settings, root: FilePath) -> dict[str, object]:
    """The listeners with absolute paths, by their keys in Settings."""
    deliver = settings.deliver
    named = str(root / deliver.socket) if deliver.socket else ""
    return {
        "smtp": tuple(_absolute(listener, root) for listener in settings.smtp),
        "lmtp": tuple(_absolute(listener, root) for listener in settings.lmtp),
        "deliver": deliver.model_copy(update={"socket": named}),
    }


def _absolute(listener: Listener, root: FilePath) -> Listener:
    changes = {
        key: str(root / value) for key in ("certificate", "key") if (value := getattr(listener, key, ""))
    }
    if listener.socket:
        changes["listen"] = f"{UNIX}{root / listener.socket}"
    return listener.model_copy(update=changes)
