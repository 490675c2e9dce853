"""Every way in keeps the contract: SMTP, LMTP, the pipe and the socket of `deliver`, IMAP."""

from __future__ import annotations

import contextlib
import io
import smtplib
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from maildesk.config.settings import Mailbox
from maildesk.core.deskaddress import is_desk
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor
from maildesk.edges.handover import Handover, NotTaken
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.edges.intakes.lmtp_session import LmtpSession, PipeSession
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.store.db import local_now
from tests.desk import DESK, Desk
from tests.edges.intakes.contract import Contract, Door
from tests.servers.imap import ImapServer
from tests.servers.proxy import Proxy


class Sender:
    """Somebody who tries again and again until `deliver` says that it is done."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._ended = threading.Event()
        self._way = threading.Event()
        self._way.set()
        self._threads: list[threading.Thread] = []

    def deliver(self, raw: bytes) -> bool:
        """One try; whether the other side said that it has the mail."""
        raise NotImplementedError

    def offer(self, raw: bytes) -> None:
        def run() -> None:
            while not self._done.is_set() and not self._ended.is_set():
                if self._way.wait(0.05) and self.deliver(raw) and self._way.is_set():
                    self._done.set()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def acknowledged(self) -> bool:
        return self._done.is_set()

    def cut(self) -> None:
        self._way.clear()

    def mend(self) -> None:
        self._way.set()

    def close(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(10)


class SmtpDoor(Sender):
    """A mail server that delivers by SMTP, or by LMTP."""

    client: type[smtplib.SMTP] = smtplib.SMTP
    options: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, accept: Acceptor) -> None:
        super().__init__()
        self._intake = SmtpIntake(
            "127.0.0.1:0", "desk.example", accept, lambda _: True, lambda: 1_000_000, **self.options
        )
        self._intake.start()
        self._proxy = Proxy(self._intake.port)

    def deliver(self, raw: bytes) -> bool:
        try:
            with self.client("127.0.0.1", self._proxy.port, timeout=10) as client:
                return not client.sendmail("jane@customer.example", [DESK], raw)
        except (OSError, smtplib.SMTPException):
            return False

    def cut(self) -> None:
        super().cut()
        self._proxy.cut()

    def close(self) -> None:
        super().close()
        self._intake.stop(0)
        self._proxy.close()


class TestSmtp(Contract):
    """By SMTP."""

    @pytest.fixture
    def door(self, accept: Acceptor) -> Iterator[Door]:
        """Open."""
        door = SmtpDoor(accept)
        yield door
        door.close()


class LmtpDoor(SmtpDoor):
    """A mail server that hands over by LMTP."""

    client = smtplib.LMTP
    options: ClassVar[Mapping[str, Any]] = {"protocol": LmtpSession, "channel": "lmtp"}


class TestLmtp(Contract):
    """By LMTP."""

    @pytest.fixture
    def door(self, accept: Acceptor) -> Iterator[Door]:
        """Open."""
        door = LmtpDoor(accept)
        yield door
        door.close()


class SocketDoor(Sender):
    """`maildesk deliver` beside a running daemon: it hands the mail over by the daemon's socket."""

    def __init__(self, accept: Acceptor, path: Path) -> None:
        super().__init__()
        self._path = path
        self._intake = SmtpIntake(
            f"unix:{path}",
            "desk.example",
            accept,
            lambda _: False,
            lambda: 1_000_000,
            protocol=PipeSession,
            channel="pipe",
        )
        self._intake.start()
        self._connection: Handover | None = None

    def deliver(self, raw: bytes) -> bool:
        try:
            with Handover(self._path) as self._connection:
                self._connection.hand(raw, None, [DESK])
                return True
        except (OSError, NotTaken):
            return False

    def cut(self) -> None:
        super().cut()
        assert self._connection is not None
        with contextlib.suppress(OSError):
            self._connection._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        super().close()
        self._intake.stop(0)


class TestSocket(Contract):
    """Through a pipe and the daemon's socket."""

    @pytest.fixture
    def door(self, accept: Acceptor, tmp_path: Path) -> Iterator[Door]:
        """Open."""
        door = SocketDoor(accept, tmp_path / "deliver.sock")
        yield door
        door.close()


class PipeDoor(Sender):
    """A mail server that hands mail to a program, and knows its exit status alone.

    The program is played by the calls that `maildesk deliver` makes; tests/cli runs the real one.
    """

    def __init__(self, accept: Acceptor) -> None:
        super().__init__()
        self._accept = accept

    def deliver(self, raw: bytes) -> bool:
        with contextlib.suppress(OSError):
            self._accept(io.BytesIO(raw).read(), Envelope("pipe", None, (DESK,)), Evidence()).result()
            return True
        return False


class TestPipe(Contract):
    """Through a pipe."""

    @pytest.fixture
    def door(self, accept: Acceptor) -> Iterator[Door]:
        """Open."""
        door = PipeDoor(accept)
        yield door
        door.close()


class ImapDoor:
    """A mailbox; its mail counts as taken when it has been moved away."""

    def __init__(self, desk: Desk, accept: Acceptor) -> None:
        self._server = ImapServer()
        self._proxy = Proxy(self._server.port)
        settings = {
            "name": "box",
            "host": "127.0.0.1",
            "port": self._proxy.port,
            "tls": "none",
            "user": "desk",
        }
        self._intake = ImapIntake(
            Mailbox.model_validate(
                {**settings, "password_env": "HOME", "address": DESK, "start": "all", "poll": 1}
            ),
            desk.store,
            accept,
            known=lambda address: is_desk(address, desk.policy),
            mail_bytes=lambda: 1_000_000,
            clock=local_now,
            jitter=lambda: 0.0,
        )
        self._intake.start()

    def offer(self, raw: bytes) -> None:
        self._server.put(raw)

    def acknowledged(self) -> bool:
        return not self._server.lying() and len(self._server.lying("Done")) == 1

    def cut(self) -> None:
        self._proxy.refusing = True
        self._proxy.cut()

    def mend(self) -> None:
        self._proxy.refusing = False

    def close(self) -> None:
        self._intake.stop(0)
        self._proxy.close()
        self._server.close()


class TestImap(Contract):
    """From a mailbox."""

    @pytest.fixture
    def door(self, desk: Desk, accept: Acceptor) -> Iterator[Door]:
        """Open."""
        door = ImapDoor(desk, accept)
        yield door
        door.close()
