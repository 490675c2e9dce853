"""Agents and customers work from mutt: they answer there, and the desk puts it where it belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path

import pytest

from maildesk.core.model import MINUTE
from tests.clients import mutt
from tests.clients.conversation import ALICE, CARL, JANE, Conversation
from tests.clients.test_threads import expected, login, shown, url
from tests.desk import a_desk, a_mail, instant
from tests.imap.box import Box
from tests.servers.dovecot import Dovecot

THREADS = {
    JANE: """
    * support@desk.example     My printer is broken
      Support                  |->My printer is broken [#A]
      Support                  `->My printer is broken [#A]
    * Support                    `->Re: My printer is broken [#A]
      Support                      `->My printer is broken [#A]
      Support                        `->My printer is broken [#A]
    """,
    CARL: """
      Jane Doe                 Re: My printer is broken [#A]
      Support                  `->My printer is broken [#A]
    * Support                    `->Re: My printer is broken [#A]
      Support                      `->My printer is broken [#A]
    """,
    ALICE: """
      Jane Doe (customer)      My printer is broken [#A]
    * Jane Doe (customer)      `->Re: My printer is broken [#A]
      Jane Doe (customer)        `->My printer is broken [#A]
    * Jane Doe (customer)          |->Re: My printer is broken [#A]
    * Jane Doe (customer)          `->Re: My printer is broken [#A]
      Carl Clay (customer)           `->My printer is broken [#A]
    * Carl Clay (customer)             `->Re: My printer is broken [#A]
    """,
}


@dataclass
class People:
    """They read and write with mutt, in Maildirs, or on an IMAP server if there is one."""

    talk: Conversation
    folder: Path
    server: Dovecot | None
    _opened: int = field(default=0, init=False)

    def mailbox(self, person: str) -> tuple[Path, str, tuple[str, ...]]:
        """A folder for mutt, where the person's mails are, and how to get there."""
        self._opened += 1
        home = self.folder / f"mutt{self._opened}"
        settings = (f'set from="{person}" hostname="{person.partition("@")[2].rstrip(">")}"',)
        if self.server is None:
            return home, str(self.talk.maildir(person, self.folder / f"box{self._opened}")), settings
        box = Box(self.server)
        box.put(*self.talk.box(person))
        return home, url(box), (*settings, *login(box))

    def answer(self, person: str, text: str, key: str = "r", extra: str = "") -> str:
        """Somebody answers the newest mail that the desk sent to them; what became of it."""
        home, place, settings = self.mailbox(person)
        wanted = str(self.talk.last(person)["Message-ID"])
        with mutt.opened(home, place, (*settings, extra)) as client:
            client.index(len(self.talk.box(person)))
            recipients, raw = client.reply(wanted, text, key)
        # mutt goes by the real clock, where two mails of one second have no order.
        date = f"Date: {format_datetime(instant(self.talk.desk.now + MINUTE))}"
        return self.talk.send(re.sub(rb"(?m)^Date: .*", date.encode(), raw, count=1), recipients)

    def index(self, person: str) -> list[str]:
        """What somebody sees of the conversation."""
        home, place, settings = self.mailbox(person)
        with mutt.opened(home, place, settings) as client:
            return shown(self.talk, client.index(len(self.talk.box(person))))


@pytest.fixture(params=["maildir", "imap"])
def people(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[People]:
    server = request.getfixturevalue("dovecot") if request.param == "imap" else None
    (tmp_path / "desk").mkdir()
    with a_desk(tmp_path / "desk") as desk:
        talk = Conversation(desk)
        assert talk.write(a_mail(JANE)) == "new-ticket"
        yield People(talk, tmp_path, server)


def test_a_ticket_from_the_first_answer_to_its_solution(people: People) -> None:
    assert people.answer(ALICE, "Off and on?") == "agent-reply"
    assert people.answer(JANE, "No. Carl knows more.", "g", f"my_hdr Cc: {CARL}") == "reply"
    assert people.answer(ALICE, "#note\nIt is the drum.") == "note"
    assert people.answer(ALICE, "Which drum is in it?") == "agent-reply"
    assert people.answer(CARL, "The old one.", "g") == "reply"
    assert people.answer(ALICE, "Then change it.\n\n#resolve") == "agent-reply"

    (listed,) = people.talk.desk.tickets()
    ticket = people.talk.desk.ticket(listed["number"])
    assert ticket["status"] == "resolved"
    assert [(one["kind"], one["author"], one["text"]) for one in ticket["entries"]][1:] == [
        ("agent-reply", "alice@desk.example", "Off and on?"),
        ("customer", "jane@customer.example", "No. Carl knows more."),
        ("note", "alice@desk.example", "It is the drum."),
        ("agent-reply", "alice@desk.example", "Which drum is in it?"),
        ("customer", "carl@partner.example", "The old one."),
        ("agent-reply", "alice@desk.example", "Then change it."),
    ]
    for person, text in THREADS.items():
        assert people.index(person) == expected(text), person
