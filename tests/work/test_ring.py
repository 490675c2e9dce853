"""Three desks in a ring, each the next one's customer or agent, come to rest."""

from __future__ import annotations

from contextlib import ExitStack
from email.utils import parseaddr
from pathlib import Path

import pytest

from maildesk.core.model import SECOND
from maildesk.core.reading import Envelope
from tests.desk import Desk, a_desk, a_mail, an_answer
from tests.work.postman import JANE, ROUNDS, Postman, automatic

NAMES = ("north", "east", "south")


def address(name: str) -> str:
    return f"support@{name}.example"


def ring(stack: ExitStack, folder: Path, agents: bool) -> dict[str, Desk]:
    """The desks by name; with `agents` the address of the one before is an agent's at each."""
    desks = {}
    for at, name in enumerate(NAMES):
        people = [
            {"id": "carol", "name": "Carol", "addresses": [f"carol@{name}.example"], "departments": ["s"]}
        ]
        if agents:
            other = address(NAMES[at - 1])
            people.append({"id": "other", "name": "Other Desk", "addresses": [other], "departments": ["s"]})
        (folder / name).mkdir()
        desks[name] = stack.enter_context(
            a_desk(
                folder / name,
                address=address(name),
                departments=[{"name": "s", "title": "Support", "addresses": [address(name)]}],
                agents=people,
                rules=[],
                topics=[],
            )
        )
    return desks


def carry(desks: dict[str, Desk], strip: bool = False) -> int:
    """Carries mail between the desks until they rest; how many went over. `strip` takes what tells a machine."""
    postmen = {name: Postman(desk, {}) for name, desk in desks.items()}
    over = 0
    for _ in range(ROUNDS):
        moved = 0
        for postman in postmen.values():
            for mail in postman.new():
                to = parseaddr(str(mail["To"]))[1]
                other = desks.get(to.rpartition("@")[2].removesuffix(".example"))
                if other is None or not to.startswith("support"):
                    continue
                for name in (
                    ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Maildesk-Trace") if strip else ()
                ):
                    del mail[name]
                now = max(desk.now for desk in desks.values()) + SECOND
                for desk in desks.values():
                    desk.now = now
                sender = parseaddr(str(mail["From"]))[1]
                other.handle(mail, Envelope("smtp", sender, (to,), "127.0.0.1"))
                moved += 1
        if not moved:
            return over
        over += moved
    raise AssertionError(f"no rest after {ROUNDS} rounds; {over} mails went over")


def ask(desks: dict[str, Desk], strip: bool = False) -> None:
    """Somebody at each desk writes to the next one under their desk's own name, and Jane to all."""
    for at, name in enumerate(NAMES):
        before = address(NAMES[at - 1])
        mail = a_mail(before, address(name), "Question", "A question.\n", f"<q@{NAMES[at - 1]}.example>")
        desks[name].handle(mail)
        desks[name].handle(a_mail(JANE, address(name), message_id=f"<jane@{name}.example>"))
    carry(desks, strip)


@pytest.mark.parametrize("agents", [False, True], ids=["customers", "agents"])
def test_a_ring_comes_to_rest(tmp_path: Path, agents: bool) -> None:
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, agents)
        ask(desks)
        for at, name in enumerate(NAMES):
            assert len(automatic(desks[name], address(NAMES[at - 1]))) <= 2
            assert len(desks[name].tickets()) == 2, "the automatic mails of another desk have opened nothing"


def test_an_answer_that_goes_round_the_ring_comes_to_rest(tmp_path: Path) -> None:
    """Each agent answers whatever comes: people may talk, the desks beside them stay quiet."""
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, agents=False)
        ask(desks)
        for n, name in enumerate(NAMES):
            notice = desks[name].mails(to=f"carol@{name}.example", template="new_ticket")[0]
            desks[name].handle(
                an_answer(notice, f"carol@{name}.example", "Here you are.", f"<c{n}@{name}.example>")
            )
        carry(desks)
        for at, name in enumerate(NAMES):
            assert len(automatic(desks[name], address(NAMES[at - 1]))) <= 2
            assert len(desks[name].tickets()) <= 3


def test_a_ring_whose_headers_are_stripped_is_stopped(tmp_path: Path) -> None:
    with ExitStack() as stack:
        desks = ring(stack, tmp_path, agents=False)
        ask(desks, strip=True)
        for at, name in enumerate(NAMES):
            assert len(automatic(desks[name], address(NAMES[at - 1]))) <= 5
