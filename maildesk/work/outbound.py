"""Outbound: mails are composed, their bytes committed, and then sent."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sqlalchemy import Connection

from maildesk import log
from maildesk.core import identity
from maildesk.core.compose import compose
from maildesk.core.draft import domain
from maildesk.core.material import Blocked, Composed, Material, PartRef
from maildesk.core.message import part_bytes
from maildesk.core.model import HOUR
from maildesk.core.retry import Attempt, next_state
from maildesk.core.returned import returned
from maildesk.core.telling import ERRORS_HOUR
from maildesk.store import outbox, skeleton, views
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

    def step(self, now: int) -> int:
        """Takes a batch of due mails and sends it; the number of mails that were taken or given up.

        Raises the world's errors of the database after freeing the batch; nothing counts against it.
        """
        store = self._store
        if store.node.late():
            return 0
        rows, given_up = store.write(
            "work", lambda conn: outbox.take(conn, store.db, store.node.id, self._batch, now)
        )
        for once in given_up:
            log.quarantined("send", once)
        try:
            ready = self._compose(rows, now)
            for at in range(0, len(ready), self._sender.record_every):
                self._send(ready[at : at + self._sender.record_every], now)
        except Exception as error:
            if operational(error):
                # What was sent already is recorded, or its attempt counts as one with an unknown outcome.
                raise
            self._void(rows, error)
        return len(rows) + len(given_up)

    def _void(self, rows: Sequence[Row], error: Exception) -> None:
        """An error of our own that belongs to no single mail of the group: each is taken alone from now on."""
        if len(rows) == 1:
            self._failed(rows[0], error)
            return
        node = self._store.node.id
        self._store.write("work", lambda conn: outbox.apart(conn, rows, node))
        log.stumbled("group of sends", rows[0].once, error)

    def _compose(self, rows: Sequence[Row], now: int) -> list[tuple[Row, bytes]]:
        """The rows with their bytes; new ones are composed and committed."""
        ready = [(row, row.skeleton) for row in rows if row.skeleton is not None]
        new = [row for row in rows if row.skeleton is None]
        if not new:
            return ready
        live = self._live()
        with self._store.db.reading() as conn:
            materials = views.materials(conn, new)
        mails: list[tuple[Row, Composed]] = []
        for row in new:
            try:
                mail = compose(row.notice, materials[row.once], live.policy, self._store.keys, live.templates)
            except Exception as error:
                self._failed(row, error)
                continue
            if isinstance(mail, Blocked):
                self._blocked(row, mail, materials[row.once], live, now)
            else:
                mails.append((row, mail))
        node = self._store.node.id
        self._store.write("work", lambda conn: outbox.composed(conn, mails, node))
        return ready + [(row, skeleton.pack(mail.segments)) for row, mail in mails]

    def _failed(self, row: Row, error: Exception) -> None:
        if operational(error):
            raise error
        trouble = "".join(traceback.format_exception(error))[-8_000:].replace("\0", "")
        node = self._store.node.id
        self._store.write("work", lambda conn: outbox.failed(conn, row, node, trouble))
        log.stumbled("send", row.once, error)

    def _blocked(self, row: Row, mail: Blocked, material: Material, live: Live, now: int) -> None:
        """The last gate stopped it: the agent who wrote it gets it back."""
        back = returned(row.notice, material, mail.findings, live.policy, now)
        keys, node = self._store.keys, self._store.node.id
        answer = "stopped by the last gate: " + " ".join(mail.findings)

        def work(conn: Connection) -> None:
            outbox.record(conn, [Result(row, "blocked", answer, "failed", 0)], node, now)
            # A machine that answers as the agent must not go round with what returns its mail.
            if back and outbox.told(conn, back.kind, back.to, now - HOUR) < ERRORS_HOUR:
                mid = identity.message_id(keys, back.once, domain(live.policy))
                outbox.add(conn, back, row.once, mid)

        self._store.write("work", work)
        log.not_sent(row.once, "failed", row.notice.to, answer)

    def _send(self, rows: Sequence[tuple[Row, bytes]], now: int) -> None:
        results: list[Result] = []
        late: list[Row] = []
        for row, data in rows:
            # A node that others may take for dead must not send what they will send, too.
            if self._store.node.late():
                late.append(row)
                continue
            self._around_send(row)
            attempt = self._attempt(row, data)
            self._around_send(row)
            state, not_before = next_state(attempt, row.try_, row.first or now, now, row.unknown)
            results.append(Result(row, attempt.outcome, attempt.answer, state, not_before))
        node = self._store.node.id

        def work(conn: Connection) -> None:
            outbox.record(conn, results, node, now)
            outbox.put_back(conn, late, node)

        self._store.write("work", work)
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
            return part_bytes(views.raw_mail(conn, ref.entry), ref.part)
