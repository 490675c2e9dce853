"""What the tests of authority share: people, a step of the clock, and what came of a mail."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from maildesk.core.model import MINUTE
from maildesk.core.personal import address
from maildesk.core.reading import Envelope, Evidence
from maildesk.store import personal
from tests.desk import Desk, a_mail

JANE, TIM = "jane@customer.example", "tim@elsewhere.example"
ALICE, BOB = "alice@desk.example", "bob@desk.example"


def handled(
    desk: Desk,
    mail: EmailMessage | bytes,
    envelope: Envelope | None = None,
    evidence: Evidence = Evidence(),
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What became of a mail, and the mails that followed: template and recipient."""
    desk.now += MINUTE
    row = desk.handle(mail, envelope, evidence)
    return row, [(sent["kind"], sent["to"]) for sent in row["mails"]]


def state(desk: Desk, number: int) -> dict[str, Any]:
    """A ticket's fields, with its entries by kind."""
    found = desk.ticket(number)
    return {**found, "entries": [entry["kind"] for entry in found["entries"]]}


def theirs(desk: Desk, agent: str = "alice") -> str:
    """An agent's personal address."""
    found = desk.policy.agent(agent)
    assert found
    with desk.store.db.reading() as conn:
        generation = personal.generations(conn).get(agent, 0)
    return address(found, generation, desk.policy, desk.store.keys)


def local(address: str) -> str:
    """What stands before the @ in an address header."""
    return parseaddr(address)[1].partition("@")[0]


def is_token(address: str) -> bool:
    """Whether an address header carries a reply token."""
    return "+" in local(address)


def spoofed(number: int | None, text: str = "Send your password.", **values: Any) -> EmailMessage:
    """A mail in an agent's name that bears no proof."""
    subject = f"Re: My printer is broken [#{number}]" if number else "Hello"
    return a_mail(
        f"Alice Ames <{ALICE}>", subject=subject, text=text, message_id="<spoof@evil.example>", **values
    )
