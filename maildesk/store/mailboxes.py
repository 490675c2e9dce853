"""Mailboxes read by IMAP: who holds each, how far each folder has been read, and the copies left on the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, func, or_, select, update

from maildesk.core.model import DAY
from maildesk.store import inbox as inbox_rows
from maildesk.store import nodes
from maildesk.store.db import Database, insert
from maildesk.store.inbox import Incoming
from maildesk.store.mailbox_tables import COPY_OPEN, mailbox, mailbox_folder, server_copy
from maildesk.store.schema import inbox

CopyState = Literal["todo", "copied", "done", "left", "gone", "changed"]
"""What is to be done with a copy, or was: `gone` is no longer there, `changed` is not the mail that was stored."""


FOREVER = 2**62
"""An instant after all others."""


class NotHeld(Exception):
    """Another node has taken the mailbox over: nothing of this was stored."""


@dataclass(frozen=True, slots=True)
class Folder:
    """How far a folder has been read. Instants are microseconds UTC.

    UIDs below `first_uid` were there before the start. `newest` is the server's time of the newest mail taken. Mails
    up to `rescan_to` are being read again, for `reason` ("restored" or "flood"): unknown ones older than `mark` are
    held. Up to `let_in_to` any number of mails is welcome. `messages` is how many were there when it was last looked
    at; `stopped` says why nothing is taken, and `stopped_to` the newest UID by then.
    """

    mailbox: str
    folder: str
    uidvalidity: int
    last_uid: int
    epoch: int = 0
    first_uid: int = 1
    started: int = 0
    newest: int = 0
    rescan_to: int = 0
    mark: int = 0
    reason: str = ""
    let_in_to: int = 0
    messages: int = 0
    left_unread: int = 0
    stopped: str = ""
    stopped_to: int = 0


@dataclass(frozen=True, slots=True)
class Copy:
    """A mail on the server as it was when it was stored; `internaldate` in microseconds UTC."""

    uid: int
    size: int
    internaldate: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A copy with which something is yet to be done; `copied` says that it lies in the target folder already."""

    key: str
    copy: Copy
    tries: int
    copied: bool


def hold(conn: Connection, db: Database, name: str, holder: str, now: int) -> bool:
    """Takes the mailbox unless a living node holds it; tells whether it is ours."""
    conn.execute(
        insert(conn, mailbox).on_conflict_do_nothing(),
        {"name": name, "holder": None, "polled": None, "error": "", "error_since": None},
    )
    others = sorted(nodes.alive(conn, db, now) - {holder})
    free = or_(mailbox.c.holder.is_(None), mailbox.c.holder.not_in(others))
    done = conn.execute(update(mailbox).where(mailbox.c.name == name, free).values(holder=holder))
    return done.rowcount == 1


def let_go(conn: Connection, name: str, holder: str) -> None:
    """Gives the mailbox back."""
    conn.execute(
        update(mailbox).where(mailbox.c.name == name, mailbox.c.holder == holder).values(holder=None)
    )


def check_held(conn: Connection, name: str, holder: str) -> None:
    """Raises NotHeld unless the mailbox is ours; until the transaction ends nobody can take it."""
    done = conn.execute(
        update(mailbox).where(mailbox.c.name == name, mailbox.c.holder == holder).values(holder=holder)
    )
    if done.rowcount != 1:
        raise NotHeld(f"another node reads the mailbox {name}")


def polled(conn: Connection, name: str, holder: str, now: int, complete: bool) -> None:
    """The mailbox was read without an error; `complete` where all that was there was taken. Raises NotHeld."""
    check_held(conn, name, holder)
    values: dict[str, Any] = {"error": "", "error_since": None} | ({"polled": now} if complete else {})
    conn.execute(update(mailbox).where(mailbox.c.name == name).values(values))


def failed(conn: Connection, name: str, error: str, now: int) -> None:
    """Remembers what hinders reading, and since when."""
    since = func.coalesce(mailbox.c.error_since, now)
    conn.execute(update(mailbox).where(mailbox.c.name == name).values(error=error, error_since=since))


def folder(conn: Connection, name: str, folder_name: str) -> Folder | None:
    """How far a folder has been read; None if it never was."""
    row = conn.execute(
        select(mailbox_folder).where(mailbox_folder.c.mailbox == name, mailbox_folder.c.folder == folder_name)
    ).first()
    return Folder(**row._mapping) if row else None


def begin(conn: Connection, new: Folder) -> None:
    """A folder is read from here on."""
    values = {name: getattr(new, name) for name in Folder.__dataclass_fields__}
    conn.execute(insert(conn, mailbox_folder).on_conflict_do_nothing(), values)


def change(conn: Connection, name: str, folder_name: str, values: Mapping[str, Any]) -> bool:
    """Changes fields of a folder; False if there is no such folder."""
    done = conn.execute(
        update(mailbox_folder)
        .where(mailbox_folder.c.mailbox == name, mailbox_folder.c.folder == folder_name)
        .values(values)
    )
    return done.rowcount == 1


def take(
    conn: Connection,
    at: Folder,
    holder: str,
    mails: Sequence[tuple[Incoming, Copy, CopyState]],
    again: Sequence[tuple[str, Copy, CopyState]],
    last_uid: int,
    now: int,
) -> None:
    """Stores mails and moves the cursor, in one transaction. `again` are mails known by their bytes (row keys) that
    have a new place. Doing it again changes nothing. Raises NotHeld."""
    check_held(conn, at.mailbox, holder)
    sources = [mail.source_key for mail, _, _ in mails]
    known = set(conn.execute(select(inbox.c.source_key).where(inbox.c.source_key.in_(sources))).scalars())
    place = {"mailbox": at.mailbox, "folder": at.folder, "uidvalidity": at.uidvalidity, "at": now}
    rows = []
    for mail, copy, state in mails:
        if mail.source_key not in known:
            inbox_rows.accept(conn, mail)
            rows.append(place | _copy(copy) | {"key": mail.key, "state": state})
    if rows:
        conn.execute(server_copy.insert(), rows)
    for key, copy, state in again:
        values = place | _copy(copy) | {"state": state}
        conn.execute(
            update(server_copy)
            .where(server_copy.c.key == key, server_copy.c.mailbox == at.mailbox)
            .values(values)
        )
    newest = max((mail.received for mail, _, _ in mails), default=at.newest)
    change(conn, at.mailbox, at.folder, {"last_uid": last_uid, "newest": max(newest, at.newest)})


def _copy(copy: Copy) -> dict[str, Any]:
    return {
        "uid": copy.uid,
        "size": copy.size,
        "internaldate": copy.internaldate,
        "tries": 0,
        "not_before": 0,
        "trouble": "",
    }


def known(conn: Connection, hashes: Iterable[str]) -> dict[str, str]:
    """The row keys of the mails that came with these bytes, by sha256."""
    found = conn.execute(select(inbox.c.sha256, inbox.c.key).where(inbox.c.sha256.in_(sorted(set(hashes)))))
    return {row.sha256: row.key for row in found}


def stored(conn: Connection, at: Folder, uids: Iterable[int]) -> dict[int, Copy]:
    """What was stored of these UIDs under the folder's UIDVALIDITY; the newest where a UID was used twice."""
    c = server_copy.c
    rows = conn.execute(
        select(server_copy)
        .where(
            c.mailbox == at.mailbox,
            c.folder == at.folder,
            c.uidvalidity == at.uidvalidity,
            c.uid.in_(sorted(set(uids))),
        )
        .order_by(c.at)
    )
    return {row.uid: Copy(row.uid, row.size, row.internaldate) for row in rows}


def last_poll(conn: Connection, name: str) -> int | None:
    """When everything that was there had last been taken."""
    found: int | None = conn.execute(select(mailbox.c.polled).where(mailbox.c.name == name)).scalar()
    return found


def taken(conn: Connection, at: Folder, after_uid: int, since: int) -> int:
    """How many mails of a folder above a UID have been taken since an instant."""
    c = server_copy.c
    here = (c.mailbox == at.mailbox, c.folder == at.folder, c.uidvalidity == at.uidvalidity)
    return int(
        conn.execute(
            select(func.count()).select_from(server_copy).where(*here, c.at > since, c.uid > after_uid)
        ).scalar_one()
    )


def usual_a_day(conn: Connection, at: Folder, until: int) -> float:
    """How many mails a day the folder brought in the 30 days before an instant."""
    c = server_copy.c
    row = conn.execute(
        select(func.count().label("n"), func.min(c.at).label("first")).where(
            c.mailbox == at.mailbox, c.folder == at.folder, c.at > until - 30 * DAY, c.at <= until
        )
    ).one()
    return float(row.n) / max(1.0, (until - row.first) / DAY) if row.n else 0.0


def pending(conn: Connection, at: Folder, now: int, limit: int) -> list[Pending]:
    """Copies with which something is to be done now. Those of another UIDVALIDITY are left alone from here on."""
    c = server_copy.c
    here = (COPY_OPEN, c.mailbox == at.mailbox, c.folder == at.folder)
    found = conn.execute(
        select(server_copy)
        .where(*here, c.uidvalidity == at.uidvalidity, c.not_before <= now)
        .order_by(c.uid)
        .limit(limit)
    )
    return [
        Pending(row.key, Copy(row.uid, row.size, row.internaldate), row.tries, row.state == "copied")
        for row in found
    ]


def outdated(conn: Connection, at: Folder) -> int:
    """Gives up what was to be done with copies under another UIDVALIDITY; how many there were."""
    c = server_copy.c
    done = conn.execute(
        update(server_copy)
        .where(COPY_OPEN, c.mailbox == at.mailbox, c.folder == at.folder, c.uidvalidity != at.uidvalidity)
        .values(state="changed")
    )
    return done.rowcount


def settle(conn: Connection, keys: Iterable[str], state: CopyState) -> None:
    """Records what became of copies."""
    conn.execute(update(server_copy).where(server_copy.c.key.in_(list(keys))).values(state=state, trouble=""))


def later(conn: Connection, keys: Iterable[str], trouble: str, not_before: int) -> None:
    """Has copies tried again at an instant."""
    conn.execute(
        update(server_copy)
        .where(server_copy.c.key.in_(list(keys)))
        .values(tries=server_copy.c.tries + 1, trouble=trouble, not_before=not_before)
    )


def resume(conn: Connection, name: str, held: bool) -> list[str]:
    """Lets the stopped folders of a mailbox go on; `held` has what stopped them held. The folders that were stopped."""
    c = mailbox_folder.c
    stopped = conn.execute(select(mailbox_folder).where(c.mailbox == name, c.stopped != "")).all()
    for row in stopped:
        values: dict[str, Any] = {"stopped": "", "stopped_to": 0, "let_in_to": row.stopped_to}
        if not row.stopped_to:
            values["messages"] = 0
        elif held:
            values |= {"rescan_to": row.stopped_to, "mark": FOREVER, "reason": "flood"}
        change(conn, name, row.folder, values)
    return [row.folder for row in stopped]


def overview(conn: Connection) -> dict[str, dict[str, Any]]:
    """How each mailbox stands, for people: by name."""
    c = server_copy.c
    troubled = {
        row.mailbox: (row.n, row.trouble)
        for row in conn.execute(
            select(c.mailbox, func.count().label("n"), func.max(c.trouble).label("trouble"))
            .where(COPY_OPEN, c.trouble != "")
            .group_by(c.mailbox)
        )
    }
    found: dict[str, dict[str, Any]] = {}
    for row in conn.execute(select(mailbox).order_by(mailbox.c.name)):
        n, trouble = troubled.get(row.name, (0, ""))
        found[row.name] = {
            "holder": row.holder,
            "polled": row.polled,
            "error": row.error,
            "error_since": row.error_since,
            "not_filed": n,
            "not_filed_why": trouble,
            "left_unread": 0,
            "folders": {},
        }
    for row in conn.execute(select(mailbox_folder)):
        box = found[row.mailbox]
        box["left_unread"] += row.left_unread
        box["folders"][row.folder] = {
            "uidvalidity": row.uidvalidity,
            "last_uid": row.last_uid,
            "messages": row.messages,
            "stopped": row.stopped,
            "stopped_to": row.stopped_to,
            "rescan": row.rescan_to > row.last_uid,
        }
    return found
