"""Decisions: saving what they brought about, in the transaction that decides."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Connection,
    Table,
    bindparam,
    delete,
    or_,
    update,
)

from maildesk.core import identity
from maildesk.core.changes import (
    Append,
    Change,
    Decision,
    Learn,
    Mark,
    Notify,
    Release,
    Remember,
    Renew,
    Snapshot,
    Stop,
    Supersede,
)
from maildesk.core.draft import domain
from maildesk.core.events import event_of
from maildesk.core.identity import Keys
from maildesk.core.model import Disposition, EntryKind, Ticket
from maildesk.core.policy import Policy
from maildesk.store import personal, restores, search
from maildesk.store.db import insert
from maildesk.store.inbox import release
from maildesk.store.outbox import new_row
from maildesk.store.schema import (
    attachment,
    entry,
    event,
    generation,
    inbox,
    link,
    mid,
    outbox,
    participant,
    person,
    tag,
    ticket,
)
from maildesk.store.tickets import FIELDS


def save(
    conn: Connection,
    before: Snapshot,
    decided: Sequence[tuple[str, str, Decision]],
    policy: Policy,
    digest: str,
    now: int,
) -> None:
    """Writes what differs: tickets, entries, events, mails to send, and "done" of the mails, each table at once.

    `decided` holds (cause, row key, decision) in order; the row key is "" for a request.
    """
    after = decided[-1][2].after
    rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
    heads = {n: (t.seq, t.head) for n, t in before.tickets.items()}
    for cause, _, decision in decided:
        for change in decision.changes:
            _collect(rows, change, cause, policy, after.keys)
            if found := event_of(change):
                seq, head = heads.get(found.ticket, (0, ""))
                data = json.dumps(
                    {"actor": found.actor, "why": found.why, **found.data}, sort_keys=True, ensure_ascii=False
                )
                row = chained(after.keys, found.ticket, seq + 1, cause, found.kind, now, data, head)
                heads[found.ticket] = (seq + 1, row["hash"])
                rows[event].append(row)
    _tickets(conn, before, after, heads, now)
    for table in (entry, attachment, event):
        if rows[table]:
            conn.execute(table.insert(), rows[table])
    search.index(conn, _renamed(before, after), rows[entry], rows[attachment])
    changes = [change for _, _, decision in decided for change in decision.changes]
    _stop(conn, changes)
    _people(conn, changes)
    _release(conn, changes)
    for change in changes:
        if isinstance(change, Renew):
            personal.renew(conn, change.agent, change.generation, now, change.why)
    for table, unique in ((mid, ["hash", "ticket", "role"]), (outbox, ["once"])):
        if rows[table]:
            conn.execute(insert(conn, table).on_conflict_do_nothing(index_elements=unique), rows[table])
    restores.set_apart(conn, [key for _, key, _ in decided if key], now)
    _done(conn, decided, digest, now)


def _stop(conn: Connection, changes: Sequence[Change]) -> None:
    """What the last gate stopped is no answer any more."""
    for change in changes:
        if isinstance(change, Stop) and change.entry:
            conn.execute(
                update(entry)
                .where(entry.c.key == change.entry)
                .values(kind=EntryKind.STOPPED.value, remark=change.remark)
            )


def _people(conn: Connection, changes: Sequence[Change]) -> None:
    """Which addresses get automatic mail."""
    for change in changes:
        if isinstance(change, Mark):
            values = {"bad_since": change.at if change.why else None, "bad_why": change.why}
            statement = insert(conn, person).values(address=change.address, **values)
            conn.execute(statement.on_conflict_do_update(index_elements=["address"], set_=values))


def _release(conn: Connection, changes: Sequence[Change]) -> None:
    """Held mails are taken up again."""
    for change in changes:
        if isinstance(change, Release) and not release(conn, change.key, change.by, change.sha256):
            raise RuntimeError(f"the mail {change.key} was held when this was decided, and is not any more")


def chained(
    keys: Keys, number: int, seq: int, cause: str, kind: str, at: int, data: str, prev: str
) -> dict[str, Any]:
    """An event's row: the chain covers a salted digest of the data, so that erasing the data keeps it valid."""
    salt = identity.salt(keys, number, seq)
    digest = digest_of(salt, data)
    return {
        "ticket": number,
        "seq": seq,
        "cause": cause,
        "kind": kind,
        "at": at,
        "data": data,
        "salt": salt,
        "digest": digest,
        "prev": prev,
        "hash": link_hash(prev, number, seq, cause, kind, at, digest),
    }


def digest_of(salt: str, data: str) -> str:
    """What the chain covers of an event's data."""
    return hashlib.sha256(f"{salt}{data}".encode("utf-8", "surrogatepass")).hexdigest()


def link_hash(prev: str, number: int, seq: int, cause: str, kind: str, at: int, digest: str) -> str:
    """The hash of an event in its ticket's chain; `prev` is that of the event before, "" for the first."""
    return hashlib.sha256(f"{prev}:{number}:{seq}:{cause}:{kind}:{at}:{digest}".encode()).hexdigest()


def _collect(
    rows: dict[Table, list[dict[str, Any]]], change: object, cause: str, policy: Policy, keys: Keys
) -> None:
    match change:
        case Append(entry=e):
            text = e.text.encode("utf-8", "surrogatepass")
            rows[entry].append(
                {
                    "key": e.key,
                    "ticket": e.ticket,
                    "kind": e.kind.value,
                    "author": e.author,
                    "author_name": e.author_name,
                    "at": e.at,
                    "text": e.text,
                    "new_text": e.new_text,
                    "message_id": e.message_id,
                    "proof": e.proof,
                    "remark": e.remark,
                    "sha256": hashlib.sha256(text).hexdigest(),
                }
            )
            rows[attachment].extend(
                {
                    "entry": e.key,
                    "part": a.part,
                    "name": a.name,
                    "type": a.type,
                    "size": a.size,
                    "sha256": a.sha256,
                    "cid": a.cid,
                    "inline": a.inline,
                }
                for a in e.attachments
            )
        case Learn():
            row = {"hash": change.mid, **asdict(change.ref)}
            if row not in rows[mid][-50:]:
                rows[mid].append(row)
        case Notify(notice=n):
            rows[outbox].append(new_row(n, cause, identity.message_id(keys, n.once, domain(policy))))


def _tickets(
    conn: Connection, before: Snapshot, after: Snapshot, heads: Mapping[int, tuple[int, str]], at: int
) -> None:
    new, changed = [], []
    for number, now in after.tickets.items():
        old = before.tickets.get(number)
        seq, head = heads.get(number, (0, ""))
        if now is old and seq == now.seq:
            continue
        row = {name: getattr(now, name) for name in FIELDS} | {
            "status": now.status.value,
            "seq": seq,
            "head": head,
            "updated": at,
        }
        if old is None:
            new.append(row | {"number": number})
        else:
            changed.append(row | {"b_number": number})
    if new:
        conn.execute(ticket.insert(), new)
    if changed:
        values: dict[str, Any] = {name: bindparam(name) for name in (*FIELDS, "status", "updated")}
        conn.execute(update(ticket).where(ticket.c.number == bindparam("b_number")).values(values), changed)
    _parts(conn, before, after)


def _renamed(before: Snapshot, after: Snapshot) -> list[Ticket]:
    """The tickets whose subject or people are not what they were."""
    return [
        now
        for number, now in after.tickets.items()
        if (old := before.tickets.get(number)) is None
        or (old.subject, old.participants) != (now.subject, now.participants)
    ]


def _parts(conn: Connection, before: Snapshot, after: Snapshot) -> None:
    rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
    for number, now in after.tickets.items():
        old = before.tickets.get(number)
        if now is old:
            continue
        rows[participant].extend(
            {"ticket": number, "address": p.address, "name": p.name, "role": p.role, "answer_at": p.answer_at}
            for p in now.participants[len(old.participants) if old else 0 :]
        )
        for was, is_ in zip(old.participants if old else (), now.participants, strict=False):
            if was != is_:
                conn.execute(
                    update(participant)
                    .where(participant.c.ticket == number, participant.c.address == is_.address)
                    .values(answer_at=is_.answer_at)
                )
        rows[link].extend(
            {"ticket": number, "kind": kind, "other": other}
            for kind, other in now.links[len(old.links) if old else 0 :]
        )
        if now.tags != (old.tags if old else ()):
            if old:
                conn.execute(delete(tag).where(tag.c.ticket == number))
            rows[tag].extend({"ticket": number, "tag": t, "position": i} for i, t in enumerate(now.tags))
        for whose, kind, count in set(now.generations) - set(old.generations if old else ()):
            statement = insert(conn, generation).values(
                ticket=number, person=whose, kind=kind, generation=count
            )
            conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["ticket", "person", "kind"], set_={"generation": count}
                )
            )
    for table, values in rows.items():
        if values:
            conn.execute(table.insert(), values)


def _done(conn: Connection, decided: Sequence[tuple[str, str, Decision]], digest: str, now: int) -> None:
    done = []
    superseded = []
    for _, key, decision in decided:
        for change in decision.changes:
            if isinstance(change, Supersede):
                superseded.append(change)
            elif isinstance(change, Remember) and decision.disposition:
                facts: dict[str, object] = {
                    "match": decision.match,
                    "proof": decision.proof.value,
                    "rules": decision.rules,
                }
                if decision.unasked:
                    facts |= {"unasked": True}
                done.append(
                    {
                        "b_key": key,
                        "state": "done",
                        "holder": None,
                        "mid": change.seen.mid,
                        "disposition": decision.disposition.value,
                        "why": json.dumps(decision.why),
                        "ticket": decision.ticket,
                        "decided": now,
                        "policy": digest,
                        "facts": zlib.compress(json.dumps(facts).encode(), 1),
                        "sender": change.seen.sender,
                        "subject": change.seen.subject,
                        "lines": " ".join(change.seen.lines),
                        "attachments": " ".join(change.seen.attachments),
                    }
                )
    if done:
        names = [name for name in done[0] if name != "b_key"]
        conn.execute(
            update(inbox)
            .where(inbox.c.key == bindparam("b_key"), or_(inbox.c.state == "taken", inbox.c.state == "new"))
            .values({name: bindparam(name) for name in names}),
            done,
        )
    # Last: what is superseded may have been decided a moment before, in the same batch.
    for change in superseded:
        conn.execute(
            update(inbox)
            .where(inbox.c.key == change.key)
            .values(disposition=Disposition.DUPLICATE.value, why=json.dumps([change.why]))
        )
