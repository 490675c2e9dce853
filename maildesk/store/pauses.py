"""Pauses: which nodes send nothing at the moment, since when, and why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from maildesk.store.db import insert
from maildesk.store.schema import pause


def note(conn: Connection, node: str, since: int, until: int, trouble: str) -> None:
    """This node (by its name) sends nothing until then; `since` is kept while the pause goes on."""
    statement = insert(conn, pause).values(node=node, since=since, until=until, trouble=trouble[:1_000])
    later = {"until": until, "trouble": trouble[:1_000]}
    conn.execute(statement.on_conflict_do_update(index_elements=["node"], set_=later))


def over(conn: Connection, node: str) -> None:
    """This node sends again."""
    conn.execute(delete(pause).where(pause.c.node == node))


def listed(conn: Connection) -> list[dict[str, Any]]:
    """The nodes that send nothing now."""
    return [dict(row._mapping) for row in conn.execute(select(pause).order_by(pause.c.node))]
