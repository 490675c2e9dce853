"""Sending: attempts are counted only where a mail may have gone out, and only the bytes composed once go out."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, exc, select, update

from maildesk.core.deskaddress import Route
from maildesk.core.model import MINUTE
from maildesk.core.retry import Attempt, Outcome
from maildesk.store import attempts, materials, outbox, schema
from maildesk.store.inbox import TRIES
from maildesk.store.skeleton import Changed, digest
from maildesk.work.outbound import Outbound
from tests.desk import Desk, a_mail, an_answer

ALICE = "alice@desk.example"


class Wire:
    """A way out that answers as it is told, and keeps what it was handed."""

    record_every = 1

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.handed: list[tuple[str, bool]] = []
        self.bytes: list[bytes] = []
        self.routes: list[Route] = []

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        """Takes a mail."""
        self.bytes.append(b"".join(data))
        self.routes.append(route)
        assert len(self.bytes[-1]) == size
        self.handed.append((name, again))
        return Attempt(self.outcomes.pop(0) if self.outcomes else "sent", "said")

    def settle(self) -> dict[str, OSError]:
        """Keeps nothing back."""
        return {}

    def rest(self) -> None:
        """Keeps nothing open."""

    def close(self) -> None:
        """Keeps nothing open."""


def over(desk: Desk, wire: Wire) -> None:
    desk.outbound = Outbound(desk.store, lambda: desk.live, wire)


def rows(desk: Desk) -> list[Any]:
    with desk.store.db.reading() as conn:
        return list(conn.execute(select(schema.outbox).order_by(schema.outbox.c.id)))


def tries(desk: Desk) -> list[int]:
    return [row._mapping["try"] for row in rows(desk)]


def world(*_: Any) -> None:
    raise exc.OperationalError("", {}, Exception("disk I/O error"))


def decided(desk: Desk) -> None:
    desk.deliver(a_mail())
    desk.inbound.step(desk.now)


def test_trouble_before_a_mail_is_handed_over_is_no_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(desk)
    wire = Wire("unknown")
    over(desk, wire)
    for where in ("materials.materials", "outbox.composed"):
        module, name = where.split(".")
        monkeypatch.setattr({"materials": materials, "outbox": outbox}[module], name, world)
        for _ in range(2):
            with pytest.raises(exc.OperationalError):
                desk.outbound.step(desk.now)
        assert tries(desk) == [0, 0, 0]
        monkeypatch.undo()
    desk.outbound.step(desk.now)
    assert [again for _, again in wire.handed] == [False] * 3
    # The first unknown outcome is repeated: nothing before it counts as one.
    assert [row.state for row in rows(desk)] == ["ready", "sent", "sent"]


@pytest.mark.parametrize("lasting", [1, 3])
def test_trouble_between_two_mails_counts_only_the_one_that_was_handed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, lasting: int
) -> None:
    decided(desk)
    wire = Wire()
    over(desk, wire)
    with monkeypatch.context() as trouble:
        trouble.setattr(attempts, "record", world)
        with pytest.raises(exc.OperationalError):
            desk.outbound.step(desk.now)
    with monkeypatch.context() as trouble:
        trouble.setattr(outbox, "take", world)
        for _ in range(lasting):
            with pytest.raises(exc.OperationalError):
                desk.outbound.step(desk.now)
    wire.outcomes = ["sent", "unknown", "sent"]
    desk.outbound.step(desk.now)
    assert [again for _, again in wire.handed] == [False, True, False, False]
    assert tries(desk) == [2, 1, 1]
    assert [row.state for row in rows(desk)] == ["sent", "ready", "sent"]


def test_an_error_of_our_own_for_the_whole_group_counts_no_attempt_of_the_others(desk: Desk) -> None:
    decided(desk)
    wire = Wire()

    def breaks(_row: outbox.Row) -> None:
        raise ZeroDivisionError

    desk.outbound = Outbound(desk.store, lambda: desk.live, wire, testing_around_send=breaks)
    desk.outbound.step(desk.now)
    assert tries(desk) == [0, 0, 0]
    over(desk, wire)
    while desk.outbound.step(desk.now):
        pass
    assert [again for _, again in wire.handed] == [False] * 3


def test_the_same_bytes_go_out_over_all_attempts(desk: Desk) -> None:
    decided(desk)
    wire = Wire("later", "later", "later")
    over(desk, wire)
    desk.outbound.step(desk.now)
    assert all(row.sha256 == digest(row.skeleton) for row in rows(desk))
    # What the mail would show today does not matter any more.
    desk.store.write("work", lambda conn: conn.execute(update(schema.ticket).values(subject="Other")))
    desk.now += MINUTE
    desk.outbound.step(desk.now)
    assert wire.bytes[:3] == wire.bytes[3:]


def damage(desk: Desk, kind: str, values: dict[str, Any]) -> None:
    def work(conn: Connection) -> None:
        conn.execute(update(schema.outbox).where(schema.outbox.c.kind == kind).values(values))

    desk.store.write("work", work)


def test_bytes_that_are_not_those_that_were_composed_do_not_go_out(desk: Desk) -> None:
    decided(desk)
    wire = Wire("later", "later", "later")
    over(desk, wire)
    desk.outbound.step(desk.now)
    (good,) = (row.skeleton for row in rows(desk) if row.kind == "acknowledgment")
    damage(desk, "acknowledgment", {"skeleton": good.replace(b"support@", b"suppost@")})
    desk.now += MINUTE
    for _ in range(TRIES + 1):
        desk.outbound.step(desk.now)
    found = {row.kind: row for row in rows(desk)}
    assert (found["acknowledgment"].state, found["acknowledgment"].errors) == ("quarantined", TRIES)
    assert "the stored bytes are not those that were composed" in found["acknowledgment"].trouble
    assert (found["new_ticket"].state, found["new_ticket"].errors) == ("sent", 0)
    assert len(wire.handed) == 5, "the three at first, and the two others again"


def with_a_file(desk: Desk) -> EmailMessage:
    """Alice's answer, which brings a file."""
    desk.handle(a_mail())
    notice = desk.mails(ALICE, "new_ticket")[0]
    answer = an_answer(notice, ALICE, "See the plan.", "<a@desk.example>")
    answer.add_attachment(b"the plan of the house", "application", "pdf", filename="plan.pdf")
    return answer


@pytest.mark.parametrize("damaged", ["missing", "other mail", "other part"])
def test_a_file_that_is_not_there_any_more_is_never_sent_empty(
    desk: Desk, tmp_path: Path, damaged: str
) -> None:
    key = desk.deliver(with_a_file(desk))
    desk.inbound.step(desk.now)
    desk.deliver(a_mail(message_id="<other@customer.example>", subject="Other"))
    desk.inbound.step(desk.now)

    def work(conn: Connection) -> None:
        raw = schema.raw.c
        if damaged == "missing":
            conn.execute(schema.raw.delete().where(raw.key == key))
        elif damaged == "other mail":
            other = conn.execute(select(raw.z).where(raw.key != key).limit(1)).scalar_one()
            conn.execute(update(schema.raw).where(raw.key == key).values(z=other))
        else:
            conn.execute(update(schema.attachment).values(part="1"))

    desk.store.write("work", work)
    before = len(list((tmp_path / "outgoing" / "new").iterdir()))
    for _ in range(TRIES + 2):
        desk.outbound.step(desk.now)
    (answer,) = (row for row in rows(desk) if row.kind == "answer")
    assert (answer.state, answer.errors) == ("quarantined", TRIES)
    assert Changed.__name__ in answer.trouble
    assert f"the mail {key} is not " in answer.trouble
    others = [row for row in rows(desk) if row.kind != "answer"]
    assert {(row.state, row.errors) for row in others} == {("sent", 0)}
    assert len(list((tmp_path / "outgoing" / "new").iterdir())) == before + 3, "the three of the other mail"


def test_a_file_goes_out_whole(desk: Desk) -> None:
    desk.handle(with_a_file(desk))
    (answer,) = desk.mails(template="answer")
    (file,) = answer.iter_attachments()
    assert file.get_content() == b"the plan of the house"


def test_a_file_that_did_not_reach_its_place_is_written_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail counts as sent only once it would survive a power cut."""
    decided(desk)
    unlucky, rename = rows(desk)[1].once, Path.rename

    def picky(self: Path, target: Path) -> Path:
        if unlucky in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as trouble:
        trouble.setattr(Path, "rename", picky)
        desk.outbound.step(desk.now)
    assert [row.state for row in rows(desk)] == ["sent", "ready", "sent"]
    assert len(desk.mails()) == 2
    desk.now = rows(desk)[1].not_before
    desk.run()
    assert [row.state for row in rows(desk)] == ["sent"] * 3
    assert len(desk.mails()) == 3
