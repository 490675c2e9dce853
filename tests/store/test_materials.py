"""What a mail shows is loaded, and no more: what compose makes of it is what it makes of the whole thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from maildesk.core.compose import REFERENCES, compose
from maildesk.core.identity import person_of_address
from maildesk.core.material import Material
from maildesk.core.model import Entry, EntryKind
from maildesk.core.notices import BY_NAME
from maildesk.store import outbox as outbox_rows
from maildesk.store import schema, threads
from maildesk.store.materials import materials
from maildesk.store.outbox import Row
from tests.crash.story import bounce as a_bounce
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.work.mix import Mix

JANE, ALICE = "jane@customer.example", "alice@desk.example"
SEED, COUNT = 20_260_922, 60


def sent(desk: Desk) -> list[Row]:
    """Every mail of the desk, as it was taken for composing."""
    with desk.store.db.reading() as conn:
        return [outbox_rows._row(row, 0, None) for row in conn.execute(select(schema.outbox).order_by("id"))]


def from_the_whole_thread(row: Row, desk: Desk, slim: Material) -> Material:
    """The material with nothing left out, got together without any of the queries under test."""
    notice = row.notice
    if notice.ticket is None:
        return slim
    with desk.store.db.reading() as conn:
        thread = threads.whole(conn, notice.ticket)
        mails = conn.execute(select(schema.outbox).where(schema.outbox.c.ticket == notice.ticket)).all()
    ours = [(m.at, 0, m.message_id) for m in mails if m.to == notice.to and m.id < row.id]
    author = (notice.to, notice.person.removeprefix(person_of_address("")))
    public = BY_NAME[notice.kind].audience == "customer"
    about = next((e for e in thread if e.key == notice.entry and e.author in author), None)
    theirs = [
        (e.at, 1, e.message_id)
        for e in thread
        if (e.author in author or (public and e.kind is EntryKind.CUSTOMER))
        and e.message_id
        and e.at <= (about.at if about else notice.at)
    ]
    known = tuple(mid for _, _, mid in sorted(ours + theirs))
    return replace(
        slim,
        entry=next((e for e in thread if e.key == notice.entry), None),
        thread=tuple(thread),
        references=known,
    )


def test_mails_are_the_same_as_with_the_whole_thread(tmp_path: Path, database_url: str) -> None:
    kinds = set()
    with a_desk(tmp_path, database_url, limits={"acks_per_address_hour": 1_000}) as desk:
        mix = Mix(desk, SEED)
        for _ in range(COUNT):
            _, raw, envelope = mix.next()
            desk.deliver(raw, envelope)
            desk.run()
            desk.now += 1_000_000
        number = desk.handle(a_mail(subject="A long one"))["ticket"]
        talk(desk, number, 3)
        notice = next(m for m in desk.mails(ALICE, "new_ticket") if f"[#{number}]" in m["Subject"])
        for n, text in enumerate(
            ("#assign bob", "#note\nShe is angry.", "We come at three.", "#assign none")
        ):
            desk.now += 1_000_000
            desk.handle(an_answer(notice, ALICE, text, f"<extra{n}@desk.example>"))
        desk.handle(a_bounce(desk.mails(JANE, "answer")[-1]))
        desk.handle(a_bounce(notice))
        talk(desk, desk.handle(a_mail(subject="Another", message_id="<o@x.example>"))["ticket"], 15, 4)
        rows = sent(desk)
        with desk.store.db.reading() as conn:
            together = materials(conn, rows)
            alone = {row.once: materials(conn, [row])[row.once] for row in rows}
        for row in rows:
            kinds.add(row.notice.kind)
            whole = from_the_whole_thread(row, desk, together[row.once])
            expected = compose(row.notice, whole, desk.policy, desk.store.keys, desk.live.templates)
            for slim in (together[row.once], alone[row.once]):
                made = compose(row.notice, slim, desk.policy, desk.store.keys, desk.live.templates)
                assert made == expected, row.notice
            assert alone[row.once].references == whole.references[-REFERENCES:]
    assert kinds >= {
        "acknowledgment", "answer", "new_ticket", "customer_reply", "handoff", "note", "colleague_answer",
        "bounced", "unreachable", "held", "error",
    }, kinds  # fmt: skip


def talk(desk: Desk, number: int, turns: int, note_every: int = 0) -> None:
    """Jane and Alice write to each other."""
    notice, acknowledged = (
        next(m for m in desk.mails(to) if f"[#{number}]" in m["Subject"]) for to in (ALICE, JANE)
    )
    for turn in range(turns):
        desk.now += 1_000_000
        mid = f"{number}-{turn}"
        desk.handle(an_answer(notice, ALICE, f"Try the button number {turn}.", f"<a{mid}@desk.example>"))
        if note_every and turn % note_every == 0:
            note = f"#note\nHer serial number is a secret, the {turn}th."
            desk.handle(an_answer(notice, ALICE, note, f"<n{mid}@desk.example>"))
        desk.now += 1_000_000
        desk.handle(an_answer(acknowledged, JANE, f"Number {turn} is stuck.", f"<j{mid}@customer.example>"))


@contextmanager
def counted(conn: Any) -> Iterator[list[int]]:
    """Counts the rows that SQLite hands over."""
    driver, rows = conn.connection.dbapi_connection, [0]

    def count(_cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
        rows[0] += 1
        return row

    driver.row_factory = count
    yield rows
    driver.row_factory = None


def grow(desk: Desk, number: int, entries: int, notes: int = 0) -> None:
    """A ticket of many entries, put there without mails; Jane wrote those that are not notes."""
    rows = [
        {
            "key": f"grown-{n}", "ticket": number, "author": JANE, "author_name": "Jane", "at": desk.now + n,
            "kind": (EntryKind.NOTE if n < notes else EntryKind.CUSTOMER).value, "text": f"Line {n}",
            "new_text": f"Line {n}", "message_id": f"grown-{n}@customer.example", "proof": "token", "remark": "",
            "sha256": "",
        }
        for n in range(entries)
    ]  # fmt: skip
    desk.store.write("work", lambda conn: conn.execute(schema.entry.insert(), rows))


def loaded(desk: Desk, kind: str) -> tuple[int, Material]:
    """How many rows are read for the last mail of a kind, and what of them it gets."""
    row = [row for row in sent(desk) if row.notice.kind == kind][-1]
    with desk.store.db.reading() as conn, counted(conn) as rows:
        found = materials(conn, [row])[row.once]
        return rows[0], found


@pytest.mark.parametrize(
    "kind", ["customer_reply", "handoff", "note", "answer", "acknowledgment", "new_ticket"]
)
def test_a_long_ticket_costs_no_more_rows_than_a_short_one(tmp_path: Path, kind: str) -> None:
    with a_desk(tmp_path) as desk:
        number = desk.handle(a_mail())["ticket"]
        talk(desk, number, 25)
        notice = desk.mails(ALICE, "new_ticket")[0]
        desk.handle(an_answer(notice, ALICE, "#assign bob", "<h@desk.example>"))
        if kind == "note":
            desk.handle(an_answer(notice, ALICE, "#note\nShe is angry.", "<n@desk.example>"))
        short, before = loaded(desk, kind)
        assert 0 < short < 5 + 2 * REFERENCES + 10
        grow(desk, number, 500)
        long, after = loaded(desk, kind)
        assert long == short
        assert len(after.thread) <= 3
        assert before.ticket == after.ticket


def said(entries: tuple[Entry, ...]) -> set[str]:
    return {entry.kind.value for entry in entries}


def test_the_last_gate_gets_notes_and_what_was_said_beside_them(tmp_path: Path) -> None:
    """A line of a note may go out where a customer, or an earlier answer, has said it in public."""
    with a_desk(tmp_path) as desk:
        number = desk.handle(a_mail())["ticket"]
        talk(desk, number, 3)
        grow(desk, number, 40, notes=20)
        _, answer = loaded(desk, "answer")
        with desk.store.db.reading() as conn:
            whole = [e for e in threads.whole(conn, number) if e.kind is not EntryKind.BOUNCE]
        assert list(answer.thread) == whole
        _, reply = loaded(desk, "customer_reply")
        assert said(reply.thread) <= {"customer", "agent-reply"}
        assert len(reply.thread) == 2


def test_a_mail_composed_late_answers_what_it_would_have_answered_at_once(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.deliver(a_mail())
        desk.inbound.step(desk.now)
        desk.now += 1_000_000
        again = {"In-Reply-To": "<first@customer.example>"}
        desk.deliver(a_mail(text="It smokes.\n", message_id="<second@customer.example>", headers=again))
        desk.run()
        (acknowledgment,) = desk.mails(JANE, "acknowledgment")
        assert acknowledgment["In-Reply-To"] == "<first@customer.example>"
        notice = desk.mails(ALICE, "customer_reply")[0]
        desk.handle(an_answer(notice, ALICE, "Pull the plug.", "<a@desk.example>"))
        assert desk.mails(JANE, "answer")[0]["In-Reply-To"] == "<second@customer.example>"


def test_what_customers_may_have_sent_to_each_other_is_referred_to(tmp_path: Path) -> None:
    """A copy to Carl lies in his mailbox; what Alice's client called her answer is nobody else's affair."""
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        desk.handle(an_answer(desk.mails(ALICE, "new_ticket")[0], ALICE, "Off and on?", "<a1@desk.example>"))
        desk.now += 1_000_000
        copied = {"Cc": "carl@partner.example"}
        answer = desk.mails(JANE, "answer")[0]
        desk.handle(an_answer(answer, JANE, "No.", "<second@customer.example>", copied))
        desk.now += 1_000_000
        told = desk.mails(ALICE, "customer_reply")[0]
        desk.handle(an_answer(told, ALICE, "Which drum is in it?", "<a2@desk.example>"))
        (asked,) = desk.mails("carl@partner.example", "answer")
        assert asked["In-Reply-To"] == "<second@customer.example>"
        assert asked["References"].split()[1:] == ["<first@customer.example>", "<second@customer.example>"]
        assert all("customer.example" not in m["References"] for m in desk.mails(ALICE))
