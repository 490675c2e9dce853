"""Mail out by SMTP through a relay: verb by verb, so that each answer is known and kept (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable, Iterable, Iterator

from maildesk.core.deskaddress import Route
from maildesk.core.retry import Attempt
from maildesk.edges.senders.relay import NotReady, Relay, Session, text

MAILS = 100
"""So many mails go over one connection."""
IDLE = 30.0
"""After so many seconds without a mail a connection is closed."""
_PIECE = 1 << 16
_ALONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class SmtpSender:
    """Sends through one connection, which is kept for the next mail. One thread at a time may use it."""

    # Nobody at the other end recognises a repeat.
    record_every = 1

    def __init__(self, relay: Relay, clock: Callable[[], float] = time.monotonic) -> None:
        self._relay = relay
        self._clock = clock
        self._session: Session | None = None
        self._mails = 0
        self._used = 0.0

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        """Hands one mail of `size` bytes to the relay, and says what it answered.

        `paused` means that the relay takes no mail now, whichever it is: the mail was not even offered.
        """
        allowed = self._relay.settings.deadline + size / 100_000
        try:
            offered = self._offer(route, size, allowed)
            if offered is None:
                # The relay had closed a connection that was kept: that says nothing about this mail.
                offered = self._offer(route, size, allowed)
        except NotReady as error:
            self.close()
            return Attempt("paused", str(error))
        assert offered is not None, "only a connection that was used before may be found closed"
        attempt, deadline = offered
        if attempt.outcome != "sent":
            return attempt
        assert self._session is not None
        return self._content(self._session, data, deadline)

    def settle(self) -> dict[str, OSError]:
        """What the relay has taken is its own to keep."""
        return {}

    def rest(self) -> None:
        """There is nothing to send: a connection that has been idle for long is closed."""
        if self._session and self._clock() - self._used >= IDLE:
            self.close()

    def close(self) -> None:
        """Says goodbye; what is sent next goes over a new connection."""
        session, self._session = self._session, None
        if session:
            session.quit()

    def _open(self) -> Session:
        if self._session and (self._mails >= MAILS or self._clock() - self._used >= IDLE):
            self.close()
        if self._session is None:
            self._session = self._relay.connect()
            self._mails = 0
        self._used = self._clock()
        return self._session

    def _drop(self) -> None:
        """The connection is of no use any more."""
        session, self._session = self._session, None
        if session:
            session.abort()

    def _offer(self, route: Route, size: int, allowed: float) -> tuple[Attempt, float] | None:
        """MAIL and RCPT: `sent` where the content may follow, until the deadline beside it.

        None where a connection that was used before is found closed. Raises NotReady for what would befall every
        other mail, too.
        """
        session = self._open()
        deadline = self._clock() + allowed
        reused = self._mails > 0
        self._mails += 1
        attempt = self._unfit(session, route, size) or self._from(session, route, size, deadline, reused)
        if attempt is None:
            return None
        if attempt.outcome == "sent":
            attempt = self._to(session, route, deadline)
        return attempt, deadline

    def _unfit(self, session: Session, route: Route, size: int) -> Attempt | None:
        """Why the relay could never take this mail, by what it says of itself; None if it can."""
        if session.limit and size > session.limit:
            told = f"the mail has {size} bytes; {self._relay.name} takes at most {session.limit}"
            return Attempt("refused", told)
        wide = next((a for a in (route.recipient, route.return_path) if not a.isascii()), "")
        if wide and not session.has("smtputf8"):
            return Attempt(
                "refused",
                f"the address {wide} has letters that need SMTPUTF8 (RFC 6531); {self._relay.name} does not offer it",
            )
        return None

    def _from(
        self, session: Session, route: Route, size: int, deadline: float, reused: bool
    ) -> Attempt | None:
        """MAIL; None where a connection that was used before is found closed."""
        wide = not (route.recipient + route.return_path).isascii()
        options = (f" SIZE={size}" if session.has("size") else "") + (" SMTPUTF8" if wide else "")
        try:
            code, answer = session.command(f"MAIL FROM:<{route.return_path}>{options}", deadline)
        except (OSError, smtplib.SMTPException) as error:
            code, answer = 421, f"the connection broke at MAIL FROM: {text(error)}"
        if code == 421:
            self._drop()
            if reused:
                return None
            raise NotReady(f"{self._relay.name} takes no mail now: {answer}")
        if code == 552 or answer.startswith(f"{code} 5.3.4 "):
            return self._over(session, Attempt("refused", answer), deadline)
        if code >= 500:
            told = (
                f"{self._relay.name} refuses mail from <{route.return_path}>: {answer}."
                " Let it take mail from this address, or set return_path and return_address below [desk]"
            )
            if code == 530:  # it wants a login, from whomever
                raise NotReady(told)
            return self._over(session, Attempt("barred", told), deadline)
        return (
            self._over(session, Attempt("later", answer), deadline)
            if code >= 300
            else Attempt("sent", answer)
        )

    def _to(self, session: Session, route: Route, deadline: float) -> Attempt:
        """RCPT."""
        try:
            code, answer = session.command(f"RCPT TO:<{route.recipient}>", deadline)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Attempt("later", f"the connection broke at RCPT TO: {text(error)}")
        if code == 530:
            raise NotReady(
                f"{self._relay.name} wants a login: {answer}. Write user and password below [send]"
            )
        return self._judged(session, code, answer, deadline) or Attempt("sent", answer)

    def _judged(self, session: Session, code: int, answer: str, deadline: float) -> Attempt | None:
        """What a refusal of the mail itself means; None for consent."""
        if code < 300 or code == 354:
            return None
        return self._over(session, Attempt("refused" if code >= 500 else "later", answer), deadline)

    def _over(self, session: Session, attempt: Attempt, deadline: float) -> Attempt:
        """Ends a mail that was not taken, so that the next one may be offered over the same connection."""
        try:
            code, _ = session.command("RSET", deadline)
        except (OSError, smtplib.SMTPException):
            code = 421
        if code != 250:
            self._drop()
        return attempt

    def _content(self, session: Session, data: Iterable[bytes], deadline: float) -> Attempt:
        try:
            code, answer = session.command("DATA", deadline)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Attempt("later", f"the connection broke at DATA: {text(error)}")
        if code != 354:
            told = Attempt("later", f"the relay answered DATA with {answer}")
            return self._judged(session, code, answer, deadline) or self._over(session, told, deadline)
        try:
            for piece in stuffed(data):
                session.write(piece, deadline)
        except (OSError, smtplib.SMTPException) as error:
            # Without the final dot it is no mail (RFC 5321, 4.1.1.4).
            self._drop()
            return Attempt("later", f"the connection broke within the mail: {text(error)}")
        except BaseException:
            self._drop()
            raise
        try:
            code, answer = session.command(".", deadline)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Attempt("unknown", f"the connection broke after the mail, before an answer: {text(error)}")
        self._used = self._clock()
        if 200 <= code < 300:
            return Attempt("sent", answer)
        return self._over(session, Attempt("refused" if code >= 500 else "later", answer), deadline)


def stuffed(data: Iterable[bytes]) -> Iterator[bytes]:
    """The mail in pieces as DATA needs it: a dot before each line that begins with one, CRLF at the very end.

    A CR or LF that stands alone becomes a line end. Servers do not agree on what it means (RFC 5321, 2.3.8), and one
    that took it for the end of the mail would take what follows for commands.
    """
    fresh = True
    for piece in _with_line_ends(data):
        if fresh and piece.startswith(b"."):
            yield b"."
        yield piece.replace(b"\n.", b"\n..")
        fresh = piece.endswith(b"\n")
    if not fresh:
        yield b"\r\n"


def _with_line_ends(data: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces that are not empty, in which CR and LF stand together alone, and that part none of these pairs."""
    held = b""
    for chunk in data:
        for at in range(0, len(chunk), _PIECE):
            piece = held + chunk[at : at + _PIECE]
            held = b"\r" if piece.endswith(b"\r") else b""
            if piece := _mended(piece.removesuffix(b"\r")):
                yield piece
    if held:
        yield b"\r\n"


def _mended(piece: bytes) -> bytes:
    # Counting costs next to nothing, and all that we compose is right.
    if piece.count(b"\r") == piece.count(b"\n") == piece.count(b"\r\n"):
        return piece
    return _ALONE.sub(b"\r\n", piece)
