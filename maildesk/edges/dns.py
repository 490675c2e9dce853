"""DNS: the few questions that are asked of it, by `maildesk doctor` and to check who wrote a mail, with a deadline for
all of them together."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dns.resolver import Resolver as Library

SECONDS = 8.0
"""So long may all questions of one resolver take together, from the first one on."""


class NoAnswer(Exception):
    """The DNS could not be asked: no server, no answer in time, or an error of the server. That something is not
    there is an answer."""


class Resolver(Protocol):
    """Answers questions on names, sorted. What is not there is an empty answer. Raises NoAnswer."""

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """Preference and name of each mail server; "" is the name of the null MX (RFC 7505)."""

    def txt(self, name: str) -> tuple[str, ...]:
        """The texts, each as one."""

    def addresses(self, name: str) -> tuple[str, ...]:
        """The IPv4 and IPv6 addresses."""

    def names(self, name: str) -> tuple[str, ...]:
        """What a name below in-addr.arpa or ip6.arpa points to."""


class SystemResolver:
    """Asks the name servers of this machine, or the `server` at an address and port."""

    def __init__(
        self,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        server: tuple[str, int] | None = None,
    ) -> None:
        self._clock = clock
        self._server = server
        self._seconds = seconds
        self._end: float | None = None
        self._library: Library | None = None

    def mx(self, name: str) -> tuple[tuple[int, str], ...]:
        """See Resolver."""
        return tuple(sorted((one.preference, _plain(one.exchange)) for one in self._ask(name, "MX")))

    def txt(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        found = (b"".join(one.strings).decode("utf-8", "replace") for one in self._ask(name, "TXT"))
        return tuple(sorted(found))

    def addresses(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return tuple(sorted(str(one.address) for kind in ("A", "AAAA") for one in self._ask(name, kind)))

    def names(self, name: str) -> tuple[str, ...]:
        """See Resolver."""
        return tuple(sorted(_plain(one.target) for one in self._ask(name, "PTR")))

    def _ask(self, name: str, kind: str) -> list[Any]:
        # Late: it takes a moment to import, and most commands ask nothing.
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException:
            return []  # nothing can be there: a label is too long, for example
        if self._end is None:
            self._end = self._clock() + self._seconds
        left = self._end - self._clock()
        if left <= 0:
            raise NoAnswer("no answer in time")
        try:
            if self._library is None:
                self._library = dns.resolver.Resolver(configure=self._server is None)
                if self._server:
                    self._library.nameservers, self._library.port = [self._server[0]], self._server[1]
            return list(self._library.resolve(asked, kind, lifetime=left, search=False))
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return []
        except dns.exception.Timeout as error:
            raise NoAnswer("no answer in time") from error
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer(" ".join(str(error).split())[:200] or type(error).__name__) from error


def _plain(name: Any) -> str:
    return str(name).rstrip(".").lower()
