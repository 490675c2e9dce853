"""What no single key of an `[[imap]]` table shows: secrets named twice or not at all, mailboxes read twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config import credentials
from maildesk.config.positions import Path
from maildesk.config.settings import Mailbox, Settings, loopback
from maildesk.core.policy import Policy


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
    if mailbox.oauth:
        yield from credentials.of_oauth(at, mailbox.oauth, mailbox.password)
        return
    yield from credentials.written_once(at, "password", mailbox.password)
    if not mailbox.password:
        told = "it has no password; write password_env, password_file or password_command, or the table oauth"
        yield (*at, "user"), told


def resolved(found: tuple[Mailbox, ...], root: FilePath) -> tuple[Mailbox, ...]:
    """The same with absolute paths."""
    return tuple(mailbox.model_copy(update=credentials.absolute(mailbox, root)) for mailbox in found)
