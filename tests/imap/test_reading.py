"""A mailbox on Dovecot is read: where reading begins, what becomes of stored mail, what is held."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from maildesk.edges.intakes import imap_folder
from maildesk.store import inbox, mailboxes
from maildesk.store.db import local_now
from tests.desk import text_of
from tests.imap.box import Box, Read, mail
from tests.waiting import until


def test_new_mail_is_stored_as_it_is_and_moved(box: Box, read: Read) -> None:
    box.put(mail("old"))
    read.start()
    read.polls()
    assert read.state()["left_unread"] == 1
    first = mail("first", "caf\u00e9 \u2014 8 bit")
    box.put(first, mail("second"))
    until(lambda: len(box.bodies("Done")) == 2)
    assert read.stored() == [first, mail("second")]
    assert list(box.bodies().values()) == [mail("old")]
    assert list(box.bodies("Done").values()) == [first, mail("second")]
    assert all(rb"\Seen" not in flags for flags in box.flags("Done").values())
    until(lambda: read.copies() == ["done", "done"])
    assert read.fates() == {"first": "new-ticket", "second": "new-ticket"}


def test_time_and_envelope_are_the_servers(box: Box, read: Read) -> None:
    read.start()
    read.polls()
    yesterday = int(time.time()) - 86_400
    route = b"Return-Path: <>\r\nDelivered-To: billing@desk.example\r\nDelivered-To: u@other.example\r\n"
    box.put(route + mail("routed"), mail("plain"), at=yesterday)
    box.put(mail("future"), at=int(time.time()) + 86_400)
    until(lambda: len(read.stored()) == 3)
    routed, plain, future = read.decide()
    assert routed["received"] == plain["received"] == yesterday * 1_000_000
    assert future["received"] <= local_now()
    assert (routed["envelope"]["sender"], routed["envelope"]["recipients"]) == ("", ["billing@desk.example"])
    assert (plain["envelope"]["sender"], plain["envelope"]["recipients"]) == (None, ["support@desk.example"])
    assert plain["channel"] == "imap"
    assert read.desk.ticket(plain["ticket"])["entries"][0]["at"] == yesterday * 1_000_000


@pytest.mark.parametrize(("start", "taken"), [("now", []), ("unseen", ["b"]), ("all", ["a", "b"])])
def test_where_reading_begins(box: Box, read: Read, start: str, taken: list[str]) -> None:
    box.put(mail("a"), flags=(rb"\Seen",))
    box.put(mail("b"))
    read.start(start=start)
    read.polls()
    box.put(mail("c"), flags=(rb"\Seen",))
    until(lambda: len(read.stored()) > len(taken))
    assert sorted(read.fates()) == [*taken, "c"]


@pytest.mark.parametrize("after", ["seen", "delete", "leave", "move:Archive.2026"])
def test_what_becomes_of_stored_mail(box: Box, read: Read, after: str) -> None:
    box.put(mail("a"))
    read.start(start="all", after=after)
    until(lambda: read.copies() == ["left" if after == "leave" else "done"])
    here = list(box.flags().values())
    assert here == {"seen": [{rb"\Seen"}], "delete": [], "leave": [set()]}.get(after, [])
    assert len(box.bodies("Archive.2026")) == (after == "move:Archive.2026")
    box.put(mail("b"))
    until(lambda: len(read.stored()) == 2)


def test_a_mail_that_is_pushed_is_there_at_once(box: Box, read: Read) -> None:
    read.start()  # it polls every 25 minutes
    read.polls()
    box.put(mail("pushed"))
    until(lambda: len(read.stored()) == 1)


def test_five_thousand_mails_at_the_first_start(box: Box, read: Read) -> None:
    mails = [mail(f"m{n}") for n in range(5_000)]
    box.pour(mails)
    began = time.monotonic()
    read.start(start="all")
    until(lambda: read.count("done") == 5_000)
    print(f"5,000 mails fetched, stored and moved in {time.monotonic() - began:.1f} s")
    assert sorted(read.stored()) == sorted(mails)
    assert box.bodies() == {}
    assert sorted(box.bodies("Done").values()) == sorted(mails)


def test_a_restart_goes_on_where_it_was(box: Box, read: Read) -> None:
    box.put(*(mail(f"m{n}") for n in range(10)))
    read.start(start="all", after="leave", batch_bytes=100_000)
    until(lambda: len(read.stored()) == 10)
    assert read.state()["folders"]["INBOX"]["last_uid"] == 10  # committed with the mails
    read.stop()
    box.put(mail("later"))
    read.start(start="all", after="leave", poll=1)
    until(lambda: len(read.stored()) == 11)
    read.polls()
    assert len(read.stored()) == 11


def test_a_person_reads_and_deletes_meanwhile(box: Box, read: Read) -> None:
    read.start()
    read.polls()
    all_, removed = {mail(f"m{n}") for n in range(60)}, set()
    with box.person() as person:
        for n, one in enumerate(sorted(all_)):
            person.append("INBOX", one)
            if n % 3 == 0:
                person.noop()
                uids = person.search()
                person.add_flags(uids, [rb"\Seen"])
                removed |= {data[b"BODY[]"] for data in person.fetch(uids[-1:], ["BODY.PEEK[]"]).values()}
                person.delete_messages(uids[-1:])
                person.expunge()
        until(lambda: not person.search())
    until(lambda: "todo" not in read.copies())
    # What the person did not remove first was stored once and moved; nothing else was lost.
    stored = read.stored()
    assert len(stored) == len(set(stored))
    assert set(stored) | removed == all_
    assert set(box.bodies("Done").values()) | removed == all_


def test_what_somebody_changed_is_left_alone(box: Box, read: Read) -> None:
    box.put(mail("a"))
    read.start(start="all", after="leave")
    until(lambda: len(read.stored()) == 1)
    read.stop()
    with read.desk.store.db.connect() as conn:
        conn.exec_driver_sql("UPDATE server_copy SET state = 'todo', size = size - 1")
    read.start(after="delete")
    until(lambda: "todo" not in read.copies())
    assert read.copies() == ["changed"]
    assert len(box.bodies()) == 1


def test_a_folder_that_cannot_be_made_is_tried_again_later(box: Box, read: Read) -> None:
    box.put(mail("a"))
    read.start(start="all", after="move:INBOX..", poll=1)
    until(lambda: read.state().get("not_filed") == 1)
    read.polls()
    assert read.state()["not_filed_why"]
    assert read.state()["error"] == ""
    assert len(box.bodies()) == 1
    read.stop()
    with read.desk.store.db.connect() as conn:
        conn.exec_driver_sql("UPDATE server_copy SET not_before = 0")
    read.start(after="move:Done")
    until(lambda: read.copies() == ["done"])


def test_a_mail_that_is_too_large_is_recorded_by_its_header(box: Box, read: Read) -> None:
    read.start(mail_bytes=10_000, after="delete")
    read.polls()
    box.put(mail("large", "x" * 20_000), mail("small"))
    until(lambda: len(read.stored()) == 2)
    large, small = read.decide()
    assert (large["disposition"], small["disposition"]) == ("new-ticket", "new-ticket")
    assert b"xxx" not in read.stored()[0]
    remark = read.desk.ticket(large["ticket"])["entries"][0]["remark"]
    assert "more than this desk takes" in remark
    assert "more than this desk takes" in text_of(read.desk.mails(to="alice@desk.example")[0])
    until(lambda: read.copies() == ["left", "done"])
    assert len(box.bodies()) == 1


def test_junk_is_held_until_it_is_released_or_moved(box: Box, read: Read) -> None:
    read.start(junk="hold", poll=1)
    read.polls()
    box.put(mail("spam"), mail("good"), folder="Junk")
    until(lambda: len(read.stored()) == 2)
    assert read.fates() == {"spam": "held", "good": "held"}
    assert read.desk.mails() == []
    # A person finds that one of them is none.
    with box.person("Junk") as person:
        [uid] = person.search(["SUBJECT", "good"])
        person.move([uid], "INBOX")
    until(lambda: len(read.stored()) == 3)
    assert [row["disposition"] for row in read.decide()] == ["held", "duplicate", "new-ticket"]
    held = read.decide()[0]["key"]
    read.desk.store.write("decide", lambda conn: inbox.release(conn, held, "admin"))
    spam = read.decide()[0]
    assert (spam["disposition"], spam["proof"]) == ("new-ticket", "claimed")


def test_an_answer_written_in_the_mailbox_itself_joins_the_ticket(box: Box, read: Read) -> None:
    read.start(sent="Sent", poll=1)
    read.polls()
    box.put(mail("ask"))
    until(lambda: len(read.stored()) == 1)
    [asked] = read.decide()
    sent_before = len(read.desk.mails())
    answer = (
        b"From: Example Support <support@desk.example>\r\nTo: ask@customer.example\r\nSubject: Re: about ask\r\n"
        b"Message-ID: <by-hand@desk.example>\r\nIn-Reply-To: <ask@customer.example>\r\n\r\nPlug it in.\r\n"
    )
    inside = answer.replace(
        b"ask@customer.example\r\nSubject", b"vendor@elsewhere.example\r\nSubject"
    ).replace(b"by-hand", b"to-vendor")
    other = mail("news", headers="X-Nothing: 1\r\n", sender="support@desk.example")
    box.put(answer, inside, other, folder="Sent")
    until(lambda: len(read.stored()) == 4)
    _, by_hand, vendor, news = read.decide()
    assert (by_hand["disposition"], by_hand["ticket"], by_hand["proof"]) == (
        "agent-reply",
        asked["ticket"],
        "authenticated",
    )
    assert (vendor["disposition"], vendor["ticket"]) == ("note", asked["ticket"])
    assert (news["disposition"], news["ticket"]) == ("outgoing", None)
    ticket = read.desk.ticket(asked["ticket"])
    assert ticket["status"] == "in-progress"
    assert [e["kind"] for e in ticket["entries"]] == ["customer", "agent-reply", "note"]
    assert ticket["entries"][1]["author"] == "support@desk.example"
    assert len(read.desk.mails()) == sent_before  # nobody is sent anything
    # The customer's next mail joins it.
    box.put(mail("again", headers="In-Reply-To: <by-hand@desk.example>\r\n", sender="ask@customer.example"))
    until(lambda: len(read.stored()) == 5)
    assert read.decide()[-1]["ticket"] == asked["ticket"]
    assert len(box.bodies("Sent")) == 3


# Mailboxes that were built anew


def test_a_new_uidvalidity_stores_nothing_twice_and_holds_what_is_old(box: Box, read: Read) -> None:
    box.put(mail("before"), at=int(time.time()) - 100_000)
    read.start(after="leave", poll=1)
    read.polls()
    box.put(mail("a"), mail("b"))
    until(lambda: len(read.stored()) == 2)
    read.stop()
    box.renumber()
    box.put(mail("c"))
    read.start(after="leave", poll=1)
    until(lambda: len(read.stored()) == 4)
    read.polls()
    assert read.fates() == {"a": "new-ticket", "b": "new-ticket", "before": "held", "c": "new-ticket"}
    assert len(read.desk.mails(to="before@customer.example")) == 0


@pytest.mark.parametrize("later", [1, 5])
def test_a_restored_mailbox_that_gives_uids_again(box: Box, read: Read, tmp_path: Path, later: int) -> None:
    read.start(after="leave", poll=1)
    read.polls()
    box.put(mail("a"))
    until(lambda: len(read.stored()) == 1)
    read.stop()
    box.save(tmp_path / "backup")
    read.start(after="leave", poll=1)
    box.put(mail("b"), mail("c"), at=int(time.time()) - 60)
    until(lambda: len(read.stored()) == 3)
    read.stop()
    box.restore(tmp_path / "backup")
    names = [f"n{n}" for n in range(later)]  # one stays below the cursor, five go beyond it
    box.put(*(mail(name) for name in names))
    read.start(after="leave", poll=1)
    until(lambda: len(read.stored()) == 3 + later)
    read.polls()
    assert read.fates() == dict.fromkeys(("a", "b", "c", *names), "new-ticket")


@pytest.mark.parametrize("at_once", [True, False])
def test_a_flood_stops_until_somebody_says_so(
    box: Box, read: Read, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap_folder, "FLOOD", 150)
    read.start()
    read.polls()
    if at_once:
        read.stop()
    box.pour([mail(f"m{n}") for n in range(200)])
    if at_once:
        read.start()
    until(lambda: read.state()["folders"]["INBOX"]["stopped"])
    assert "new mails within an hour" in read.state()["folders"]["INBOX"]["stopped"]
    until(lambda: read.state()["folders"]["INBOX"]["stopped_to"] == 200)
    before = len(read.stored())
    assert before == 0 if at_once else before <= 150
    read.stop()
    read.desk.store.write("work", lambda conn: mailboxes.resume(conn, "support", held=True))
    read.start()
    until(lambda: len(read.stored()) == 200)
    box.put(mail("normal"))
    until(lambda: len(read.stored()) == 201)
    rows = read.decide()
    assert {row["disposition"] for row in rows[before:-1]} == {"held"}
    assert rows[-1]["disposition"] == "new-ticket"


def test_sudden_emptiness_stops_until_the_mails_are_back(box: Box, read: Read, tmp_path: Path) -> None:
    box.put(*(mail(f"m{n}") for n in range(25)))
    read.start(after="leave")
    read.polls()
    read.stop()
    box.save(tmp_path / "backup")
    with box.person() as person:
        person.delete_messages(person.search())
        person.expunge()
    box.renumber()
    read.start(after="leave", poll=1)
    until(lambda: "is empty" in read.state()["folders"]["INBOX"]["stopped"])
    read.stop()
    box.restore(tmp_path / "backup")
    box.put(mail("new"))
    read.start(after="leave", poll=1)
    until(lambda: len(read.stored()) == 1)
    assert read.state()["folders"]["INBOX"]["stopped"] == ""
    assert read.fates() == {"new": "new-ticket"}


def test_what_the_mail_server_found_out_is_recorded(box: Box, read: Read) -> None:
    found = "Authentication-Results: mx.desk.example; dmarc=pass header.from=customer.example\r\n"
    hop = "Received: from a by b\r\n"
    mails = [(f"{hop * hops}{found}".encode() + mail(name)) for name, hops in (("above", 1), ("below", 2))]
    read.start(authserv_id="mx.desk.example", trusted_hops=1)
    read.polls()
    box.put(*mails)
    until(lambda: len(read.stored()) == 2)
    above, below = read.decide()
    assert (above["proof"], below["proof"]) == ("authenticated", "claimed")
    assert "below the trusted hops" in below["evidence"][0]
