"""Doors of a desk: the same mail by SMTP, by LMTP and from a mailbox, through real sockets."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from typing import Any, Protocol

from maildesk.config.settings import Mailbox
from maildesk.core.deskaddress import is_desk
from maildesk.core.model import MINUTE, SECOND
from maildesk.core.password import hashed
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.edges.intakes.lmtp_session import LmtpSession
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.intakes.smtp_client import Account, Guard
from maildesk.edges.intakes.smtp_session import Session
from maildesk.edges.verify import Prover, Trust
from maildesk.store import views
from tests.desk import DESK, Desk, a_mail
from tests.servers.imap import ImapServer
from tests.waiting import until
from tests.work.authority import ALICE

MX, SECRET, SECONDS = "mx.desk.example", "correct horse", 60
ACCOUNTS = {"alice": Account(hashed(SECRET, bytes(16)), (ALICE,))}


class Door(Protocol):
    """A way into the desk."""

    def bring(self, raw: bytes, sender: str, recipients: list[str], login: str) -> None:
        """A mail is taken; returns once it is committed."""

    def close(self) -> None:
        """Ends."""


class Listener:
    """By SMTP, or by LMTP."""

    def __init__(self, desk: Desk, channel: str) -> None:
        protocol, self._client = {"smtp": (Session, smtplib.SMTP), "lmtp": (LmtpSession, smtplib.LMTP)}[
            channel
        ]
        self._intake = SmtpIntake(
            "127.0.0.1:0",
            "desk.example",
            desk.accept,
            lambda one: is_desk(one, desk.policy),
            lambda: 1_000_000,
            protocol=protocol,
            channel=channel,
            guard=Guard(accounts=lambda: ACCOUNTS),
            prover=Prover(Trust(MX)),
        )
        self._intake.start()

    def bring(self, raw: bytes, sender: str, recipients: list[str], login: str) -> None:
        with self._client("127.0.0.1", self._intake.port, timeout=SECONDS) as client:
            client.ehlo_or_helo_if_needed()
            if login:
                client.login(login, SECRET)
            assert client.sendmail(sender, recipients, raw) == {}

    def close(self) -> None:
        self._intake.stop(0)


class Box:
    """From a mailbox, which says nothing of envelopes and logins."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._server = desk, ImapServer()
        settings = {
            "name": "box",
            "host": "127.0.0.1",
            "port": self._server.port,
            "tls": "none",
            "user": "desk",
        }
        more = {"password_env": "HOME", "address": DESK, "start": "all", "poll": 1, "authserv_id": MX}
        self._intake = ImapIntake(
            Mailbox.model_validate({**settings, **more}),
            desk.store,
            desk.accept,
            known=lambda one: is_desk(one, desk.policy),
            mail_bytes=lambda: 1_000_000,
            clock=lambda: desk.now,
            jitter=lambda: 0.0,
        )
        self._intake.start()

    def bring(self, raw: bytes, sender: str, recipients: list[str], login: str) -> None:
        before = len(arrivals(self._desk))
        self._server.put(raw, at=self._desk.now // SECOND)
        until(lambda: len(arrivals(self._desk)) > before)

    def close(self) -> None:
        self._intake.stop(0)
        self._server.close()


DOORS: dict[str, Callable[[Desk], Door]] = {
    "smtp": lambda desk: Listener(desk, "smtp"),
    "lmtp": lambda desk: Listener(desk, "lmtp"),
    "imap": Box,
}


def arrivals(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.db.reading() as conn:
        return views.arrivals(conn, limit=1_000)


@dataclass
class Came:
    """What became of a mail."""

    row: dict[str, Any]
    told: list[tuple[str, str]]

    @property
    def is_(self) -> tuple[str, int | None, str]:
        """Disposition, ticket and proof."""
        return self.row["disposition"], self.row["ticket"], self.row["proof"]


@dataclass
class Way:
    """A desk with one door, and Jane's ticket on it."""

    desk: Desk
    name: str
    door: Door
    number: int = field(init=False)

    def __post_init__(self) -> None:
        first = self.come(a_mail())
        assert first.is_[0::2] == ("new-ticket", "claimed")
        self.number = first.row["ticket"]

    def come(self, mail: EmailMessage, proven: bool = False, by: str = "") -> Came:
        """A mail comes through the door; `proven`: as its server found, or by a login where the door knows logins.

        `by` is whom the proof is for, in place of its sender.
        """
        self.desk.now += 20 * MINUTE  # so that no limit of an hour is reached
        sender = mail["From"].addresses[0].addr_spec
        shown_as = by or sender
        login = "alice" if proven and self.name == "smtp" and shown_as == ALICE else ""
        raw = mail.as_bytes(policy=policy.SMTP)
        if proven and not login:
            found = f"{MX}; dmarc=pass header.from={shown_as.rpartition('@')[2]}"
            raw = f"Received: from x by {MX}; Mon, 21 Sep 2026 12:00:00 +0000\r\n".encode() + raw
            raw = f"Authentication-Results: {found}\r\n".encode() + raw
        shown = [one.addr_spec for name in ("To", "Cc") if mail[name] for one in mail[name].addresses]
        ours = [one for one in shown if is_desk(one, self.desk.policy)] or [DESK]
        before = {one["key"] for one in arrivals(self.desk)}
        self.door.bring(raw, sender, ours, login)
        (key,) = {one["key"] for one in arrivals(self.desk)} - before
        self.desk.run()
        row = self.desk.row(key)
        return Came(row, [(sent["kind"], sent["to"]) for sent in row["mails"]])

    @property
    def ticket(self) -> dict[str, Any]:
        """Jane's."""
        return self.desk.ticket(self.number)

    def got(self, address: str) -> int:
        """How many mails somebody has got."""
        return len(self.desk.mails(to=address))

    def notice(self, to: str = ALICE) -> EmailMessage:
        """The last mail to somebody."""
        return self.desk.mails(to=to)[-1]
