"""What no single key of `[send]` shows: a relay without a name, a password twice, in clear, or for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config.positions import Path
from maildesk.config.settings import OAuth, Secret, Send, loopback

HOWS = ("env", "file", "command")
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
    yield from _one(("send",), "password", send.password)
    if send.user and not send.password and send.oauth is None:
        told = "it has no password; write password_env, password_file or password_command, or the table oauth"
        yield ("send", "user"), told
    if not send.user and (send.password or send.oauth):
        key = (
            "oauth"
            if send.oauth
            else next(f"password_{how}" for how in HOWS if getattr(send, f"password_{how}"))
        )
        yield ("send", key), "nobody logs in with it; write user, or delete it"
    if send.oauth:
        if send.password:
            yield ("send", "oauth"), "a password is written too; keep one of the two"
        yield from _oauth(send.oauth)


def _oauth(oauth: OAuth) -> Iterator[tuple[Path, str]]:
    inner: Path = ("send", "oauth")
    client, refresh = oauth.secret("client_secret"), oauth.secret("refresh_token")
    yield from _one(inner, "client_secret", client)
    yield from _one(inner, "refresh_token", refresh)
    if not client and not refresh:
        told = "it has no secret; write refresh_token_file, or client_secret_file for the client's own credentials"
        yield (*inner, "client_id"), told


def _one(at: Path, key: str, secret: Secret) -> Iterator[tuple[Path, str]]:
    named = [f"{key}_{how}" for how, value in zip(HOWS, secret, strict=True) if value]
    if len(named) > 1:
        yield (*at, named[1]), f"{named[0]} is written too; keep one of the two"


def resolved(send: Send, root: FilePath) -> Send:
    """The same with absolute paths."""
    changes: dict[str, object] = {"path": root / send.path}
    changes |= {
        key: str(root / value) for key in ("ca_file", "password_file") if (value := getattr(send, key))
    }
    if send.oauth:
        files = ("client_secret_file", "refresh_token_file")
        inner = {key: str(root / value) for key in files if (value := getattr(send.oauth, key))}
        changes["oauth"] = send.oauth.model_copy(update=inner)
    return send.model_copy(update=changes)
