"""How long a scrape reads a store of 50,000 tickets. Run by hand: `python -m tests.bench.scrape`."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from maildesk.store import figures, schema
from tests.desk import Desk, a_desk, a_mail
from tests.servers import postgres

TICKETS = 50_000
OPEN = 2_000
AT_ONCE = 5_000


def main() -> None:
    """Prints the median and the worst of twenty, on both databases."""
    run = postgres.new_run()
    alive = postgres.lead(run)
    try:
        _measure("SQLite", "")
        with postgres.shared(run).database() as url:
            _measure("PostgreSQL", url)
    finally:
        postgres.stop(run, alive)


def many(conn: Connection) -> None:
    """Makes the store one of 50,000 tickets, with three mails in and four mails out each; 2,000 are not closed."""
    _copies(conn, schema.ticket, TICKETS, lambda n: {"number": n, "status": "closed" if n > OPEN else "new"})
    _copies(
        conn,
        schema.inbox,
        3 * TICKETS,
        lambda n: {"id": 10 + n, "key": f"k{n}", "source_key": None, "mid": f"m{n}", "ticket": n // 3 + 1},
    )
    _copies(conn, schema.outbox, 4 * TICKETS, lambda n: {"id": 10 + n, "once": f"o{n}", "ticket": n // 4 + 1})


def _copies(conn: Connection, table: Table, count: int, change: Any) -> None:
    row = dict(conn.execute(select(table).limit(1)).one()._mapping)
    for at in range(0, count, AT_ONCE):
        conn.execute(insert(table), [{**row, **change(n)} for n in range(at, min(at + AT_ONCE, count))])


def _measure(name: str, url: str) -> None:
    with tempfile.TemporaryDirectory() as folder, a_desk(Path(folder), url) as desk:
        desk.handle(a_mail())
        desk.store.write("work", many)
        times = [_seconds(desk) for _ in range(20)]
    print(f"{name}: a scrape reads for {statistics.median(times):.0f} ms, at worst {max(times):.0f} ms")


def _seconds(desk: Desk) -> float:
    began = time.perf_counter()
    with desk.store.db.reading() as conn:
        figures.read(conn, desk.store.db, [], desk.now)
    return 1_000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
