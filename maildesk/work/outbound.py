"""Outbound: mails are composed, their bytes committed, and then sent."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sqlalchemy import Connection

from maildesk import log
from maildesk.core.changes import Decision
from maildesk.core.compose import compose
from maildesk.core.decide import decide
from maildesk.core.material import Blocked, Composed, Material, PartRef
from maildesk.core.retry import Attempt, next_state
from maildesk.core.stopped import Stopped, wanted
from maildesk.store import decisions, materials, outbox, skeleton, threads, tickets, views
from maildesk.store.db import operational
from maildesk.store.outbox import Result, Row
from maildesk.store.store import Store
from maildesk.work.live import Live

BATCH = 50


class Sender(Protocol):
    """A way out. `record_every` mails may be sent before their results are committed: one, unless a repeat after
    a kill is recognised at the other end."""

    record_every: int

    def send(self, name: str, data: Iterable[bytes], again: bool) -> Attempt:
        """Sends one mail under its once-key; `again` unless this is the first attempt."""


def _no_hook(row: Row) -> None:
    """Stands where tests watch sends."""


class Outbound:
    """Sends what was decided."""

    def __init__(
        self,
        store: Store,
        live: Callable[[], Live],
        sender: Sender,
        batch: int = BATCH,
        testing_around_send: Callable[[Row], None] = _no_hook,
    ) -> None:
        self._store = store
        self._live = live
        self._sender = sender
        self._batch = batch
        self._around_send = testing_around_send
        # Mails whose attempt is counted, and that were not handed to the sender yet.
        self._begun: dict[int, Row] = {}

    def step(self, now: int) -> int:
        """Takes a batch of due mails and sends it; the number of mails that were taken or given up.

        Raises the world's errors of the database; the batch is free again with the next step. Nothing counts
        against it, and no attempt is counted of a mail that was not handed to the sender.
        """
        store = self._store
        if store.node.late():
            return 0
        rows, given_up = store.write("work", lambda conn: self._take(conn, now))
        self._begun = {}
        for once in given_up:
            log.quarantined("send", once)
        try:
            ready = self._compose(rows, now)
            if self._live().policy.mode == "shadow":
                self._keep([row for row, _ in ready])
                ready = []
            for at in range(0, len(ready), self._sender.record_every):
                self._send(ready[at : at + self._sender.record_every], now)
        except Exception as error:
            if operational(error):
                raise
            self._void(rows, error)
        return len(rows) + len(given_up)

    def _take(self, conn: Connection, now: int) -> tuple[list[Row], list[str]]:
        store = self._store
        outbox.unbegin(conn, self._begun.values(), store.node.id)
        return outbox.take(conn, store.db, store.node.id, self._batch, now)

    def _void(self, rows: Sequence[Row], error: Exception) -> None:
        """An error of our own that belongs to no single mail of the group: each is taken alone from now on."""
        if len(rows) == 1:
            self._failed(rows[0], error)
            return
        node, begun = self._store.node.id, self._begun

        def work(conn: Connection) -> None:
            outbox.unbegin(conn, begun.values(), node)
            outbox.put_back(conn, rows, node, alone=True)

        self._store.write("work", work)
        self._begun = {}
        log.stumbled("group of sends", rows[0].once, error)

    def _compose(self, rows: Sequence[Row], now: int) -> list[tuple[Row, bytes]]:
        """The rows with their bytes, committed, and their attempts counted; those of them that are still ours."""
        ready: list[tuple[Row, bytes]] = []
        for row in rows:
            if row.skeleton is None:
                continue
            if skeleton.digest(row.skeleton) == row.sha256:
                ready.append((row, row.skeleton))
            else:
                self._failed(row, skeleton.Changed("the stored bytes are not those that were composed"))
        mails = self._composed([row for row in rows if row.skeleton is None], now)
        ready += [(row, skeleton.pack(mail.segments)) for row, mail in mails]
        node = self._store.node.id

        def work(conn: Connection) -> set[int]:
            held = outbox.begin(conn, [row for row, _ in ready], node)
            outbox.composed(conn, mails, node)
            return held

        held = self._store.write("work", work) if ready else set()
        ready = [(row, data) for row, data in ready if row.id in held]
        self._begun = {row.id: row for row, _ in ready}
        return ready

    def _composed(self, rows: Sequence[Row], now: int) -> list[tuple[Row, Composed]]:
        if not rows:
            return []
        live, mails = self._live(), []
        shown = self._materials(rows)
        for at, row in enumerate(rows):
            try:
                mail = compose(row.notice, shown[row.once], live.policy, self._store.keys, live.templates)
                if isinstance(mail, Composed):
                    mails.append((row, mail))
                    continue
                self._stop(row, mail, live, now)
            except Exception as error:
                self._failed(row, error)
                continue
            # What tells colleagues of the answer says that it was stopped.
            shown |= self._materials(rows[at + 1 :])
        return mails

    def _materials(self, rows: Sequence[Row]) -> dict[str, Material]:
        with self._store.db.reading() as conn:
            return materials.materials(conn, rows)

    def _failed(self, row: Row, error: Exception) -> None:
        if operational(error):
            raise error
        trouble = "".join(traceback.format_exception(error))[-8_000:].replace("\0", "")
        node = self._store.node.id
        self._store.write("work", lambda conn: outbox.failed(conn, row, node, trouble))
        log.stumbled("send", row.once, error)

    def _stop(self, row: Row, mail: Blocked, live: Live, now: int) -> None:
        """The last gate stopped it: what follows is decided, and saved with the refusal."""
        keys, node = self._store.keys, self._store.node.id

        def work(conn: Connection) -> Decision | None:
            if not outbox.begin(conn, [row], node):
                return None
            cause = self._stopped(conn, row, mail)
            before = tickets.load(conn, wanted(cause, live.policy), keys, now)
            decision = decide(cause, before, live.policy, now)
            result = Result(row, "blocked", " ".join(decision.why), "stopped", 0)
            outbox.record(conn, [result], node, now)
            decisions.save(conn, before, [(row.once, "", decision)], live.policy, live.digest, now)
            return decision

        if decision := self._store.write("decide", work):
            log.not_sent(row.once, "stopped", row.notice.to, " ".join(decision.why))

    def _stopped(self, conn: Connection, row: Row, mail: Blocked) -> Stopped:
        notice = row.notice
        shown = materials.materials(conn, [row])[row.once].entry
        others = threads.answers(conn, notice.ticket, notice.entry) if notice.ticket is not None else ()
        return Stopped(row.once, notice, shown, others, mail.findings)

    def _keep(self, rows: Sequence[Row]) -> None:
        """Runs in the shadow of another system, which sends its own mails."""
        node = self._store.node.id
        self._store.write("work", lambda conn: outbox.shadowed(conn, rows, node))
        self._begun = {}
        for row in rows:
            log.shadowed(row.once, row.notice.kind, row.notice.ticket, row.notice.to)

    def _send(self, rows: Sequence[tuple[Row, bytes]], now: int) -> None:
        results: list[Result] = []
        late: list[Row] = []
        for row, data in rows:
            # A node that others may take for dead must not send what they will send, too.
            if self._store.node.late():
                late.append(row)
                continue
            self._around_send(row)
            self._begun.pop(row.id)
            try:
                attempt = self._attempt(row, data)
            except Exception as error:
                self._failed(row, error)
                continue
            self._around_send(row)
            state, not_before = next_state(attempt, row.try_, row.first or now, now, row.unknown)
            results.append(Result(row, attempt.outcome, attempt.answer, state, not_before))
        node = self._store.node.id

        def work(conn: Connection) -> None:
            outbox.record(conn, results, node, now)
            outbox.unbegin(conn, late, node)
            outbox.put_back(conn, late, node)

        self._store.write("work", work)
        for row in late:
            self._begun.pop(row.id)
        for result in results:
            notice = result.row.notice
            if result.state == "sent":
                log.sent(notice.once, notice.kind, notice.ticket, notice.to, result.answer)
            else:
                log.not_sent(notice.once, result.state, notice.to, result.answer)

    def _attempt(self, row: Row, data: bytes) -> Attempt:
        try:
            return self._sender.send(row.once, skeleton.render(data, self._part), again=row.try_ > 1)
        except OSError as error:
            return Attempt("later", log.told(error))

    def _part(self, ref: PartRef) -> bytes:
        with self._store.db.reading() as conn:
            return views.part(conn, ref)
