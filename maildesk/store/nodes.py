"""Nodes: which processes are alive and may hold rows. A name has one process; a CLI run has a name of its own.

A node is dead when it has been silent for 30 s, or at once where this machine shows that its process has ended.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import IO, Any

from sqlalchemy import Connection, and_, delete, exc, or_, select

from maildesk.core.model import SECOND
from maildesk.store.db import Database, StoreError, insert
from maildesk.store.process import Process, certainly_dead, this
from maildesk.store.schema import node

BEAT_SECONDS = 5
DEAD_SECONDS = 30
CLI = "cli-"


def elapsed() -> float:
    """Seconds, counted on while the machine sleeps: the other nodes do not sleep with it."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class Node:
    """This process, as other nodes see it. Rows it holds are its own until it is dead or leaves."""

    def __init__(self, db: Database, name: str, clock: Callable[[], float] = elapsed) -> None:
        self.name = name
        self.clock = clock
        self.id = f"{name}#{secrets.token_hex(6)}"
        self._db = db
        self._file: IO[str] | None = None
        self._lock: Connection | None = None
        self._until = 0.0
        self.policy = ""
        """The digest of the configuration that this process goes by."""
        self.trouble = ""
        """Why it does not go by a newer one; "" if it does."""
        self.reloaded = ""
        """The last wish to reload that it has carried out or refused."""

    def lock(self) -> None:
        """Wins the name, or raises StoreError: another process has it."""
        taken = StoreError(
            f"another maildesk runs as node {self.name!r} on this store; stop it first, "
            "or give this one its own name ([node] name in maildesk.toml)"
        )
        if self._db.path is not None:
            path = self._db.path.with_name(f"{self._db.path.name}.{self.name}.lock")
            file = path.open("a")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise taken from None
            self._file = file
            return
        conn = self._db.connect()
        if not conn.exec_driver_sql(f"SELECT pg_try_advisory_lock({self._key})").scalar_one():
            conn.close()
            raise taken
        self._lock = conn

    @property
    def _key(self) -> int:
        return int.from_bytes(sha256(f"maildesk node {self.name}".encode()).digest()[:7], "big")

    def hold(self) -> None:
        """Makes sure that the name is still ours. PostgreSQL frees it with the connection that won it, for example
        when the server restarts; then it is won again, or StoreError says who has it now."""
        if self._file is not None:
            return
        if self._lock is not None:
            try:
                self._lock.exec_driver_sql("SELECT 1")
            except exc.DBAPIError:
                self._release()
            else:
                return
        # Whoever has the name now may already send what this process holds.
        self._until = 0.0
        self.lock()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.invalidate()
            self._lock.close()
            self._lock = None

    def beat(self, conn: Connection, now: int) -> None:
        """Writes that it stays alive for another 30 s; see `lives` for when that holds. Earlier boots of the name are
        dead at once: this one has the lock. A command-line run that was killed comes again under another name."""
        clock = self._db.server_now(conn, now)
        earlier = and_(node.c.name == self.name, node.c.id != self.id)
        killed = and_(node.c.name.startswith(CLI), node.c.until < clock)
        conn.execute(delete(node).where(or_(earlier, killed)))
        until = clock + DEAD_SECONDS * SECOND
        me = this()
        said = {"until": until, "policy": self.policy, "trouble": self.trouble, "reloaded": self.reloaded}
        statement = insert(conn, node).values(
            id=self.id, name=self.name, home=me.home, pid=me.pid, started=me.started, **said
        )
        conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=said))

    def lives(self, since: float) -> None:
        """A beat that began at `since` (by its clock) is committed."""
        self._until = since + DEAD_SECONDS

    def late(self) -> bool:
        """Whether others may take this node for dead, or soon will: then it takes nothing and sends nothing."""
        return self.clock() > self._until - BEAT_SECONDS

    def leave(self, conn: Connection) -> None:
        """Is dead from now on; its rows are free."""
        conn.execute(delete(node).where(node.c.id == self.id))

    def unlock(self) -> None:
        """Gives the name back."""
        if self._file is not None:
            # Nobody else ever has the name of a command-line run, so its file may go.
            if self.name.startswith(CLI):
                os.unlink(self._file.name)
            self._file.close()
            self._file = None
        self._release()


def cli_name() -> str:
    """The name of a command-line run, which no other process has."""
    return f"{CLI}{os.getpid()}-{secrets.token_hex(3)}"


def alive(conn: Connection, db: Database, now: int) -> set[str]:
    """The ids of the living nodes."""
    clock = db.server_now(conn, now)
    return {row.id for row in conn.execute(select(node)) if is_alive(row, clock)}


def is_alive(row: Any, now: int) -> bool:
    """Whether a node, by its row, is alive; `now` is the clock that nodes live by."""
    return row.until > now and not certainly_dead(Process(row.home, row.pid, row.started))
