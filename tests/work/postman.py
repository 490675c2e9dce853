"""A postman carries what a desk sends to the other side and brings back what that answers.

He goes for a bounded number of rounds; a run that has not come to rest by then fails.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from maildesk.core.model import SECOND
from maildesk.store import views
from tests.desk import Desk, a_mail

JANE, ALICE, BOB = "jane@customer.example", "alice@desk.example", "bob@desk.example"
ROUNDS = 30

# What answers a mail: the mails that come back.
Machine = Callable[[EmailMessage], list[EmailMessage]]


class Postman:
    """Brings a desk's mails, each once, to the machines that live at their addresses."""

    def __init__(self, desk: Desk, machines: dict[str, Machine]) -> None:
        self.desk = desk
        self.machines = machines
        self._carried: set[str] = set()
        self.rounds = 0

    def new(self) -> list[EmailMessage]:
        """What the desk has sent since the last time."""
        found = [mail for mail in self.desk.mails() if str(mail["Message-ID"]) not in self._carried]
        self._carried |= {str(mail["Message-ID"]) for mail in found}
        return found

    def rest(self, rounds: int = ROUNDS, every: int = SECOND) -> None:
        """Carries mail until nothing moves any more. Fails where that takes more than the rounds allowed."""
        for self.rounds in range(rounds):
            moved = False
            for mail in self.new():
                machine = self.machines.get(parseaddr(str(mail["To"]))[1])
                for answer in machine(mail) if machine else []:
                    self.desk.now += every
                    self.desk.handle(answer)
                    moved = True
            if not moved:
                return
        raise AssertionError(f"no rest after {rounds} rounds; {len(self.desk.mails())} mails were sent")


class Responder:
    """A vacation responder: answers every mail, as dumb as can be, and bears only what `signs` say."""

    def __init__(self, address: str, signs: str, text: str = "") -> None:
        self.address = address
        self.text = text or f"{address.partition('@')[0].title()} is at the seaside until Monday.\n"
        self.signs = signs.split()
        self.answered = 0

    def __call__(self, mail: EmailMessage) -> list[EmailMessage]:
        self.answered += 1
        headers: dict[str, str] = {}
        if "rfc3834" in self.signs:
            headers["Auto-Submitted"] = "auto-replied"
        if "in-reply-to" in self.signs:
            headers["In-Reply-To"] = str(mail["Message-ID"])
        subject = f"Re: {mail['Subject']}" if "tag" in self.signs else "I am at the seaside"
        to = str(mail["Reply-To"]) if "reply-to" in self.signs and mail["Reply-To"] else str(mail["From"])
        local, _, domain = self.address.partition("@")
        answer = a_mail(
            self.address, to, subject, self.text,
            f"<{local}-{self.answered}@{domain}>", headers,
        )  # fmt: skip
        return [answer]


def automatic(desk: Desk, to: str) -> list[str]:
    """The templates of the automatic mails that somebody got."""
    return [m["kind"] for m in listed(desk) if m["to"] == to and m["kind"] != "answer"]


def listed(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.db.reading() as conn:
        return list(reversed(views.outbox_list(conn, limit=10_000)))
