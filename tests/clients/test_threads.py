"""mutt shows each ticket as one thread, and each mail below the one that it answers.

`*` stands before the mails that a person wrote. A to E in subjects are the tickets.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.clients import mutt
from tests.clients.conversation import ALICE, BOB, CARL, JANE, Conversation
from tests.imap.box import Box
from tests.servers.dovecot import PASSWORD, Dovecot

WITH_OWN = {
    JANE: """
    * support@desk.example     My printer is broken
      Support                  |->My printer is broken [#A]
      Support                  `->My printer is broken [#A]
    * Support                    `->Re: My printer is broken [#A]
      Support                      `->My printer is broken [#A]
      Support                        `->My printer is broken [#A]
    * Support                          `->Re: My printer is broken [#A]
      Support                            `->My printer is broken [#A]
    * Support                              `->Toner
    * support@desk.example     My printer is broken
      Support                  `->My printer is broken [#B]
    * Support                  Chairs
      Support                  |->Chairs [#C]
      Support                  `->Chairs [#C]
    """,
    CARL: """
      Jane Doe                 Re: My printer is broken [#A]
      Support                  `->My printer is broken [#A]
    * Support                    `->Re: My printer is broken [#A]
      Support                      `->My printer is broken [#A]
      Support                        `->My printer is broken [#A]
    """,
    ALICE: """
      Jane Doe (customer)      My printer is broken [#A]
    * Jane Doe (customer)      `->Re: My printer is broken [#A]
      Jane Doe (customer)        `->My printer is broken [#A]
      INTERNAL #A                  |->My printer is broken [#A]
    * Jane Doe (customer)          `->Re: My printer is broken [#A]
      Carl Clay (customer)           `->My printer is broken [#A]
    * Carl Clay (customer)             `->Re: My printer is broken [#A]
      Jane Doe (customer)                `->My printer is broken [#A]
    * Jane Doe (customer)                  `->Re: My printer is broken [#A]
      Jane Doe (customer)                    `->My printer is broken [#A]
      Jane Doe (customer)      My printer is broken [#B]
      Jane Doe (customer)      Chairs [#C]
    """,
    BOB: """
      Jane Doe (customer)      My printer is broken [#A]
    * Jane Doe (customer)      `->Re: My printer is broken [#A]
      Jane Doe (customer)      My printer is broken [#B]
      Jane Doe (customer)      Chairs [#C]
    * Jane Doe (customer)      `->Re: Chairs [#C]
    """,
}
"""Own mails in the same folder."""

WITHOUT_OWN = {
    JANE: """
      Support                  -->My printer is broken [#A]
      Support                  `->My printer is broken [#A]
      Support                    `->My printer is broken [#A]
      Support                      `--->My printer is broken [#A]
      Support                        `->My printer is broken [#A]
      Support                  My printer is broken [#B]
      Support                  -->Chairs [#C]
      Support                  `->Chairs [#C]
    """,
    CARL: """
      Jane Doe                 Re: My printer is broken [#A]
      Support                  `->My printer is broken [#A]
      Support                    `->My printer is broken [#A]
      Support                      `->My printer is broken [#A]
    """,
    ALICE: """
      Jane Doe (customer)      My printer is broken [#A]
      Jane Doe (customer)      `->My printer is broken [#A]
      INTERNAL #A                `->My printer is broken [#A]
      Carl Clay (customer)         `->My printer is broken [#A]
      Jane Doe (customer)            `->My printer is broken [#A]
      Jane Doe (customer)              `->My printer is broken [#A]
      Jane Doe (customer)      My printer is broken [#B]
      Jane Doe (customer)      Chairs [#C]
    """,
    BOB: """
      Jane Doe (customer)      My printer is broken [#A]
      Jane Doe (customer)      My printer is broken [#B]
      Jane Doe (customer)      Chairs [#C]
    """,
}
"""Own mails elsewhere. mutt draws `-->` and `--->` where a mail between these two is missing."""


def expected(text: str) -> list[str]:
    """The lines of an index without what stands before all of them."""
    return [line[4:].rstrip() for line in text.strip("\n").split("\n")[:-1]]


def shown(talk: Conversation, lines: list[str]) -> list[str]:
    """The lines of mutt's index as `expected` writes them."""
    found = []
    for line in map(talk.shown, lines):
        name, _, rest = line.partition("|")
        own, name = ("* ", name[3:]) if name.startswith("To ") else ("  ", name)
        found.append(f"{own}{name.strip():25}{rest}")
    return found


def url(box: Box) -> str:
    """Where mutt finds it."""
    return f"imap://127.0.0.1:{box.server.port}/INBOX"


def login(box: Box) -> tuple[str]:
    """How mutt logs in there."""
    return (f'set imap_user="{box.user}" imap_pass="{PASSWORD}"',)


def members(thread: Any) -> Iterator[int]:
    """The mails of a thread as IMAPClient gives it: numbers, and tuples of them."""
    for one in thread:
        yield from [one] if isinstance(one, int) else members(one)


@pytest.mark.parametrize("strict", ["yes", "no"])
@pytest.mark.parametrize("person", WITH_OWN)
def test_threads_in_a_maildir(talk: Conversation, person: str, strict: str, tmp_path: Path) -> None:
    box = talk.maildir(person, tmp_path / "box")
    settings = (f"set strict_threads={strict}", f'set from="{person}"')
    with mutt.opened(tmp_path / "mutt", str(box), settings) as client:
        lines = client.index(len(talk.box(person)))
    assert shown(talk, lines) == expected(WITH_OWN[person])


@pytest.mark.parametrize("strict", ["yes", "no"])
@pytest.mark.parametrize("person", WITH_OWN)
def test_threads_on_an_imap_server_with_own_mails_elsewhere(
    talk: Conversation, dovecot: Dovecot, person: str, strict: str, tmp_path: Path
) -> None:
    box = Box(dovecot)
    mails = talk.box(person, own=False)
    box.put(*mails)
    settings = (f"set strict_threads={strict}", f'set from="{person}"', *login(box))
    with mutt.opened(tmp_path / "mutt", url(box), settings) as client:
        lines = client.index(len(mails))
    assert shown(talk, lines) == expected(WITHOUT_OWN[person])


@pytest.mark.parametrize("person", WITH_OWN)
def test_an_imap_servers_own_threads_are_the_tickets(
    talk: Conversation, dovecot: Dovecot, person: str
) -> None:
    """Clients that let the server thread get it by RFC 5256: by References, and by subject where there are none."""
    box = Box(dovecot)
    # That Jane has written two new mails with the same subject, such a server takes for one thread.
    box.put(*talk.box(person, own=person != JANE))
    with box.person() as client:
        subjects = {
            uid: talk.shown(str(message_from_bytes(data[b"BODY[]"])["Subject"]))
            for uid, data in client.fetch(client.search(), ["BODY.PEEK[]"]).items()
        }
        threads = [set(members(one)) for one in client.thread("REFERENCES")]
    tickets = [{subjects[uid].rpartition("[")[2] for uid in one} for one in threads]
    assert all(len(one) == 1 for one in tickets), tickets
    assert len(tickets) == len({one.pop() for one in tickets})
