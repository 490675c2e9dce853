"""The only way in. A mail is acknowledged to the world only after its bytes are committed."""

from __future__ import annotations

import hashlib
import secrets
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import Connection

from maildesk import log
from maildesk.core.headers import head
from maildesk.core.identity import mid_hash
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import inbox
from maildesk.store.db import operational
from maildesk.store.inbox import Incoming
from maildesk.store.store import Store
from maildesk.store.writer import Busy

Save = Callable[[Connection, Sequence[Incoming]], object]
"""Stores mails in a transaction; doing it again with the same ones changes nothing."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A mail that an edge has fetched. `received` is the other side's time of it, microseconds UTC."""

    raw: bytes
    envelope: Envelope
    evidence: Evidence
    source_key: str
    received: int


class Acceptor:
    """Commits mails as they come. It judges no content and knows no duplicates."""

    def __init__(
        self, store: Store, clock: Callable[[], int], wake: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self.observe: Callable[[float], None] = lambda seconds: None
        """Told how long it took until mails were committed."""
        self.not_accepted = 0
        """How many mails could not be stored."""

    def __call__(
        self,
        raw: bytes,
        envelope: Envelope,
        evidence: Evidence,
        source_key: str | None = None,
        written: int | None = None,
    ) -> Future[str]:
        """The future has the row key once the mail is committed, or the error for which it was not.

        `written` is when a mail of an archive was written (microseconds UTC); it counts instead of now where it is
        earlier.

        Raises Busy where too much waits. On any error the other side still has the mail and must keep it.
        """
        mail = self._incoming(raw, envelope, evidence, source_key, written)
        future = self._store_all((mail,), lambda conn, mails: inbox.accept(conn, mails[0]))
        done: Future[str] = Future()
        future.add_done_callback(lambda stored: _pass_on(stored, done, mail.key))
        return done

    def together(self, offers: Sequence[Offer], save: Save) -> Future[None]:
        """Has `save` store mails in one transaction; the future is done once that is committed. Raises Busy."""
        mails = [
            self._incoming(one.raw, one.envelope, one.evidence, one.source_key, one.received)
            for one in offers
        ]
        return self._store_all(mails, save)

    def _incoming(
        self,
        raw: bytes,
        envelope: Envelope,
        evidence: Evidence,
        source_key: str | None,
        received: int | None = None,
    ) -> Incoming:
        said, now = head(raw), self._clock()
        return Incoming(
            key=secrets.token_hex(10),
            source_key=source_key,
            envelope=envelope,
            evidence=evidence,
            received=now if received is None else min(received, now),
            z=zlib.compress(raw, 6),
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            head=said,
            mid=mid_hash(said.message_id),
            accepted=None if received is None else now,
        )

    def _store_all(self, mails: Sequence[Incoming], save: Save) -> Future[None]:
        done: Future[None] = Future()
        began = time.monotonic()
        self._submit(mails, save, done, again=True)
        done.add_done_callback(lambda stored: stored.exception() or self.observe(time.monotonic() - began))
        return done

    def _submit(self, mails: Sequence[Incoming], save: Save, done: Future[None], again: bool) -> None:
        self._store.submit("accept", lambda conn: save(conn, mails)).add_done_callback(
            lambda future: self._committed(mails, save, future, done, again)
        )

    def _committed(
        self, mails: Sequence[Incoming], save: Save, future: Future[object], done: Future[None], again: bool
    ) -> None:
        error = future.exception()
        if error is None:
            for mail in mails:
                log.received(
                    mail.key, mail.envelope.channel, mail.size, mail.head.message_id, mail.head.sender
                )
            done.set_result(None)
            self._wake()
        elif again and operational(error) and getattr(error, "connection_invalidated", False):
            # The COMMIT may have gone through before the connection broke: the same row key tells.
            try:
                self._submit(mails, save, done, again=False)
            except Busy as busy:
                # Raised in a callback it would be lost, and the other side would wait for ever.
                self.not_accepted += len(mails)
                done.set_exception(busy)
        else:
            # Who offered them says so in the log: it knows from whom they came, and what it told them.
            self.not_accepted += len(mails)
            done.set_exception(error)


def _pass_on(stored: Future[None], done: Future[str], key: str) -> None:
    error = stored.exception()
    if error is None:
        done.set_result(key)
    else:
        done.set_exception(error)
