"""Outbound: mails are composed, their bytes committed, and then sent."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from sqlalchemy import Connection

from maildesk import log
from maildesk.core import undelivered
from maildesk.core.changes import Decision
from maildesk.core.compose import compose
from maildesk.core.decide import decide
from maildesk.core.deskaddress import Route, return_path
from maildesk.core.identity import once_key
from maildesk.core.material import Blocked, Composed, Material
from maildesk.core.retry import BARRED, SENDS, Attempt, next_state
from maildesk.core.stopped import Stopped, wanted
from maildesk.core.undelivered import Delivery
from maildesk.store import attempts, decisions, materials, outbox, skeleton, threads, tickets, ways_out
from maildesk.store.attempts import Result
from maildesk.store.db import operational
from maildesk.store.outbox import Row
from maildesk.store.store import Store
from maildesk.work.lanes import Lanes
from maildesk.work.live import Live
from maildesk.work.parts import Parts

BATCH = 50
GIVEN_UP = ("failed", "undelivered")

Ready = tuple[Row, bytes]
"""A mail with its composed bytes."""


class Sender(Protocol):
    """A way out. `record_every` mails may be sent before their results are committed: one, unless a repeat after
    a kill is recognised at the other end. One thread at a time uses it."""

    record_every: int

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        """Sends one mail of so many bytes under its once-key; `again` unless this is the first attempt."""

    def settle(self) -> Mapping[str, OSError]:
        """Makes what was sent since the last call last; those (by once-key) of which that failed, and why."""

    def rest(self) -> None:
        """There is nothing to send at the moment."""

    def close(self) -> None:
        """There will be nothing more to send."""


def _no_hook(row: Row) -> None:
    """Stands where tests watch sends."""


class Outbound:
    """Sends what was decided. Several may work for one node, each in its own thread, if they share `lanes`."""

    def __init__(
        self,
        store: Store,
        live: Callable[[], Live],
        sender: Sender,
        batch: int = BATCH,
        testing_around_send: Callable[[Row], None] = _no_hook,
        lanes: Lanes | None = None,
    ) -> None:
        self._store = store
        self._live = live
        self._sender = sender
        self._batch = batch
        self._around_send = testing_around_send
        self._lanes = lanes or Lanes(store)
        self._parts = Parts(store)
        # Mails whose attempt is counted, and that were not handed to the sender yet.
        self._begun: dict[int, Row] = {}
        self.beat: Callable[[], None] = lambda: None
        """Called before each mail of a batch: a slow one takes its time, and does not hang."""
        self.outcomes: Counter[str] = Counter()
        """How many attempts this process has made, by what came of them."""

    def step(self, now: int) -> int:
        """Takes a batch of due mails and sends it; the number of mails that were taken or given up.

        Raises the world's errors of the database; the batch is free again with the next step. Nothing counts
        against it, and no attempt is counted of a mail that was not handed to the sender.
        """
        store, lanes = self._store, self._lanes
        if store.node.late() or lanes.closed(now):
            return 0
        with lanes.taking(self) as keep:
            rows, given_up = store.write("work", lambda conn: self._take(conn, now, keep))
            lanes.claim(self, (row.id for row in rows))
        self._begun = {}
        for once in given_up:
            log.quarantined("send", once)
        try:
            if not rows:
                self._sender.rest()
            elif self._live().policy.mode == "shadow":
                self._keep(*self._compose(rows, now))
            else:
                self._send(*self._compose(rows, now), now)
        except Exception as error:
            if operational(error):
                raise
            self._void(rows, error)
        finally:
            self._parts.drop()
            # Of what was counted and not handed over, the next step of this lane takes care.
            lanes.busy(self, self._begun)
        return len(rows) + len(given_up)

    def close(self) -> None:
        """Sends nothing more."""
        self._sender.close()

    def _take(self, conn: Connection, now: int, keep: set[int]) -> tuple[list[Row], list[str]]:
        store = self._store
        attempts.unbegin(conn, self._begun.values(), store.node.id)
        return outbox.take(conn, store.db, store.node.id, self._batch, now, keep)

    def _void(self, rows: Sequence[Row], error: Exception) -> None:
        """An error of our own that belongs to no single mail of the group: each is taken alone from now on."""
        if len(rows) == 1:
            self._failed(rows[0], error)
            return
        node, begun = self._store.node.id, self._begun

        def work(conn: Connection) -> None:
            attempts.unbegin(conn, begun.values(), node)
            outbox.put_back(conn, rows, node, alone=True)

        self._store.write("work", work)
        self._begun = {}
        log.stumbled("group of sends", rows[0].once, error)

    def _compose(self, rows: Sequence[Row], now: int) -> tuple[list[Ready], list[tuple[Row, Composed]]]:
        """The rows with their bytes, and those among them whose bytes are new and are to be committed."""
        ready: list[Ready] = []
        for row in rows:
            if row.skeleton is None:
                continue
            if skeleton.digest(row.skeleton) == row.sha256:
                ready.append((row, row.skeleton))
            else:
                self._failed(row, skeleton.Changed("the stored bytes are not those that were composed"))
        mails = self._composed([row for row in rows if row.skeleton is None], now)
        ready += [(replace(row, sender=mail.sender), skeleton.pack(mail.segments)) for row, mail in mails]
        return ready, mails

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
            if not attempts.begin(conn, [row], node):
                return None
            cause = self._stopped(conn, row, mail)
            before = tickets.load(conn, wanted(cause, live.policy), keys, now)
            decision = decide(cause, before, live.policy, now)
            result = Result(row, "blocked", " ".join(decision.why), "stopped", 0)
            attempts.record(conn, [result], node, now)
            decisions.save(conn, before, [(row.once, "", decision)], live.policy, live.digest, now)
            return decision

        if decision := self._store.write("decide", work):
            log.not_sent(row.once, "stopped", row.notice.to, " ".join(decision.why))

    def _stopped(self, conn: Connection, row: Row, mail: Blocked) -> Stopped:
        notice = row.notice
        shown = materials.materials(conn, [row])[row.once].entry
        others = threads.answers(conn, notice.ticket, notice.entry) if notice.ticket is not None else ()
        return Stopped(row.once, notice, shown, others, mail.findings)

    def _keep(self, ready: Sequence[Ready], new: Sequence[tuple[Row, Composed]]) -> None:
        """Runs in the shadow of another system, which sends its own mails."""
        node, rows = self._store.node.id, [row for row, _ in ready]

        def work(conn: Connection) -> None:
            outbox.composed(conn, new, node)
            outbox.shadowed(conn, rows, node)

        self._store.write("work", work)
        for row in rows:
            log.shadowed(row.once, row.notice.kind, row.notice.ticket, row.notice.to)

    def _send(self, ready: Sequence[Ready], new: Sequence[tuple[Row, Composed]], now: int) -> None:
        if not ready:
            return
        every, node = self._sender.record_every, self._store.node.id
        groups = [ready[at : at + every] for at in range(0, len(ready), every)]

        def work(conn: Connection) -> set[int]:
            outbox.composed(conn, new, node)
            return attempts.begin(conn, [row for row, _ in groups[0]], node)

        held = self._store.write("work", work)
        self._begun = {row.id: row for row, _ in groups[0] if row.id in held}
        for at, group in enumerate(groups):
            results, left = self._group(group, now)
            closed = self._lanes.closed(now)
            if closed:
                left += [row for later in groups[at + 1 :] for row, _ in later]
            self._record(results, left, [] if closed or at + 1 == len(groups) else groups[at + 1], now)
            if closed:
                return

    def _group(self, group: Sequence[Ready], now: int) -> tuple[list[Result], list[Row]]:
        """What came of each mail, and those that were not sent, neither now nor perhaps."""
        results: list[Result] = []
        left: list[Row] = []
        made: list[tuple[Row, Attempt]] = []
        for row, data in group:
            if row.id not in self._begun:
                continue
            # A node that others may take for dead must not send what they will send, too.
            if self._store.node.late() or self._lanes.closed(now):
                left.append(row)
                continue
            if row.unknown >= SENDS and self._sender.record_every == 1:
                told = "it was sent twice without an answer of the relay, and is not sent a third time"
                results.append(Result(row, "unknown", told, "maybe-sent", 0))
                continue
            self.beat()
            self._around_send(row)
            begun = self._begun.pop(row.id)
            try:
                attempt = self._attempt(row, data)
            except Exception as error:
                self._failed(row, error)
                continue
            self._around_send(row)
            if attempt.outcome == "barred":
                self._bar(row, attempt.answer, now)
                continue
            if attempt.outcome == "paused":
                self._begun[row.id] = begun
                self._lanes.way_out.close(attempt.answer, now)
                left.append(row)
                continue
            self._lanes.way_out.reopen()
            made.append((row, attempt))
        failed = self._sender.settle() if made else {}
        for row, attempt in made:
            if row.once in failed:
                attempt = Attempt("later", log.told(failed[row.once]))
            tries = row.try_ - row.settled
            state, not_before = next_state(attempt, tries, row.first or now, now, row.unknown)
            results.append(Result(row, attempt.outcome, attempt.answer, state, not_before))
        return results, left

    def _bar(self, row: Row, answer: str, now: int) -> None:
        """The relay takes no mail from this sender: it waits, and no attempt counts; mail of others goes on."""
        node, name, until = self._store.node.id, f"{self._store.node.name} <{row.sender}>", now + BARRED

        def work(conn: Connection) -> None:
            attempts.bar(conn, row, node, until, answer)
            ways_out.close(conn, name, now, until, answer)

        self._store.write("work", work)
        log.not_sent(row.once, "ready", row.notice.to, answer)

    def _record(
        self, results: Sequence[Result], left: Sequence[Row], following: Sequence[Ready], now: int
    ) -> None:
        """Commits what came of mails with what follows from it, and that the following ones are sent from now on."""
        node, begun = self._store.node.id, self._begun
        lost = any(result.state in GIVEN_UP for result in results)

        def work(conn: Connection) -> set[int]:
            recorded = attempts.record(conn, results, node, now)
            if lost:
                self._tell(conn, recorded, now)
            attempts.unbegin(conn, [row for row in left if row.id in begun], node)
            outbox.put_back(conn, left, node)
            return attempts.begin(conn, [row for row, _ in following], node) if following else set()

        held = self._store.write("decide" if lost else "work", work)
        self._begun = {row.id: row for row, _ in following if row.id in held}
        self.outcomes.update(result.outcome for result in results)
        for result in results:
            notice = result.row.notice
            if result.state == "sent":
                log.sent(notice.once, notice.kind, notice.ticket, notice.to, result.answer)
            else:
                log.not_sent(notice.once, result.state, notice.to, result.answer)

    def _tell(self, conn: Connection, results: Sequence[Result], now: int) -> None:
        """Whom it concerns hears of each mail that is given up."""
        causes = [
            Delivery(
                key=once_key(result.row.once, f"given-up-{result.row.try_}", result.row.notice.to, None),
                notice=result.row.notice,
                late=False,
                answer=result.answer,
            )
            for result in results
            if result.state in GIVEN_UP
        ]
        tell(conn, causes, self._store, self._live(), now)

    def _attempt(self, row: Row, data: bytes) -> Attempt:
        policy = self._live().policy
        sender = row.sender or policy.address
        route = Route(return_path(sender, row.message_id, policy, self._store.keys), row.notice.to)
        self._parts.load(data)
        size = skeleton.size(data, self._parts)
        mail = skeleton.render(data, self._parts)
        try:
            return self._sender.send(row.once, mail, row.try_ > 1, route, size)
        except OSError as error:
            return Attempt("later", log.told(error))


def tell(conn: Connection, causes: Sequence[Delivery], store: Store, live: Live, now: int) -> None:
    """Decides and saves what has come of mails, within a transaction that decides."""
    if not causes:
        return
    before = snapshot = tickets.load(conn, undelivered.wanted(causes), store.keys, now)
    decided: list[tuple[str, str, Decision]] = []
    for cause in causes:
        decision = decide(cause, snapshot, live.policy, now)
        snapshot = decision.after
        decided.append((cause.key, "", decision))
    decisions.save(conn, before, decided, live.policy, live.digest, now)
