"""A whole desk for tests: its loops run inline, its clock stands still, its mail goes to a Maildir."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import update

from maildesk.core.policy import Policy
from maildesk.core.reading import Envelope, Evidence
from maildesk.core.selection import NOT_CLOSED, Selection
from maildesk.edges import templates
from maildesk.edges.accept import Acceptor
from maildesk.edges.senders.maildir import MaildirSender
from maildesk.store import schema, views
from maildesk.store.db import Database
from maildesk.store.selecting import selected
from maildesk.store.store import Store
from maildesk.work.chores import Chores
from maildesk.work.explain import explain
from maildesk.work.inbound import Inbound
from maildesk.work.live import Live
from maildesk.work.outbound import Outbound

ROOT = Path(__file__).parents[1]
START = 1_790_000_000_000_000
DESK = "support@desk.example"


def a_policy(**changes: Any) -> Policy:
    """Two agents, two departments, three topics and some rules; `changes` replace whole keys."""
    return Policy.model_validate(
        {
            "name": "Example Support",
            "address": DESK,
            "departments": [
                {"name": "support", "title": "Support", "addresses": [DESK], "signature": "Example Support"},
                {"name": "billing", "title": "Billing", "addresses": ["billing@desk.example"]},
            ],
            "agents": [
                {
                    "id": "alice",
                    "name": "Alice Ames",
                    "addresses": ["alice@desk.example"],
                    "departments": ["support"],
                },
                {
                    "id": "bob",
                    "name": "Bob Brown",
                    "addresses": ["bob@desk.example"],
                    "departments": ["support", "billing"],
                },
            ],
            "topics": [
                {"name": "printing", "title": "Printing"},
                {"name": "invoices", "title": "Invoices", "department": "billing", "priority": "low"},
            ],
            "rules": [
                {
                    "name": "printers",
                    "when": {"subject": {"contains": "printer"}},
                    "then": {"topic": "printing", "tag": ["hardware"]},
                },
                {
                    "name": "invoices",
                    "when": {"subject": {"contains": "invoice"}},
                    "then": {"topic": "invoices"},
                },
                {
                    "name": "fire",
                    "when": {"body": {"matches": r"\bfire\b"}},
                    "then": {"priority": "emergency", "assignee": "bob"},
                },
            ],
            **changes,
        }
    )


@dataclass
class Desk:
    """A desk whose time moves only when told to."""

    folder: Path
    store: Store
    live: Live
    now: int = START
    accept: Acceptor = field(init=False)
    inbound: Inbound = field(init=False)
    outbound: Outbound = field(init=False)

    def __post_init__(self) -> None:
        self.accept = Acceptor(self.store, lambda: self.now)
        self.inbound = Inbound(self.store, lambda: self.live)
        self.outbound = Outbound(self.store, lambda: self.live, MaildirSender(self.folder / "outgoing"))

    @property
    def policy(self) -> Policy:
        """What the desk goes by."""
        return self.live.policy

    def deliver(
        self,
        mail: EmailMessage | bytes,
        envelope: Envelope | None = None,
        evidence: Evidence = Evidence(),
        written: int | None = None,
    ) -> str:
        """Accepts a mail; the row key."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        return self.accept(raw, envelope or self._envelope(raw), evidence, written=written).result()

    def _envelope(self, raw: bytes) -> Envelope:
        mail = message_from_bytes(raw, policy=policy.default)
        sender = (
            mail["From"].addresses[0].addr_spec.lower() if mail["From"] and mail["From"].addresses else ""
        )
        found = [a.addr_spec.lower() for name in ("To", "Cc") if mail[name] for a in mail[name].addresses]
        ours = tuple(a for a in found if a.endswith("@desk.example") and not a.startswith(("alice@", "bob@")))
        return Envelope("smtp", sender, ours or (DESK,), "127.0.0.1")

    def run(self) -> None:
        """Runs the loops until nothing is left to do."""
        self.store.beat(self.now)
        while self.inbound.step(self.now) + self.outbound.step(self.now):
            pass

    def handle(
        self,
        mail: EmailMessage | bytes,
        envelope: Envelope | None = None,
        evidence: Evidence = Evidence(),
    ) -> dict[str, Any]:
        """Accepts a mail, runs the desk, and says what became of it."""
        key = self.deliver(mail, envelope, evidence)
        self.run()
        return self.row(key)

    def chores(self) -> None:
        """Does what is due by the clock alone."""
        Chores(self.store, lambda: self.live).step(self.now)

    def row(self, key: str) -> dict[str, Any]:
        """What the store says of a mail."""
        with self.store.db.reading() as conn:
            return views.trace(conn, key)[0]

    def ticket(self, number: int) -> dict[str, Any]:
        """Everything about a ticket."""
        with self.store.db.reading() as conn:
            found = views.ticket_show(conn, number)
        assert found, f"no ticket {number}"
        return found

    def tickets(self) -> list[dict[str, Any]]:
        """All tickets."""
        with self.store.db.reading() as conn:
            return [
                one
                for statuses in (NOT_CLOSED, ("closed",))
                for one in selected(conn, Selection({"status": statuses}, limit=100_000)).tickets
            ]

    def explain(self, mail: EmailMessage | bytes) -> dict[str, Any]:
        """What would happen."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes(policy=policy.SMTP)
        return explain(raw, self._envelope(raw), Evidence(), self.store, self.live, self.now)

    def sent(self) -> list[str]:
        """The once-keys of all mails, in order of sending."""
        with self.store.db.reading() as conn:
            return [row["once"] for row in reversed(views.outbox_list(conn, limit=1_000_000))]

    def mails(self, to: str = "", template: str = "") -> list[EmailMessage]:
        """What went out, in order of sending."""
        box = mailbox.Maildir(self.folder / "outgoing", create=True)
        by_name = {key.partition(".")[0]: key for key in box.iterkeys()}
        found = []
        with self.store.db.reading() as conn:
            listed = views.outbox_list(conn, limit=1_000_000)
        for row in reversed(listed):
            if (
                row["once"] in by_name
                and (not to or row["to"] == to)
                and (not template or row["kind"] == template)
            ):
                mail = message_from_bytes(box.get_bytes(by_name[row["once"]]), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                found.append(mail)
        return found


@contextmanager
def a_desk(folder: Path, url: str = "", name: str = "main", **policy_changes: Any) -> Iterator[Desk]:
    """A desk in a folder, on SQLite unless a database URL is given."""
    store = Store(Database(url or f"sqlite:///{folder}/maildesk.db"), name)
    store.open()
    store.node.lock()
    live = Live(a_policy(**policy_changes), templates.load(ROOT / "templates", "en"), "test")
    desk = Desk(folder, store, live)
    store.beat(desk.now)
    try:
        yield desk
    finally:
        store.close()


def expire(store: Store) -> None:
    """From now on the others take this process for dead."""
    gone = schema.node.c.id == store.node.id
    store.write("work", lambda conn: conn.execute(update(schema.node).where(gone).values(until=0)))


def instant(at: int) -> datetime:
    """A desk's instant as a date."""
    return datetime.fromtimestamp(at // 1_000_000, UTC)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail: what people read, or its HTML (`kind` is "html")."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def a_mail(
    sender: str = "Jane Doe <jane@customer.example>",
    to: str = DESK,
    subject: str = "My printer is broken",
    text: str = "Hello,\n\nit prints nothing but blank pages.\n\nJane\n",
    message_id: str | None = "<first@customer.example>",
    headers: dict[str, str] | None = None,
) -> EmailMessage:
    """A plain mail; `headers` are added, and replace what is there."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = "Mon, 21 Sep 2026 12:00:00 +0000"
    if message_id:
        mail["Message-ID"] = message_id
    for name, value in (headers or {}).items():
        del mail[name]
        mail[name] = value
    mail.set_content(text)
    return mail


def an_answer(
    to: EmailMessage, sender: str, text: str, message_id: str, headers: dict[str, str] | None = None
) -> EmailMessage:
    """What a mail client sends when somebody answers: to Reply-To, with References and the old text quoted."""
    quoted = "".join(f"> {line}\n" for line in text_of(to).splitlines())
    return a_mail(
        sender=sender,
        to=str(to["Reply-To"] or to["From"]),
        subject=f"Re: {to['Subject']}",
        text=f"{text}\n\nOn Monday, {to['From']} wrote:\n{quoted}",
        message_id=message_id,
        headers={
            "In-Reply-To": str(to["Message-ID"]),
            "References": f"{to['References'] or ''} {to['Message-ID']}".strip(),
            **(headers or {}),
        },
    )
