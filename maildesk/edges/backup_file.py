"""A backup as a file: a zip with the rows of the store, the files of the configuration, and a manifest."""

from __future__ import annotations

import errno
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from maildesk.core.model import SECOND
from maildesk.store import backup
from maildesk.store.schema import VERSION, meta

MANIFEST = "manifest.json"
_FILES, _TABLES = "files/", "tables/"
_BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, TypeError, EOFError, NotImplementedError)

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

Progress = Callable[[str, int], None]


class BadBackup(Exception):
    """A file that is no backup, or a damaged one; or a place that a backup cannot be written to."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: `at` is its instant, `rows` counts them by table. `folders` are those of
    maildesk.toml for `config` and `templates`; absolute where they are outside the desk's folder."""

    version: int
    at: int
    maildesk: str
    folders: Mapping[str, str]
    columns: Mapping[str, list[str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


def write(
    path: Path, conn: Connection, files: Mapping[str, str], about: Manifest, progress: Progress
) -> Manifest:
    """Writes a backup of what the connection sees, reads it again as a whole, and only then gives it its name.

    Only its owner may read it. Raises BadBackup where there is such a file already, and OSError.
    """
    if path.exists():
        raise BadBackup(f"there is a file {path} already; name another one")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadBackup(f"the folder {path.parent} is not there or not yours to write to; name another one")
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    backup.unhurried(conn)
    try:
        with os.fdopen(
            os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b"
        ) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for name, text in files.items():
                    archive.writestr(_FILES + name, text.encode("utf-8"))
                rows = {table.name: _dumped(archive, conn, table, progress) for table in backup.TABLES}
                columns = {table.name: [column.name for column in table.columns] for table in backup.TABLES}
                done = Manifest(about.version, about.at, about.maildesk, about.folders, columns, rows)
                archive.writestr(MANIFEST, json.dumps(asdict(done), indent=1))
            file.flush()
            os.fsync(file.fileno())
        verify(part)
        _named(part, path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return done


def _named(part: Path, path: Path) -> None:
    """Gives the whole file its name. Raises BadBackup where another file has taken it meanwhile."""
    taken = BadBackup(f"a file {path} has come meanwhile; name another one")
    try:
        # A link refuses to take the place of a file; a renaming would not.
        os.link(part, path)
    except FileExistsError as error:
        raise taken from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # A USB stick, or a share of another system.
        if path.exists():
            raise taken from error
        os.rename(part, path)


def _dumped(archive: zipfile.ZipFile, conn: Connection, table: Any, progress: Progress) -> int:
    count = 0
    with archive.open(f"{_TABLES}{table.name}", "w", force_zip64=True) as member:
        for line in backup.dump(conn, table):
            member.write(line)
            count += 1
    progress(table.name, count)
    return count


def manifest(path: Path) -> Manifest:
    """What a backup says of itself. Raises BadBackup and OSError."""
    if not path.is_file():
        raise BadBackup(f"there is no file {path}; name a backup that `maildesk backup` wrote")
    try:
        with zipfile.ZipFile(path) as archive:
            found = Manifest(**json.loads(archive.read(MANIFEST)))
    except _BROKEN as error:
        raise BadBackup(f"{path} is not a backup of maildesk, or it is damaged: {error}") from error
    for name in found.folders.values():
        if ".." in Path(name).parts:
            raise BadBackup(f"{path} names a folder {name!r}, which leads out of a desk's folder")
    return found


def verify(path: Path) -> Manifest:
    """Reads every byte and every row of a backup. Raises BadBackup where something is missing or damaged."""
    found = manifest(path)
    keys: set[str] = set()
    for table in found.rows:
        count = 0
        for row in rows(path, found, table):
            count += 1
            if table == meta.name:
                keys.add(row["name"])
        if count != found.rows[table]:
            raise BadBackup(f"{path} is damaged: {count} of {found.rows[table]} rows of {table} are there")
    if "key.root" not in keys:
        raise BadBackup(f"{path} holds no keys; without them no reply address is known again")
    if "maildesk.toml" not in files(path):
        raise BadBackup(f"{path} holds no configuration")
    return found


def rows(path: Path, of: Manifest, table: str) -> Iterator[dict[str, Any]]:
    """The rows of a table. Raises BadBackup where they are damaged."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{_TABLES}{table}") as member:
            for line in cast(Iterator[bytes], member):
                yield backup.parsed(line, of.columns[table])
    except _BROKEN as error:
        raise BadBackup(f"{path} is damaged: table {table}: {error}") from error


def files(path: Path) -> dict[str, bytes]:
    """The files of the configuration. Raises BadBackup where they are damaged, or lead out of the desk's folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.startswith(_FILES)]
            found = {name.removeprefix(_FILES): archive.read(name) for name in names}
    except _BROKEN as error:
        raise BadBackup(f"{path} is damaged: {error}") from error
    for name in found:
        if name.startswith("/") or ".." in name.split("/"):
            raise BadBackup(f"{path} holds a file {name!r}, which leads out of a desk's folder")
    return found


def about(at: int, maildesk: str, folders: Mapping[str, str]) -> Manifest:
    """The manifest of a backup that is begun now."""
    return Manifest(VERSION, at // SECOND * SECOND, maildesk, folders)
