"""Implicit TLS (RFC 8314, port 465): the handshake comes first, and the session is begun inside of it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

log = logging.getLogger("maildesk.smtp")

HANDSHAKE_SECONDS = 20.0
GOODBYE_SECONDS = 5.0


class Handshake(asyncio.Protocol):
    """A connection that is being encrypted. `session` makes what speaks inside; `ended` hears when this is over."""

    def __init__(
        self,
        context: ssl.SSLContext,
        session: Callable[[], asyncio.Protocol],
        ended: Callable[[Handshake], None],
    ) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._context = context
        self._session = session
        self._ended = ended
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        # What comes between the end of the handshake and the begin of the session.
        self._early = bytearray()
        self._closed = False
        self._lost = False
        self._why: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Once for the connection and not again inside of TLS: start_tls calls no connection_made.
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.pause_reading()  # what comes is for the handshake
        self._task = asyncio.get_running_loop().create_task(self._encrypt(transport))

    async def _encrypt(self, transport: asyncio.Transport) -> None:
        peer = transport.get_extra_info("peername")
        try:
            inside = await asyncio.get_running_loop().start_tls(
                transport,
                self,
                self._context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except OSError as error:
            log.info("%s: the other side did not begin with TLS: %s", peer[0] if peer else "", error)
            transport.abort()
        else:
            if inside is not None:
                self._begin(inside)
        finally:
            self._ended(self)
            if not self.gone.done():
                self.gone.set_result(None)

    def _begin(self, inside: asyncio.Transport) -> None:
        session = self._session()
        inside.set_protocol(session)
        session.connection_made(inside)
        if self._early:
            session.data_received(bytes(self._early))
        if self._lost:
            session.connection_lost(self._why)
        elif self._closed:
            session.eof_received()

    def data_received(self, data: bytes) -> None:
        self._early += data

    def eof_received(self) -> None:
        self._closed = True

    def connection_lost(self, error: Exception | None) -> None:
        self._lost, self._why = True, error

    def cut(self) -> None:
        """Closes at once."""
        if self._transport is not None:
            self._transport.abort()
