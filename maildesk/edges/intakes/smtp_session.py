"""One SMTP connection: what aiosmtpd leaves open is closed here (limits, surprises, goodbyes)."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, TLSSetupException, syntax
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Client

from maildesk.core.address import normal
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.intakes.smtp_client import Guard, loopback, proxied

log = logging.getLogger("maildesk.smtp")

LINE = 1024 * 1024
"""Longest line of a mail in bytes. RFC 5321 asks for 1000; real programs send more."""
COMMAND = 4096
"""Longest command line in bytes. RFC 5321 4.5.3.1.4 asks for 512; rewritten senders can be longer."""
COMMANDS = {"NOOP": 100, "VRFY": 20, "HELP": 20, "HELO": 100, "EHLO": 100, "LHLO": 100, "*": 1_000_000}
"""How often a session may say each command."""
REFUSALS = 1000
"""Refusals after which a session ends."""
REFUSALS_LOGGED = 20
"""Refusals of one session that are logged; a client that only makes errors must not fill the log."""
LOGINS = 3
"""Wrong passwords after which a session ends."""
PROXY_SECONDS = 5.0
"""How long a proxy may take to say for whom it speaks."""

SURPRISE = "451 4.3.0 Something went wrong here; please try again later"
UNKNOWN = "550 5.1.1 There is no such address here"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients for one mail"
TOO_MUCH = "552 5.3.4 The mail is too large"
SILENT = "421 4.4.2 Nothing came for too long; goodbye"
TOO_LONG_HERE = "421 4.4.2 This session has lasted too long; please connect again"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors; goodbye"
WRONG_LOGIN = "535 5.7.8 The login or its password is wrong"
NOT_NOW = "454 4.7.0 Logins cannot be checked at the moment; please try again later"


@dataclass(frozen=True, slots=True)
class Service:
    """What a session needs of its intake. All is called on the loop."""

    hostname: str
    channel: str
    known: Callable[[str], bool]
    mail_bytes: Callable[[], int]
    max_recipients: int
    timeout: float
    session_cap: float
    store: Callable[[bytes, Envelope, Evidence], Awaitable[str]]
    """Gives the reply to a mail."""
    ended: Callable[[Session], None]
    """The connection has gone."""
    guard: Guard


class Mail(Transaction):
    """A mail on its way in. `answers` counts the recipients that were accepted, the same one twice as two."""

    answers = 0


def _address(text: str) -> str:
    """Normalised; "" for what is no address. Bytes that are no UTF-8 arrive as lone surrogates."""
    return normal(text) if text.isprintable() else ""


class _Hooks:
    """What aiosmtpd asks at each command."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def handle_PROXY(  # noqa: N802
        self, server: Session, _client: Client, _mail: Transaction, told: Any
    ) -> bool:
        server.is_for(proxied(told) or server.peer)
        return True

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, client: Client, _mail: Transaction, hostname: str, offered: list[str]
    ) -> list[str]:
        client.host_name = hostname
        # aiosmtpd offers AUTH to everybody, even where no login exists.
        return offered if self._service.guard.logins() else [o for o in offered if o[4:8] != "AUTH"]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _client: Client, mail: Transaction, address: str, options: list[str]
    ) -> str:
        mail.mail_from = address
        mail.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Session, _client: Client, mail: Mail, address: str, _options: list[str]
    ) -> str:
        recipient = _address(address)
        if not server.takes(address) and (not recipient or not self._service.known(recipient)):
            return UNKNOWN
        if recipient not in mail.rcpt_tos:
            if len(mail.rcpt_tos) >= self._service.max_recipients:
                return TOO_MANY_RECIPIENTS
            mail.rcpt_tos.append(recipient)
        mail.answers += 1
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Session, client: Client, mail: Mail) -> str:  # noqa: N802
        server.owes_answer = True
        # A sender that is no address is not known; only <> is the null return path, which marks a machine.
        sender = "" if mail.mail_from == "<>" else _address(mail.mail_from or "") or None
        recipients = tuple(recipient for recipient in mail.rcpt_tos if recipient)
        envelope = Envelope(self._service.channel, sender, recipients, server.peer, server.helo(client))
        raw = mail.original_content or b""
        reply = await self._service.store(raw, envelope, server.evidence())
        server.said_in_log = reply
        return reply


def _unchecked(_server: SMTP, _client: Client, _mail: Transaction, _how: str, said: Any) -> AuthResult:
    """Stands where aiosmtpd wants a password checked on the loop; the session does it in a thread afterwards."""
    return AuthResult(success=True, auth_data=said)


# An address in brackets without comments, quotes and source routes, and the parameters behind it.
_PLAIN = re.compile(r"<([A-Za-z0-9._+=-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>((?: .*)?)")


class Session(SMTP):
    """One connection."""

    name = "SMTP"
    greeting = "ESMTP"
    setting = "`listen`"
    line_length_limit = LINE
    command_size_limit = COMMAND

    def __init__(self, service: Service) -> None:
        # aiosmtpd has one dictionary for all sessions, emptied by each new one.
        self.command_size_limits = defaultdict(lambda: COMMAND)
        guard = service.guard
        super().__init__(
            _Hooks(service),
            data_size_limit=service.mail_bytes(),
            enable_SMTPUTF8=True,
            hostname=service.hostname,
            ident=f"{self.greeting} maildesk",
            tls_context=None if guard.implicit else guard.tls(),
            require_starttls=guard.require_tls and not guard.implicit,
            timeout=service.timeout,
            auth_required=guard.require_auth,
            auth_exclude_mechanism=() if guard.logins() else ("PLAIN", "LOGIN"),
            authenticator=_unchecked,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self.gone: asyncio.Future[None] = self.loop.create_future()
        self.owes_answer = False
        self.peer = ""
        self._service = service
        self._login = ""
        self._wrong_logins = 0
        self._in_data = False
        self._octets = 0
        self._refusals = 0
        self.said_in_log = ""
        self._farewell = ""
        self._cap: asyncio.TimerHandle | None = None

    def _create_envelope(self) -> Mail:
        return Mail()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._service.guard.implicit and self.session is not None:
            # So that aiosmtpd knows: an encrypted connection is never closed on one side alone.
            self.session.ssl = {"sslcontext": transport.get_extra_info("sslcontext")}
        # It is called again after STARTTLS, and what was said before counts no more (RFC 3207 section 4.2).
        self._login = ""
        if self._cap is not None:
            return
        peer = transport.get_extra_info("peername")
        self.is_for(str(peer[0]) if peer else "")
        if self._service.guard.is_proxy(self.peer):
            self._proxy_timeout = PROXY_SECONDS
        self._cap = self.loop.call_later(self._service.session_cap, self._capped)
        assert self._handler_coroutine is not None
        self._handler_coroutine.add_done_callback(self._handled)

    def is_for(self, peer: str) -> None:
        """Who is at the other end. Passwords in clear are taken from this machine alone."""
        self.peer = peer
        self._auth_require_tls = not (loopback(peer) or self._service.guard.implicit)

    def helo(self, client: Client) -> str:
        """What a client at an address called itself, as far as it can be a name or an address in brackets."""
        name = str(client.host_name or "") if self.peer else ""
        return name[:255] if name.isascii() and name.isprintable() else ""

    def takes(self, address: str) -> bool:
        """Whether a recipient is taken whatever addresses are known."""
        return False

    def evidence(self) -> Evidence:
        """What this session knows of who writes: the login, and what that may write as at this moment."""
        if not self._login:
            return Evidence()
        return Evidence(login=self._login, proven=self._service.guard.may_write_as(self._login))

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
            self._part(self._final(TOO_MUCH))
            return
        super().data_received(data)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        # aiosmtpd asks the standard library's parser, which takes longer than all else that a command needs.
        plain = _PLAIN.fullmatch(arg)
        if plain:
            return plain[1], plain[2]
        found: tuple[str | None, str | None] = super()._getaddr(arg)
        return found

    async def handle_exception(self, error: Exception) -> str:
        """aiosmtpd's own answer is a 500 with the error's text: the customer's mail would bounce."""
        if isinstance(error, TLSSetupException):
            log.info("%s: the other side broke STARTTLS off: %s", self.peer, error.__cause__)
        elif not isinstance(error, ConnectionError):
            log.error("%s: a surprise in the session, answered with 451", self.peer, exc_info=error)
        return SURPRISE

    async def push(self, status: Any) -> None:
        text = status if isinstance(status, str) else status.decode("utf-8", "replace")
        if self.transport is None:
            return  # it went while its answer was made
        refused = text.startswith(("4", "5"))
        if refused:
            self._refused(text)
        await super().push(self._final(text))
        if refused and self._refusals >= REFUSALS:
            self.leave(TOO_MANY_ERRORS)

    async def auth_PLAIN(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        return await self._checked(await super().auth_PLAIN(server, args))

    async def auth_LOGIN(self, server: Any, args: list[str]) -> AuthResult:  # noqa: N802
        return await self._checked(await super().auth_LOGIN(server, args))

    async def _checked(self, said: AuthResult) -> AuthResult:
        """The same with the password checked (RFC 4954)."""
        if not said.success:
            return said
        assert isinstance(said.auth_data, LoginPassword)
        login = said.auth_data.login.decode("utf-8", "replace")
        right = await self._service.guard.check(login, said.auth_data.password)
        if right:
            self._login = login
            log.info("%s: logged in as %r", self.peer, login)
            return AuthResult(success=True)
        if right is None:
            return AuthResult(success=False, handled=False, message=NOT_NOW)
        self._wrong_logins += 1
        log.warning("%s: a wrong password for %r", self.peer, login[:80])
        if self._wrong_logins < LOGINS:
            return AuthResult(success=False, handled=False, message=WRONG_LOGIN)
        await self.push(WRONG_LOGIN)
        self.leave(TOO_MANY_ERRORS)
        return AuthResult(success=False, handled=True)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        await self._receiving(super().smtp_DATA(arg))

    async def _receiving(self, mail: Awaitable[None]) -> None:
        """Waits for a mail and its answer."""
        self._in_data, self._octets = True, 0
        try:
            await mail
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

    def _final(self, reply: str) -> str:
        """A reply as it is said: LMTP repeats that to a mail."""
        return reply

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
        # Why a mail could not be stored is in the log already.
        if self._refusals <= REFUSALS_LOGGED and reply != self.said_in_log:
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
