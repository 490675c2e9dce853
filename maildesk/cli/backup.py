"""`maildesk backup` and `maildesk restore`: the whole desk as one file, and back."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, note, plain, say, size, when

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from maildesk.config.load import Loaded
    from maildesk.edges.backup_file import Manifest
    from maildesk.store.db import Database

EXAMPLE = "Example: maildesk backup /backup/desk-2025-03-10.zip"
RESTORE_EXAMPLE = "Example: maildesk restore /backup/desk-2025-03-10.zip /srv/desk"

Backup = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def command(ctx: typer.Context, file: Backup) -> None:
    """Write the whole desk into one file; it may run meanwhile.

    Tickets, mails, keys, configuration and templates are in it. The file is read again before it gets its name.
    It holds everybody's mail and the desk's keys: keep it safe.
    """
    from maildesk import __version__
    from maildesk.edges import backup_file

    found = desk.configured(ctx)
    with desk.reading(ctx, found) as (loaded, _store, conn):
        about = backup_file.about(desk.now(), __version__, _folders(loaded))
        done = backup_file.write(file.absolute(), conn, found.files, about, _progress)
    tickets, mails = done.rows["ticket"], done.rows["inbox"]
    say(
        f"{count(tickets, 'ticket')} and {count(mails, 'mail')} in {plain(file)}, {size(file.stat().st_size)}, "
        "read again and found whole."
    )


def _folders(loaded: Loaded) -> dict[str, str]:
    home, settings = loaded.folder, loaded.settings
    found = {}
    for name, path in (("config", settings.config), ("templates", settings.templates)):
        # A name like ../config leads out of the folder, too.
        place = Path(os.path.normpath(home / path))
        found[name] = str(place.relative_to(home) if place.is_relative_to(home) else place)
    return found


def _progress(table: str, rows: int) -> None:
    """Says to a person who waits what is done; a backup by night says only how it ended."""
    if rows and sys.stderr.isatty():
        note(f"  {table}: {count(rows, 'row')}")


def restore(
    ctx: typer.Context,
    file: Backup,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder for the desk.")],
    ack: Annotated[
        bool,
        typer.Option("--ack", help="Acknowledge mails from since the backup, when they come again."),
    ] = False,
) -> None:
    """Make a desk from a backup. It sends nothing until `maildesk resume all`."""
    from maildesk.edges import backup_file

    about = backup_file.verify(file)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise No(f"{plain(folder)} is there already and not empty; name a new folder.")
    new = not folder.exists()
    try:
        apart, boxes = _restored(file, about, folder.absolute(), ack)
    except BaseException:
        # What could not be restored as a whole must not be taken for a desk.
        _emptied(folder, new)
        raise
    tickets, mails = about.rows["ticket"], about.rows["inbox"]
    say(
        f"{count(tickets, 'ticket')} and {count(mails, 'mail')} of {when(about.at, 'UTC')} are in {plain(folder)}."
    )
    if apart:
        say(
            f"{count(apart, 'mail')} waited to be sent then and may have gone out since; see "
            "`maildesk outbox list --state restored`, and send one with `maildesk outbox retry KEY`."
        )
    if boxes:
        say(
            "The daemon reads the mailboxes again since then; `maildesk mailbox list` says how far it is. Nothing is "
            "decided until that is over."
        )
    say("All sending is paused. Run the desk, look at its outbox, then `maildesk resume all`.")
    for name, path in about.folders.items():
        if path.startswith("/"):
            note(
                f"maildesk.toml names {plain(path)} for {name}; the files of the backup are in {plain(folder / name)}."
            )


def _emptied(folder: Path, whole: bool) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if whole:
        folder.rmdir()


def _restored(file: Path, about: Manifest, folder: Path, ack: bool) -> tuple[int, int]:
    """How many mails are set apart, and how many mailboxes are to be read again."""
    from maildesk.config.load import MAIN, load
    from maildesk.edges import backup_file
    from maildesk.store import backup
    from maildesk.store.db import Database

    backup.check_version(about.version)
    files = backup_file.files(file)
    with tempfile.TemporaryDirectory() as copy:
        # Laid out as they are shipped: the folders that maildesk.toml names may be on another machine.
        for name, data in files.items():
            _write(Path(copy, name), data)
        settings = load(Path(copy), home=folder).settings
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    main = folder / f".{MAIN}.part"
    for name, data in files.items():
        first, _, rest = name.partition("/")
        place = about.folders.get(first, first)
        other = folder / (first if place.startswith("/") else place) / rest if rest else folder / name
        _write(main if name == MAIN else other, data)
    db = Database(settings.store.url)
    try:
        backup.check_empty(db)
        names = [box.name for box in settings.imap]
        found = _made(db, file, about, ack, names), len(names)
    finally:
        db.close()
    # Last: a desk whose store was never filled would begin anew, with other keys and numbers.
    main.rename(folder / MAIN)
    return found


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(data)


def _made(db: Database, file: Path, about: Manifest, ack: bool, mailboxes: list[str]) -> int:
    apart: list[int] = []
    try:
        db.create(lambda conn: apart.append(_fill(conn, file, about, ack, mailboxes)))
    except BaseException:
        if db.path is not None:
            for end in ("", "-wal", "-shm"):
                db.path.with_name(db.path.name + end).unlink(missing_ok=True)
        raise
    return apart[0]


def _fill(conn: Connection, file: Path, about: Manifest, ack: bool, mailboxes: list[str]) -> int:
    from maildesk.edges import backup_file
    from maildesk.store import backup, control, restores, search
    from maildesk.store.schema import meta

    for table in backup.TABLES:
        rows = backup_file.rows(file, about, table.name)
        if table is meta:
            rows = (row for row in rows if row["name"] != "version")
        _progress(table.name, backup.load(conn, table, rows))
        backup.count_on(conn, table)
    if sys.stderr.isatty():
        note("  making the index of words")
    search.fill(conn)
    now = desk.now()
    control.pause(conn, control.ALL, now, f"{desk.admin()}, who restored it from a backup")
    restored = restores.Restored(about.at, now, ack)
    restores.put(conn, restored, desk.admin())
    restores.expect(conn, mailboxes, restored)
    return restores.begin(conn)
