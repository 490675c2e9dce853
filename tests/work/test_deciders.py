"""Four deciders on one PostgreSQL: every conversation ends in one ticket, whatever the order of its mails."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from maildesk.store.schema import entry, event, inbox, outbox, ticket
from maildesk.work.inbound import Inbound
from tests.desk import Desk, a_desk, a_mail

CONVERSATIONS = 150
DECIDERS = 4
DEADLINE = 120
SMALL = 5


@contextmanager
def deciders(folder: Path, url: str) -> Iterator[list[Desk]]:
    """Desks on one database, each with a store, a connection and a node of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(a_desk(folder, url, f"node{i}")) for i in range(DECIDERS)]


def conversation(n: int) -> dict[str, bytes]:
    """A mail, the reply of the same customer to it, and the mail once more by another way."""
    sender = f"Customer {n} <c{n}@company{n % 40}.example>"
    first = a_mail(
        sender, subject=f"Question {n}", text=f"Question {n}\n", message_id=f"<{n}.first@customer.example>"
    )
    reply = a_mail(
        sender, subject=f"AW: Question {n}", text=f"One more thing on {n}\n",
        message_id=f"<{n}.reply@customer.example>", headers={"In-Reply-To": f"<{n}.first@customer.example>"},
    )  # fmt: skip
    raw = first.as_bytes()
    return {"first": raw, "reply": reply.as_bytes(), "copy": b"Received: from relay.example\n" + raw}


def accept(desks: list[Desk], mails: list[tuple[int, str, bytes]]) -> dict[str, tuple[int, str]]:
    """Accepts mails by all desks in turn; row key to (conversation, kind)."""
    return {desks[i % DECIDERS].deliver(raw): (n, kind) for i, (n, kind, raw) in enumerate(mails)}


def waiting(desk: Desk) -> int:
    with desk.store.db.reading() as conn:
        return len(conn.execute(select(inbox.c.key).where(inbox.c.state.in_(("new", "taken")))).all())


def decide_all(desks: list[Desk], batch: int = SMALL) -> list[int]:
    """Lets all desks decide at once until no mail waits; how many mails each has taken."""
    together = threading.Barrier(DECIDERS)
    taken = [0] * DECIDERS
    errors: list[BaseException] = []
    end = time.monotonic() + DEADLINE

    def decider(i: int) -> None:
        desk = desks[i]
        inbound = Inbound(desk.store, lambda: desk.live, batch=batch)
        try:
            together.wait(DEADLINE)
            while waiting(desk):
                assert time.monotonic() < end, "the deciders have not come to an end"
                desk.store.beat(desk.now)
                taken[i] += inbound.step(desk.now)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=decider, args=[i]) for i in range(DECIDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors
    return taken


def judge(desk: Desk, kinds: dict[str, tuple[int, str]]) -> None:
    """One ticket per conversation, each mail decided once, nothing tried twice."""
    with desk.store.db.reading() as conn:
        rows = conn.execute(select(inbox)).all()
        tickets = conn.execute(select(ticket)).all()
        entries = conn.execute(select(entry)).all()
        events = conn.execute(select(event).order_by(event.c.ticket, event.c.seq)).all()
        notices = conn.execute(select(outbox)).all()
    assert Counter(row.state for row in rows) == {"done": 3 * CONVERSATIONS}
    assert not [row.key for row in rows if row.errors or row.deaths]
    assert len(tickets) == CONVERSATIONS
    found: dict[int, set[int]] = defaultdict(set)
    became: dict[int, list[str]] = defaultdict(list)
    for row in rows:
        n, _ = kinds[row.key]
        found[n].add(row.ticket)
        became[n].append(row.disposition)
    assert all(len(numbers) == 1 for numbers in found.values()), found
    assert len({next(iter(numbers)) for numbers in found.values()}) == CONVERSATIONS
    assert all(sorted(all_) == ["duplicate", "new-ticket", "reply"] for all_ in became.values()), became
    assert Counter(e.ticket for e in entries) == {t.number: 2 for t in tickets}
    assert Counter(n.kind for n in notices) == {
        "acknowledgment": CONVERSATIONS, "new_ticket": 2 * CONVERSATIONS, "customer_reply": 2 * CONVERSATIONS,
    }  # fmt: skip
    chains: dict[int, list[Any]] = defaultdict(list)
    for one in events:
        chains[one.ticket].append(one)
    for chain in chains.values():
        assert [one.seq for one in chain] == list(range(1, len(chain) + 1))
        assert [one.prev for one in chain] == ["", *(one.hash for one in chain[:-1])]


def test_all_accepted_first_and_shuffled(tmp_path: Path, postgres_url: str) -> None:
    mails = [(n, kind, raw) for n in range(CONVERSATIONS) for kind, raw in conversation(n).items()]
    random.Random(7).shuffle(mails)
    with deciders(tmp_path, postgres_url) as desks:
        kinds = accept(desks, mails)
        taken = decide_all(desks)
        judge(desks[0], kinds)
        with desks[0].store.db.reading() as conn:
            rows = conn.execute(select(inbox.c.key, inbox.c.disposition)).all()
        became = Counter((kinds[row.key][1] == "reply", row.disposition) for row in rows)
        assert became == {
            (True, "reply"): CONVERSATIONS,
            (False, "new-ticket"): CONVERSATIONS,
            (False, "duplicate"): CONVERSATIONS,
        }, "a reply waits for its original"
        assert all(taken), f"every decider had its share: {taken}"


def test_replies_are_decided_before_their_originals_arrive(tmp_path: Path, postgres_url: str) -> None:
    talks = [conversation(n) for n in range(CONVERSATIONS)]
    with deciders(tmp_path, postgres_url) as desks:
        kinds = accept(desks, [(n, "reply", talk["reply"]) for n, talk in enumerate(talks)])
        decide_all(desks)
        late = [(n, kind, talk[kind]) for n, talk in enumerate(talks) for kind in ("first", "copy")]
        random.Random(8).shuffle(late)
        kinds |= accept(desks, late)
        taken = decide_all(desks)
        judge(desks[0], kinds)
        assert all(taken), f"every decider had its share: {taken}"


def test_copies_side_by_side(tmp_path: Path, postgres_url: str) -> None:
    """Each decider gets a copy of the same mail at the same moment: one opens the ticket."""
    count = 40
    with deciders(tmp_path, postgres_url) as desks:
        accept(desks, [(n, "first", conversation(n)["first"]) for n in range(count) for _ in range(DECIDERS)])
        decide_all(desks, batch=1)
        with desks[0].store.db.reading() as conn:
            rows = conn.execute(select(inbox)).all()
            tickets = conn.execute(select(ticket)).all()
    assert Counter(row.disposition for row in rows) == {"new-ticket": count, "duplicate": 3 * count}
    assert not [row.key for row in rows if row.errors or row.deaths]
    assert len(tickets) == count
