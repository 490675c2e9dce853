"""Keys: the secrets of a store. A new one signs what goes out; old ones verify for a year longer, and are gone then."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from maildesk.core.identity import Keys
from maildesk.core.model import DAY, SECOND
from maildesk.store.db import StoreError
from maildesk.store.schema import meta

YEAR = 365 * DAY
DELAY = 60 * SECOND
"""A new key signs only then: by that time every running node has read it, and knows what others sign with it."""
MOST = 127
"""Ids of keys that a reply address can tell apart."""

_TOKEN, _SINCE = "key.token.", "since.token."


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One key of reply addresses: from when on it signs, and until when it verifies (None: no other follows it)."""

    id: int
    secret: bytes
    since: int
    until: int | None


def make(conn: Connection) -> None:
    """The secrets of a fresh store."""
    values = {
        "desk": secrets.token_hex(5),
        "key.root": secrets.token_hex(32),
        f"{_TOKEN}1": secrets.token_hex(32),
    }
    conn.execute(meta.insert(), [{"name": name, "value": value} for name, value in values.items()])


def listed(conn: Connection) -> list[TokenKey]:
    """The keys of reply addresses in the order in which they sign, the newest last."""
    found = {row.name: row.value for row in conn.execute(select(meta))}
    ids = [int(name.removeprefix(_TOKEN)) for name in found if name.startswith(_TOKEN)]
    since = {id_: int(found.get(f"{_SINCE}{id_}", 0)) for id_ in ids}
    order = sorted(ids, key=lambda id_: (since[id_], id_))
    ends: list[int | None] = [*(since[following] + YEAR for following in order[1:]), None][: len(order)]
    return [
        TokenKey(id_, bytes.fromhex(found[f"{_TOKEN}{id_}"]), since[id_], until)
        for id_, until in zip(order, ends, strict=True)
    ]


def read(conn: Connection, now: int) -> Keys:
    """The secrets as they count now. Raises StoreError where they are missing."""
    fixed = {
        row.name: row.value for row in conn.execute(select(meta).where(meta.c.name.in_(("desk", "key.root"))))
    }
    good = [one for one in listed(conn) if one.until is None or now < one.until]
    if len(fixed) < 2 or not good:
        raise StoreError("the store has no keys; restore it from a backup, or start a fresh one")
    # The last one signs. One that does not sign yet verifies already: another node's clock may be ahead.
    signing = max((one for one in good if one.since <= now), key=lambda one: one.since, default=good[0])
    ordered = (*(one for one in good if one is not signing), signing)
    return Keys(
        fixed["desk"], bytes.fromhex(fixed["key.root"]), tuple((one.id, one.secret) for one in ordered)
    )


def rotate(conn: Connection, now: int) -> TokenKey:
    """Makes a new key, which signs in a minute. Raises StoreError while another new one does not sign yet."""
    known = listed(conn)
    if known[-1].since > now:
        raise StoreError("a new key was made a moment ago and does not sign yet; it is enough")
    used = {one.id for one in known}
    id_ = next(
        (one % MOST + 1 for one in range(known[-1].id, known[-1].id + MOST) if one % MOST + 1 not in used), 0
    )
    if not id_:
        raise StoreError(f"there are {MOST} keys that still verify; wait until the oldest is gone")
    made = TokenKey(id_, secrets.token_bytes(32), now + DELAY, None)
    rows = {f"{_TOKEN}{id_}": made.secret.hex(), f"{_SINCE}{id_}": str(made.since)}
    conn.execute(meta.insert(), [{"name": name, "value": value} for name, value in rows.items()])
    return made


def forget(conn: Connection, now: int) -> list[int]:
    """Deletes the keys that verify nothing any more; their ids."""
    gone = [one.id for one in listed(conn) if one.until is not None and one.until <= now]
    names = [f"{prefix}{id_}" for id_ in gone for prefix in (_TOKEN, _SINCE)]
    if names:
        conn.execute(delete(meta).where(meta.c.name.in_(names)))
    return gone
