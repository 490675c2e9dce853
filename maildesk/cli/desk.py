"""What a command has to do with the desk: its configuration, its store, and who is acting."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from maildesk.cli.errors import No

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from maildesk.app import App
    from maildesk.config.load import Loaded
    from maildesk.configured import Configured
    from maildesk.store.db import Database
    from maildesk.store.store import Store


def config_of(ctx: typer.Context) -> Path:
    """The configuration that the command line names; the file, where it names its folder."""
    from maildesk.config.scaffold import MAIN

    path = ctx.obj
    assert isinstance(path, Path)
    return path / MAIN if path.is_dir() else path


def loaded(ctx: typer.Context) -> Loaded:
    """The configuration; see `configured`."""
    return configured(ctx).loaded


def configured(ctx: typer.Context, strict: bool = False, whole: bool = False) -> Configured:
    """The configuration. Where the files cannot be used, the desk's last good one, and stderr says so.

    With `whole` each template is tried, too. Raises an error of `BROKEN` where there is no good one, or with `strict`.
    """
    import logging

    from maildesk import configured as configuring
    from maildesk.cli.screen import note, plain, when

    # Without a log a command tells its errors itself, once.
    logging.getLogger("maildesk").addHandler(logging.NullHandler())
    path = config_of(ctx)
    try:
        return configuring.checked(path, folders=False) if whole else configuring.read(path)
    except configuring.BROKEN as error:
        found = None if strict else configuring.last_good(path)
        if found is None:
            raise
        for problem in error.problems:
            note(plain(problem))
        since = when(found.kept, found.loaded.policy.zone)
        note(f"The configuration cannot be used: this is done with the last good one, of {since}.")
        return replace(found, problems=tuple(map(str, error.problems)))


def problems(ctx: typer.Context) -> tuple[str, ...]:
    """What is wrong with the admin's files; nothing where they may be used."""
    from maildesk import configured as configuring

    try:
        configuring.checked(config_of(ctx))
    except configuring.Unusable as error:
        return error.problems
    return ()


def check_owner(db: Database) -> None:
    """Raises No where the store's file is another user's: what is written by us, that user could not read."""
    if db.path is None or db.missing:
        return
    owner, me = db.path.stat().st_uid, os.geteuid()
    if owner != me:
        name = _login(owner)
        raise No(
            f"the store {db.path} belongs to {name} and you are {_login(me)}; "
            f"run this as {name}, for example with `sudo -u {name}`."
        )


@contextmanager
def sound(db: Database) -> Iterator[None]:
    """Raises No where the store's file turns out to be no database, or a damaged one."""
    import sqlite3

    from sqlalchemy.exc import DatabaseError

    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        is_ = {
            sqlite3.SQLITE_NOTADB: "is not a maildesk database",
            sqlite3.SQLITE_CORRUPT: "is a damaged database",
        }.get(code or 0)
        if is_ is None:
            raise
        raise No(f"{db.path} {is_}; restore it from a backup, or name another file in store.url.") from error


@contextmanager
def opened(
    ctx: typer.Context,
    create: bool = True,
    strict: bool = False,
    daemon: bool = False,
    found: Configured | None = None,
) -> Iterator[App]:
    """A whole desk with its store open, for one command, or for the daemon under the node's name.

    Raises No for another user's store.
    """
    from maildesk.app import App
    from maildesk.store.nodes import cli_name

    found = found or configured(ctx, strict)
    app = App(found, found.loaded.settings.node.name if daemon else cli_name(), config_of(ctx))
    check_owner(app.store.db)
    try:
        if not create:
            check_exists(app.store.db)
        with sound(app.store.db):
            app.store.open(create)
            yield app
    finally:
        app.store.close()


def check_exists(db: Database) -> None:
    """Raises No where the store's file is not there yet."""
    if db.missing:
        raise No(f"there is no store yet at {db.path}; `maildesk run` makes it.")


@contextmanager
def reading(
    ctx: typer.Context, found: Configured | None = None
) -> Iterator[tuple[Loaded, Store, Connection]]:
    """Configuration and a store that is there already, with a connection that cannot write."""
    from maildesk.store.db import Database
    from maildesk.store.nodes import cli_name
    from maildesk.store.store import Store

    config = found.loaded if found else loaded(ctx)
    store = Store(Database(config.settings.store.url), cli_name())
    check_owner(store.db)
    check_exists(store.db)
    try:
        with sound(store.db):
            store.open(create=False)
            with store.db.reading() as conn:
                yield config, store, conn
    finally:
        store.close()


def now() -> int:
    """This instant, microseconds UTC."""
    from maildesk.store.db import local_now

    return local_now()


def admin() -> str:
    """Who acts at the command line, for a ticket's history: admin, with the login of the operating system."""
    return f"admin ({_login(os.getuid())})"


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def who_decides(store: Store) -> str:
    """Who will do what now waits, for a sentence: the running daemon, or one that has yet to be started."""
    from maildesk.store import lookup

    with store.db.reading() as conn:
        running = any(node["alive"] for node in lookup.daemons(conn, store.db, now()))
    return "the running daemon" if running else "the next `maildesk run`"
