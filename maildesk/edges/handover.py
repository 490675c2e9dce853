"""Handing a mail over to the running daemon by its own socket. Only the standard library: a pipe must start fast."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from maildesk.edges import unix

SECONDS = 300.0
"""How long the daemon may take for one answer: it answers after the commit, which may wait for a busy disk."""
TOO_LARGE = 552
NO_ADDRESS = (501, 553)
UNTOLD = "untold"
"""Stands in MAIL FROM where nobody told the envelope's sender; it is no address."""


class NotTaken(Exception):
    """The daemon did not take the mail; the text is its answer."""


class Refused(NotTaken):
    """The mail is too large, and will be so the next time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply: its three digits, and its text."""

    code: int
    text: str

    @property
    def good(self) -> bool:
        """Whether it says yes."""
        return 200 <= self.code < 300


class Handover:
    """One connection to the daemon. Raises OSError where nobody answers at the socket, and NotTaken."""

    def __init__(self, path: Path) -> None:
        self._socket = unix.connected(path, SECONDS)
        self._file = self._socket.makefile("rb")
        try:
            self._expect(self._hear())
            self.largest = self._greet()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Handover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        self._file.close()
        self._socket.close()

    def hand(self, raw: bytes, sender: str | None, recipients: Iterable[str]) -> None:
        """Returns once the mail is committed. Raises NotTaken, Refused and OSError."""
        told = UNTOLD if sender is None else sender.strip().strip("<>")
        answer = self._ask(f"MAIL FROM:<{_one_line(told)}> SIZE={len(raw)}")
        if answer.code in NO_ADDRESS:
            answer = self._ask(f"MAIL FROM:<{UNTOLD}> SIZE={len(raw)}")
        self._expect(answer)
        accepted = 0
        for recipient in recipients:
            answer = self._ask(f"RCPT TO:<{_one_line(recipient.strip().strip('<>'))}>")
            if 400 <= answer.code < 500:
                raise NotTaken(answer.text)
            accepted += answer.good
        if not accepted:
            self._expect(self._ask("RCPT TO:<>"))
            accepted = 1
        self._socket.sendall(b"BDAT %d LAST\r\n" % len(raw))
        self._socket.sendall(raw)
        for _ in range(accepted):
            self._expect(self._hear())

    def _greet(self) -> int:
        answer = self._ask("LHLO pipe")
        self._expect(answer)
        sizes = [line[5:] for line in answer.text.splitlines() if line.startswith("SIZE ")]
        return int(sizes[0]) if sizes else 0

    def _ask(self, line: str) -> Answer:
        self._socket.sendall(f"{line}\r\n".encode("utf-8", "surrogateescape"))
        return self._hear()

    def _hear(self) -> Answer:
        lines = []
        while True:
            line = self._file.readline(4096).decode("utf-8", "replace").rstrip("\r\n")
            if len(line) < 3 or not line[:3].isdigit():
                raise NotTaken("the daemon has closed the connection")
            lines.append(line[4:])
            if line[3:4] != "-":
                return Answer(int(line[:3]), "\n".join(lines))

    def _expect(self, answer: Answer) -> None:
        if answer.code == TOO_LARGE:
            raise Refused(answer.text)
        if not answer.good:
            raise NotTaken(answer.text)


def _one_line(text: str) -> str:
    return "".join(text.splitlines())
