"""`maildesk import`: mail of another system, as history. Nobody is told of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, note, plain, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Future

    from maildesk.app import App
    from maildesk.edges.mail_files import FiledMail

EXAMPLE = "Example: maildesk import mbox old-tickets.mbox --closed"
GROUP = 50
PROGRESS = 500


class Format(StrEnum):
    """What an archive is."""

    MBOX = "mbox"
    MAILDIR = "maildir"
    EML = "eml"


def command(
    ctx: typer.Context,
    kind: Annotated[
        Format, typer.Argument(metavar="FORMAT", help="mbox, maildir or eml (one file, or a folder of them).")
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The archive.")],
    closed: Annotated[
        bool, typer.Option("--closed", help="Close the tickets that it opens at once.")
    ] = False,
) -> None:
    """Take the mails of an archive as history.

    They keep their dates, and no mail is sent to anybody.

    Mails that were imported before are recognised, so an import that was broken off can be repeated.
    The running desk decides them; without it `maildesk run --once` does.
    """
    from maildesk.edges import mail_files

    with desk.opened(ctx) as app:
        try:
            mails = mail_files.found(kind.value, path, app.live.policy.limits.mail_bytes)
        except mail_files.NoMailFile as error:
            raise No(plain(error)) from error
        except OSError as error:
            raise No(f"{plain(path)} cannot be read: {error.strerror or error}.") from error
        taken, known, unread = _import(app, mails, "closed" if closed else "open")
        decides = desk.who_decides(app.store) if taken else ""
    for name, trouble in unread:
        note(f"{plain(name)}: {plain(trouble)}")
    say(f"{count(taken, 'mail')} imported, {known} already there, {len(unread)} unreadable.")
    if decides:
        say(f"What was imported is decided by {decides}.")
    if unread:
        raise typer.Exit(1)


def _import(app: App, mails: Sequence[FiledMail], how: str) -> tuple[int, int, list[tuple[str, str]]]:
    """How many were taken and how many were there, and the others with what is wrong with them."""
    from maildesk.core.reading import Envelope, Evidence
    from maildesk.edges.mail_files import source_key
    from maildesk.store import inbox

    taken = known = 0
    unread: list[tuple[str, str]] = []
    for start in range(0, len(mails), GROUP):
        read: dict[str, tuple[FiledMail, bytes]] = {}
        for mail in mails[start : start + GROUP]:
            if mail.trouble:
                unread.append((mail.name, mail.trouble))
                continue
            raw = mail.read()
            known += source_key(raw) in read
            read.setdefault(source_key(raw), (mail, raw))
        with app.store.db.reading() as conn:
            there = inbox.known(conn, read)
        known += len(there)
        waiting = [
            app.accept(
                raw,
                Envelope("import", peer=mail.name),
                Evidence(imported=how),
                source_key=key,
                written=mail.written,
            )
            for key, (mail, raw) in read.items()
            if key not in there
        ]
        taken += _committed(waiting)
        done = start + GROUP
        if done % PROGRESS == 0 and done < len(mails):
            note(f"{done} of {len(mails)}")
    return taken, known, unread


def _committed(waiting: Iterable[Future[str]]) -> int:
    return len([future.result() for future in waiting])
