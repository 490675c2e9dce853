"""`maildesk run`: the desk at work, in the foreground."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.check import where_mail_goes, where_the_store_is
from maildesk.cli.screen import count, note, plain, say, states

if TYPE_CHECKING:
    from maildesk.app import App
    from maildesk.daemon import Daemon

EXAMPLE = "Example: maildesk --config /srv/desk/maildesk.toml run"


def command(
    ctx: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Do what waits now, without listeners, then end.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse to start with the last good configuration.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log everything, also what is of no use mostly.")
    ] = False,
) -> None:
    """Run the desk: take mail, decide it, send answers. It stays in the foreground; Ctrl-C stops it, SIGHUP reloads.

    Where the configuration cannot be used, it runs with the last good one.
    """
    if once:
        with desk.opened(ctx, strict=strict) as app:
            _log_to_stderr("debug" if verbose else "warning")
            _once(app)
        return
    from maildesk.daemon import Daemon

    with desk.opened(ctx, strict=strict, daemon=True) as app:
        _log_to_stderr("debug" if verbose else app.loaded.settings.log.level)
        if app.configured.kept:
            app.refused(app.configured.problems)
        daemon = Daemon(app)
        daemon.run(started=lambda: _announce(daemon))


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(message)s", force=True
    )


def _announce(daemon: Daemon) -> None:
    app = daemon.app
    settings, policy = app.loaded.settings, app.loaded.policy
    note(f"{plain(policy.name)} <{plain(policy.address)}> is at work. Ctrl-C stops it.")
    for intake in daemon.intakes:
        note(f"  mail in   {plain(intake.shown)}")
    if not settings.smtp and not settings.lmtp and not settings.imap:
        note("  mail in   no listener and no mailbox; only `maildesk deliver` brings mail")
    note(f"  mail out  {plain(where_mail_goes(settings))}")
    note(f"  store     {plain(where_the_store_is(settings))}")


def _once(app: App) -> None:
    app.enter()
    try:
        handled = app.until_idle()
    finally:
        app.leave()
    counts = app.counts()
    say(f"{count(handled, 'mail')} handled. In: {states(counts['inbox'])}. Out: {states(counts['outbox'])}.")
