"""Personal addresses of agents: which generation of each one proves. Kept for good, so that no old one comes back."""

from __future__ import annotations

from sqlalchemy import Connection, select

from maildesk.store import control
from maildesk.store.schema import control as table

_PREFIX = "personal."


def generations(conn: Connection) -> dict[str, int]:
    """The newest generation of each agent who ever got another than the first, by the agents' ids."""
    rows = conn.execute(select(table).where(table.c.name.startswith(_PREFIX, autoescape=True)))
    return {row.name.removeprefix(_PREFIX): int(row.value) for row in rows}


def renew(conn: Connection, agent: str, generation: int, now: int, why: str) -> None:
    """From now on this generation proves, and none before it."""
    control.put(conn, _PREFIX + agent, str(generation), now, why)
