"""A desk whose mails go out by SMTP to a relay of the tests, and what both have then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select

from maildesk.config.settings import Send
from maildesk.edges.senders.relay import Relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import schema
from maildesk.work.outbound import Outbound
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.servers.relay import FakeRelay

ALICE, JANE = "alice@desk.example", "jane@customer.example"


def sender_for(relay: FakeRelay) -> SmtpSender:
    settings = Send(kind="smtp", host="127.0.0.1", port=relay.port, tls="none", hostname="desk.example")
    return SmtpSender(Relay(settings))


@contextmanager
def a_desk_at(relay: FakeRelay, folder: Path, **changes: Any) -> Iterator[Desk]:
    with a_desk(folder, **changes) as desk:
        desk.outbound = Outbound(desk.store, lambda: desk.live, sender_for(relay))
        try:
            yield desk
        finally:
            desk.outbound.close()


def mails(relay: FakeRelay, to: str = "") -> list[EmailMessage]:
    found = [message_from_bytes(m.data, policy=policy.default) for m in relay.taken if not to or m.to == to]
    return [mail for mail in found if isinstance(mail, EmailMessage)]


def rows(desk: Desk, **wanted: object) -> list[Any]:
    with desk.store.db.reading() as conn:
        found = list(conn.execute(select(schema.outbox).order_by(schema.outbox.c.id)))
    return [row for row in found if all(row._mapping[key] == value for key, value in wanted.items())]


def attempts(desk: Desk) -> list[Any]:
    with desk.store.db.reading() as conn:
        return list(conn.execute(select(schema.attempt)))


def answered(desk: Desk, relay: FakeRelay, **headers: str) -> int:
    """Jane asked, and Alice's answer has just been decided; the ticket's number."""
    desk.handle(a_mail())
    answer = an_answer(
        mails(relay, ALICE)[0], ALICE, "Turn it on.\n\n#wait", "<answer@desk.example>", headers
    )
    desk.deliver(answer)
    desk.inbound.step(desk.now)
    number: int = desk.tickets()[0]["number"]
    return number
