"""What no single key of `[send]` shows: a relay without a name, a password twice, in clear, or for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config import credentials
from maildesk.config.positions import Path
from maildesk.config.settings import Send, loopback

_ONLY_SMTP = ("host", "user", "password_env", "password_file", "password_command", "oauth", "ca_file")


def problems(send: Send) -> Iterator[tuple[Path, str]]:
    """Paths and sentences."""
    if send.kind == "maildir":
        for key in _ONLY_SMTP:
            if getattr(send, key):
                yield ("send", key), f'a Maildir has none; write kind = "smtp", or delete {key}'
        return
    if not send.host:
        yield ("send", "kind"), '"smtp" needs host, the mail server that sends for the desk'
    elif send.tls == "none" and not loopback(send.host):
        yield ("send", "tls"), f'mail would go to {send.host} in clear; write "starttls" or "implicit"'
    yield from credentials.written_once(("send",), "password", send.password)
    if send.user and not send.password and send.oauth is None:
        told = "it has no password; write password_env, password_file or password_command, or the table oauth"
        yield ("send", "user"), told
    if not send.user and (send.password or send.oauth):
        key = (
            "oauth"
            if send.oauth
            else next(f"password_{how}" for how in credentials.HOWS if getattr(send, f"password_{how}"))
        )
        yield ("send", key), "nobody logs in with it; write user, or delete it"
    if send.oauth:
        yield from credentials.of_oauth(("send",), send.oauth, send.password)


def resolved(send: Send, root: FilePath) -> Send:
    """The same with absolute paths."""
    return send.model_copy(update={"path": root / send.path, **credentials.absolute(send, root)})
