"""An `accept` on order, and a client that says exactly what it is told to."""

import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from maildesk.core.reading import Envelope, Evidence
from maildesk.edges import unix
from maildesk.edges.intakes.smtp import SmtpIntake

DESK = "support@desk.example"
MAIL = b"Subject: hello\r\n\r\nHello!\r\n"
SECONDS = 20
"""A deadline, never a wait."""


class Taken(NamedTuple):
    raw: bytes
    envelope: Envelope
    future: Future[str]
    evidence: Evidence = Evidence()


class Desk:
    """An `accept` on order: answers at once, or leaves the future to the test, or raises."""

    def __init__(self) -> None:
        self.taken: queue.Queue[Taken] = queue.Queue()
        self.at_once = True
        self.error: BaseException | None = None
        self.gate: threading.Event | None = None

    def accept(self, raw: bytes, envelope: Envelope, evidence: Evidence) -> "Future[str]":
        if self.gate:
            assert self.gate.wait(SECONDS)
        if self.error:
            raise self.error
        future: Future[str] = Future()
        if self.at_once:
            future.set_result("row")
        self.taken.put(Taken(raw, envelope, future, evidence))
        return future

    def next(self) -> Taken:
        return self.taken.get(timeout=SECONDS)


class Wire:
    """A client that says exactly what it is told to."""

    def __init__(self, where: int | Path) -> None:
        if isinstance(where, Path):
            self.socket = unix.connected(where, SECONDS)
        else:
            self.socket = socket.create_connection(("127.0.0.1", where), SECONDS)
        self.file = self.socket.makefile("rb")

    def say(self, line: bytes) -> None:
        self.socket.sendall(line)

    def hear(self) -> str:
        """A reply, its last line; "" when the server has closed."""
        while True:
            line = self.file.readline().decode()
            if line[3:4] != "-":
                return line.rstrip("\r\n")

    def ask(self, line: bytes) -> str:
        self.say(line + b"\r\n")
        return self.hear()

    def greet(self) -> "Wire":
        assert self.hear().startswith("220 ")
        assert self.ask(b"EHLO client.example").startswith("250 ")
        return self

    def greet_lmtp(self) -> "Wire":
        assert self.hear().startswith("220 ")
        assert self.ask(b"LHLO client.example").startswith("250 ")
        return self

    def tls(self) -> "Wire":
        """Goes on encrypted; the certificate is not looked at."""
        assert self.ask(b"STARTTLS").startswith("220 ")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.file.close()
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")
        return self

    def to_data(self) -> "Wire":
        assert self.ask(b"MAIL FROM:<anna@customer.example>").startswith("250 ")
        assert self.ask(f"RCPT TO:<{DESK}>".encode()).startswith("250 ")
        assert self.ask(b"DATA").startswith("354 ")
        return self

    def silent(self) -> bool:
        """Whether the server has said nothing more so far."""
        return not select.select([self.socket], [], [], 0)[0]

    def ended(self) -> bool:
        """Waits until the server closes; True if it said nothing more before."""
        try:
            return self.file.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def joined(thread: threading.Thread) -> None:
    thread.join(SECONDS)
    assert not thread.is_alive()


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), SECONDS).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass  # it came into the queue of a socket that was being closed
    return False


Serve = Callable[..., SmtpIntake]
Connect = Callable[[SmtpIntake], Wire]
