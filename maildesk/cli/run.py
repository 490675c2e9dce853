"""`maildesk run`: the desk at work, in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.check import where_it_is_watched, where_mail_goes, where_the_store_is
from maildesk.cli.screen import count, note, plain, say, states

if TYPE_CHECKING:
    from maildesk.app import App
    from maildesk.daemon import Daemon
    from maildesk.edges.systemd import Manager

EXAMPLE = "Example: maildesk --config /srv/desk/maildesk.toml run"
UPGRADE_SECONDS = 6 * 3600.0
"""So long the service manager waits for an upgrade of the store: years of mail take their time."""


def command(
    ctx: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Do what waits now, without listeners, then end.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse to start with the last good configuration.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log more, as the level debug in [log] does.")
    ] = False,
) -> None:
    """Run the desk: take mail, decide it, send answers. It stays in the foreground; Ctrl-C stops it, SIGHUP reloads.

    Where the configuration cannot be used, it runs with the last good one.
    """
    from maildesk.config.settings import Log
    from maildesk.edges import logs

    if once:
        with desk.opened(ctx, strict=strict) as app:
            logs.start(Log(), app.store.node.name, "debug" if verbose else "warning")
            _once(app)
        return
    import faulthandler

    from maildesk.daemon import Daemon
    from maildesk.edges.systemd import Manager

    manager = Manager()
    found = desk.configured(ctx, strict, whole=True)
    settings = found.loaded.settings
    logs.start(settings.log, settings.node.name, "debug" if verbose else "")
    _may_upgrade(settings.store.url, manager)
    with desk.opened(ctx, found=found, daemon=True) as app:
        if app.configured.kept:
            app.refused(app.configured.problems)
        daemon = Daemon(app, manager)
        # The watchdog of systemd ends a desk that hangs by SIGABRT: then standard error says where each thread is.
        faulthandler.enable()
        daemon.run(started=lambda: _announce(daemon))


def _may_upgrade(url: str, manager: Manager) -> None:
    """An upgrade of the store comes before the start is done, and may take longer than a start may."""
    from maildesk.store.db import Database
    from maildesk.store.schema import VERSION

    db = Database(url)
    try:
        if db.missing:
            return
        desk.check_owner(db)
        with desk.sound(db), db.connect() as conn:
            version = db.version(conn)
        if 0 < version < VERSION:
            manager.busy(f"upgrades its store from version {version} to {VERSION}", UPGRADE_SECONDS)
    finally:
        db.close()


def _announce(daemon: Daemon) -> None:
    app = daemon.app
    settings, policy = app.loaded.settings, app.loaded.policy
    note(f"{plain(policy.name)} <{plain(policy.address)}> is at work. Ctrl-C stops it.")
    for intake in daemon.intakes:
        note(f"  mail in   {plain(intake.shown)}")
    if not settings.smtp and not settings.lmtp and not settings.imap:
        note("  mail in   no listener and no mailbox; only `maildesk deliver` brings mail")
    note(f"  mail out  {plain(where_mail_goes(settings))}")
    for name, told in where_it_is_watched(settings):
        note(f"  {name:<9} {told}")
    note(f"  store     {plain(where_the_store_is(settings))}")


def _once(app: App) -> None:
    app.enter()
    try:
        handled = app.until_idle()
    finally:
        app.leave()
    counts = app.counts()
    say(f"{count(handled, 'mail')} handled. In: {states(counts['inbox'])}. Out: {states(counts['outbox'])}.")
