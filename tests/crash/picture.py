"""What a desk has brought about, told without its random keys; and whatever can never be right."""

from __future__ import annotations

import email
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maildesk.core.identity import Keys
from maildesk.store.decisions import chained
from tests.crash.killpoints import Journal
from tests.crash.place import Rows
from tests.crash.story import Mail

Picture = dict[str, Any]
_NOTICE = ("kind", "to", "ticket", "state", "subject", "token", "generation", "unproven", "not_before")
_ENTRY = ("ticket", "kind", "author", "author_name", "at", "proof", "remark", "message_id", "sha256")
_INSIDE = ("head",)
"""Columns of a ticket that depend on random row keys; the chain is checked by recomputing it."""


def names(rows: Rows, mails: Iterable[Mail]) -> dict[str, str]:
    """The mail of the story behind each row key, and behind the start of each once-key."""
    known = {mail.mark: mail.name for mail in mails}
    found = {row["key"]: known.get((row["sha256"], row["channel"]), "before") for row in rows["inbox"]}
    # In the order of the rows: a mail that follows from one of ours stands behind that.
    for row in rows["outbox"]:
        found[row["once"][:20]] = f"{row['kind']} to {row['to']} of {found[row['cause'][:20]]}"
    return found


def picture(rows: Rows, names: Mapping[str, str]) -> Picture:
    """Tickets, entries, events and notices. A cause is named by its mail."""

    def told(row: Mapping[str, Any], columns: Iterable[str], cause: str) -> tuple[Any, ...]:
        return (names.get(cause[:20], cause), *(row[name] for name in columns))

    shown: Picture = {
        "tickets": {r["number"]: {k: v for k, v in r.items() if k not in _INSIDE} for r in rows["ticket"]},
        "entries": Counter(told(row, _ENTRY, row["key"]) for row in rows["entry"]),
        "notices": Counter(told(row, _NOTICE, row["cause"]) for row in rows["outbox"]),
        "events": Counter(
            (*told(row, ("ticket", "seq", "kind", "at"), row["cause"]), _without_keys(row["data"], names))
            for row in rows["event"]
        ),
        "mids": Counter(
            (r["ticket"], r["role"], r["role"].startswith("sent") or r["hash"]) for r in rows["mid"]
        ),
        "mails whose lines are known": len(rows["sent_line"]),
        "attempts": {row["outcome"] for row in rows["attempt"]},
    }
    for name in ("participant", "link", "tag", "generation", "alias"):
        shown[name] = Counter(tuple(v for k, v in row.items() if k != "id") for row in rows[name])
    return shown


def _without_keys(data: str, names: Mapping[str, str]) -> str:
    told = {name: value for name, value in json.loads(data).items() if name != "once"}
    return json.dumps({name: names.get(str(value), value) for name, value in told.items()})


def dispositions(rows: Rows, names: Mapping[str, str]) -> dict[str, list[str | None]]:
    """What became of each mail of the story, copy by copy in the order in which they came."""
    found: dict[str, list[str | None]] = defaultdict(list)
    for row in rows["inbox"]:
        if names[row["key"]] != "before":
            found[names[row["key"]]].append(row["disposition"])
    return dict(found)


def differences(now: Picture, expected: Picture) -> list[str]:
    """Where two pictures differ, one sentence each."""
    found = []
    for part, wanted in expected.items():
        is_ = now[part]
        if isinstance(wanted, Counter):
            found += [f"{part}: missing {one}" for one in (wanted - is_).elements()]
            found += [f"{part}: too much {one}" for one in (is_ - wanted).elements()]
        elif is_ != wanted:
            found.append(f"{part}: {is_} instead of {wanted}")
    return found


def wrong_copies(
    found: Mapping[str, list[str | None]],
    expected: Mapping[str, list[str | None]],
    unacknowledged: set[str],
    together: bool,
) -> list[str]:
    """Mails without their disposition. A mail that was stored but not acknowledged comes once more.

    That is one mail, or, where they were stored `together`, all that were not acknowledged.
    """
    problems, twice = [], set()
    for name, (wanted,) in expected.items():
        again = wanted if wanted in (None, "quarantined") else "duplicate"
        copies = found.get(name, [])
        if copies == [wanted, again] and name in unacknowledged:
            twice.add(name)
        elif copies != [wanted]:
            problems.append(f"{name} is {copies} instead of {wanted}")
    if len(twice) > 1 and not (together and twice == unacknowledged):
        problems.append(f"these came twice: {sorted(twice)}")
    return problems


def undecided(rows: Rows) -> list[str]:
    """Mails that are still open or held."""
    return [
        f"mail {r['message_id']} is {r['state']}, held by {r['holder']}"
        for r in rows["inbox"]
        if r["state"] not in ("done", "quarantined") or r["holder"]
    ]


def unsent(rows: Rows) -> list[str]:
    """Notices that are still open or held, or were given up; what the last gate stopped has come to its end."""
    refused = {row["outbox"] for row in rows["attempt"] if row["outcome"] == "blocked"}
    stopped = {row["once"] for row in rows["outbox"] if row["id"] in refused}
    return [
        f"notice {r['kind']} to {r['to']} is {r['state']}, held by {r['holder']}: {r['trouble']}"
        for r in rows["outbox"]
        if (r["state"], bool(r["holder"])) != ("stopped" if r["once"] in stopped else "sent", False)
    ]


def broken_chains(rows: Rows, keys: Keys) -> list[str]:
    """Tickets whose events do not follow from each other."""
    chains: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows["event"]:
        chains[row["ticket"]].append(row)
    found = []
    for ticket in rows["ticket"]:
        number, head = ticket["number"], ""
        for at, row in enumerate(chains[number], 1):
            again = chained(keys, number, at, row["cause"], row["kind"], row["at"], row["data"], head)
            if again != row:
                found.append(f"event {at} of #{number} does not follow from the one before")
            head = row["hash"]
        if (ticket["seq"], ticket["head"]) != (len(chains[number]), head):
            found.append(f"#{number} does not know its last event")
    return found


def wrong_files(rows: Rows, earlier: Rows, outgoing: Path, journal: Journal) -> list[str]:
    """Mails that went out twice, not at all, in two versions, or under another Message-ID."""
    problems = []
    old = {row["once"] for row in earlier["outbox"] if row["state"] == "sent"}
    sent = {
        r["once"]: r["message_id"] for r in rows["outbox"] if r["state"] == "sent" and r["once"] not in old
    }
    if len({row["message_id"] for row in rows["outbox"]}) < len(rows["outbox"]):
        problems.append("two notices have one Message-ID")
    files = [
        path for part in ("new", "cur") if (outgoing / part).exists() for path in (outgoing / part).iterdir()
    ]
    there = Counter(path.name.partition(".")[0] for path in files)
    problems += [f"there is no file of {once}" for once in sent if not there[once]]
    problems += [f"there are {n} files of {once}" for once, n in there.items() if n > 1 or once not in sent]
    bodies: dict[str, set[str]] = defaultdict(set)
    for once, body in journal.told("send"):
        bodies[once].add(body)
    for path in files:
        once, raw = path.name.partition(".")[0], path.read_bytes()
        if email.message_from_bytes(raw)["Message-ID"] != f"<{sent.get(once)}>":
            problems.append(f"the file of {once} has another Message-ID")
        # In a Maildir lines end as the system has them; what was handed over has CRLF.
        if {bytes.fromhex(body).replace(b"\r\n", b"\n") for body in bodies[once]} != {raw}:
            problems.append(f"{once} was sent in {len(bodies[once])} versions")
    return problems
