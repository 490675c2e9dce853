"""Mail out into a Maildir: one file per mail, named by its outbox row, so that it is there exactly once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from maildesk.core.deskaddress import Route
from maildesk.core.retry import Attempt

_NAME = re.compile(r"[A-Za-z0-9_=+-][A-Za-z0-9._=+-]{0,199}")
ALREADY_THERE = "already there"
_AT_ONCE = 8


class MaildirSender:
    """Delivers into the Maildir at `folder` (https://cr.yp.to/proto/maildir.html); makes it where needed.

    Mails are written as they come and put into new/ together, by `settle`: disks take many files at once in little
    more than the time of one. Errors are OSError. One thread at a time uses it.
    """

    # A repeat after a kill is recognised by its name, so results may be committed many at a time.
    record_every = 50

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tmp, self._new, self._cur = (folder / part for part in ("tmp", "new", "cur"))
        self._written: dict[str, IO[bytes]] = {}

    def send(
        self, name: str, data: Iterable[bytes], again: bool, route: Route | None = None, size: int = 0
    ) -> Attempt:
        """Writes one mail. That it is sent holds once `settle` has not named it.

        `name` is the once-key of the mail: letters, digits and `._=+-`, at most 200, else ValueError. With
        `again` (this is not the first attempt) it first looks whether an earlier attempt had come to its end;
        mail clients may have moved the file to cur/ and added flags since.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a file in a Maildir")
        self._make()
        if again and self._there(_file(name)):
            # The attempt before may have been killed just before this.
            _sync(self._new)
            return Attempt("sent", ALREADY_THERE)
        self._drop(name)
        # Of a killed attempt under this name nothing is worth keeping.
        out = open(self._tmp / _file(name), "wb", opener=_private)  # noqa: SIM115 - closed when it is settled
        self._written[name] = out
        try:
            out.writelines(_lines(data))
            out.flush()
        except BaseException:
            self._drop(name)
            raise
        return Attempt("sent", f"delivered as new/{_file(name)}")

    def settle(self) -> dict[str, OSError]:
        """Puts all that was written into new/, so that it would survive a power cut; what could not be, and why."""
        written, self._written = self._written, {}
        if not written:
            return {}
        with ThreadPoolExecutor(min(len(written), _AT_ONCE)) as threads:
            errors = list(threads.map(_saved, written.values()))
        failed: dict[str, OSError] = {}
        for name, error in zip(written, errors, strict=True):
            if trouble := self._placed(name, error):
                failed[name] = trouble
        try:
            _sync(self._new)
        except OSError as error:
            # They are there, and their names may be lost: the next attempt looks.
            failed |= dict.fromkeys(written, error)
        return failed

    def _placed(self, name: str, error: OSError | None) -> OSError | None:
        """Puts a file into new/; one that is not whole, or has to stay behind, goes."""
        tmp = self._tmp / _file(name)
        if error is None:
            try:
                tmp.rename(self._new / _file(name))
            except OSError as broken:
                error = broken
        if error is not None:
            tmp.unlink(missing_ok=True)
        return error

    def rest(self) -> None:
        """Nothing is kept open between mails."""

    def close(self) -> None:
        """What was not settled was never sent."""
        for name in tuple(self._written):
            self._drop(name)

    def _drop(self, name: str) -> None:
        if (out := self._written.pop(name, None)) is not None:
            out.close()
            (self._tmp / _file(name)).unlink(missing_ok=True)

    def _there(self, file: str) -> bool:
        # new/ before cur/: a mail that a client moves in between is met in cur/.
        if (self._new / file).exists():
            return True
        # Clients append ":2,S", or where a name may hold no colon ";2,S" or "!2,S"; Dovecot also ",S=2048".
        marked = tuple(file + mark for mark in ":,;!")
        with os.scandir(self._cur) as names:
            return any(found.name == file or found.name.startswith(marked) for found in names)

    def _make(self) -> None:
        parts = (self._tmp, self._new, self._cur)
        if all(part.is_dir() for part in parts):
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in parts:
            part.mkdir(mode=0o700, exist_ok=True)
        _sync(self._folder)
        _sync(self._folder.parent)


def _lines(data: Iterable[bytes]) -> Iterator[bytes]:
    """The mail with the line ends of the system, as Maildirs have them: CRLF shows as ^M in mail clients."""
    held = b""
    for piece in data:
        whole = held + piece
        # A CRLF may be parted by the end of a piece.
        held = b"\r" if whole.endswith(b"\r") else b""
        yield whole[: len(whole) - len(held)].replace(b"\r\n", b"\n")
    yield held


def _file(name: str) -> str:
    return f"{name}.maildesk"


def _saved(out: IO[bytes]) -> OSError | None:
    """Makes the content of a file durable and closes it; why that failed."""
    try:
        with out:
            os.fsync(out.fileno())
    except OSError as error:
        return error
    return None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _sync(folder: Path) -> None:
    """Makes the names in a folder durable; fsync of a file does not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
