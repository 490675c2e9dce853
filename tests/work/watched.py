"""A desk that is watched: what its admin is told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update

from maildesk.core.alarm import Watch
from maildesk.edges.machine import Places
from maildesk.store import alarms as stored
from maildesk.work.alarms import Alarms
from maildesk.work.checks import Checks
from tests.desk import Desk

ADMIN = "admin@house.example"
DISK = {"disk_mb": 0}  # how full this machine's disk is must not decide what a test sees


@dataclass
class Watched:
    """A desk that is watched, and what the program that is told of alarms has heard."""

    desk: Desk
    watch: Watch = field(default_factory=lambda: Watch(**DISK, command=("page",)))
    places: Places = field(default_factory=Places)
    heard: list[tuple[str, str]] = field(default_factory=list)
    alarms: Alarms = field(init=False)

    def __post_init__(self) -> None:
        checks = Checks(lambda: self.watch, lambda: self.places)
        self.alarms = Alarms(self.desk.store, lambda: self.desk.live, lambda: self.watch, checks, self._run)

    def _run(self, command: tuple[str, ...], name: str, state: str, text: str) -> None:
        assert command == ("page",)
        assert text.count("\n") >= 3
        self.heard.append((name, state))

    def at(self, now: int) -> list[str]:
        """What stands after a look at this instant."""
        self.desk.now = now
        self.alarms.step(now)
        with self.desk.store.db.reading() as conn:
            return [one.name for one in stored.standing(conn)]

    def after(self, duration: int) -> list[str]:
        """The same so much later."""
        return self.at(self.desk.now + duration)

    def subjects(self) -> list[str]:
        """The subjects of the mails that the admin got."""
        self.desk.run()
        return [str(mail["Subject"]) for mail in self.desk.mails(to=ADMIN)]

    def change(self, table: Any, **values: Any) -> None:
        """Every row of a table gets these values."""
        self.desk.store.write("work", lambda conn: conn.execute(update(table).values(**values)))


def told_of(desk: Desk, name: str) -> str:
    """What a look at the desk says of an alarm, "" if all is well."""
    with desk.store.db.reading() as conn:
        return Checks(lambda: Watch(**DISK), Places)(conn, desk.now)[name]
