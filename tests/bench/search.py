"""Finding and listing among many tickets. Run by hand: `python -m tests.bench.search [COUNT] [STORE-URL]`.

Each ticket has three entries of about 600 letters whose words are as unevenly frequent as those of a language.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Table

from maildesk.core.model import DAY, MINUTE, Status
from maildesk.core.search import parse
from maildesk.core.selection import NOT_CLOSED, OPEN, Selection, Span
from maildesk.store import search
from maildesk.store.db import Database
from maildesk.store.schema import attachment, entry, participant, ticket
from maildesk.store.selecting import selected, snippets

COUNT = 50_000
ENTRIES = 3
WORDS = 20_000
PART = 1_000
START = 1_700_000_000_000_000


class Text:
    """Texts whose n-th word is n times rarer than the first."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self._words = ["".join(self._chance.choices(letters, k=3 + n % 9)) for n in range(WORDS)]
        self._weights = list(self._sums())

    def _sums(self) -> Iterator[float]:
        total = 0.0
        for n in range(WORDS):
            total += 1 / (n + 1)
            yield total

    def some(self, count: int) -> str:
        """So many words."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=count))

    def word(self, place: int) -> str:
        """The word of this place by how frequent it is."""
        return self._words[place]


def _rows(text: Text, numbers: range) -> dict[Table, list[dict[str, Any]]]:
    found: dict[Table, list[dict[str, Any]]] = {ticket: [], participant: [], entry: [], attachment: []}
    for n in numbers:
        chance = random.Random(n)
        at = START + n * MINUTE
        number, address = 100_000 + n, f"user{n % 5000}@customer{n % 300}.example"
        found[ticket].append(
            {
                "number": number,
                "subject": text.some(6),
                "department": chance.choice(["support", "billing"]),
                "opened_by": address,
                "status": chance.choice([*Status, *["closed"] * 40]),
                "priority": chance.choice(["low", "normal", "normal", "high"]),
                "topic": "",
                "assignee": chance.choice(["", "alice", "bob"]),
                "source": "email",
                "answered": chance.random() < 0.9,
                "created": at,
                "updated": at + chance.randrange(DAY),
                "seq": 1,
                "head": "",
            }
        )
        people = {"name": text.some(2), "role": "requester", "answer_at": ""}
        found[participant].append({"ticket": number, "address": address, **people})
        for place in range(ENTRIES):
            key = f"{number}-{place}"
            written = {"text": "", "new_text": text.some(100), "author": address, "author_name": ""}
            rest = dict.fromkeys(("message_id", "proof", "remark", "sha256"), "")
            found[entry].append(
                {"key": key, "ticket": number, "kind": "customer", "at": at, **written, **rest}
            )
    return found


def _timed(what: str, work: Callable[[], Any]) -> None:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        told = work()
        times.append((time.perf_counter() - start) * 1000)
    print(f"  {what:<58} {sorted(times)[2]:8.1f} ms   {told}")


def _fill(conn: Connection, text: Text, count: int) -> None:
    for first in range(0, count, PART):
        for table, rows in _rows(text, range(first, min(first + PART, count))).items():
            if rows:
                conn.execute(table.insert(), rows)


def main(count: int = COUNT, url: str = "") -> None:
    """Fills a store, makes its index, and prints how long questions take."""
    with tempfile.TemporaryDirectory() as name:
        db = Database(url or f"sqlite:///{name}/desk.db")
        text = Text(1)
        db.create()
        with db.connect() as conn:
            db.begin(conn, "decide")
            _fill(conn, text, count)
            start = time.perf_counter()
            search.fill(conn)
            took = time.perf_counter() - start
            db.commit(conn)
            if not db.is_sqlite:
                conn.exec_driver_sql("ANALYZE")
        documents = count * (ENTRIES + 1)
        print(f"{count} tickets: index of {documents} texts made in {took:.1f} s ({documents / took:.0f}/s)")
        questions = {
            "a rare word": text.word(WORDS - 100),
            "a middling word": text.word(500),
            "the most frequent word": text.word(0),
            "two frequent words": f"{text.word(0)} {text.word(1)} .",
            "a rare and a frequent word": f"{text.word(WORDS - 200)} {text.word(0)} .",
            "a phrase of frequent words": f'"{text.word(0)} {text.word(1)}"',
            "a beginning of three letters": text.word(0)[:3] + "*",
            "a middling word without a frequent one": f"{text.word(300)} -{text.word(3)}",
            "an address": "user42@customer42.example",
            "a number": "#100042",
            "nothing": "zzzzzzzzz",
        }
        with db.reading() as conn:
            for what, asked in questions.items():
                query = parse(asked)

                def found(query: Any = query) -> str:
                    shown = selected(conn, Selection(query=query, order="best", limit=20))
                    snippets(conn, [one["number"] for one in shown.tickets], query, 80)
                    return f"{shown.total} tickets"

                _timed(f"find {what}", found)
            month = Span(START + 7 * DAY)
            lists = {
                "list": Selection({"status": NOT_CLOSED}),
                "list --status any": Selection(),
                "list --status open --assignee none": Selection({"status": OPEN, "assignee": ("",)}),
                "list --assignee alice --sort priority": Selection(
                    {"status": NOT_CLOSED, "assignee": ("alice",)}, order="priority"
                ),
                "list --requester address": Selection({"requester": ("user42@customer42.example",)}),
                "list --requester domain": Selection({"requester": ("@customer42.example",)}),
                "list --updated-since --sort updated": Selection(updated=month, order="updated"),
                "list --unanswered --sort oldest": Selection(
                    {"status": NOT_CLOSED}, unanswered=True, order="oldest"
                ),
            }
            for what, selection in lists.items():
                _timed(what, lambda s=selection: f"{selected(conn, s).total} tickets")  # type: ignore[misc]
        db.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else COUNT, *sys.argv[2:3])
