"""`maildesk check`: whether the configuration is right, and what the desk will do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk, doors
from maildesk.cli.errors import No
from maildesk.cli.screen import count, heading, note, pairs, plain, say, states

if TYPE_CHECKING:
    from maildesk.config.load import Loaded
    from maildesk.config.settings import Settings
    from maildesk.core.policy import Policy

EXAMPLE = "Example: maildesk --config /srv/desk/maildesk.toml check"


def command(
    ctx: typer.Context,
    online: Annotated[
        bool,
        typer.Option("--online", help="Also log in to the servers that it names; takes and sends nothing."),
    ] = False,
) -> None:
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
            *doors.mail_in(loaded),
            ("mail out", where_mail_goes(settings)),
            *where_answers_go(policy),
            *where_it_is_watched(settings),
            ("alarms", who_hears(settings, policy)),
            ("store", store),
        ],
        indent=2,
    )
    if online:
        _online(loaded, path)
    say(f"{plain(path)} is right.")


def _online(loaded: Loaded, path: Path) -> None:
    """Logs in to every server and says what is there. Raises No where something is wrong."""
    from maildesk.cli.online import servers
    from maildesk.store.db import Database
    from maildesk.store.nodes import cli_name
    from maildesk.store.store import Store

    store = Store(Database(loaded.settings.store.url), cli_name())
    try:
        there = not store.db.missing
        if there:
            store.open(create=False)
        found, problems = servers(loaded, store if there else None)
    finally:
        store.close()
    if found:
        heading("Online")
        pairs([(plain(name), plain(told)) for name, told in found], indent=2)
    for problem in problems:
        note(plain(problem))
    if problems:
        raise No(f"{plain(path)}: {count(len(problems), 'problem')} online.")


def where_mail_goes(settings: Settings) -> str:
    """Where outgoing mail goes, for people."""
    send = settings.send
    if send.kind == "smtp":
        how = {"starttls": "with STARTTLS", "implicit": "with TLS", "none": "in clear, to this machine"}[
            send.tls
        ]
        return f"by SMTP through {send.host}:{send.relay_port} {how}" + (
            f", as {send.user}" if send.user else ""
        )
    return f"into the folder {settings.send.path} (a Maildir); nothing leaves this machine"


def where_answers_go(policy: Policy) -> list[tuple[str, str]]:
    """What is not as usual with the addresses for answers and for bounces, as pairs to be shown."""
    from maildesk.core.policy import TOKEN

    found = []
    if policy.reply_address == "pattern":
        shown = policy.reply_pattern.replace(TOKEN, "...")
        found.append(("answers", f"to {plain(shown)}; your mail server must bring all of these to the desk"))
    elif policy.reply_address == "none":
        told = (
            "to the desk's address alone: an agent's reply proves nothing and is held, unless a login or the word of"
            " your mail server proves its sender; the relay must keep our Message-IDs"
        )
        found.append(("answers", told))
    if policy.return_path == "verp":
        told = "each mail has its own return path; your mail server must bring all of these to the desk"
        found.append(("bounces", told))
    elif policy.return_path == "null":
        found.append(
            ("bounces", "none come back: nobody hears of an answer that the relay took and could not deliver")
        )
    return found


def where_it_is_watched(settings: Settings) -> list[tuple[str, str]]:
    """Where the log and the metrics go if not the usual way, as pairs to be shown."""
    from maildesk.config.listeners import split_listen
    from maildesk.config.settings import loopback

    log, metrics, found = settings.log, settings.metrics, []
    if log.file or log.format == "json":
        form = "as JSON " if log.format == "json" else ""
        found.append(("log", f"{form}to {plain(log.file) or 'standard error'}"))
    if metrics.listen:
        seen = "" if loopback(split_listen(metrics.listen)[0]) else "; whoever reaches that port reads them"
        found.append(("metrics", f"for Prometheus on {plain(metrics.listen)}{seen}"))
    if metrics.textfile:
        found.append(("metrics", f"for node_exporter in {plain(metrics.textfile)}"))
    return found


def who_hears(settings: Settings, policy: Policy) -> str:
    """Who is told when something is wrong, for people."""
    told = [policy.admin] if policy.admin else []
    if settings.alarms.command:
        told.append(f"the program {settings.alarms.command[0]}")
    return f"told to {' and '.join(told)}" if told else "told to nobody; write admin below [desk]"


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
    if db.missing:
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
