"""`maildesk status`: how the desk stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk
from maildesk.cli.listing import Json
from maildesk.cli.screen import age, as_json, pairs, plain, say, states, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from maildesk.core.alarm import Alarm
    from maildesk.store.control import Pause

EXAMPLE = "Example: maildesk status --json"


def command(
    ctx: typer.Context,
    json: Json = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 1 while an alarm stands or no daemon runs.")
    ] = False,
) -> None:
    """Say what waits, what failed, who is running. Alarms that stand come first."""
    from maildesk.cli.mailbox import stand
    from maildesk.cli.mailbox import standing as mailbox_stands
    from maildesk.store import alarms, control, inbox, lookup, outbox, restores, ways_out

    with desk.reading(ctx) as (loaded, store, conn):
        now = desk.now()
        came, going = inbox.counts(conn), outbox.counts(conn)
        oldest = lookup.oldest_undecided(conn)
        unsent = lookup.unsent(conn)
        closed = ways_out.closed(conn, now)
        boxes = stand(conn, [box.name for box in loaded.settings.imap])
        nodes = lookup.nodes(conn, store.db, now)
        running = any(node["alive"] for node in lookup.daemons(conn, store.db, now))
        standing = alarms.standing(conn)
        paused = control.pauses(conn)
        restored = restores.last(conn)
    lag = max(0, now - oldest) if oldest is not None else 0
    found = {
        "inbox": {state: came.get(state, 0) for state in ("new", "taken", "done", "held", "quarantined")},
        "outbox": {**dict.fromkeys(("todo", "ready", "sent"), 0), **going},
        "held": came.get("held", 0),
        "quarantine": {"inbox": came.get("quarantined", 0), "outbox": going.get("quarantined", 0)},
        "lag": lag / 1_000_000,
        "unsent": {**unsent, "lag": max(0, now - unsent["oldest"]) / 1_000_000 if unsent["count"] else 0.0},
        "pauses": closed,
        "nodes": nodes,
        "mailboxes": boxes,
        "mode": loaded.policy.mode,
        "paused": [{"what": one.what, "at": one.at, "by": one.actor} for one in paused],
        "alarms": [
            {
                "name": one.name,
                "node": one.node,
                "sentence": one.sentence,
                "since": one.first,
                "told": one.told,
            }
            for one in standing
        ],
        "restored": {"backup": restored.backup, "at": restored.at} if restored else None,
    }
    bad_end = standing or not running
    if json:
        as_json(found)
        raise typer.Exit(1 if check and bad_end else 0)
    say(f"{plain(loaded.policy.name)}, {plain(loaded.policy.address)}")
    zone = loaded.policy.zone
    lost = {
        state: going[state]
        for state in ("failed", "undelivered", "maybe-sent", "restored", "shadow", "late", "waiting")
        if going.get(state)
    }
    bad = came.get("quarantined", 0) + going.get("quarantined", 0)
    alive = [node["name"] for node in nodes if node["alive"]]
    gone = [node["name"] for node in nodes if not node["alive"]]
    pairs(
        [
            *(("ALARM", f"{plain(one.sentence)} Since {when(one.first, zone)}.") for one in standing),
            *(
                (f"{node['name']} refused", plain(node["trouble"]))
                for node in nodes
                if _untold(node, standing)
            ),
            ("mode", "shadow: nothing is sent" if loaded.policy.mode == "shadow" else ""),
            *(("paused", _paused(one, zone)) for one in paused),
            (
                "running",
                ", ".join(alive) or "nobody: mail is taken and answered only while `maildesk run` runs",
            ),
            ("died", ", ".join(gone)),
            ("mail in", states(came)),
            *((f"mailbox {name}", "; ".join(mailbox_stands(box, now))) for name, box in boxes.items()),
            ("mail out", states(going)),
            ("waits to be sent", _unsent(unsent, now, zone)),
            *(("sending pauses", _closed(one, now, zone)) for one in closed),
            *((state, f"{n}; see `maildesk outbox list --state {state}`") for state, n in lost.items()),
            ("oldest mail undecided", f"{age(lag)} old" if oldest is not None else "none waits"),
            ("held", f"{came['held']}; see `maildesk held list`" if came.get("held") else ""),
            ("quarantined", f"{bad}; see `maildesk quarantine list`" if bad else ""),
        ],
        indent=2,
    )
    raise typer.Exit(1 if check and bad_end else 0)


def _untold(node: dict[str, Any], standing: Sequence[Alarm]) -> bool:
    """Whether a node refuses its configuration and no alarm says so yet."""
    told = {one.node for one in standing if one.name == "reload"}
    return bool(node["trouble"]) and node["name"] not in told


def _paused(pause: Pause, zone: str) -> str:
    said = f"{pause.what}, since {when(pause.at, zone)} by {plain(pause.actor)}"
    return f"{said}; `maildesk resume {pause.what}` ends it"


def _closed(pause: dict[str, Any], now: int, zone: str) -> str:
    """Since when and why a node sends nothing, and when it tries again."""
    again = f"; next try {when(pause['until'], zone)}" if pause["until"] > now else ""
    since = age(max(0, now - pause["since"]))
    return (
        f"since {since} at node {plain(pause['node'])}: {plain(pause['trouble'])}; no mail is given up{again}"
    )


def _unsent(unsent: dict[str, Any], now: int, zone: str) -> str:
    """How many mails wait to go out, since when, when the next is tried, and what the last trouble was."""
    if not unsent["count"]:
        return ""
    parts = [f"{unsent['count']}, oldest {age(now - unsent['oldest'])}"]
    if unsent["next"] > now:
        parts.append(f"next try {when(unsent['next'], zone)}")
    if unsent["trouble"]:
        parts.append(f"last error: {plain(unsent['trouble'].rstrip().splitlines()[-1])}")
    return "; ".join(parts)
