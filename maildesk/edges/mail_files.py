"""Mail files: the mails of an mbox file, a Maildir, or of files of one mail each, oldest first."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maildesk.core.message import parse

Kind = Literal["mbox", "maildir", "eml"]
_DATED = re.compile(rb"\d\d:\d\d.*\d{4}")
_FIELD = re.compile(rb"[!-9;-~]+:")
HEAD = 256 * 1024
"""A header ends within so many bytes, or is none."""


class NoMailFile(Exception):
    """There is no such file or folder of mail; the sentence says what is there instead."""


@dataclass(frozen=True, slots=True)
class FiledMail:
    """One mail of an archive. `written` is its Date, else the time of its file (microseconds UTC).

    `trouble` says why it is none; then nothing of it can be read. Reading raises OSError.
    """

    name: str
    written: int
    trouble: str
    read: Callable[[], bytes]


def source_key(raw: bytes) -> str:
    """What an imported mail is known by, in whatever archive it comes again."""
    return f"import:{hashlib.sha256(raw).hexdigest()}"


def found(kind: Kind, path: Path, largest: int) -> list[FiledMail]:
    """All mails, oldest first, so that an answer comes after what it answers. Raises NoMailFile and OSError.

    `largest` is the size in bytes beyond which a mail is not taken.
    """
    if not path.exists():
        raise NoMailFile(f"there is no file or folder {path}")
    if kind == "mbox":
        listed = _mbox(path, largest)
    elif kind == "maildir":
        listed = _files(_maildir(path), largest)
    else:
        listed = _files(_eml(path), largest)
    return sorted(listed, key=lambda mail: mail.written)


def _mbox(path: Path, largest: int) -> Iterator[FiledMail]:
    if not path.is_file():
        raise NoMailFile(f"{path} is no file; an mbox is one, and `maildir` reads a folder")
    with path.open("rb") as file:
        start = file.read(5)
    if start not in (b"From ", b""):
        raise NoMailFile(f'{path} is no mbox: it does not begin with "From "')
    otherwise = int(path.stat().st_mtime) * 1_000_000
    for number, (first, last) in enumerate(_borders(path), start=1):

        def read(first: int = first, last: int = last) -> bytes:
            with path.open("rb") as file:
                file.seek(first)
                return file.read(last - first)

        yield _filed(f"{path}, mail {number}", otherwise, read, largest)


def _borders(path: Path) -> Iterator[tuple[int, int]]:
    """Where each mail of an mbox begins and ends.

    A mail begins after a line "From ..." that is the first one or follows an empty one, and that has a date or is
    followed by a header: not all programs mark such lines within a text.
    """
    first, at, empty = -1, 0, 0
    with path.open("rb") as file:
        for line in file:
            at += len(line)
            if line.startswith(b"From ") and (empty or first < 0):
                follows = file.readline()
                file.seek(at)
                if first < 0 or _DATED.search(line) or _FIELD.match(follows):
                    if first >= 0:
                        yield first, at - len(line) - empty
                    first = at
            empty = len(line) if line in (b"\n", b"\r\n") else 0
    if first >= 0:
        yield first, at - empty


def _maildir(path: Path) -> list[Path]:
    if not (path / "cur").is_dir() or not (path / "new").is_dir():
        raise NoMailFile(f"{path} is no Maildir: it has no folders cur and new")
    return [file for part in ("new", "cur") for file in sorted((path / part).iterdir()) if file.is_file()]


def _eml(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() == ".eml" and file.is_file())


def _files(paths: list[Path], largest: int) -> Iterator[FiledMail]:
    for path in paths:
        yield _filed(str(path), int(path.stat().st_mtime) * 1_000_000, path.read_bytes, largest)


def _filed(name: str, otherwise: int, read: Callable[[], bytes], largest: int) -> FiledMail:
    try:
        raw = read()
    except OSError as error:
        return FiledMail(name, otherwise, (error.strerror or str(error)).lower(), read)
    if len(raw) > largest:
        return FiledMail(name, otherwise, f"it is larger than {largest} bytes", read)
    head = parse(raw[:HEAD].replace(b"\r\n", b"\n").split(b"\n\n", 1)[0] + b"\n\n")
    if not any(head.header(name) for name in ("from", "date", "subject", "message-id", "received")):
        return FiledMail(name, otherwise, "it is no mail: it has no header", read)
    written = head.date if head.date is not None and head.date > 0 else otherwise
    return FiledMail(name, written, "", read)
