"""The configurations that nodes have run with, kept so that a restart with a broken one need not stop the desk."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from hashlib import sha256

from sqlalchemy import Connection, select

from maildesk.store.db import insert
from maildesk.store.schema import configuration


def keep(conn: Connection, node: str, policy: str, files: Mapping[str, str], now: int) -> None:
    """These files are the last good configuration of a node; `policy` is their digest as decisions cite it."""
    text = json.dumps(files, sort_keys=True).encode()
    key = {"node": node, "sha256": sha256(text).hexdigest()}
    statement = insert(conn, configuration).values(**key, policy=policy, used=now, z=zlib.compress(text, 6))
    conn.execute(statement.on_conflict_do_update(index_elements=list(key), set_={"used": now}))


def last_good(conn: Connection, node: str) -> tuple[dict[str, str], str, int] | None:
    """The files that a node ran with last, their digest, and when it took them; None if it never ran."""
    row = conn.execute(
        select(configuration)
        .where(configuration.c.node == node)
        .order_by(configuration.c.used.desc())
        .limit(1)
    ).first()
    return (json.loads(zlib.decompress(row.z)), row.policy, row.used) if row else None
