"""Two desks that write to each other come to rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest

from maildesk.core.model import SECOND
from maildesk.core.reading import Envelope
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.work.postman import JANE, ROUNDS, Postman, automatic

NORTH, SOUTH = "support@north.example", "support@south.example"


def write_to(to: str, sender: str, n: int = 1) -> EmailMessage:
    return a_mail(sender, to, "Question", "A question.\n", f"<question{n}@{sender.partition('@')[2]}>")


@contextmanager
def two_desks(folder: Path, customers: bool) -> Iterator[tuple[Desk, Desk]]:
    """Two desks: each writes to the other as to a customer, or has the other's address as an agent's."""

    def settings(own: str, other: str) -> dict[str, Any]:
        agents = [
            {
                "id": "carol",
                "name": "Carol",
                "addresses": [f"carol@{own.partition('@')[2]}"],
                "departments": ["support"],
            }
        ]
        if not customers:
            agents.append(
                {"id": "other", "name": "Other Desk", "addresses": [other], "departments": ["support"]}
            )
        return {
            "address": own,
            "departments": [{"name": "support", "title": "Support", "addresses": [own]}],
            "agents": agents,
            "rules": [],
            "topics": [],
        }

    (folder / "north").mkdir()
    (folder / "south").mkdir()
    with (
        a_desk(folder / "north", **settings(NORTH, SOUTH)) as north,
        a_desk(folder / "south", **settings(SOUTH, NORTH)) as south,
    ):
        yield north, south


def carry(desks: tuple[Desk, Desk]) -> int:
    """Carries mail between the desks until they rest; the number of mails that went over."""
    north, south = desks
    ways = ((Postman(north, {}), south, SOUTH), (Postman(south, {}), north, NORTH))
    over = 0
    for _ in range(ROUNDS):
        moved = 0
        for postman, other, address in ways:
            for mail in postman.new():
                to = parseaddr(str(mail["To"]))[1]
                if to.replace("+", "@").partition("@")[0] == "support" and to.endswith(
                    address.partition("@")[2]
                ):
                    other.now = postman.desk.now = max(other.now, postman.desk.now) + SECOND
                    sender = parseaddr(str(mail["From"]))[1]
                    other.handle(mail, Envelope("smtp", sender, (to,), "127.0.0.1"))
                    moved += 1
        if not moved:
            return over
        over += moved
    raise AssertionError(f"no rest after {ROUNDS} rounds; {over} mails went over")


@pytest.mark.parametrize(
    "customers", [True, False], ids=["each the other's customer", "each the other's agent"]
)
def test_two_desks_come_to_rest(tmp_path: Path, customers: bool) -> None:
    with two_desks(tmp_path, customers) as desks:
        north, south = desks
        # Somebody at each desk writes to the other under their desk's own name.
        north.handle(write_to(NORTH, SOUTH))
        south.handle(write_to(SOUTH, NORTH))
        north.handle(write_to(NORTH, JANE))
        south.handle(write_to(SOUTH, JANE))
        carry(desks)
        assert len(automatic(north, SOUTH)) <= 2
        assert len(automatic(south, NORTH)) <= 2
        # The automatic mails of the other desk have opened nothing.
        assert len(north.tickets()) == len(south.tickets()) == 2


def test_an_agents_answer_to_another_desk_comes_to_rest(tmp_path: Path) -> None:
    with two_desks(tmp_path, customers=True) as desks:
        north, south = desks
        north.handle(write_to(NORTH, SOUTH))
        carry(desks)
        notice = north.mails(to="carol@north.example", template="new_ticket")[0]
        north.handle(an_answer(notice, "carol@north.example", "Here is the answer.", "<carol@north.example>"))
        carry(desks)
        # South opened a ticket for the answer, as for any customer; its acknowledgment moved nothing.
        assert [t["requester"] for t in south.tickets()] == [NORTH]
        assert len(automatic(south, NORTH)) == 1
        notice = south.mails(to="carol@south.example")[-1]
        south.handle(an_answer(notice, "carol@south.example", "Thank you.", "<carol@south.example>"))
        carry(desks)
        assert len(automatic(south, NORTH)) == 1
        assert len(automatic(north, SOUTH)) <= 2


def test_a_desk_whose_headers_a_gateway_strips_is_stopped(tmp_path: Path) -> None:
    """A relay that keeps neither Auto-Submitted nor our trace makes a desk look like a person."""
    with two_desks(tmp_path, customers=True) as desks:
        north, south = desks
        ways = ((Postman(north, {}), south, SOUTH), (Postman(south, {}), north, NORTH))
        north.handle(write_to(NORTH, SOUTH))
        for _ in range(ROUNDS):
            moved = False
            for postman, other, address in ways:
                for mail in postman.new():
                    if parseaddr(str(mail["To"]))[1] != address:
                        continue
                    for name in (
                        "Auto-Submitted",
                        "X-Auto-Response-Suppress",
                        "X-Maildesk-Trace",
                        "References",
                        "In-Reply-To",
                    ):
                        del mail[name]
                    moved = True
                    other.now = postman.desk.now = max(other.now, postman.desk.now) + SECOND
                    other.handle(
                        mail, Envelope("smtp", parseaddr(str(mail["From"]))[1], (address,), "127.0.0.1")
                    )
            if not moved:
                break
        else:
            raise AssertionError("no rest")
        assert len(automatic(north, SOUTH)) <= 5
        assert len(automatic(south, NORTH)) <= 5
