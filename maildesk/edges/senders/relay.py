"""The relay: connecting to it with TLS and a login, and what is wrong where that fails."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable

from maildesk.config.settings import Send
from maildesk.edges import secret
from maildesk.edges.certificate import server_end
from maildesk.edges.oauth import NoToken, Tokens, kept_in
from maildesk.store.store import Store


class NotReady(Exception):
    """The relay takes no mail at all now: why, and what the operator should do, as a sentence without its end."""


class Session:
    """A connection to the relay, ready for mail. Every wait ends at a deadline of `time.monotonic`."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp
        offered = smtp.esmtp_features.get("size", "")
        self.limit = int(offered) if offered.isascii() and offered.isdigit() else 0
        """The largest mail that the relay takes, in bytes; 0 where it says nothing."""

    def has(self, extension: str) -> bool:
        """Whether the relay offers an extension of SMTP (in lower case)."""
        return bool(self._smtp.has_extn(extension))

    def certificate_end(self) -> int:
        """When the relay's certificate ends, microseconds UTC; 0 where nothing is encrypted."""
        return server_end(self._smtp.sock) if self._smtp.sock else 0

    def command(self, line: str, deadline: float) -> tuple[int, str]:
        """Sends a command; the code of the answer and all of it. Raises OSError and SMTPException."""
        self._smtp.command_encoding = "utf-8"
        self._until(deadline)
        self._smtp.putcmd(line)
        self._until(deadline)
        code, answer = self._smtp.getreply()
        if code < 200:
            raise smtplib.SMTPServerDisconnected("the answer is none")
        return code, f"{code} {_line(answer)}".rstrip()

    def write(self, data: bytes, deadline: float) -> None:
        """Sends a part of a mail. Raises OSError."""
        sock = self._until(deadline)
        sock.sendall(data)

    def _until(self, deadline: float) -> socket.socket:
        left = deadline - time.monotonic()
        sock = self._smtp.sock
        if sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        if left <= 0:
            raise TimeoutError("the time for this mail was over")
        sock.settimeout(left)
        return sock

    def quit(self) -> None:
        """Says goodbye, without waiting long for an answer."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.command("QUIT", time.monotonic() + 2)
        self.abort()

    def abort(self) -> None:
        """Closes the connection."""
        with contextlib.suppress(OSError):
            self._smtp.close()


def relay(settings: Send, store: Store, clock: Callable[[], int]) -> Relay:
    """The relay of the configuration; a rotated refresh token is kept in the store."""
    return Relay(settings, kept_in(store, settings.oauth, clock) if settings.oauth else None)


class Relay:
    """How to connect to the mail server that sends for the desk. Passwords and tokens are read at each login."""

    def __init__(self, settings: Send, tokens: Tokens | None = None) -> None:
        self.settings = settings
        self._tokens = tokens

    @property
    def name(self) -> str:
        """Host and port."""
        return f"{self.settings.host}:{self.settings.relay_port}"

    def connect(self) -> Session:
        """A session that is greeted, encrypted and logged in. Raises NotReady."""
        try:
            smtp = self._greeted()
        except smtplib.SMTPConnectError as error:
            told = f"{error.smtp_code} {_line(error.smtp_error)}"
            raise NotReady(
                f"{self.name} greets with {told}: it takes no mail from this machine now"
            ) from error
        except ssl.SSLError as error:
            raise NotReady(self._no_tls(error)) from error
        except socket.gaierror as error:
            told = (
                f"the name {self.settings.host} is not found ({error.strerror}): check send.host and the DNS"
            )
            raise NotReady(told) from error
        except (OSError, smtplib.SMTPException) as error:
            told = f"{self.name} does not answer ({text(error)}): check that it runs, send.host and send.port"
            raise NotReady(told) from error
        try:
            self._encrypt(smtp)
            if self.settings.user:
                self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        assert smtp.sock is not None
        # A mail's last lines would wait for an acknowledgment of those before (40 ms a mail).
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Session(smtp)

    def _greeted(self) -> smtplib.SMTP:
        s = self.settings
        name = s.hostname or socket.getfqdn()
        if s.tls == "implicit":
            return smtplib.SMTP_SSL(
                s.host, s.relay_port, local_hostname=name, timeout=s.timeout, context=self._context()
            )
        return smtplib.SMTP(s.host, s.relay_port, local_hostname=name, timeout=s.timeout)

    def _encrypt(self, smtp: smtplib.SMTP) -> None:
        try:
            self._hello(smtp)
            if self.settings.tls == "starttls":
                self._start_tls(smtp)
        except ssl.SSLError as error:
            raise NotReady(self._no_tls(error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotReady(
                f"{self.name} broke the connection ({text(error)}) before it was encrypted"
            ) from error

    def _hello(self, smtp: smtplib.SMTP) -> None:
        code, answer = smtp.ehlo()
        if not 200 <= code < 300:
            raise NotReady(f"{self.name} answers EHLO with {code} {_line(answer)}: check send.hostname")

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        if not smtp.has_extn("starttls"):
            raise NotReady(
                f'{self.name} offers no STARTTLS: write tls = "implicit" and its port below [send],'
                " or let it encrypt; without that no password and no mail is sent to it"
            )
        code, answer = smtp.starttls(context=self._context())
        if code != 220:
            raise NotReady(f"{self.name} answers STARTTLS with {code} {_line(answer)}")
        self._hello(smtp)

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise NotReady(f"send.ca_file {self.settings.ca_file} cannot be read: {text(error)}") from error

    def _no_tls(self, error: ssl.SSLError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"the certificate of {self.name} is not trusted ({error.verify_message.rstrip('.')}):"
                " write the name that it is made for as send.host, or its authority's file as send.ca_file"
            )
        return f"{self.name} and maildesk find no common TLS ({text(error)}): check send.port and send.tls"

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        s = self.settings
        offered = smtp.esmtp_features.get("auth", "").upper().split()
        if not offered:
            raise NotReady(f"{self.name} offers no login: delete send.user, or use its port for submission")
        login = self._token_login if self._tokens else self._password_login
        try:
            code, answer = login(smtp, offered)
        except (NoToken, secret.NoSecret) as error:
            raise NotReady(f"the login at {self.name} is not possible: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotReady(f"the login at {self.name} failed: {text(error)}") from error
        if code != 235:
            if self._tokens:
                self._tokens.forget()
            what = "does not let in" if code >= 500 else "cannot check now the login of"
            raise NotReady(f"{self.name} {what} {s.user} ({code} {_line(answer)}): check user and password")

    def _password_login(self, smtp: smtplib.SMTP, offered: list[str]) -> tuple[int, bytes]:
        """PLAIN (RFC 4616), else LOGIN: over TLS both are as good as any other."""
        user, password = self.settings.user, secret.read(self.settings.password)
        if "PLAIN" in offered:
            return smtp.docmd("AUTH", f"PLAIN {_encoded(f'{chr(0)}{user}{chr(0)}{password}')}")
        if "LOGIN" not in offered:
            raise self._no_way(offered, "a password by PLAIN or LOGIN")
        code, answer = smtp.docmd("AUTH", "LOGIN")
        for word in (user, password):
            if code != 334:
                break
            code, answer = smtp.docmd(_encoded(word))
        return code, answer

    def _token_login(self, smtp: smtplib.SMTP, offered: list[str]) -> tuple[int, bytes]:
        """XOAUTH2, as Google and Microsoft have it, or OAUTHBEARER (RFC 7628)."""
        s = self.settings
        assert self._tokens is not None
        assert s.oauth is not None
        mechanism = s.oauth.mechanism
        if mechanism not in offered:
            raise self._no_way(offered, mechanism)
        token = self._tokens.token()
        if mechanism == "OAUTHBEARER":
            first = f"n,a={s.user},\1host={s.host}\1port={s.relay_port}\1auth=Bearer {token}\1\1"
        else:
            first = f"user={s.user}\1auth=Bearer {token}\1\1"
        code, answer = smtp.docmd("AUTH", f"{mechanism} {_encoded(first)}")
        if code == 334:
            # What is wrong comes as a challenge; the refusal itself follows an empty answer to it.
            code, answer = smtp.docmd(_encoded("\1") if mechanism == "OAUTHBEARER" else "")
        return code, answer

    def _no_way(self, offered: list[str], what: str) -> NotReady:
        return NotReady(f"{self.name} offers no login with {what} (it offers {' '.join(offered)})")


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def text(error: BaseException) -> str:
    """An error of a connection on one line."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_line(error.smtp_error)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _line(str(error).encode()) or type(error).__name__


def _line(answer: bytes | str) -> str:
    """What a relay says, on one line and bounded."""
    decoded = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join("".join(c if c.isprintable() else " " for c in decoded).split())[:500]
