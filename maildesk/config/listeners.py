"""Plain data of the doors that a daemon opens itself: SMTP, LMTP, and the socket of `maildesk deliver`."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from maildesk.config.door import SOCKET
from maildesk.config.trust import AuthservId, SpamHeader, TrustedHops
from maildesk.core.policy import Frozen

UNIX = "unix:"
Network = IPv4Network | IPv6Network


def split_listen(value: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:2525`, `[::1]:2525` or `localhost:0`; ValueError if it is neither."""
    host, colon, port = value.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{value!r} needs brackets around an IPv6 address; write it like [::1]:2525")
    if not colon or not host or not (port.isascii() and port.isdigit() and len(port) < 6):
        raise ValueError(f"{value!r} is not an address and port; write it like 127.0.0.1:2525")
    if int(port) > 65535:
        raise ValueError(f"the port {port} is out of range; write a number from 1 to 65535")
    return host, int(port)


def _listen(value: str) -> str:
    if not value.startswith(UNIX):
        split_listen(value)
    elif not value.removeprefix(UNIX).strip("/"):
        raise ValueError(f"{value!r} names no socket; write it like unix:/run/maildesk/lmtp.sock")
    return value


def _mode(value: str) -> str:
    if not (len(value) == 4 and value[0] == "0" and all("0" <= digit <= "7" for digit in value)):
        raise ValueError(f"{value!r} are no rights of a file; write four octal digits like 0660")
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError(f"{value!r} is no network; write it like 10.0.0.0/8 or 192.0.2.1") from None
    return value


def _relay(value: str) -> str:
    if ip_network(_network(value)).prefixlen == 0:
        raise ValueError(
            f"{value!r} is everybody, and anybody could prove anything; name your own mail servers"
        )
    return value


Listen = Annotated[str, AfterValidator(_listen)]
Mode = Annotated[str, AfterValidator(_mode)]
Networks = Annotated[
    tuple[str, ...], AfterValidator(lambda value: tuple(_network(network) for network in value))
]
Relays = Annotated[tuple[str, ...], AfterValidator(lambda value: tuple(_relay(network) for network in value))]


class Listener(Frozen):
    """What all listeners have in common."""

    listen: Listen = Field("127.0.0.1:2525", description="Address and port; port 0 takes a free one.")
    hostname: str = Field("", description="Name in the greeting; the machine's own if left out.")
    max_sessions: int = Field(100, ge=1, description="Connections at one time; more get 421.")
    max_recipients: int = Field(100, ge=1, description="Recipients of one mail; more get 452.")
    timeout: int = Field(900, ge=1, description="Seconds of silence after which a connection is closed.")
    authserv_id: AuthservId = ""
    trusted_hops: TrustedHops = 1
    relays: Relays = Field(
        (),
        description="Addresses or networks of one's own mail servers, besides this machine: only what these wrote into"
        " a mail is believed.",
    )
    spam_header: SpamHeader = ""

    @property
    def socket(self) -> Path | None:
        """The path of the Unix socket, None for an address and port."""
        return Path(self.listen.removeprefix(UNIX)) if self.listen.startswith(UNIX) else None

    @property
    def host(self) -> str:
        """The address to bind to; "" for a Unix socket."""
        return "" if self.socket else split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """The port to bind to; 0 means any free one, and a Unix socket has none."""
        return 0 if self.socket else split_listen(self.listen)[1]


class SmtpListener(Listener):
    """A port on which mail is taken by SMTP."""

    certificate: str = Field(
        "",
        description="File with the certificate and its chain (PEM), for TLS. It is read anew when it changes.",
    )
    key: str = Field("", description="File with its private key (PEM).")
    tls: Literal["starttls", "implicit"] = Field(
        "starttls",
        description="When it is encrypted: after STARTTLS, or from the start (submissions, port 465).",
    )
    require_tls: bool = Field(False, description="Refuse mail before STARTTLS.")
    require_auth: bool = Field(
        False, description="Refuse mail without a login of `config/logins.toml`: a submission port."
    )
    proxies: Networks = Field(
        (),
        description="Addresses or networks of proxies that tell the client's address by the PROXY protocol.",
    )
    verify: bool = Field(
        False,
        description="Check DKIM, SPF and DMARC here: for mail straight from the internet. Needs the extra"
        " `maildesk[mx]`.",
    )


class LmtpListener(Listener):
    """A port or Unix socket on which a mail server of one's own hands mail over by LMTP."""

    listen: Listen = Field(
        "unix:run/lmtp.sock", description="A Unix socket (`unix:` and its path), or address and port."
    )
    mode: Mode = Field("0660", description="Rights of the Unix socket, in octal digits.")


class Deliver(Frozen):
    """The Unix socket by which `maildesk deliver` hands mail to the running daemon."""

    socket: str = Field(
        SOCKET,
        description="Path of the socket, none if empty. Who runs `maildesk deliver` must be able to enter its folder.",
    )
    mode: Mode = Field("0666", description="Rights of the socket, in octal digits: who may bring mail.")
    authserv_id: AuthservId = ""
    trusted_hops: TrustedHops = 1
    spam_header: SpamHeader = ""
