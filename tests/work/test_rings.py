"""Two desks, and three in a ring, that write to each other come to rest; `test_circles.py` has worse gateways."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.desk import a_mail, an_answer
from tests.work.gateway import Gateway, address, ring
from tests.work.postman import JANE, automatic

TWO, THREE = ("north", "south"), ("north", "east", "south")
SIZES = pytest.mark.parametrize("names", [TWO, THREE], ids=["two", "three"])


@SIZES
@pytest.mark.parametrize("agents", [0, 1, -1], ids=["customers", "next is agent", "last is agent"])
def test_a_ring_comes_to_rest(tmp_path: Path, names: Sequence[str], agents: int) -> None:
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, names, agents)
        gateway = Gateway(desks.values(), also=None)
        gateway.ask()
        gateway.rest()
        for name, desk in desks.items():
            for other in set(names) - {name}:
                assert len(automatic(desk, address(other))) <= 2
            assert len(desk.tickets()) == 2, "the automatic mails of another desk have opened nothing"


def test_an_agents_answer_to_another_desk_comes_to_rest(tmp_path: Path) -> None:
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, TWO)
        north, south = desks.values()
        gateway = Gateway(desks.values(), also=None)
        gateway.give("north.example", a_mail(address("south"), address("north")))
        gateway.rest()
        notice = gateway.carols("north")[0]
        north.handle(an_answer(notice, "carol@north.example", "Here is the answer.", "<carol@north.example>"))
        gateway.rest()
        # South opened a ticket for the answer, as for any customer; its acknowledgment moved nothing.
        assert [t["requester"] for t in south.tickets()] == [address("north")]
        assert len(automatic(south, address("north"))) == 1
        notice = gateway.carols("south")[-1]
        south.handle(an_answer(notice, "carol@south.example", "Thank you.", "<carol@south.example>"))
        gateway.rest()
        assert len(automatic(south, address("north"))) == 1
        assert len(automatic(north, address("south"))) <= 2


def test_an_answer_that_goes_round_the_ring_comes_to_rest(tmp_path: Path) -> None:
    """Each agent answers whatever comes: people may talk, the desks beside them stay quiet."""
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, THREE)
        gateway = Gateway(desks.values(), also=None)
        gateway.ask()
        gateway.rest()
        for name, desk in desks.items():
            (notice,) = [mail for mail in gateway.carols(name) if JANE not in mail.as_string()]
            desk.handle(an_answer(notice, f"carol@{name}.example", "Here you are.", f"<c@{name}.example>"))
        gateway.rest()
        for at, name in enumerate(THREE):
            assert len(automatic(desks[name], address(THREE[at - 1]))) <= 2
            assert len(desks[name].tickets()) <= 3


@SIZES
def test_a_ring_whose_headers_are_stripped_is_stopped(tmp_path: Path, names: Sequence[str]) -> None:
    """A relay that keeps neither Auto-Submitted nor our trace makes a desk look like a person."""
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, names)
        gateway = Gateway(desks.values(), also="references in-reply-to reply-to")
        gateway.ask()
        gateway.rest()
        for name, desk in desks.items():
            for other in set(names) - {name}:
                assert len(automatic(desk, address(other))) <= 5
