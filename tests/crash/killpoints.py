"""Where a process can die: before each SQL statement, after each COMMIT, around and within each send."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Never

from sqlalchemy import Engine, event

from maildesk.core.deskaddress import Route
from maildesk.core.retry import Attempt
from maildesk.store.outbox import Row
from maildesk.work.outbound import Sender

KILLED = 77
"""The exit status of a process that died at its point."""
SECONDS = 60
"""A deadline for one process, never a wait."""


class Points:
    """Numbers the points of a run; at the point `deadly` (from 0) the process ends, uncleaned."""

    def __init__(self, deadly: int = -1) -> None:
        self.seen: list[str] = []
        self._deadly = deadly

    def reached(self, label: str) -> None:
        """The run has come to a point."""
        self.seen.append(label)
        if len(self.seen) - 1 == self._deadly:
            os._exit(KILLED)

    def watch_statements(self) -> None:
        """From now on every statement of this process is a point, and so is the moment after each COMMIT."""

        @event.listens_for(Engine, "before_cursor_execute")
        def before(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            self.reached(f"before {_short(statement)}")

        @event.listens_for(Engine, "after_cursor_execute")
        def after(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if statement == "COMMIT":
                self.reached("after COMMIT")


def _short(statement: str) -> str:
    words = statement.split()
    if words[0] == "WITH" or words[0] == "SELECT":
        at = words.index("FROM") + 1 if "FROM" in words else 1
        return f"{words[0]} {words[at][:40]}"
    return " ".join(words[:3])[:40]


def musts(labels: Sequence[str]) -> list[int]:
    """The points at which a short run kills, too: every COMMIT and every send.

    After one send and before the next nothing happens, so of these two points one is enough.
    """
    return [
        n
        for n, label in enumerate(labels)
        if label.endswith(("COMMIT", "a send")) and labels[n - 1 : n + 1] != ["after a send", "before a send"]
    ]


class Journal:
    """What has happened in the world outside, line by line; it outlives the processes that write it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, *words: str) -> None:
        """Adds a line; it is there when this returns."""
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, (json.dumps(words) + "\n").encode())
        os.close(handle)

    def told(self, what: str) -> list[tuple[str, ...]]:
        """The rest of every line that begins with `what`."""
        if not self._path.exists():
            return []
        lines = (json.loads(line) for line in self._path.read_text("utf-8").splitlines())
        return [tuple(rest) for first, *rest in lines if first == what]


class WatchedSender:
    """A sender whose sends are points and stand in the journal."""

    def __init__(self, sender: Sender, points: Points, journal: Journal) -> None:
        self.record_every = sender.record_every
        self._sender, self._points, self._journal = sender, points, journal
        self._sending = False

    def around(self, _row: Row) -> None:
        """Stands at `testing_around_send`."""
        self._sending = not self._sending
        self._points.reached("before a send" if self._sending else "after a send")

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        """Sends, and may die half-way."""
        whole = b"".join(data)
        assert len(whole) == size
        self._journal.note("send", name, whole.hex())
        return self._sender.send(name, self._halves(whole), again, route, size)

    def settle(self) -> Mapping[str, OSError]:
        """Puts what was sent where it lasts."""
        self._points.reached("before it is settled")
        failed = self._sender.settle()
        self._points.reached("after it is settled")
        return failed

    def rest(self) -> None:
        """Nothing happens in the world outside."""
        self._sender.rest()

    def close(self) -> None:
        """Nothing happens in the world outside."""
        self._sender.close()

    def _halves(self, whole: bytes) -> Iterable[bytes]:
        yield whole[: len(whole) // 2]
        self._points.reached("within a mail")
        yield whole[len(whole) // 2 :]


def forked(work: Callable[[], object]) -> int:
    """Runs work in a copy of this process and waits for its end; its exit status (0: it came to its end)."""
    with warnings.catch_warnings():
        # A worker of pytest-xdist has threads. None of them holds a lock that the child needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _child(work)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _no_sync(fd: object) -> None:
    """A process that dies takes nothing along that the kernel has: waiting for the disk shows nothing."""


def _child(work: Callable[[], object]) -> Never:
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        os.fsync = _no_sync
        gc.disable()  # it would touch, and so copy, all that the parent has
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)
