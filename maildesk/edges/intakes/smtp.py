"""SMTP and LMTP in (RFC 5321, 2033): a thread with an event loop of its own; mails are answered after their commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from maildesk.config.listeners import UNIX, split_listen
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges import unix
from maildesk.edges.intakes.smtp_client import Guard
from maildesk.edges.intakes.smtp_session import Service, Session, TurnAway
from maildesk.edges.intakes.smtp_tls import Handshake
from maildesk.edges.verify import Prover, Trust
from maildesk.log import reason, told
from maildesk.store.db import operational
from maildesk.store.pulse import Pulse
from maildesk.store.writer import Busy

log = logging.getLogger("maildesk.smtp")

Accept = Callable[[bytes, Envelope, Evidence], "Future[str]"]
"""Takes a mail in; the future has a result once the mail is committed."""

PROVING = 10.0
"""Seconds that may go by until who wrote a mail is found out; the client waits for its answer meanwhile."""
PROVERS = 16
"""Mails that are looked into at one time."""
DIRECT = 64 * 1024
"""Mails up to this size (bytes) are hashed and compressed on the loop; larger ones in a thread beside it."""
ACCEPTED = "250 2.0.0 Accepted"
NOT_STORED = "451 4.3.0 The mail could not be stored; please try again later"
BUSY = "451 4.3.2 Too much to do at the moment; please try again later"
STOPPING = "421 4.3.2 Stopping; please try again later"
FULL = "421 4.3.2 Too many connections; please try again later"


class CannotListen(OSError):
    """The port could not be opened; the text says which and why."""


class SmtpIntake:
    """Takes mail by SMTP, or by what `protocol` speaks, and hands it to `accept`.

    `250` is said only after the future of `accept` has its result. Whatever else `accept` does (raises,
    fails, finds its queue full) is `451`, so that the sender keeps the mail and tries again. A commit goes on
    when the client has gone. `accept` is called on the loop or in a thread beside it and must not wait;
    `known` (is this normalised address ours?) and `mail_bytes` (the size limit, read once a session) are
    called on the loop. Seconds: `timeout` for one command or one whole mail, `session_cap` for a session.
    `listen` is an address and port, or `unix:` and the path of a socket that gets the rights `mode`. `channel` is how
    the mail came; `guard` is what clients must show. `prover` finds out who wrote a mail before it is handed on, in at
    most 10 s; what takes it longer proves nothing.
    """

    def __init__(
        self,
        listen: str,
        hostname: str,
        accept: Accept,
        known: Callable[[str], bool],
        mail_bytes: Callable[[], int],
        max_sessions: int = 100,
        max_recipients: int = 100,
        timeout: float = 900.0,
        session_cap: float = 3600.0,
        protocol: type[Session] = Session,
        channel: str = "smtp",
        mode: int = 0o660,
        guard: Guard | None = None,
        prover: Prover | None = None,
    ) -> None:
        self.listen = listen
        self.port = 0
        self._protocol = protocol
        self._socket = Path(listen.removeprefix(UNIX)) if listen.startswith(UNIX) else None
        self._mode = mode
        self._accept = accept
        self._sessions: set[Session] = set()
        self._turned_away: set[TurnAway] = set()
        self._handshakes: set[Handshake] = set()
        self._commits: set[asyncio.Task[str]] = set()
        self._max_sessions = max_sessions
        self._service = Service(
            # Left to itself aiosmtpd asks the DNS for its own name, once a connection and on the loop.
            hostname=hostname or socket.gethostname(),
            channel=channel,
            known=known,
            mail_bytes=mail_bytes,
            max_recipients=max_recipients,
            timeout=timeout,
            session_cap=session_cap,
            store=self._store,
            ended=self._sessions.discard,
            guard=guard or Guard(),
        )
        self._prover = prover or Prover(Trust())
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="smtp-in")
        # Threads of it are made as they are needed: none where nothing is looked into.
        self._proving = ThreadPoolExecutor(PROVERS, thread_name_prefix="smtp-verify")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._grace = 0.0
        self.pulse = Pulse(f"{protocol.name} on {self._where}")

    def nudge(self) -> None:
        """Asks its loop for a beat of `pulse`, which a loop that is blocked or has ended does not give."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.pulse.beat)

    def start(self) -> None:
        """Returns when the port answers; `port` is then the real one. Raises CannotListen. Once only."""
        if self._thread is not None:
            raise RuntimeError("this intake was started before")
        # aiosmtpd logs each command at INFO, and at WARNING what strangers wrote, control characters and all.
        # Refusals are logged by the session.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(listening,), name="smtp-in", daemon=True)
        self._thread.start()
        try:
            self.port = listening.result()
        except OSError as error:
            self._thread.join()
            raise CannotListen(
                f"cannot take mail by {self._protocol.name} on {self._where}: {_reason(error)};"
                f" end the program that uses this {'socket' if self._socket else 'port'}, or set another"
                f" {self._protocol.setting} in maildesk.toml"
            ) from error

    @property
    def shown(self) -> str:
        """What it is, for people."""
        port = f"{self.listen.rpartition(':')[0]}:{self.port}"
        how = " with TLS" if self._service.guard.implicit else ""
        return f"{self._protocol.name}{how} on {self._socket or port}"

    @property
    def _where(self) -> str:
        return str(self._socket or self.listen)

    def stop(self, grace: float) -> None:
        """Closes the port, says 421 to idle sessions, waits at most `grace` seconds for mails that are being
        committed and answers them, then cuts the rest. Returns when the thread has ended; may be repeated."""
        if self._thread is None or self._loop is None:
            return
        self._grace = grace
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _connection(self) -> asyncio.Protocol:
        """What speaks on a new connection."""
        guard = self._service.guard
        if not guard.implicit:
            return self._session()
        tls = guard.tls()
        if tls is None or len(self._handshakes) >= self._max_sessions:
            return self._away(FULL)
        handshake = Handshake(tls, self._session, self._handshakes.discard)
        self._handshakes.add(handshake)
        return handshake

    def _session(self) -> asyncio.Protocol:
        stopping = self._stopping.is_set()
        if stopping or len(self._sessions) >= self._max_sessions:
            return self._away(STOPPING if stopping else FULL)
        session = self._protocol(self._service)
        self._sessions.add(session)
        return session

    def _away(self, reply: str) -> TurnAway:
        away = TurnAway(reply, self._turned_away.discard)
        self._turned_away.add(away)
        return away

    async def _store(self, raw: bytes, envelope: Envelope, evidence: Evidence) -> str:
        """The reply to a mail. When a client goes, aiosmtpd cancels the caller; that stops no commit."""
        commit = asyncio.get_running_loop().create_task(self._commit(raw, envelope, evidence))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)
        return await asyncio.shield(commit)

    async def _commit(self, raw: bytes, envelope: Envelope, evidence: Evidence) -> str:
        try:
            evidence = await self._proved(raw, envelope, evidence)
            if len(raw) > DIRECT:
                loop = asyncio.get_running_loop()
                stored = await loop.run_in_executor(self._pool, self._accept, raw, envelope, evidence)
            else:
                stored = self._accept(raw, envelope, evidence)
            error = await _settled(stored)
        except Exception as surprise:
            error = surprise
        if error is None:
            return ACCEPTED
        expected = isinstance(error, Busy) or operational(error)
        log.warning(
            "%s: not stored, told to try again: %s",
            envelope.peer,
            told(error) if expected else f"{type(error).__name__}: {reason(error)[:200]}",
            exc_info=None if expected else error,
        )
        return BUSY if isinstance(error, Busy) else NOT_STORED

    async def _proved(self, raw: bytes, envelope: Envelope, evidence: Evidence) -> Evidence:
        """The evidence with what is found out about the mail. It is found out before the commit: what a crash
        takes with it, the client sends once more."""
        if not self._prover.asks(envelope, evidence):
            return self._prover(raw, envelope, evidence)
        found = asyncio.get_running_loop().run_in_executor(
            self._proving, self._prover, raw, envelope, evidence
        )
        try:
            return await asyncio.wait_for(found, PROVING)
        except TimeoutError:
            log.warning("%s: not found out in time who wrote a mail", envelope.peer)
            return evidence

    def _run(self, listening: Future[int]) -> None:
        try:
            asyncio.run(self._serve(listening))
        except BaseException as error:
            if listening.done():
                raise
            listening.set_exception(error)
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._proving.shutdown(wait=False, cancel_futures=True)
            self._service.guard.close()

    async def _serve(self, listening: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        if self._socket is None:
            server = await self._loop.create_server(self._connection, *split_listen(self.listen))
            port = server.sockets[0].getsockname()[1]
        else:
            ours = unix.bound(self._socket, self._mode)
            server = await self._loop.create_unix_server(self._connection, sock=ours)
            port = 0
        listening.set_result(port)
        await self._stopping.wait()
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)
        # asyncio leaks a connection that it accepts in the last turns before close(): first hear no new ones,
        # then give those at hand their protocol.
        for listening_socket in server.sockets:
            self._loop.remove_reader(listening_socket.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        server.close()
        await self._drain(self._loop.time() + self._grace)

    async def _drain(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        for session in tuple(self._sessions):
            session.leave(STOPPING)
        # Looked at anew after each step: a mail whose end arrives now is committed and answered too.
        while (left := end - loop.time()) > 0:
            answering = {session.gone for session in self._sessions if session.owes_answer}
            if not self._commits and not answering:
                break
            await asyncio.wait(self._commits | answering, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if self._commits:
            log.warning("stopped with %d mails half stored; their senders will try again", len(self._commits))
        rest: tuple[Session | TurnAway | Handshake, ...] = (
            *self._sessions,
            *self._turned_away,
            *self._handshakes,
        )
        for connection in rest:
            connection.cut()
        if rest:
            await asyncio.wait([connection.gone for connection in rest], timeout=1)


def _reason(error: OSError) -> str:
    # asyncio's own text names the address once more.
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)


async def _settled(future: Future[str]) -> BaseException | None:
    """Waits for a future of another thread and gives its error, if any.

    Unlike asyncio.wrap_future it never cancels that future: it belongs to the writer, whose commit goes on.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def wake(_: Future[str]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(done.set)

    future.add_done_callback(wake)
    await done.wait()
    return future.exception()
