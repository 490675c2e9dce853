"""The only way in. A mail is acknowledged to the world only after its bytes are committed."""

from __future__ import annotations

import hashlib
import secrets
import zlib
from collections.abc import Callable
from concurrent.futures import Future

from maildesk import log
from maildesk.core.headers import head
from maildesk.core.identity import mid_hash
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import inbox
from maildesk.store.db import operational
from maildesk.store.inbox import Incoming
from maildesk.store.store import Store
from maildesk.store.writer import Busy


class Acceptor:
    """Commits mails as they come. It judges no content and knows no duplicates."""

    def __init__(
        self, store: Store, clock: Callable[[], int], wake: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

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
        said = head(raw)
        now = self._clock()
        mail = Incoming(
            key=secrets.token_hex(10),
            source_key=source_key,
            envelope=envelope,
            evidence=evidence,
            received=now if written is None else min(written, now),
            z=zlib.compress(raw, 6),
            size=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            head=said,
            mid=mid_hash(said.message_id),
        )
        done: Future[str] = Future()
        self._submit(mail, done, again=True)
        return done

    def _submit(self, mail: Incoming, done: Future[str], again: bool) -> None:
        self._store.submit("accept", lambda conn: inbox.accept(conn, mail)).add_done_callback(
            lambda future: self._committed(mail, future, done, again)
        )

    def _committed(self, mail: Incoming, future: Future[str], done: Future[str], again: bool) -> None:
        error = future.exception()
        if error is None:
            log.received(mail.key, mail.envelope.channel, mail.size, mail.head.message_id, mail.head.sender)
            done.set_result(mail.key)
            self._wake()
        elif again and operational(error) and getattr(error, "connection_invalidated", False):
            # The COMMIT may have gone through before the connection broke: the same row key tells.
            try:
                self._submit(mail, done, again=False)
            except Busy as busy:
                # Raised in a callback it would be lost, and the other side would wait for ever.
                log.refused(mail.key, busy)
                done.set_exception(busy)
        else:
            log.refused(mail.key, error)
            done.set_exception(error)
