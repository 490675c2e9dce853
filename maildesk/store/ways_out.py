"""Ways out: which of them are closed to all mail at the moment, since when, and why.

Nobody asked for that, unlike for the pauses of `maildesk.store.control`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from maildesk.core.model import MINUTE
from maildesk.store.db import insert
from maildesk.store.schema import pause as table

GONE = 15 * MINUTE
"""After so long without another try nobody waits for the way out any more."""


def close(conn: Connection, node: str, since: int, until: int, trouble: str) -> None:
    """This node (by its name) sends nothing until then; `since` is kept while it is closed."""
    statement = insert(conn, table).values(node=node, since=since, until=until, trouble=trouble[:1_000])
    later = {"until": until, "trouble": trouble[:1_000]}
    conn.execute(statement.on_conflict_do_update(index_elements=["node"], set_=later))


def reopen(conn: Connection, node: str) -> None:
    """This node sends again."""
    conn.execute(delete(table).where(table.c.node == node))


def closed(conn: Connection, now: int) -> list[dict[str, Any]]:
    """The nodes, and senders of theirs, that send nothing now; one that has long not tried again is gone."""
    current = select(table).where(table.c.until > now - GONE).order_by(table.c.node)
    return [dict(row._mapping) for row in conn.execute(current)]
