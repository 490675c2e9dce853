"""Refresh tokens that replace those in the configuration: providers hand out a new one with each use."""

from __future__ import annotations

from sqlalchemy import Connection, select

from maildesk.store.db import insert
from maildesk.store.schema import oauth_token


def load(conn: Connection, key: str) -> str:
    """The newest refresh token kept under this key; "" if there is none."""
    found = conn.execute(select(oauth_token.c.refresh_token).where(oauth_token.c.key == key)).scalar()
    return found or ""


def save(conn: Connection, key: str, refresh_token: str, now: int) -> None:
    """Keeps a refresh token in place of the one before."""
    values = {"refresh_token": refresh_token, "at": now}
    statement = insert(conn, oauth_token).values(key=key, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))
