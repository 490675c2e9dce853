"""What no single key of an `[[imap]]` table shows: secrets named twice or not at all, mailboxes read twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config.positions import Path
from maildesk.config.settings import Mailbox, Secret, Settings, loopback
from maildesk.core.policy import Policy

HOWS = ("env", "file", "command")


def problems(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Paths and sentences."""
    names: set[str] = set()
    read: dict[tuple[str, int, str, str], str] = {}
    for index, mailbox in enumerate(settings.imap):
        at: Path = ("imap", index)
        if mailbox.name in names:
            yield (*at, "name"), f"{mailbox.name!r} is used twice; each mailbox needs its own name"
        names.add(mailbox.name)
        box = (mailbox.host.lower(), mailbox.real_port, mailbox.user, mailbox.folder)
        if box in read:
            told = f"this folder of {mailbox.user} is read as {read[box]!r} already; delete one of the two"
            yield (*at, "folder"), told
        read.setdefault(box, mailbox.name)
        if mailbox.tls == "none" and not loopback(mailbox.host):
            yield (
                (*at, "tls"),
                f'the password would go to {mailbox.host} in clear; write "implicit" or "starttls"',
            )
        if mailbox.folder in (mailbox.done, mailbox.sent, mailbox.junk.removeprefix("hold:")):
            yield (
                (*at, "folder"),
                f"{mailbox.folder!r} is named for two purposes; each needs a folder of its own",
            )
        yield from _login(at, mailbox)


def strangers(settings: Settings, policy: Policy) -> Iterator[tuple[Path, str]]:
    """Mailboxes for addresses that are none of the desk."""
    for index, mailbox in enumerate(settings.imap):
        if mailbox.address not in policy.desk_addresses:
            known = ", ".join(sorted(policy.desk_addresses))
            yield ("imap", index, "address"), f"{mailbox.address} is no address of this desk; known: {known}"


def _login(at: Path, mailbox: Mailbox) -> Iterator[tuple[Path, str]]:
    if mailbox.oauth is None:
        yield from _one(at, "password", mailbox.password)
        if not mailbox.password:
            told = "it has no password; write password_env, password_file or password_command, or the table oauth"
            yield (*at, "user"), told
        return
    if mailbox.password:
        yield (*at, "oauth"), "a password is written too; keep one of the two"
    inner = (*at, "oauth")
    yield from _one(inner, "client_secret", mailbox.oauth.secret("client_secret"))
    yield from _one(inner, "refresh_token", mailbox.oauth.secret("refresh_token"))
    if not mailbox.oauth.secret("refresh_token") and not mailbox.oauth.secret("client_secret"):
        told = "it has no secret; write refresh_token_file, or client_secret_file for the client's own credentials"
        yield (*inner, "client_id"), told


def _one(at: Path, key: str, secret: Secret) -> Iterator[tuple[Path, str]]:
    named = [f"{key}_{how}" for how, value in zip(HOWS, secret, strict=True) if value]
    if len(named) > 1:
        yield (*at, named[1]), f"{named[0]} is written too; keep one of the two"


def resolved(found: tuple[Mailbox, ...], root: FilePath) -> tuple[Mailbox, ...]:
    """The same with absolute paths."""
    return tuple(_absolute(mailbox, root) for mailbox in found)


def _absolute(mailbox: Mailbox, root: FilePath) -> Mailbox:
    changes: dict[str, object] = {
        key: str(root / value) for key in ("ca_file", "password_file") if (value := getattr(mailbox, key))
    }
    if mailbox.oauth:
        inner = {
            key: str(root / value)
            for key in ("client_secret_file", "refresh_token_file")
            if (value := getattr(mailbox.oauth, key))
        }
        changes["oauth"] = mailbox.oauth.model_copy(update=inner)
    return mailbox.model_copy(update=changes)
