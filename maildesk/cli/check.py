"""`maildesk check`: whether the configuration is right, and what the desk will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, note, pairs, plain, say, states

if TYPE_CHECKING:
    from maildesk.config.settings import Settings

EXAMPLE = "Example: maildesk --config /srv/desk/maildesk.toml check"


def command(ctx: typer.Context) -> None:
    """Check the configuration and say what the desk will do. Changes nothing."""
    path = desk.config_of(ctx)
    found = desk.problems(ctx)
    if found:
        for problem in found:
            note(plain(problem))
        them = "it" if len(found) == 1 else "them"
        raise No(f"{plain(path)}: {count(len(found), 'problem')}; mend {them} and check again.")
    loaded = desk.loaded(ctx)
    settings, policy = loaded.settings, loaded.policy
    store = _store_state(settings)
    say(f"{plain(policy.name)}, {plain(policy.address)}")
    departments = [
        (
            plain(department.title),
            f"{', '.join(department.addresses) or policy.address}, answered by "
            + ", ".join(agent.name for agent in policy.agents_of(department.name)),
        )
        for department in policy.departments
    ]
    pairs(
        [
            *departments,
            ("rules", len(policy.rules)),
            *where_mail_comes(settings),
            ("mail out", where_mail_goes(settings)),
            ("store", store),
        ],
        indent=2,
    )
    say(f"{plain(path)} is right.")


def where_mail_comes(settings: Settings) -> list[tuple[str, str]]:
    """The listeners as pairs to be shown."""
    listeners = [("mail in", f"SMTP on {listener.listen}") for listener in settings.smtp]
    return listeners or [("mail in", "no listener; only `maildesk deliver` brings mail")]


def where_mail_goes(settings: Settings) -> str:
    """Where outgoing mail goes, for people."""
    return f"into the folder {settings.send.path} (a Maildir); nothing leaves this machine"


def where_the_store_is(settings: Settings) -> str:
    """The store's file, or the URL of its database without the password."""
    from sqlalchemy import make_url

    url = make_url(settings.store.url)
    return url.database or "" if url.get_backend_name() == "sqlite" else settings.store.public_url


def _store_state(settings: Settings) -> str:
    """What is in the store, opened without a chance to write. Raises StoreError and the database's errors."""
    from maildesk.store import inbox, outbox
    from maildesk.store.db import Database
    from maildesk.store.nodes import cli_name
    from maildesk.store.store import Store

    db, where = Database(settings.store.url), where_the_store_is(settings)
    desk.check_owner(db)
    if db.path is not None and not db.path.exists():
        return f"{where}; it is made on the first run"
    store = Store(db, cli_name())
    try:
        with desk.sound(db):
            with db.connect() as conn:
                if not db.engine.dialect.has_table(conn, "meta"):
                    return f"{where}; its tables are made on the first run"
            store.open(create=False)
            with db.reading() as conn:
                came, going = states(inbox.counts(conn)), states(outbox.counts(conn))
        return f"{where}; mails that came: {came}; that go out: {going}"
    finally:
        store.close()
