"""Alarms: what is wrong is noted as it is found, written to the store, and told to the admin once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from sqlalchemy import Connection

from maildesk import log
from maildesk.core import alarm as core
from maildesk.core import identity
from maildesk.core.alarm import Alarm, Turn, Watch
from maildesk.core.draft import domain
from maildesk.store import alarms, outbox
from maildesk.store.db import operational
from maildesk.store.store import Store
from maildesk.work.live import Live

Told = tuple[Alarm, Turn]
Check = Callable[[Connection, int], Mapping[str, str]]


class Alarms:
    """What stands in this process. `raise_` and `clear` may be called from any thread, as often as one likes: they
    only take note, and never wait for the store."""

    def __init__(
        self,
        store: Store,
        live: Callable[[], Live],
        watch: Callable[[], Watch],
        check: Check,
        run: Callable[[tuple[str, ...], str, str, str], None],
    ) -> None:
        self._store = store
        self._live = live
        self._watch = watch
        self._check = check
        self._run = run
        self.wake: Callable[[], None] = lambda: None
        """Called where something new is wrong, so that it is told at once."""
        self.beat: Callable[[], None] = lambda: None
        """Called before each run of the command, which may take a minute."""
        self._noted: dict[str, str] = {}
        self._lock = threading.Lock()
        self._broken: Alarm | None = None

    def raise_(self, name: str, sentence: str) -> None:
        """The condition `name` (`kind` or `kind:what`, see `core.alarm.KINDS`) holds; the sentence says what it is
        and what to do about it."""
        self._note(name, sentence)

    def clear(self, name: str) -> None:
        """The condition does not hold, or not any more."""
        self._note(name, "")

    def _note(self, name: str, sentence: str) -> None:
        core.kind_of(name)
        with self._lock:
            before = self._noted.get(name, "")
            self._noted[name] = sentence
        if before != sentence:
            self.wake()

    def step(self, now: int) -> int:
        """Looks at the desk, writes down what stands, and tells what is new; the number of alarms told.

        Raises the world's errors of the store, after telling of them by the command: no mail can.
        """
        try:
            told = self._written(now)
        except Exception as error:
            if operational(error):
                self._cannot_write(error, now)
            raise
        for one, is_ in told:
            log.alarm(one.name, is_, one.sentence)
            self._tell(one, is_)
        return len(told)

    def _written(self, now: int) -> list[Told]:
        store, live = self._store, self._live()
        with store.db.reading() as conn:
            found = dict(self._check(conn, now))
        with self._lock:
            found |= self._noted
        told = store.write("work", lambda conn: self._transaction(conn, found, live, now))
        with self._lock:
            # Once written, that something is fine need not be said again.
            self._noted = {name: said for name, said in self._noted.items() if said or found.get(name) != ""}
        self._broken = None
        return told

    def _transaction(self, conn: Connection, found: Mapping[str, str], live: Live, now: int) -> list[Told]:
        store = self._store
        alarms.report(conn, found, store.node.name, now)
        if self._broken is not None:
            alarms.put(conn, replace(self._broken, last=now, told=now, cleared=now))
        told: list[Told] = []
        for one in alarms.known(conn):
            is_ = core.turn(one, now)
            if not is_:
                continue
            alarms.put(conn, replace(one, told=now) if is_ == "raised" else replace(one, over=now))
            if is_ == "forgotten":
                continue
            told.append((one, is_))
            if live.policy.admin:
                notice = core.notice(one, is_, live.policy.admin, live.policy.zone, now)
                mid = identity.message_id(store.keys, notice.once, domain(live.policy))
                outbox.add(conn, notice, f"alarm {one.name}", mid)
        return told

    def _cannot_write(self, error: Exception, now: int) -> None:
        if self._broken is None:
            sentence = f"The store cannot be used: {log.told(error)}"
            self._broken = Alarm("store", self._store.node.name, sentence, first=now, last=now)
            log.alarm("store", "raised", sentence)
            self._tell(self._broken, "raised")

    def _tell(self, one: Alarm, is_: Turn) -> None:
        command = self._watch().command
        if not command:
            return
        self.beat()
        try:
            self._run(command, one.name, is_, core.text(one, is_, self._live().policy.zone))
        except OSError as error:
            log.alarm_command_failed(one.name, command[0], error)
