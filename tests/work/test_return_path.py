"""Return paths, reply addresses, and ids that a relay gives our mail: what comes back finds what it is about."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from maildesk.core.reading import Envelope
from maildesk.store import inbox, schema
from tests.desk import DESK, Desk, a_mail, an_answer
from tests.servers.relay import FakeRelay
from tests.work.sending import ALICE, JANE, a_desk_at, answered, mails, rows


@pytest.fixture
def desk(relay: FakeRelay, tmp_path: Path) -> Iterator[Desk]:
    with a_desk_at(relay, tmp_path) as found:
        yield found


def a_report(to: str, about: str, status: str = "5.1.1", original: str = "") -> EmailMessage:
    text = (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.example>\r\nTo: {to}\r\nSubject: Undelivered Mail\r\n"
        f"Message-ID: <report-{status}-{len(original)}@mx.example>\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {about}\r\nAction: failed\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
    )
    found = message_from_bytes(text.encode(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def bounced(desk: Desk, path: str, status: str = "5.1.1", about: str = JANE) -> dict[str, Any]:
    return desk.handle(a_report(path, about, status), Envelope("smtp", "", (path,), "127.0.0.1"))


VERP: list[dict[str, str]] = [
    {"return_path": "verp"},
    {"return_path": "verp", "return_address": "bounce-{token}@in.desk.example"},
    {"return_path": "verp", "reply_address": "pattern", "reply_pattern": "t.{token}@in.desk.example"},
]


@pytest.mark.parametrize("changes", VERP, ids=["plus", "own pattern", "reply pattern"])
def test_a_report_to_a_mails_own_return_path(
    relay: FakeRelay, tmp_path: Path, changes: dict[str, str]
) -> None:
    with a_desk_at(relay, tmp_path, **changes) as desk:
        number = answered(desk, relay)
        desk.run()
        paths = {mail.data: mail.sender for mail in relay.taken}
        assert len(set(paths.values())) == len(relay.taken), "each mail has its own"
        path = [mail.sender for mail in relay.taken if mail.to == JANE][-1]
        # It names neither a Message-ID nor an address of ours.
        row = bounced(desk, path, about="j.doe@forwarded.example")
        assert (row["disposition"], row["ticket"], row["match"]) == ("bounce", number, "return-path")
        assert desk.ticket(number)["status"] == "in-progress"
        # No automatic mail goes there now; an answer is still tried, and a mail from there mends it.
        taken = len(relay.taken)
        with desk.store.db.reading() as conn:
            assert [person.address for person in conn.execute(select(schema.person))] == [JANE]
        answer = an_answer(mails(relay, ALICE)[0], ALICE, "Once more.", "<again@desk.example>")
        desk.handle(answer)
        assert JANE in [mail.to for mail in relay.taken[taken:]]
        desk.handle(a_mail(message_id="<back@customer.example>", subject="I am here"))
        with desk.store.db.reading() as conn:
            assert [person.bad_since for person in conn.execute(select(schema.person))] == [None]


def test_no_automatic_mail_to_an_address_that_is_none(relay: FakeRelay, tmp_path: Path) -> None:
    from maildesk.core.decide import Request
    from maildesk.work.requests import carry_out

    with a_desk_at(relay, tmp_path, return_path="verp") as desk:
        desk.handle(a_mail())
        bounced(desk, next(mail.sender for mail in relay.taken if mail.to == JANE))
        request = Request("key", "admin", None, None, text="x", requester=JANE, subject="By phone")
        decision = carry_out(request, desk.store, desk.live, desk.now)
        assert f"No mail to {JANE}: a report said that there is no such address." in decision.why
        assert not [n for n in decision.notices if n.to == JANE]


@pytest.mark.parametrize("status", ["4.2.2", "5.2.2", "5.7.1", "5.1.8"])
def test_other_failures_do_not_make_an_address_none(relay: FakeRelay, tmp_path: Path, status: str) -> None:
    with a_desk_at(relay, tmp_path, return_path="verp") as desk:
        desk.handle(a_mail())
        bounced(desk, next(mail.sender for mail in relay.taken if mail.to == JANE), status)
        with desk.store.db.reading() as conn:
            assert not list(conn.execute(select(schema.person)))


def test_a_report_without_its_return_path_makes_no_address_none(relay: FakeRelay, tmp_path: Path) -> None:
    with a_desk_at(relay, tmp_path, return_path="verp") as desk:
        desk.handle(a_mail())
        (mail,) = mails(relay, JANE)
        original = f"Message-ID: {mail['Message-ID']}\r\nReferences: {mail['References']}\r\n"
        row = desk.handle(a_report(DESK, JANE, original=original))
        assert (row["disposition"], row["match"]) == ("bounce", "")
        assert row["ticket"] == desk.tickets()[0]["number"]
        with desk.store.db.reading() as conn:
            assert not list(conn.execute(select(schema.person)))


def test_the_null_and_the_fixed_return_path(relay: FakeRelay, tmp_path: Path) -> None:
    for at, (changes, path) in enumerate(
        (
            ({"return_path": "null"}, ""),
            ({"return_address": "bounces@desk.example"}, "bounces@desk.example"),
        )
    ):
        (tmp_path / str(at)).mkdir()
        with a_desk_at(relay, tmp_path / str(at), **changes) as desk:
            taken = len(relay.taken)
            desk.handle(a_mail())
            assert {mail.sender for mail in relay.taken[taken:]} == {path}


def test_a_reply_address_by_a_pattern(relay: FakeRelay, tmp_path: Path) -> None:
    changes = {"reply_address": "pattern", "reply_pattern": "ticket-{token}@in.desk.example"}
    with a_desk_at(relay, tmp_path, **changes) as desk:
        desk.handle(a_mail())
        (notice,) = mails(relay, ALICE)
        assert str(notice["Reply-To"]).partition("<")[2].startswith("ticket-")
        address = notice["Reply-To"].addresses[0].addr_spec
        answer = an_answer(notice, ALICE, "Turn it on.", "<a@desk.example>")
        row = desk.handle(answer, Envelope("smtp", ALICE, (address,), "127.0.0.1"))
        assert (row["disposition"], row["match"], row["proof"]) == ("agent-reply", "token", "token")


def test_without_reply_addresses_anchors_thread_and_nothing_proves(relay: FakeRelay, tmp_path: Path) -> None:
    with a_desk_at(relay, tmp_path, reply_address="none") as desk:
        desk.handle(a_mail())
        assert all(mail["Reply-To"] is None for mail in mails(relay))
        row = desk.handle(an_answer(mails(relay, JANE)[0], JANE, "It works again?", "<j@customer.example>"))
        assert (row["disposition"], row["match"]) == ("reply", "anchor")
        row = desk.handle(an_answer(mails(relay, ALICE)[0], ALICE, "Turn it on.", "<a@desk.example>"))
        assert row["disposition"] == "held"


# Aliases


def renamed(mail: EmailMessage, to: str) -> EmailMessage:
    del mail["Message-ID"]
    mail["Message-ID"] = to
    return mail


def test_an_id_that_the_relay_gave_our_mail_is_learnt_from_an_answer(desk: Desk, relay: FakeRelay) -> None:
    desk.handle(a_mail())
    number = desk.tickets()[0]["number"]
    ours = renamed(mails(relay, JANE)[0], "<relay-1@relay.example>")
    first = an_answer(ours, JANE, "Still broken.", "<j1@customer.example>")
    assert desk.handle(first)["ticket"] == number
    # Another client of hers keeps no References, and the address book gave it the plain address.
    bare = a_mail(
        to=DESK, subject="the thing", message_id="<j2@customer.example>",
        headers={"In-Reply-To": "<relay-1@relay.example>"},
    )  # fmt: skip
    row = desk.handle(bare)
    assert (row["ticket"], row["match"]) == (number, "message-id")


def test_an_id_that_the_relay_gave_our_mail_is_learnt_from_a_copy_of_it(desk: Desk, relay: FakeRelay) -> None:
    desk.handle(a_mail())
    number = desk.tickets()[0]["number"]
    copy = renamed(mails(relay, ALICE)[0], "<relay-2@relay.example>")
    assert desk.handle(copy, Envelope("smtp", DESK, (DESK,), "127.0.0.1"))["disposition"] == "duplicate"
    bare = a_mail(
        "Alice Ames <alice@desk.example>", DESK, "the thing", message_id="<a2@desk.example>",
        headers={"In-Reply-To": "<relay-2@relay.example>"},
    )  # fmt: skip
    row = desk.handle(bare)
    assert (row["ticket"], row["match"], row["disposition"]) == (number, "message-id", "held")
    # Somebody else's mail with a copied trace is theirs.
    other = a_mail(message_id="<x@customer.example>", subject="Other")
    other["X-Maildesk-Trace"] = str(copy["X-Maildesk-Trace"])
    assert desk.handle(other)["disposition"] == "new-ticket"


def test_what_may_answer_an_internal_mail_under_another_id_reaches_no_customer(
    relay: FakeRelay, tmp_path: Path
) -> None:
    """Without reply addresses, and with a relay that renames mails, nothing shows whether a note was answered."""
    with a_desk_at(relay, tmp_path, reply_address="none") as desk:
        desk.handle(a_mail())
        ours = renamed(mails(relay, ALICE)[0], "<relay-3@relay.example>")
        row = desk.handle(an_answer(ours, ALICE, "He never pays.", "<a1@desk.example>"))
        assert row["disposition"] == "held"
        assert desk.store.write("decide", lambda conn: inbox.release(conn, row["key"], "admin"))
        desk.run()
        assert "perhaps one for colleagues alone" in " ".join(desk.row(row["key"])["why"])
        assert not rows(desk, kind="answer")
        known = an_answer(mails(relay, ALICE)[0], ALICE, "Turn it on.", "<a2@desk.example>")
        row = desk.handle(known)
        assert desk.store.write("decide", lambda conn: inbox.release(conn, row["key"], "admin"))
        desk.run()
        assert len(rows(desk, kind="answer")) == 1
