"""`maildesk reload`: the running desk goes by the changed configuration."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, note, plain, say

if TYPE_CHECKING:
    from maildesk.app import App
    from maildesk.configured import Configured

EXAMPLE = "Example: maildesk reload --dry-run"
SECONDS = 30.0


def command(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Make the running desk go by the changed configuration.

    What changes is shown first. A configuration that cannot be used changes nothing.
    SIGHUP to the daemon does the same without showing it.
    """
    from maildesk import configured as configuring
    from maildesk.store import control

    try:
        new = configuring.checked(desk.config_of(ctx))
    except configuring.Unusable as error:
        raise _refused(ctx, error.problems) from error
    with desk.opened(ctx, create=False) as app:
        old = _running(app)
        if old and (problems := _taken_away(app, old, new)):
            raise _refused(ctx, tuple(problems))
        restart = _show(old, new)
        if dry_run:
            return
        with app.store.db.reading() as conn:
            if not _alive(app, conn):
                raise No("no daemon runs; `maildesk run` starts with this configuration.")
        wish = app.store.write("work", lambda conn: control.wish_reload(conn, app.clock(), desk.admin()))
        _wait(app, wish)
        if restart:
            note(configuring.restart_sentence(restart))


def _refused(ctx: typer.Context, problems: tuple[str, ...]) -> No:
    for problem in problems:
        note(plain(problem))
    them = "it" if len(problems) == 1 else "them"
    return No(
        f"{plain(desk.config_of(ctx))}: {count(len(problems), 'problem')}; nothing is reloaded. Mend {them} first."
    )


def _running(app: App) -> Configured | None:
    """What the desk went by last."""
    from maildesk import configured as configuring
    from maildesk.store import configurations

    with app.store.db.reading() as conn:
        row = configurations.last_good(conn, app.loaded.settings.node.name)
    return configuring.unpacked(*row, home=app.path.absolute().parent) if row else None


def _taken_away(app: App, old: Configured, new: Configured) -> list[str]:
    from maildesk.config.difference import removed
    from maildesk.store import lookup

    with app.store.db.reading() as conn:
        return removed(old.loaded.policy, new.loaded.policy, lookup.in_use(conn))


def _show(old: Configured | None, new: Configured) -> tuple[str, ...]:
    from maildesk import configured as configuring

    if old is None:
        say("No daemon has run with this desk yet, so there is nothing to compare with.")
        return ()
    found = configuring.compared(old, new)
    for change in found.changes:
        say(plain(change))
    if not found.changes:
        say("Nothing changes." if not found.restart else "Nothing changes now.")
    return found.restart


def _alive(app: App, conn: Any) -> list[dict[str, Any]]:
    from maildesk.store import lookup

    return [node for node in lookup.daemons(conn, app.store.db, app.clock()) if node["alive"]]


def _wait(app: App, wish: str) -> None:
    """Waits until every running daemon has heeded the wish, and says what came of it. Raises No where one refused."""
    end = time.monotonic() + SECONDS
    while True:
        with app.store.db.reading() as conn:
            running = _alive(app, conn)
        waiting = [node["name"] for node in running if node["reloaded"] != wish]
        if not waiting:
            break
        if time.monotonic() > end:
            raise No(f"{', '.join(waiting)} has not answered within {SECONDS:.0f} s; see its log.")
        time.sleep(0.1)
    refused = [node for node in running if node["trouble"]]
    for node in refused:
        note(f"{node['name']}: {plain(node['trouble'], lines=True)}")
    if refused:
        raise No(f"{', '.join(node['name'] for node in refused)} keeps the old configuration.")
    say(f"In force on {', '.join(node['name'] for node in running) or 'no daemon'}.")
