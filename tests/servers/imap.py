"""A small IMAP server in this process (RFC 3501, 2177, 4315, 6851): for what no real server does on order.

It knows the commands that the desk and the tests use. Folders are shared by all connections. `capabilities` may be
taken from it; `refuse` answers a command with NO, `cut` closes the connection instead of answering it.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r\n$")
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')


@dataclass
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes
    at: int
    flags: set[bytes] = field(default_factory=set)


@dataclass
class Kept:
    """A folder."""

    mails: list[Stored] = field(default_factory=list)
    uidvalidity: int = 1
    uidnext: int = 1

    def add(self, raw: bytes, at: int, flags: set[bytes] | None = None) -> None:
        """A mail arrives."""
        self.mails.append(Stored(self.uidnext, raw, at, flags or set()))
        self.uidnext += 1


class ImapServer:
    """Listens on a free port of loopback; every login is right."""

    def __init__(self) -> None:
        self.capabilities = ["IMAP4rev1", "IDLE", "MOVE", "UIDPLUS"]
        self.folders: dict[str, Kept] = {"INBOX": Kept()}
        self.commands: list[str] = []
        self.refuse: Callable[[str], bool] = lambda _command: False
        self.cut: Callable[[str], bool] = lambda _command: False
        self.lock = threading.RLock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def put(self, raw: bytes, at: int | None = None, folder: str = "INBOX") -> None:
        """A mail arrives; `at` is in seconds, now if left out."""
        with self.lock:
            self.folders.setdefault(folder, Kept()).add(raw, int(time.time()) if at is None else at)

    def lying(self, folder: str = "INBOX") -> list[bytes]:
        """The mails that lie in a folder, without those marked as deleted."""
        with self.lock:
            kept = self.folders.get(folder, Kept())
            return [one.raw for one in kept.mails if rb"\Deleted" not in one.flags]

    def close(self) -> None:
        """Ends."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for one in self._sockets:
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                self._sockets.append(one)
                thread = threading.Thread(target=Talk(self, one).run, daemon=True)
                self._threads.append(thread)
                thread.start()


class Talk:
    """One connection."""

    def __init__(self, server: ImapServer, connection: socket.socket) -> None:
        self._server = server
        self._socket = connection
        self._file = connection.makefile("rb")
        self._folder = ""
        self._shown = 0

    def run(self) -> None:
        """Answers commands until the connection ends."""
        with contextlib.suppress(OSError, ValueError):
            self._say(b"* OK ready")
            while line := self._line():
                tag, _, rest = line.partition(b" ")
                words = [b"".join(found) for found in _WORD.findall(rest)]
                verb = b" ".join(words[:2] if words[0].upper() == b"UID" else words[:1]).upper().decode()
                self._server.commands.append(verb)
                if self._server.cut(verb):
                    break
                if self._server.refuse(verb):
                    self._say(tag + b" NO not now")
                    continue
                with self._server.lock:
                    done = self._do(verb, words[len(verb.split()) :], tag)
                self._say(tag + b" " + done)
                if verb == "LOGOUT":
                    break
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._file.close()

    def _line(self) -> bytes:
        line: bytes = self._file.readline()
        while found := _LITERAL.search(line):
            self._say(b"+ go on")
            data = self._file.read(int(found[1]))
            self._literal = data
            line = line[: found.start()] + b'"literal"' + self._file.readline()
        return line.rstrip(b"\r\n")

    def _say(self, line: bytes) -> None:
        self._socket.sendall(line + b"\r\n")

    @property
    def _kept(self) -> Kept:
        return self._server.folders[self._folder]

    def _do(self, verb: str, words: list[bytes], tag: bytes) -> bytes:
        server = self._server
        names = [word.decode() for word in words]
        if verb == "CAPABILITY":
            self._say(b"* CAPABILITY " + " ".join(server.capabilities).encode())
        elif verb in ("SELECT", "EXAMINE"):
            if names[0] not in server.folders:
                return b"NO no such folder"
            self._folder = names[0]
            self._shown = len(self._kept.mails)
            self._say(b"* FLAGS (\\Seen \\Deleted)")
            self._say(b"* %d EXISTS" % self._shown)
            self._say(b"* OK [UIDVALIDITY %d] " % self._kept.uidvalidity)
            self._say(b"* OK [UIDNEXT %d] " % self._kept.uidnext)
            return b"OK [READ-WRITE] open"
        elif verb == "LIST":
            for name in server.folders:
                if names[-1] in ("*", name):
                    self._say(f'* LIST () "." "{name}"'.encode())
        elif verb == "CREATE":
            server.folders.setdefault(names[0], Kept())
        elif verb == "APPEND":
            server.folders[names[0]].add(self._literal, int(time.time()))
        elif verb == "IDLE":
            self._idle()
        elif verb.startswith("UID "):
            return self._uid(verb[4:], words)
        self._news()
        return b"OK done"

    def _news(self) -> None:
        if self._folder and len(self._kept.mails) != self._shown:
            self._shown = len(self._kept.mails)
            self._say(b"* %d EXISTS" % self._shown)

    def _idle(self) -> None:
        self._say(b"+ idling")
        self._socket.settimeout(0.01)
        try:
            while True:
                self._news()
                self._server.lock.release()
                try:
                    if self._socket.recv(100).upper().startswith(b"DONE"):
                        return
                    raise ConnectionError("no DONE")
                except TimeoutError:
                    continue
                finally:
                    self._server.lock.acquire()
        finally:
            self._socket.settimeout(None)

    def _uid(self, verb: str, words: list[bytes]) -> bytes:
        kept = self._kept
        if verb == "SEARCH":
            found = kept.mails
            if b"UID" in (upper := [word.upper() for word in words]):
                found = self._among(words[upper.index(b"UID") + 1])
            if b"UNSEEN" in upper:
                found = [one for one in found if rb"\Seen" not in one.flags]
            self._say(b"* SEARCH " + b" ".join(b"%d" % one.uid for one in found))
            self._news()
            return b"OK done"
        found = self._among(words[0])
        if verb == "FETCH":
            for one in found:
                self._fetch(one, words[1].upper())
        elif verb == "STORE":
            flags = set(words[2].strip(b"()").split())
            for one in found:
                one.flags |= flags
        elif verb in ("COPY", "MOVE"):
            target = self._server.folders.get(words[1].decode())
            if target is None:
                return b"NO [TRYCREATE] no such folder"
            for one in found:
                target.add(one.raw, one.at, {*one.flags})
            if verb == "MOVE":
                self._remove(found)
        elif verb == "EXPUNGE":
            self._remove([one for one in found if rb"\Deleted" in one.flags])
        return b"OK done"

    def _among(self, which: bytes) -> list[Stored]:
        found: list[Stored] = []
        for part in which.split(b","):
            first, _, last = part.partition(b":")
            mails = self._kept.mails
            end = mails[-1].uid if last == b"*" and mails else int(last or first) if last != b"*" else 0
            start = min(int(first), end) if last == b"*" else int(first)
            found += [one for one in mails if start <= one.uid <= end]
        return found

    def _fetch(self, one: Stored, wanted: bytes) -> None:
        at = datetime.datetime.fromtimestamp(one.at, datetime.UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
        parts = b'UID %d RFC822.SIZE %d INTERNALDATE "%s"' % (one.uid, len(one.raw), at.encode())
        if b"BODY.PEEK[]" in wanted:
            parts += b" BODY[] {%d}\r\n%s" % (len(one.raw), one.raw)
        elif b"HEADER" in wanted:
            header = one.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            parts += b" BODY[HEADER]<0> {%d}\r\n%s" % (len(header), header)
        self._say(b"* %d FETCH (%s)" % (self._kept.mails.index(one) + 1, parts))

    def _remove(self, gone: list[Stored]) -> None:
        for one in gone:
            self._say(b"* %d EXPUNGE" % (self._kept.mails.index(one) + 1))
            self._kept.mails.remove(one)
            self._shown -= 1
