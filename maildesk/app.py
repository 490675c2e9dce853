"""The composition root: puts configuration, store, edges and work together. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from maildesk import configured as configuring
from maildesk import log
from maildesk.config.difference import LIVE, removed
from maildesk.config.load import Loaded
from maildesk.config.settings import Send
from maildesk.configured import Configured, Unusable
from maildesk.core.alarm import Watch
from maildesk.edges import machine
from maildesk.edges.accept import Acceptor
from maildesk.edges.machine import Places
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.edges.senders.relay import relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import configurations, control, inbox, lookup, outbox, restores
from maildesk.store.db import Database, local_now
from maildesk.store.store import Store
from maildesk.work.alarms import Alarms
from maildesk.work.checks import Checks
from maildesk.work.chores import Chores
from maildesk.work.inbound import Inbound
from maildesk.work.lanes import Lanes
from maildesk.work.live import Live
from maildesk.work.outbound import BATCH, Outbound, Sender

SMTP_BATCH = 10


class App:
    """A desk, put together. `node_name` is whose rows it takes; the clock gives microseconds UTC.

    `path` is the admin's maildesk.toml, which `reload` reads anew; `configured` may come from there or from the store.
    """

    def __init__(
        self, configured: Configured, node_name: str, path: Path, clock: Callable[[], int] = local_now
    ) -> None:
        self.configured = configured
        self.path = path
        self.clock = clock
        loaded = configured.loaded
        self.live = _live(configured)
        self._paused: set[str] = set()
        self.store = Store(Database(loaded.settings.store.url), node_name)
        self.accept = Acceptor(self.store, clock, wake=lambda: self.inbound_wake())
        self.inbound = Inbound(self.store, lambda: self.live, wake=lambda: self.outbound_wake())
        self.lanes = Lanes(self.store)
        self.outbound = [
            Outbound(self.store, lambda: self.live, sender, batch, lanes=self.lanes)
            for sender, batch in self._senders(loaded.settings.send)
        ]
        self.chores = Chores(self.store, lambda: self.live)
        checks = Checks(self._watch, self._places)
        self.alarms = Alarms(self.store, lambda: self.live, self._watch, checks, machine.run)
        self.inbound_wake: Callable[[], None] = lambda: None
        self.outbound_wake: Callable[[], None] = lambda: None

    def _senders(self, send: Send) -> list[tuple[Sender, int]]:
        """The ways out, each for one thread, with the number of mails that it takes at a time."""
        if send.kind == "maildir":
            return [(MaildirSender(send.path), BATCH)]
        # One relay for all, so that all know a token when one has got it; few mails each, so that none waits behind
        # a large one while another thread is idle.
        shared = relay(send, self.store, self.clock)
        return [(SmtpSender(shared), SMTP_BATCH) for _ in range(send.connections)]

    @property
    def loaded(self) -> Loaded:
        """The configuration that the desk goes by."""
        return self.configured.loaded

    def _watch(self) -> Watch:
        return self.loaded.settings.alarms

    def _places(self) -> Places:
        """What of this machine is watched."""
        return machine.places(self.loaded.settings, self.store.db.path)

    def enter(self) -> None:
        """Wins the node's name and counts as alive. Raises StoreError where another process has the name."""
        self.store.node.lock()
        self.store.node.policy = self.live.digest
        self.beat()

    def keep(self) -> None:
        """Makes the configuration this node's last good one. Where it is an older one already, because the admin's
        files cannot be used, says so with an alarm."""
        if not self.configured.kept:
            self._keep(self.configured)
            self.alarms.clear("reload")

    def expect_mailboxes(self) -> None:
        """After a restore the mailboxes have their time to be read again from here on."""
        names, now = [mailbox.name for mailbox in self.loaded.settings.imap], self.clock()
        self.store.write("work", lambda conn: restores.started(conn, names, now))

    def _keep(self, new: Configured) -> None:
        node, digest = self.store.node.name, new.loaded.digest
        self.store.write(
            "work", lambda conn: configurations.keep(conn, node, digest, new.files, self.clock())
        )

    def refused(self, problems: tuple[str, ...]) -> None:
        """The admin's files cannot be used: the desk goes on with what it has, and says so loudly."""
        log.reload_refused(self.live.digest, problems)
        self.store.node.trouble = "\n".join(problems)
        told = "\n".join(problems)
        self.alarms.raise_(
            "reload",
            f"The configuration cannot be used; the desk goes on with its last good one, {self.live.digest[:12]}. "
            f"Mend it, try it with `maildesk check`, then run `maildesk reload`.\n{told}",
        )

    def wished(self) -> str:
        """A wish to reload that this node has not heeded yet; "" if there is none. Pauses are seen, too."""
        with self.store.db.reading() as conn:
            wish = control.wished_reload(conn)
            paused = control.paused(conn)
        if paused != self._paused:
            self._paused = paused
            log.paused(sorted(paused))
        return "" if wish == self.store.node.reloaded else wish

    def reload(self, wish: str = "") -> bool:
        """Reads the admin's files anew and goes by them from the next step on, all at once; False if they are refused
        and the old ones stay. `wish` is the wish of the store that is heeded by this."""
        try:
            new = self._acceptable()
        except Unusable as error:
            self.refused(error.problems)
        else:
            self._take(new)
        self.store.node.reloaded = wish or self.store.node.reloaded
        self.beat()
        return not self.store.node.trouble

    def _acceptable(self) -> Configured:
        new = configuring.checked(self.path)
        if problems := self.taken_away(new):
            raise Unusable(tuple(problems))
        return new

    def taken_away(self, new: Configured) -> list[str]:
        """What open tickets have and the new configuration lacks, as sentences."""
        with self.store.db.reading() as conn:
            return removed(self.live.policy, new.loaded.policy, lookup.in_use(conn))

    def _take(self, new: Configured) -> None:
        found = configuring.compared(self.configured, new)
        self._keep(new)
        # What is read only at the start stays as it was read then.
        live = {key: getattr(new.loaded.settings, key) for key in LIVE}
        settings = self.loaded.settings.model_copy(update=live)
        self.configured = replace(new, loaded=replace(new.loaded, settings=settings))
        self.live = _live(new)
        self.store.node.policy, self.store.node.trouble = self.live.digest, ""
        self.alarms.clear("reload")
        log.reloaded(self.live.digest, found.changes, found.restart)

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
        try:
            while worked := self._step():
                self.beat()
                done += worked
        finally:
            self.close_senders()
        return done

    def _step(self) -> int:
        sent = sum(lane.step(self.clock()) for lane in self.outbound)
        return self.inbound.step(self.clock()) + sent + self.chores.step(self.clock())

    def close_senders(self) -> None:
        """Says goodbye to the relay."""
        for lane in self.outbound:
            lane.close()

    def counts(self) -> dict[str, dict[str, int]]:
        """How many mails are in which state, in and out."""
        with self.store.db.reading() as conn:
            return {"inbox": inbox.counts(conn), "outbox": outbox.counts(conn)}


def _live(configured: Configured) -> Live:
    return Live(configured.loaded.policy, configured.templates, configured.loaded.digest)
