"""A conversation as a desk has it, and what lies in the mailbox of each person after it."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

from maildesk.core.model import MINUTE
from maildesk.core.reading import Envelope
from tests.desk import DESK, Desk, a_mail, an_answer, instant

JANE = "Jane Doe <jane@customer.example>"
CARL = "Carl Clay <carl@partner.example>"
ALICE = "Alice Ames <alice@desk.example>"
BOB = "Bob Brown <bob@desk.example>"
PEOPLE = (JANE, CARL, ALICE, BOB)


def _parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


class Conversation:
    """People who write to a desk and to each other; five minutes pass before each mail.

    A mail lies with whom it went to and with who wrote it, `got` and `wrote`, oldest first.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.got: dict[str, list[bytes]] = {parseaddr(one)[1]: [] for one in PEOPLE}
        self.wrote: dict[str, list[bytes]] = {parseaddr(one)[1]: [] for one in PEOPLE}
        self.relay: Callable[[str, bytes], bytes] = lambda to, raw: raw
        """What the mail server of those who get our mails does to them."""
        self._brought: set[str] = set()

    def last(self, person: str, template: str = "") -> EmailMessage:
        """The newest mail that somebody got from the desk."""
        address = parseaddr(person)[1]
        if template:
            wanted = self.desk.mails(address, template)[-1]["Date"]
            return next(m for raw in reversed(self.got[address]) if (m := _parsed(raw))["Date"] == wanted)
        return _parsed(self.got[address][-1])

    def write(self, mail: EmailMessage) -> str:
        """Somebody sends a mail, with a client that dates it; what became of it at the desk."""
        self.desk.now += 5 * MINUTE
        del mail["Date"]
        mail["Date"] = format_datetime(instant(self.desk.now))
        raw = mail.as_bytes(policy=policy.SMTP)
        return self.send(raw, [a.addr_spec for n in ("To", "Cc") if mail[n] for a in mail[n].addresses])

    def send(self, raw: bytes, recipients: list[str]) -> str:
        """The bytes go to these recipients; what became of them at the desk."""
        sender = parseaddr(str(_parsed(raw)["From"]))[1]
        self.wrote[sender].append(raw)
        for address in recipients:
            if address in self.got:
                self.got[address].append(raw)
        ours = tuple(a for a in recipients if a not in self.got)
        self.desk.now += 5 * MINUTE
        disposition: str = self.desk.handle(raw, Envelope("smtp", sender, ours, "127.0.0.1"))["disposition"]
        self._bring()
        return disposition

    def answer(
        self,
        to: EmailMessage,
        person: str,
        text: str,
        name: str,
        headers: dict[str, str] | None = None,
        subject: str = "",
    ) -> str:
        """Somebody answers a mail; what became of it."""
        domain = parseaddr(person)[1].partition("@")[2]
        mail = an_answer(to, person, text, f"<{name}@{domain}>", headers)
        if subject:
            mail.replace_header("Subject", subject)
        return self.write(mail)

    def _bring(self) -> None:
        """What the desk has sent comes to whom it is for."""
        box = mailbox.Maildir(self.desk.folder / "outgoing", create=True)
        new = {key.partition(".")[0]: key for key in box.iterkeys()}
        for once in self.desk.sent():
            if once in new and once not in self._brought:
                raw = box.get_bytes(new[once])
                to = parseaddr(str(_parsed(raw)["To"]))[1]
                self.got[to].append(self.relay(to, raw))
                self._brought.add(once)

    def box(self, person: str, own: bool = True) -> list[bytes]:
        """A person's mails, oldest first, with or without their own."""
        address = parseaddr(person)[1]
        mails = self.got[address] + (self.wrote[address] if own else [])
        return sorted(mails, key=lambda raw: _parsed(raw)["Date"].datetime)

    def maildir(self, person: str, folder: Path) -> Path:
        """A person's mails in a Maildir."""
        box = mailbox.Maildir(folder, create=True)
        for raw in self.box(person):
            box.add(raw)
        return folder

    def shown(self, line: str) -> str:
        """A line of an index with tickets named by letters, in the order of their opening."""
        numbers = [t["number"] for t in sorted(self.desk.tickets(), key=lambda t: t["created"])]
        return re.sub(r"#(\d+)", lambda m: f"#{'ABCDEF'[numbers.index(int(m[1]))]}", line)


def replaced(name: str) -> Callable[[str, bytes], bytes]:
    """A relay that gives Jane's mails another Message-ID."""

    def relay(to: str, raw: bytes) -> bytes:
        if to != parseaddr(JANE)[1]:
            return raw
        return re.sub(
            rb"(?im)^Message-ID: <[^>]*>", f"Message-ID: <{name}@relay.example>".encode(), raw, count=1
        )

    return relay


def held(desk: Desk) -> Conversation:
    """The conversation that the tests look at, mail by mail."""
    talk = Conversation(desk)
    opened = a_mail(JANE, message_id="<j1@customer.example>")
    assert talk.write(opened) == "new-ticket"
    assert talk.answer(talk.last(ALICE, "new_ticket"), ALICE, "Off and on?", "a1") == "agent-reply"
    assert talk.answer(talk.last(JANE), JANE, "No. Carl knows more.", "j2", {"Cc": CARL}) == "reply"
    assert talk.answer(talk.last(BOB, "new_ticket"), BOB, "#note\nIt is the drum.", "b1") == "note"
    told = talk.last(ALICE, "customer_reply")
    assert talk.answer(told, ALICE, "Which drum is in it?", "a2") == "agent-reply"
    # A client that keeps In-Reply-To alone.
    asked = talk.last(CARL, "answer")
    assert talk.answer(asked, CARL, "The old one.", "c1", {"References": ""}) == "reply"
    talk.relay = replaced("r1")
    assert talk.answer(talk.last(ALICE), ALICE, "Then change it.", "a3") == "agent-reply"
    talk.relay = lambda to, raw: raw
    assert talk.answer(talk.last(JANE), JANE, "How?", "j3") == "reply"
    assert talk.answer(talk.last(ALICE), ALICE, "Pull it out.\n\n#resolve", "a4") == "agent-reply"
    # A new mail by way of an answer.
    assert talk.answer(talk.last(JANE), JANE, "And we need toner.", "j4", subject="Toner") == "reply"
    # A second ticket with the same subject, and one by way of a reply address that a client remembered.
    again = a_mail(JANE, text="The other printer, too.\n", message_id="<j5@customer.example>")
    assert talk.write(again) == "new-ticket"
    address = str(talk.last(JANE)["Reply-To"])
    fresh = a_mail(JANE, address, "Chairs", "We need chairs.\n", "<j6@customer.example>")
    assert talk.write(fresh) == "new-ticket"
    assert talk.answer(talk.last(BOB, "new_ticket"), BOB, "How many?", "b2") == "agent-reply"
    assert DESK not in talk.got
    return talk
