"""Who is at the other end of an SMTP connection: its address, told by a proxy or not, and its login."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from maildesk.core import password as passwords

WAITING = 20
"""Passwords that wait to be checked; to more clients is said to come again."""
_LOCAL = 0  # the command of a proxy that speaks for itself (PROXY protocol, version 2)


@dataclass(frozen=True, slots=True)
class Account:
    """A login: the hash of its password, and the From addresses that its mail proves."""

    hash: str
    addresses: tuple[str, ...]


class Guard:
    """What a listener asks of its clients. `tls` and `accounts` are called on the loop, at each connection. With
    `implicit` a connection begins with TLS, else `tls` is offered by STARTTLS."""

    def __init__(
        self,
        tls: Callable[[], ssl.SSLContext | None] = lambda: None,
        accounts: Callable[[], Mapping[str, Account]] = dict,
        require_tls: bool = False,
        require_auth: bool = False,
        proxies: tuple[IPv4Network | IPv6Network, ...] = (),
        implicit: bool = False,
    ) -> None:
        self.tls = tls
        self.logins = accounts
        self.require_tls = require_tls
        self.implicit = implicit
        self.require_auth = require_auth
        self._proxies = proxies
        # One thread: who guesses passwords gets about ten a second, from all connections together.
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="smtp-login")
        self._waiting = 0

    def is_proxy(self, peer: str) -> bool:
        """Whether this address speaks for others by the PROXY protocol."""
        if not peer or not self._proxies:
            return False
        address = ip_address(peer.partition("%")[0])
        return any(address in network for network in self._proxies)

    def may_write_as(self, login: str) -> tuple[str, ...]:
        """The From addresses that are listed for a login now."""
        account = self.logins().get(login)
        return account.addresses if account else ()

    async def check(self, login: str, password: bytes) -> bool | None:
        """Whether the password is right; None where too much waits. Hashing is slow on purpose, and not on the loop."""
        if self._waiting >= WAITING:
            return None
        self._waiting += 1
        try:
            account = self.logins().get(login)
            stored = account.hash if account else passwords.NOBODY
            right = await asyncio.get_running_loop().run_in_executor(
                self._pool, passwords.fits, password, stored
            )
        finally:
            self._waiting -= 1
        return right and account is not None

    def close(self) -> None:
        """Ends its thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def loopback(peer: str) -> bool:
    """Whether a client is on this machine; a Unix socket has no address."""
    return not peer or ip_address(peer.partition("%")[0]).is_loopback


def proxied(told: Any) -> str:
    """The client's address as a proxy tells it; "" where it speaks for itself (a check of its own), or for a program
    on its own machine, which has no address."""
    itself = told.version == 2 and told.command == _LOCAL
    return str(told.src_addr) if isinstance(told.src_addr, IPv4Address | IPv6Address) and not itself else ""
