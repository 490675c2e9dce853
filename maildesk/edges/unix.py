"""Unix sockets at any path. Their addresses hold about 100 bytes; Linux reaches longer ones by an open folder."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 100
"""Bytes of a path that fit into the address of a socket on all systems."""
FOLDERS = Path("/proc/self/fd")


@contextmanager
def _address(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= LONGEST or not FOLDERS.exists():
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(FOLDERS / str(folder) / path.name)
    finally:
        os.close(folder)


def bound(path: Path, mode: int) -> socket.socket:
    """A socket that will listen at `path`, with these rights; its folder is made. Raises OSError.

    The file of a process that has gone is replaced, one that somebody answers at is not (EADDRINUSE).
    """
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whatever the umask: who may use the socket has to get at it.
        path.parent.chmod(0o755)
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(errno.EEXIST, "there is a file of that name that is no socket")
        with suppress(ConnectionRefusedError, FileNotFoundError):
            connected(path, 1).close()
            raise OSError(errno.EADDRINUSE, "another program listens there")
        path.unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX)
    try:
        with _address(path) as address:
            found.bind(address)
        # Nobody can connect before it listens, so there is no moment with other rights.
        path.chmod(mode)
    except BaseException:
        found.close()
        raise
    return found


def connected(path: Path, seconds: float) -> socket.socket:
    """A connection to the socket at `path`, with this time-out. Raises OSError."""
    found = socket.socket(socket.AF_UNIX)
    try:
        found.settimeout(seconds)
        with _address(path) as address:
            found.connect(address)
    except BaseException:
        found.close()
        raise
    return found
