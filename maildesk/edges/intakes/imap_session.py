"""A session with an IMAP server (RFC 3501): connected, logged in, and spoken to by UID alone."""

from __future__ import annotations

import contextlib
import datetime
import logging
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError
from imapclient.imapclient import JUNK

from maildesk import log
from maildesk.config.settings import Mailbox
from maildesk.edges import secret
from maildesk.edges.certificate import server_end
from maildesk.edges.oauth import Tokens
from maildesk.store.mailboxes import Copy

CONNECT_SECONDS = 20.0
ANSWER_SECONDS = 60.0
HEADER_BYTES = 262_144
CUT_OFF = (IMAPClientError, OSError)
"""What IMAPClient raises: its own errors, and those of the socket."""
_SIZES = ("RFC822.SIZE", "INTERNALDATE")

# At DEBUG it writes every line, passwords and tokens too.
logging.getLogger("imapclient").setLevel(logging.WARNING)


class NotWelcome(Exception):
    """The server or the mailbox is not as the configuration says; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A folder as the server shows it."""

    uidvalidity: int
    uidnext: int
    messages: int


class Session:
    """One connection. Not thread-safe, but `cut` may be called from any thread.

    Raises `CUT_OFF` errors on anything that is wrong with the connection, and NotWelcome, NoSecret or NoToken where an
    admin has to do something.
    """

    def __init__(self, mailbox: Mailbox, tokens: Tokens | None) -> None:
        self._mailbox = mailbox
        self._open: tuple[str, bool] | None = None
        self._client = self._connected()
        try:
            self._client.normalise_times = False
            # Left to itself the kernel holds small packets back, 40 ms for each command.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._secure()
            self._login(tokens)
            self.capabilities = frozenset(
                word.decode("ascii", "replace") for word in self._client.capabilities()
            )
        except BaseException:
            self.drop()
            raise

    def _connected(self) -> IMAPClient:
        mailbox = self._mailbox
        return IMAPClient(
            mailbox.host,
            mailbox.real_port,
            ssl=mailbox.tls == "implicit",
            ssl_context=self._context() if mailbox.tls == "implicit" else None,
            timeout=SocketTimeout(CONNECT_SECONDS, ANSWER_SECONDS),
        )

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._mailbox.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise NotWelcome(
                f"the certificates in {self._mailbox.ca_file} cannot be read: {error}"
            ) from error

    def _secure(self) -> None:
        if self._mailbox.tls == "starttls":
            if not self._client.has_capability("STARTTLS"):
                raise NotWelcome(f'{self._mailbox.host} offers no STARTTLS; write tls = "implicit"')
            self._client.starttls(self._context())

    def _login(self, tokens: Tokens | None) -> None:
        user = self._mailbox.user
        try:
            if tokens is None:
                self._client.login(user, secret.read(self._mailbox.password))
            elif self._mailbox.oauth and self._mailbox.oauth.mechanism == "OAUTHBEARER":
                self._client.oauthbearer_login(user, tokens.token())
            else:
                self._client.oauth2_login(user, tokens.token())
        except LoginError as error:
            if isinstance(error.__context__, IMAPClient.AbortError):
                raise ConnectionResetError("the server closed the connection during the login") from error
            if tokens:
                tokens.forget()
            told = " ".join(str(error).split())[:200]
            what = "its token and user" if tokens else "user and password"
            raise NotWelcome(
                f"{self._mailbox.host} refused the login of {user}: {told}; check {what}"
            ) from None

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._client.socket()
        return found

    def certificate_end(self) -> int:
        """When the server's certificate ends, microseconds UTC; 0 where nothing is encrypted."""
        return server_end(self._socket)

    # Folders

    def select(self, folder: str, readonly: bool) -> Selected | None:
        """Opens a folder; what is asked for afterwards is about it. None where it was open already."""
        if self._open == (folder, readonly):
            return None
        self._open = None
        try:
            found = self._client.select_folder(folder, readonly)
        except IMAPClientError as error:
            if isinstance(error, IMAPClient.AbortError):
                raise
            raise NotWelcome(f"the folder {folder!r} cannot be opened: {_said(error)}") from error
        validity, uidnext = found.get(b"UIDVALIDITY"), found.get(b"UIDNEXT")
        if not validity:
            raise NotWelcome(f"the folder {folder!r} has no lasting UIDs, so mail in it cannot be told apart")
        if uidnext is None:
            uidnext = max(self._client.search(), default=0) + 1
        self._open = (folder, readonly)
        return Selected(int(validity), int(uidnext), int(found[b"EXISTS"]))

    def look_anew(self) -> None:
        """Has the next `select` ask the server, even for the folder that is open."""
        self._open = None

    def junk_folder(self) -> str:
        """The folder that the server marks as the one of junk."""
        named = self._mailbox.junk.removeprefix("hold:")
        if named != "hold":
            return named
        found = self._client.find_special_folder(JUNK)
        if not found:
            raise NotWelcome('the server names no junk folder; write junk = "hold:FOLDER"')
        return str(found)

    def has_folder(self, folder: str) -> bool:
        """Whether there is such a folder."""
        return bool(self._client.folder_exists(folder))

    def make_folder(self, folder: str) -> None:
        """Makes a folder if it is not there."""
        if self.has_folder(folder):
            return
        try:
            self._client.create_folder(folder)
        except IMAPClientError:
            # Somebody else may have made it since, a person or another node.
            if not self.has_folder(folder):
                raise
        # Mail programs show only subscribed folders; some servers have no subscriptions.
        with contextlib.suppress(IMAPClientError):
            self._client.subscribe_folder(folder)

    # Mails

    def uids(self, first: int, last: int = 0, unseen: bool = False) -> list[int]:
        """The UIDs from `first` to `last` (0: the end), ascending."""
        self.news()
        criteria: list[Any] = ["UID", f"{first}:{last or '*'}", *(["UNSEEN"] if unseen else [])]
        # n:* always has the newest mail, even where its UID is less than n.
        return sorted(
            uid for uid in self._client.search(criteria) if first <= uid and (not last or uid <= last)
        )

    def since(self, day: datetime.date) -> list[int]:
        """The UIDs of what came on that day or later, by the server's time in its own zone, ascending."""
        return sorted(self._client.search(["SINCE", day]))

    def unread(self) -> int:
        """How many mails nobody has read."""
        return len(self._client.search("UNSEEN"))

    def copies(self, uids: Sequence[int]) -> dict[int, Copy]:
        """Size and time of these mails; those that are gone are left out."""
        found = self._client.fetch(list(uids), _SIZES)
        return {uid: _copy(uid, data) for uid, data in found.items() if b"RFC822.SIZE" in data}

    def bodies(self, uids: Sequence[int]) -> dict[int, tuple[Copy, bytes]]:
        """These mails as they are, without marking them as read; those that are gone are left out."""
        found = self._client.fetch(list(uids), (*_SIZES, "BODY.PEEK[]"))
        return {
            uid: (_copy(uid, data), data[b"BODY[]"])
            for uid, data in found.items()
            if b"RFC822.SIZE" in data and data.get(b"BODY[]") is not None
        }

    def header(self, uid: int) -> bytes:
        """The header of a mail, at most 256 KB of it; b"" if the mail is gone."""
        found = self._client.fetch([uid], (f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>",))
        return found.get(uid, {}).get(b"BODY[HEADER]<0>") or b""

    def has(self, capability: str) -> bool:
        """Whether the server can do something."""
        return capability in self.capabilities

    def mark(self, uids: Sequence[int], flag: bytes) -> None:
        """Sets a flag."""
        self._client.add_flags(list(uids), [flag], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Moves mails (RFC 6851)."""
        self._client.move(list(uids), folder)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        """Copies mails."""
        self._client.copy(list(uids), folder)

    def expunge(self, uids: Sequence[int]) -> None:
        """Removes mails marked as deleted, and no others (RFC 4315)."""
        self._client.uid_expunge(list(uids))

    # Waiting

    def idle(self, wake: socket.socket, seconds: float) -> None:
        """Returns when the server tells of something, `wake` can be read, or the time is up (RFC 2177)."""
        self._client.idle()
        poller = select.poll()
        poller.register(self._socket.fileno(), select.POLLIN)
        poller.register(wake.fileno(), select.POLLIN)
        end = time.monotonic() + seconds
        while not self._said_something():
            ready = [fd for fd, _ in poller.poll(max(0.0, end - time.monotonic()) * 1000)]
            if not ready or wake.fileno() in ready:
                break
            if self._ended():
                raise ConnectionResetError("the server has closed the connection")
        self._client.idle_done()

    def _said_something(self) -> bool:
        """Whether something can be read: what came together with an earlier line waits here, not in the socket."""
        imap = self._client._imap
        file = imap._file if hasattr(imap, "_file") else imap.file
        self._socket.settimeout(0)
        try:
            return bool(file.peek(1))
        except OSError:  # TLS tells so that there is nothing yet
            return False
        finally:
            self._socket.settimeout(ANSWER_SECONDS)

    def news(self) -> bool:
        """Whether the server has told of mail since `uids` was last asked; no IDLE tells of that again."""
        return bool(self._client._imap.response("EXISTS")[1] != [None])

    def _ended(self) -> bool:
        # A TLS record without content can be read, too, but is no end. Read from the raw socket, past TLS.
        try:
            raw = socket.socket.recv
            return raw(self._socket, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except (BlockingIOError, InterruptedError):
            return False

    def close(self) -> None:
        """Says goodbye if the server still listens."""
        try:
            self._client.logout()
        except CUT_OFF:
            self.drop()

    def drop(self) -> None:
        """Closes without a word."""
        with contextlib.suppress(*CUT_OFF):
            self._client.shutdown()

    def cut(self) -> None:
        """Ends what the session's own thread waits for; it gets an error."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _copy(uid: int, data: dict[bytes, Any]) -> Copy:
    at = data.get(b"INTERNALDATE")
    instant = int(at.timestamp()) * 1_000_000 if isinstance(at, datetime.datetime) else 0
    return Copy(uid, int(data[b"RFC822.SIZE"]), instant)


def told(mailbox: Mailbox, error: BaseException) -> str:
    """What hinders reading a mailbox, and what to do about it."""
    at = f"{mailbox.host}:{mailbox.real_port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {at} is not trusted ({error.verify_message}); check host, or name ca_file"
    if isinstance(error, ssl.SSLError) and "WRONG_VERSION" in str(error):
        return f'{at} does not speak TLS at once; check port, or write tls = "starttls"'
    if isinstance(error, socket.gaierror):
        return f"there is no host {mailbox.host}; check host"
    if isinstance(error, ConnectionRefusedError | TimeoutError):
        return f"{at} does not answer ({log.reason(error).lower()}); check host, port and the firewall"
    return log.reason(error)


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


Open = Callable[[], Session]
