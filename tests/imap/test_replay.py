"""A mailbox that is read again after a restore, on a real Dovecot: in order of time, once, and no more than that."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection, select

from maildesk.core.model import HOUR
from maildesk.edges.intakes import imap_folder
from maildesk.store import mailboxes, restores
from maildesk.store.db import local_now
from maildesk.store.restores import Restored
from maildesk.store.schema import inbox, outbox
from tests.imap.box import Box, Read, mail
from tests.waiting import until

LONG_AGO = int(time.time()) - 1_800


def restore(read: Read, backup: int = 0, acknowledge: bool = False, at: int = 0) -> None:
    """The store is one that was put back from a backup just now, or at an instant."""
    now = at or local_now()
    found = Restored(backup or now - 2 * HOUR, now, acknowledge)
    read.desk.store.write("work", lambda conn: restores.put(conn, found, "test"))


def over(read: Read) -> bool:
    """Whether the mailbox has been read again."""
    with read.desk.store.db.reading() as conn:
        found = restores.replay(conn, "support")
    return bool(found and found.over)


def states(read: Read) -> set[str]:
    """The states of all outgoing mail."""
    with read.desk.store.db.reading() as conn:
        return set(conn.execute(select(outbox.c.state)).scalars())


def names(read: Read) -> list[str]:
    """The subjects' last words of all that came, in their order."""
    with read.desk.store.db.reading() as conn:
        found = conn.execute(select(inbox.c.subject).order_by(inbox.c.id)).scalars()
        return [str(subject).rpartition(" ")[2] for subject in found]


def folders(box: Box, *more: str) -> None:
    """The mailbox has these folders."""
    with box.person() as client:
        for folder in more:
            client.create_folder(folder)


def answer(name: str, to: str, text: str, sender: str = "", recipient: str = "") -> bytes:
    """A mail that answers the one of a name."""
    raw = mail(name, text, f"In-Reply-To: <{to}@customer.example>\r\n", sender)
    return raw.replace(b"To: support@desk.example", b"To: " + recipient.encode()) if recipient else raw


def begin(read: Read, *folders: str) -> None:
    """The backup knows these folders, and had read nothing of them."""
    with read.box.person() as client:
        validity = {f: client.folder_status(f, ["UIDVALIDITY"])[b"UIDVALIDITY"] for f in folders}
    store = read.desk.store

    def work(conn: Connection) -> None:
        mailboxes.hold(conn, store.db, "support", store.node.id, local_now())
        for folder in folders:
            new = mailboxes.Folder("support", folder, validity[folder], 0, started=local_now())
            mailboxes.begin(conn, new)

    store.write("work", lambda conn: store.node.beat(conn, local_now()))
    store.write("work", work)


def test_all_folders_are_read_in_the_order_of_time(read: Read, box: Box) -> None:
    folders(box, "Done", "Sent")
    jane = "one@customer.example"
    # UIDs in Done are in another order than the mails came, and not everything was filed yet.
    box.put(answer("four", "one", "It was the cable.", jane), folder="Done", at=LONG_AGO + 40)
    box.put(mail("one"), folder="Done", at=LONG_AGO + 10)
    box.put(mail("two"), at=LONG_AGO + 20)
    by_hand = answer("three", "one", "Is it the cable?", "support@desk.example", jane)
    box.put(by_hand, folder="Sent", at=LONG_AGO + 30)
    # Older than what the backup may lack.
    box.put(mail("old"), folder="Done", at=LONG_AGO - 3 * 86_400)
    restore(read)
    # The backup knows the mailbox, and has read nothing of it.
    begin(read, "INBOX", "Sent")
    read.start(sent="Sent")
    until(lambda: over(read))
    assert names(read) == ["one", "two", "three", "four"]
    fates = read.fates()
    assert fates == {"one": "new-ticket", "two": "new-ticket", "three": "agent-reply", "four": "reply"}
    found = next(t for t in read.desk.tickets() if t["subject"] == "about one")
    ticket = read.desk.ticket(found["number"])
    assert [entry["at"] // 1_000_000 - LONG_AGO for entry in ticket["entries"]] == [10, 30, 40]
    assert (ticket["created"], ticket["last_agent"]) == tuple((LONG_AGO + s) * 1_000_000 for s in (10, 30))
    # Everything of it was sent before.
    assert states(read) == {"restored"}
    # What was left in the INBOX is filed; Done is only looked at.
    until(lambda: not box.bodies())
    assert len(box.bodies("Done")) == 4
    # Then it is over: what comes now is new, is answered, and nothing is taken twice.
    read.stop()
    box.put(mail("new"))
    read.start(sent="Sent")
    until(lambda: len(names(read)) == 5)
    read.decide()
    assert states(read) == {"restored", "sent"}


def test_what_the_backup_knows_is_recognised(read: Read, box: Box) -> None:
    box.put(mail("known"), at=LONG_AGO)
    read.start(start="all")
    until(lambda: box.bodies("Done"))
    read.stop()
    read.decide()
    box.put(mail("lost"), folder="Done", at=LONG_AGO + 10)
    restore(read, backup=(LONG_AGO + 5) * 1_000_000)
    read.start(start="all")
    until(lambda: over(read))
    assert read.fates() == {"known": "new-ticket", "lost": "new-ticket"}
    assert len(read.stored()) == 2
    with read.desk.store.db.reading() as conn:
        assert len(conn.execute(select(outbox.c.id).where(outbox.c.state == "sent")).all()) == 3


def test_mail_that_stays_where_it_arrives(read: Read, box: Box) -> None:
    """With `leave` and `seen` the cursor of the backup shows what came since."""
    box.put(mail("before"), at=LONG_AGO)
    read.start(start="all", after="leave")
    read.polls()
    read.stop()
    box.put(mail("since"), at=LONG_AGO + 60)
    restore(read)
    box.put(mail("after"), at=int(time.time()) + 5)
    read.start(start="all", after="leave")
    until(lambda: over(read))
    assert names(read) == ["before", "since", "after"]
    read.decide()
    with read.desk.store.db.reading() as conn:
        found = conn.execute(
            select(inbox.c.subject, outbox.c.state).join(outbox, outbox.c.cause == inbox.c.key)
        )
        by_name = {str(row.subject).rpartition(" ")[2]: row.state for row in found}
    assert by_name == {"before": "sent", "since": "restored", "after": "sent"}


def test_a_mailbox_that_is_new_since_the_restore(read: Read, box: Box) -> None:
    """What others have filed in it since is no mail for the desk: nobody gets an answer to it now."""
    folders(box, "Done")
    box.put(mail("lost"), folder="Done", at=LONG_AGO - 60)
    box.put(mail("theirs"), folder="Done", at=LONG_AGO + 60)
    restore(read, at=LONG_AGO * 1_000_000)
    read.start()
    until(lambda: over(read))
    assert names(read) == ["lost"]
    box.put(mail("new"))
    until(lambda: names(read) == ["lost", "new"])


def test_a_folder_that_has_stopped_is_read_again_when_it_goes_on(read: Read, box: Box) -> None:
    folders(box, "Done")
    box.put(mail("done"), folder="Done", at=LONG_AGO)
    box.put(mail("flood"), at=LONG_AGO)
    begin(read, "INBOX")
    store = read.desk.store
    stopped = {"stopped": "a flood", "stopped_to": 1}
    store.write("work", lambda conn: mailboxes.change(conn, "support", "INBOX", stopped))
    restore(read)
    read.start(poll=1)
    until(lambda: names(read) == ["done"])
    until(lambda: read.state()["folders"]["INBOX"]["stopped"])
    assert not over(read)
    store.write("work", lambda conn: mailboxes.resume(conn, "support", held=False))
    until(lambda: over(read))
    assert names(read) == ["done", "flood"]
    read.decide()
    assert states(read) == {"restored"}


def test_many_mails_since_the_backup_are_no_flood(
    read: Read, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_folder, "FLOOD", 20)
    monkeypatch.setattr(imap_folder, "TIMES_THE_USUAL", 0)
    box.pour([mail(f"m{n}") for n in range(30)])
    begin(read, "INBOX")
    restore(read)
    read.start(after="leave")
    until(lambda: over(read))
    # Nor are they one together with what comes next.
    box.put(mail("next"))
    until(lambda: len(names(read)) == 31)
    assert not read.state()["folders"]["INBOX"]["stopped"]


def test_acknowledgments_of_then_if_wanted(read: Read, box: Box) -> None:
    folders(box, "Done")
    box.put(mail("one"), folder="Done", at=LONG_AGO)
    restore(read, acknowledge=True)
    read.start()
    until(lambda: over(read))
    read.decide()
    with read.desk.store.db.reading() as conn:
        found = {row.kind: row.state for row in conn.execute(select(outbox.c.kind, outbox.c.state))}
    assert found == {"acknowledgment": "sent", "new_ticket": "restored"}


def test_a_second_restore_reads_it_again(read: Read, box: Box) -> None:
    folders(box, "Done")
    restore(read)
    read.start()
    until(lambda: over(read))
    read.stop()
    box.put(mail("one"), folder="Done", at=LONG_AGO)
    restore(read)
    assert not over(read)
    read.start()
    until(lambda: over(read))
    assert names(read) == ["one"]


def test_a_mailbox_that_was_built_anew_meanwhile(read: Read, box: Box) -> None:
    box.put(mail("known"), at=LONG_AGO)
    read.start(start="all", after="leave")
    read.polls()
    read.stop()
    read.decide()
    box.put(mail("since"))
    box.renumber()
    restore(read)
    read.start(start="all", after="leave")
    until(lambda: over(read))
    assert read.fates() == {"known": "new-ticket", "since": "new-ticket"}
    assert len(read.stored()) == 2
    assert states(read) == {"sent", "restored"}
