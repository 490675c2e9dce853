"""Desks that write to each other through a gateway which takes away whatever tells a mail to be automatic."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr

from maildesk.core.deskaddress import Route
from maildesk.core.model import SECOND
from maildesk.core.reading import Envelope
from maildesk.core.retry import Attempt
from maildesk.store import waiting
from maildesk.work.outbound import Outbound
from tests.desk import Desk
from tests.work.postman import listed

MOST = 1_500 if os.environ.get("MAILDESK_LONG") else 250
"""Mails that go over before a run counts as one that has no end."""
KEPT = frozenset(
    ("from", "to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding")
)


class Post:
    """A way out that keeps what is sent until somebody carries it on."""

    record_every = 50

    def __init__(self) -> None:
        self.bag: list[tuple[str, bytes]] = []

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        self.bag.append((route.recipient, b"".join(data)))
        return Attempt("sent", "250 ok")

    def settle(self) -> dict[str, OSError]:
        return {}

    def rest(self) -> None:
        """Nothing is kept open."""

    def close(self) -> None:
        """Nothing is kept open."""


class Gateway:
    """Carries mail between desks, by the domain it goes to; all of them have the same time.

    It leaves of the header what a mail client shows, gives each mail a Message-ID of its own, and keeps the `also`
    named fields. With `untagged` the subject loses the ticket's number, too.
    """

    def __init__(self, desks: Iterable[Desk], also: str = "", untagged: bool = False) -> None:
        self.untagged = untagged
        self.desks = {desk.policy.address.rpartition("@")[2]: desk for desk in desks}
        self.kept = KEPT | frozenset(also.split())
        self.carried = 0
        self.came = dict.fromkeys(self.desks, 0)
        self._posts = {}
        for domain, desk in self.desks.items():
            self._posts[domain] = Post()
            desk.outbound = Outbound(desk.store, lambda desk=desk: desk.live, self._posts[domain])  # type: ignore[misc]

    def give(self, domain: str, mail: EmailMessage, sender: str = "") -> None:
        """A mail comes to the desk of a domain."""
        self.came[domain] += 1
        to = parseaddr(str(mail["To"]))[1]
        envelope = Envelope("smtp", sender or parseaddr(str(mail["From"]))[1], (to,), "127.0.0.1")
        self.desks[domain].deliver(mail, envelope)

    def rest(self, every: int = SECOND) -> int:
        """Carries mail until nothing moves any more; how many mails went over."""
        before = self.carried
        while self.carried < MOST:
            for desk in self.desks.values():
                desk.run()
            bags = [(domain, post.bag) for domain, post in self._posts.items()]
            for post in self._posts.values():
                post.bag = []
            found = [(to, data) for _, bag in bags for to, data in bag if to.rpartition("@")[2] in self.desks]
            found = [(to, data) for to, data in found if not to.startswith("carol")]
            if not found:
                return self.carried - before
            for to, data in found:
                self._pass(to, data, every)
        raise AssertionError(f"no rest after {self.carried} mails")

    def _pass(self, to: str, data: bytes, every: int) -> None:
        self.carried += 1
        mail = message_from_bytes(data, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        for name in set(mail.keys()):
            if name.lower() not in self.kept:
                del mail[name]
        if self.untagged:
            mail.replace_header("Subject", re.sub(r"\s*\[#\d+\]", "", str(mail["Subject"])))
        mail["Message-ID"] = f"<{self.carried}@gateway.example>"
        now = max(desk.now for desk in self.desks.values()) + every
        for desk in self.desks.values():
            desk.now = now
        self.give(to.rpartition("@")[2], mail)


def told(desk: Desk, to: str, state: str = "sent", kind: str = "new_ticket") -> int:
    """How many mails of a kind somebody was sent, or how many are in another state."""
    return sum((m["to"], m["kind"], m["state"]) == (to, kind, state) for m in listed(desk))


def waits(desk: Desk) -> int:
    """How many mails to agents wait to be released."""
    with desk.store.db.reading() as conn:
        return waiting.count(conn, waiting.AGENTS, desk.now)
