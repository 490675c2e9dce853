"""The composition root: puts configuration, store, edges and work together. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable

from maildesk.config.load import Loaded
from maildesk.config.settings import Send
from maildesk.edges import templates
from maildesk.edges.accept import Acceptor
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.edges.senders.relay import relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import inbox, outbox
from maildesk.store.db import Database, local_now
from maildesk.store.store import Store
from maildesk.work.chores import Chores
from maildesk.work.inbound import Inbound
from maildesk.work.lanes import Lanes
from maildesk.work.live import Live
from maildesk.work.outbound import BATCH, Outbound, Sender

SMTP_BATCH = 10


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
        self.lanes = Lanes(self.store)
        self.outbound = [
            Outbound(self.store, lambda: self.live, sender, batch, lanes=self.lanes)
            for sender, batch in self._senders(loaded.settings.send)
        ]
        self.chores = Chores(self.store, lambda: self.live)
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
