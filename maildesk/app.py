"""The composition root: puts configuration, store, edges and work together. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable

from maildesk.config.load import Loaded
from maildesk.core.alarm import Watch
from maildesk.edges import machine, templates
from maildesk.edges.accept import Acceptor
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store import inbox, outbox
from maildesk.store.db import Database, local_now
from maildesk.store.store import Store
from maildesk.work.alarms import Alarms
from maildesk.work.checks import Checks, Places
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from maildesk.work.outbound import Outbound


class App:
    """A desk, put together. `node_name` is whose rows it takes; the clock gives microseconds UTC."""

    def __init__(self, loaded: Loaded, node_name: str, clock: Callable[[], int] = local_now) -> None:
        self.loaded = loaded
        self.clock = clock
        self.live = Live(
            policy=loaded.policy,
            templates=templates.load(loaded.settings.templates, loaded.policy.language),
            digest=loaded.digest,
        )
        self.store = Store(Database(loaded.settings.store.url), node_name)
        self.accept = Acceptor(self.store, clock, wake=lambda: self.inbound_wake())
        self.inbound = Inbound(self.store, lambda: self.live, wake=lambda: self.outbound_wake())
        self.outbound = Outbound(self.store, lambda: self.live, MaildirSender(loaded.settings.send.path))
        checks = Checks(self._watch, self._places)
        self.alarms = Alarms(self.store, lambda: self.live, self._watch, checks, machine.run)
        self.inbound_wake: Callable[[], None] = lambda: None
        self.outbound_wake: Callable[[], None] = lambda: None

    def _watch(self) -> Watch:
        return self.loaded.settings.alarms

    def _places(self) -> Places:
        """What of this machine is watched."""
        file = self.store.db.path
        folders = (self.loaded.settings.send.path, *([file.parent] if file else []))
        return Places(folders=folders)

    def enter(self) -> None:
        """Wins the node's name and counts as alive. Raises StoreError where another process has the name."""
        self.store.node.lock()
        self.beat()

    def beat(self) -> None:
        """Stays alive. Raises StoreError where another process has won the node's name meanwhile."""
        self.store.node.hold()
        self.store.beat(self.clock())

    def leave(self) -> None:
        """Is no node any more: what it still holds is free. The name goes when the store is closed."""
        self.store.write("work", self.store.node.leave)

    def until_idle(self) -> int:
        """Runs every loop in turn until none has anything to do now; the number of mails handled."""
        done = 0
        while worked := self.inbound.step(self.clock()) + self.outbound.step(self.clock()):
            self.beat()
            done += worked
        return done

    def counts(self) -> dict[str, dict[str, int]]:
        """How many mails are in which state, in and out."""
        with self.store.db.reading() as conn:
            return {"inbox": inbox.counts(conn), "outbox": outbox.counts(conn)}
