"""One SMTP connection: what aiosmtpd leaves open is closed here (limits, surprises, goodbyes)."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, syntax
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Client

from maildesk.core.address import normal
from maildesk.core.reading import Envelope

log = logging.getLogger("maildesk.smtp")

LINE = 1024 * 1024
"""Longest line of a mail in bytes. RFC 5321 asks for 1000; real programs send more."""
COMMAND = 4096
"""Longest command line in bytes. RFC 5321 4.5.3.1.4 asks for 512; rewritten senders can be longer."""
COMMANDS = {"NOOP": 100, "VRFY": 20, "HELP": 20, "HELO": 100, "EHLO": 100, "*": 1_000_000}
"""How often a session may say each command."""
REFUSALS = 1000
"""Refusals after which a session ends."""
REFUSALS_LOGGED = 20
"""Refusals of one session that are logged; a client that only makes errors must not fill the log."""

SURPRISE = "451 4.3.0 Something went wrong here; please try again later"
UNKNOWN = "550 5.1.1 There is no such address here"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients for one mail"
TOO_MUCH = "552 5.3.4 The mail is too large"
SILENT = "421 4.4.2 Nothing came for too long; goodbye"
TOO_LONG_HERE = "421 4.4.2 This session has lasted too long; please connect again"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors; goodbye"


@dataclass(frozen=True, slots=True)
class Service:
    """What a session needs of its intake. All is called on the loop."""

    hostname: str
    known: Callable[[str], bool]
    mail_bytes: Callable[[], int]
    max_recipients: int
    timeout: float
    session_cap: float
    store: Callable[[bytes, Envelope], Awaitable[str]]
    """Gives the reply to a mail."""
    ended: Callable[[Session], None]
    """The connection has gone."""


def _address(text: str) -> str:
    """Normalised; "" for what is no address. Bytes that are no UTF-8 arrive as lone surrogates."""
    return normal(text) if text.isprintable() else ""


class _Hooks:
    """What aiosmtpd asks at each command."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _client: Client, mail: Transaction, address: str, options: list[str]
    ) -> str:
        mail.mail_from = address
        mail.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _client: Client, mail: Transaction, address: str, _options: list[str]
    ) -> str:
        recipient = _address(address)
        if not recipient or not self._service.known(recipient):
            return UNKNOWN
        if recipient not in mail.rcpt_tos:
            if len(mail.rcpt_tos) >= self._service.max_recipients:
                return TOO_MANY_RECIPIENTS
            mail.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Session, _client: Client, mail: Transaction) -> str:  # noqa: N802
        server.owes_answer = True
        # A sender that is no address is not known; only <> is the null return path, which marks a machine.
        sender = "" if mail.mail_from == "<>" else _address(mail.mail_from or "") or None
        envelope = Envelope("smtp", sender, tuple(mail.rcpt_tos), server.peer)
        raw = mail.original_content or b""
        return await self._service.store(raw, envelope)


class Session(SMTP):
    """One connection."""

    line_length_limit = LINE
    command_size_limit = COMMAND

    def __init__(self, service: Service) -> None:
        # aiosmtpd has one dictionary for all sessions, emptied by each new one.
        self.command_size_limits = defaultdict(lambda: COMMAND)
        super().__init__(
            _Hooks(service),
            data_size_limit=service.mail_bytes(),
            enable_SMTPUTF8=True,
            hostname=service.hostname,
            ident="ESMTP maildesk",
            timeout=service.timeout,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self.owes_answer = False
        self.peer = ""
        self._service = service
        self._in_data = False
        self._octets = 0
        self._refusals = 0
        self._farewell = ""
        self._cap: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer = transport.get_extra_info("peername")
        self.peer = str(peer[0]) if peer else ""
        self._cap = self.loop.call_later(self._service.session_cap, self._capped)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(self._handled)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._cap is not None:
            self._cap.cancel()
        self._service.ended(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        # aiosmtpd reads an oversized mail to its end and keeps a line that never ends, however long.
        self._octets += len(data)
        if self._in_data and self._octets > 2 * (self.data_size_limit or 0) + LINE:
            self._refused(TOO_MUCH)
            self._part(TOO_MUCH)
            return
        super().data_received(data)

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd's own answer is a 500 with the error's text: the customer's mail would bounce."""
        if not isinstance(error, ConnectionError):
            log.error("%s: a surprise in the session, answered with 451", self.peer, exc_info=error)
        return SURPRISE

    async def push(self, status: Any) -> None:
        text = status if isinstance(status, str) else status.decode("utf-8", "replace")
        refused = text.startswith(("4", "5"))
        if refused:
            self._refused(text)
        await super().push(status)
        if refused and self._refusals >= REFUSALS:
            self.leave(TOO_MANY_ERRORS)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._in_data, self._octets = True, 0
        try:
            await super().smtp_DATA(arg)
        except Exception:
            # What comes next may be the rest of this mail. It must never be read as commands.
            self.cut()
            raise
        finally:
            self._in_data = False
        if self._farewell:
            self._part(self._farewell)
        else:
            self.owes_answer = False

    def leave(self, reply: str) -> None:
        """Says 421 and closes; in the middle of a mail only after its answer."""
        self._farewell = reply
        if not self._in_data:
            self._part(reply)

    def cut(self) -> None:
        """Closes at once."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    def _part(self, reply: str) -> None:
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(f"{reply}\r\n".encode())
            self.transport.close()

    def _refused(self, reply: str) -> None:
        self._refusals += 1
        if self._refusals <= REFUSALS_LOGGED:
            # %r: some replies repeat what the client said.
            log.info("%s: refused: %r", self.peer, reply[:200])

    def _timeout_cb(self) -> None:
        self._part(SILENT)

    def _capped(self) -> None:
        self.leave(TOO_LONG_HERE)
        self._cap = self.loop.call_later(self._service.timeout, self.cut)

    def _handled(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            log.error("%s: the session ended by a surprise", self.peer, exc_info=error)
            self.cut()


class TurnAway(asyncio.Protocol):
    """A connection that gets one line and is closed."""

    def __init__(self, reply: str, ended: Callable[[TurnAway], None]) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reply = reply
        self._ended = ended
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        log.info("%s: refused: %r", peer[0] if peer else "", self._reply)
        transport.write(f"{self._reply}\r\n".encode())
        transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._ended(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def cut(self) -> None:
        """Closes at once."""
        if self._transport is not None:
            self._transport.abort()
