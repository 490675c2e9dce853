"""Desks that write to each other through a gateway, which may take away what tells a mail to be automatic."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from maildesk.core.deskaddress import Route
from maildesk.core.model import SECOND
from maildesk.core.reading import Envelope
from maildesk.core.retry import Attempt
from maildesk.store import waiting
from maildesk.work.outbound import Outbound
from tests.desk import Desk, a_desk, a_mail
from tests.work.postman import JANE, listed

MOST = 1_500 if os.environ.get("MAILDESK_LONG") else 250
"""Mails that go over before a run counts as one that has no end."""
KEPT = frozenset(
    ("from", "to", "subject", "date", "mime-version", "content-type", "content-transfer-encoding")
)


def address(name: str) -> str:
    return f"support@{name}.example"


def settings(name: str, other: str, limits: dict[str, Any]) -> dict[str, Any]:
    """A desk with Carol, and perhaps another desk as the second agent."""
    agents = [{"id": "carol", "name": "Carol", "addresses": [f"carol@{name}.example"], "departments": ["s"]}]
    if other:
        agents.append({"id": "other", "name": "Other", "addresses": [other], "departments": ["s"]})
    return {
        "address": address(name),
        "departments": [{"name": "s", "title": "Support", "addresses": [address(name)]}],
        "agents": agents,
        "rules": [],
        "topics": [],
        "limits": limits,
    }


def ring(
    stack: ExitStack, folder: Path, names: Sequence[str], agents: int = 0, **more: Any
) -> dict[str, Desk]:
    """Desks by their names. An agent of each is the next one (`agents` = 1) or the one before it (-1), or none is.

    `limits` are those of all, and with `admins` the next one is the admin.
    """
    desks = {}
    for at, name in enumerate(names):
        other = address(names[(at + agents) % len(names)]) if agents else ""
        admin = {"admin": address(names[(at + 1) % len(names)])} if more.get("admins") else {}
        (folder / name).mkdir()
        changes = settings(name, other, more.get("limits", {}))
        desks[name] = stack.enter_context(a_desk(folder / name, **changes, **admin))
    return desks


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
    named fields; with None it changes nothing. With `untagged` the subject loses the ticket's number, too.
    """

    def __init__(self, desks: Iterable[Desk], also: str | None = "", untagged: bool = False) -> None:
        self.untagged = untagged
        self.desks = {desk.policy.address.rpartition("@")[2]: desk for desk in desks}
        self.kept = None if also is None else KEPT | frozenset(also.split())
        self.carried = 0
        self.stayed: list[tuple[str, EmailMessage]] = []
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

    def ask(self) -> None:
        """Jane writes to each desk, and somebody at the desk before it does under that desk's own name."""
        names = [domain.removesuffix(".example") for domain in self.desks]
        for at, name in enumerate(names):
            for sender in (JANE, address(names[at - 1])):
                mail = a_mail(sender, address(name), message_id=f"<{sender}.{name}>")
                self.give(f"{name}.example", mail)

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
            moved = False
            for to, data in found:
                mail = message_from_bytes(data, policy=policy.default)
                assert isinstance(mail, EmailMessage)
                if to.startswith("carol"):
                    self.stayed.append((to, mail))
                else:
                    moved = True
                    self._pass(to, mail, every)
            if not moved:
                return self.carried - before
        raise AssertionError(f"no rest after {self.carried} mails")

    def carols(self, name: str) -> list[EmailMessage]:
        """The mails to Carol at the desk of this name, in order of sending."""
        return [mail for to, mail in self.stayed if to == f"carol@{name}.example"]

    def _pass(self, to: str, mail: EmailMessage, every: int) -> None:
        self.carried += 1
        if self.kept is not None:
            for name in set(mail.keys()):
                if name.lower() not in self.kept:
                    del mail[name]
            mail["Message-ID"] = f"<{self.carried}@gateway.example>"
        if self.untagged:
            mail.replace_header("Subject", re.sub(r"\s*\[#\d+\]", "", str(mail["Subject"])))
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
