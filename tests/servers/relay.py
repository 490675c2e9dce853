"""A mail server that takes what the desk sends, and answers each verb as it was told to."""

from __future__ import annotations

import base64
import binascii
import socket
import ssl
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

CUT = "cut"
"""Instead of an answer: the connection is broken, after a mail was taken where it stands for CONTENT."""
LOST = "lost"
"""Instead of an answer to CONTENT: the connection is broken, and the mail was not taken."""


@dataclass(frozen=True)
class Taken:
    """A mail that the relay took."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: str

    @property
    def to(self) -> str:
        """Its only recipient."""
        (one,) = self.recipients
        return one


class _Cut(Exception):
    """The connection is to be broken now."""


@dataclass
class FakeRelay:
    """A relay on a free port of 127.0.0.1. `users` (login to password, or to token) makes it ask for a login."""

    features: tuple[str, ...] = ("SIZE 50000000", "8BITMIME", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    users: Mapping[str, str] = field(default_factory=dict)
    mechanisms: str = "PLAIN LOGIN"
    host: str = "127.0.0.1"
    taken: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def __post_init__(self) -> None:
        self._script: defaultdict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def script(self, verb: str, *answers: str) -> None:
        """The next answers to a verb (or GREETING, CONTENT), instead of consent."""
        with self._lock:
            self._script[verb] += answers

    def _told(self, verb: str) -> str:
        with self._lock:
            return self._script[verb].pop(0) if self._script[verb] else ""

    def cut_all(self) -> None:
        """Breaks every connection that is open."""
        with self._lock:
            sockets = list(self._sockets)
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Takes nothing any more; its port is free."""
        self._listener.close()
        with suppress(OSError):
            socket.create_connection((self.host, self.port), 1).close()
        self.cut_all()
        for thread in self._threads:
            thread.join(10)

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.add(sock)
                self.connections += 1
                self.open += 1
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        session = _Session(self, sock)
        try:
            session.run()
        except (OSError, _Cut, ssl.SSLError):
            session.broken = True
        finally:
            with self._lock:
                self._sockets.discard(sock)
                self.open -= 1
            session.close()


class _Session:
    def __init__(self, relay: FakeRelay, sock: socket.socket) -> None:
        self.relay, self.sock = relay, sock
        self.file: BinaryIO | None = None
        self.encrypted = relay.implicit
        self.broken = False
        self.sender, self.options = "", ""
        self.recipients: list[str] = []

    def run(self) -> None:
        relay = self.relay
        if relay.implicit:
            assert relay.tls is not None
            self.sock = relay.tls.wrap_socket(self.sock, server_side=True)
        self.file = self.sock.makefile("rb")
        if not self.answer("GREETING", "220 relay.example ESMTP"):
            return
        while line := self.file.readline():
            words = line.decode("utf-8").strip()
            relay.commands.append(words)
            verb = words.split(":")[0].split()[0].upper() if words else ""
            if verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            handler = getattr(self, f"on_{verb.lower()}", None)
            if handler is None:
                self.say("502 5.5.2 unknown")
            else:
                handler(words)

    def say(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\r\n")

    def answer(self, verb: str, consent: str) -> bool:
        told = self.relay._told(verb)
        if told in (CUT, LOST):
            raise _Cut
        self.say(told or consent)
        if (told or consent).startswith("421"):
            raise _Cut
        return not told or told[0] in "23"

    def on_ehlo(self, words: str) -> None:
        relay = self.relay
        features = list(relay.features)
        if relay.tls and not self.encrypted:
            features.append("STARTTLS")
        if relay.users:
            features.append(f"AUTH {relay.mechanisms}")
        lines = ["relay.example", *features]
        shown = [f"250{'-' if at < len(lines) - 1 else ' '}{line}" for at, line in enumerate(lines)]
        self.answer("EHLO", "\r\n".join(shown))

    def on_starttls(self, words: str) -> None:
        if self.answer("STARTTLS", "220 2.0.0 go on"):
            assert self.relay.tls is not None
            self.sock = self.relay.tls.wrap_socket(self.sock, server_side=True)
            self.file = self.sock.makefile("rb")
            self.encrypted = True

    def on_auth(self, words: str) -> None:
        _, mechanism, *first = words.split()
        told = self.relay._told("AUTH")
        if told:
            self.say(told)
            return
        user, secret = self._credentials(mechanism, first)
        if self.relay.users.get(user) == secret:
            self.say("235 2.7.0 welcome")
            return
        if "OAUTH" in mechanism:
            self.say("334 " + base64.b64encode(b'{"status":"401"}').decode())
            assert self.file is not None
            self.file.readline()
        self.say("535 5.7.8 wrong user or password")

    def _credentials(self, mechanism: str, first: list[str]) -> tuple[str, str]:
        if mechanism == "LOGIN":
            self.say("334 VXNlcm5hbWU6")
            user = self._decoded()
            self.say("334 UGFzc3dvcmQ6")
            return user, self._decoded()
        text = base64.b64decode(first[0]).decode()
        if mechanism == "PLAIN":
            _, user, secret = text.split("\0")
            return user, secret
        user = text.split("user=" if mechanism == "XOAUTH2" else "a=")[1].split("\1")[0].rstrip(",")
        return user, text.split("auth=Bearer ")[1].split("\1")[0]

    def _decoded(self) -> str:
        assert self.file is not None
        with suppress(binascii.Error):
            return base64.b64decode(self.file.readline()).decode()
        return ""

    def on_mail(self, words: str) -> None:
        path, _, self.options = words.partition(":")[2].partition(">")
        if self.answer("MAIL", "250 2.1.0 fine"):
            self.sender, self.recipients = path.strip().lstrip("<"), []

    def on_rcpt(self, words: str) -> None:
        if self.answer("RCPT", "250 2.1.5 fine"):
            self.recipients.append(words.partition("<")[2].partition(">")[0])

    def on_rset(self, words: str) -> None:
        self.sender, self.recipients = "", []
        self.answer("RSET", "250 2.0.0 fine")

    def on_data(self, words: str) -> None:
        if not self.answer("DATA", "354 go on"):
            return
        assert self.file is not None
        lines: list[bytes] = []
        while (line := self.file.readline()) != b".\r\n":
            if not line.endswith(b"\n"):
                raise _Cut
            lines.append(line[1:] if line.startswith(b".") else line)
        relay = self.relay
        with relay._lock:
            told = relay._script["CONTENT"][:1]
        if not told or told[0] == CUT or told[0][0] in "23":
            mail = Taken(self.sender, tuple(self.recipients), b"".join(lines), self.options.strip())
            relay.taken.append(mail)
        self.answer("CONTENT", f"250 2.0.0 queued as {len(relay.taken):04d}")

    def close(self) -> None:
        if self.file:
            self.file.close()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


@contextmanager
def a_relay(**options: object) -> Iterator[FakeRelay]:
    """A relay until the end of the block."""
    relay = FakeRelay(**options)  # type: ignore[arg-type]
    try:
        yield relay
    finally:
        relay.stop()


def certificate(folder: Path, name: str = "localhost", days: int = 2) -> tuple[Path, ssl.SSLContext]:
    """A certificate for a name that vouches for itself, and a server's context with it."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    if not cert.exists():
        words = [
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
        ]
        words += [str(days), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        subprocess.run(["openssl", *words, "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return cert, context
