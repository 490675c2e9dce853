"""IMAP in (RFC 3501): one thread for each mailbox; a mail is moved or marked only after its commit."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
import time
from collections.abc import Callable

from maildesk import log
from maildesk.config.settings import Mailbox
from maildesk.edges.accept import Acceptor
from maildesk.edges.intakes.imap_filing import Filing
from maildesk.edges.intakes.imap_folder import Desk, Reader
from maildesk.edges.intakes.imap_replay import Replay
from maildesk.edges.intakes.imap_session import CUT_OFF, NotWelcome, Session, told
from maildesk.edges.oauth import NoToken, Tokens, kept_in
from maildesk.edges.secret import NoSecret
from maildesk.store import mailboxes
from maildesk.store.db import operational
from maildesk.store.mailboxes import NotHeld
from maildesk.store.store import Store
from maildesk.store.writer import Busy

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0
OTHER_NODE_SECONDS = 15.0
"""How often it is looked whether the node that holds the mailbox is still alive."""
EXPECTED = (*CUT_OFF, NotWelcome, NoToken, NoSecret, Busy)
"""What is wrong outside of maildesk. Anything else is logged with where it happened."""
PATIENCE = 0.4
"""Seconds that a stop waits for what runs before the connection is cut; and then again."""


def tokens(mailbox: Mailbox, store: Store, clock: Callable[[], int]) -> Tokens | None:
    """Where access tokens for a mailbox come from; None if it has a password."""
    return kept_in(store, mailbox.oauth, clock) if mailbox.oauth else None


class ImapIntake:
    """Reads one mailbox as long as this node holds it.

    What is wrong with the connection, the server, the login or the store ends the session, is told in the log and in
    `maildesk status`, and is tried again after a pause that grows to five minutes.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        store: Store,
        accept: Acceptor,
        known: Callable[[str], bool],
        mail_bytes: Callable[[], int],
        clock: Callable[[], int],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.mailbox = mailbox
        self._store = store
        self._clock = clock
        self._jitter = jitter
        self._desk = Desk(store, accept, known, mail_bytes, clock)
        self._tokens = tokens(mailbox, store, clock)
        self._replay = Replay(mailbox, self._desk)
        self._filing = Filing(mailbox, store, clock)
        self._woken, self._waker = socket.socketpair()
        self._stopping = threading.Event()
        self._session: Session | None = None
        self._thread: threading.Thread | None = None

    @property
    def shown(self) -> str:
        """What it is, for people."""
        return f"IMAP: {self.mailbox.folder} of {self.mailbox.user} at {self.mailbox.host}"

    @property
    def running(self) -> bool:
        """Whether its thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begins to read; returns at once. Once only."""
        self._thread = threading.Thread(target=self._run, name=f"imap-{self.mailbox.name}", daemon=True)
        self._thread.start()

    def stop(self, grace: float) -> None:
        """Ends within a second: what is not committed by then is fetched again after the next start. May be
        repeated."""
        self._stopping.set()
        with contextlib.suppress(OSError):  # it has ended before
            self._waker.send(b".")
        if self._thread is not None:
            self._thread.join(min(PATIENCE, grace))
            session = self._session
            if self._thread.is_alive() and session is not None:
                session.cut()
            # A connection that is still being made cannot be cut; its thread finds that it should end.
            self._thread.join(PATIENCE)
        if not self.running:
            self._waker.close()
            self._woken.close()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                if not self._held():
                    self._pause(OTHER_NODE_SECONDS)
                    continue
                self._serve()
                failures = 0
            except NotHeld:
                failures = 0
            except Exception as error:
                if self._stopping.is_set():
                    break
                # A session that lasted was sound: its end is no reason to wait long.
                failures = 1 if time.monotonic() - began > LONGEST_PAUSE else failures + 1
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 10))
                pause *= 0.5 + self._jitter() / 2
                self._failed(error, pause)
                self._pause(pause)
        self._let_go()

    def _held(self) -> bool:
        store, name = self._store, self.mailbox.name
        return store.write(
            "work", lambda conn: mailboxes.hold(conn, store.db, name, store.node.id, self._clock())
        )

    def _let_go(self) -> None:
        try:
            self._store.write(
                "work", lambda conn: mailboxes.let_go(conn, self.mailbox.name, self._store.node.id)
            )
        except Exception as error:
            # The node ends with the process; others take the mailbox then.
            log.mailbox_failed(self.mailbox.name, log.told(error), None)

    def _failed(self, error: Exception, pause: float) -> None:
        why = told(self.mailbox, error)
        expected = isinstance(error, EXPECTED) or operational(error)
        log.mailbox_failed(self.mailbox.name, why, pause, None if expected else error)
        try:
            self._store.write(
                "work", lambda conn: mailboxes.failed(conn, self.mailbox.name, why, self._clock())
            )
        except Exception as worse:
            log.mailbox_failed(self.mailbox.name, log.told(worse), pause)

    def _pause(self, seconds: float) -> None:
        select.select([self._woken], [], [], seconds)

    def _serve(self) -> None:
        session = self._session = Session(self.mailbox, self._tokens)
        try:
            readers = self._readers(session)
            replayed = False
            while not self._stopping.is_set():
                replayed = replayed or self._replay.run(session, readers, self._stopping.is_set)
                # The folder where mail arrives comes last: it stays open while we wait.
                stopped = False
                for reader in readers:
                    if reader.folder in self._replay.left:
                        stopped = True
                        continue
                    at = reader.read(session, self._stopping.is_set)
                    stopped |= bool(at.stopped)
                    if not reader.changes_nothing and not at.stopped:
                        self._filing.file(session, at, self._stopping.is_set)
                if self._stopping.is_set():
                    break
                if session.news():
                    continue
                self._record(complete=not stopped)
                if session.has("IDLE"):
                    session.idle(self._woken, self.mailbox.poll)
                else:
                    self._pause(self.mailbox.poll)
            session.close()
        finally:
            self._session = None
            session.drop()

    def _record(self, complete: bool) -> None:
        """Remembers that all is well. Raises NotHeld where another node has the mailbox now."""
        name, holder, now = self.mailbox.name, self._store.node.id, self._clock()
        self._store.write("work", lambda conn: mailboxes.polled(conn, name, holder, now, complete))

    def _readers(self, session: Session) -> list[Reader]:
        mailbox, found = self.mailbox, []
        if mailbox.junk:
            found.append(Reader(mailbox, session.junk_folder(), "junk", self._desk))
        if mailbox.sent:
            found.append(Reader(mailbox, mailbox.sent, "sent", self._desk))
        return [*found, Reader(mailbox, mailbox.folder, "inbox", self._desk)]
