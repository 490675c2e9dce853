"""`maildesk ticket list`: the tickets, narrowed by what they have."""

from __future__ import annotations

from typing import Any

import typer

from maildesk.cli import desk, usage
from maildesk.cli.listing import finished
from maildesk.cli.screen import age, table
from maildesk.cli.selecting import parameters, rest, selection

EXAMPLE = "Example: maildesk ticket list --status open --assignee none --sort priority"
ORDERS = ("newest", "oldest", "updated", "priority")
LIMIT = 100


def _list(ctx: typer.Context, json: bool, **asked: Any) -> None:
    """List the tickets that are not closed, newest first.

    Options narrow it, and all of them must fit. One that is given several times, or several words with commas between
    them, means any of these.
    """
    from dataclasses import replace

    from maildesk.core.selection import NOT_CLOSED
    from maildesk.store.selecting import selected

    with desk.reading(ctx) as (loaded, _store, conn):
        now = desk.now()
        wanted = selection(asked, loaded, ORDERS, now)
        if "status" not in wanted.values:
            wanted = replace(wanted, values={**wanted.values, "status": NOT_CLOSED})
        found = selected(conn, wanted)
    if finished(found.tickets, json):
        return
    rows = [
        (
            f"#{t['number']}",
            t["status"],
            t["priority"],
            t["assignee"] or "-",
            t["requester"] or t["requester_name"],
            t["subject"],
            age(now - t["created"]),
        )
        for t in found.tickets
    ]
    columns = ("number", "status", "priority", "assignee", "requester", "subject", "age")
    table(columns, rows, flexible=("requester", "subject"))
    rest(found, wanted.limit)


def made() -> Any:
    """The command, its options made from the table of filters."""
    return usage.made("list", _list, parameters(ORDERS, LIMIT), EXAMPLE)
