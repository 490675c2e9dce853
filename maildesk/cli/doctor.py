"""`maildesk doctor`: what is wrong with the desk, and what to do about it."""

from __future__ import annotations

import secrets
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, count, note, plain, say, width

if TYPE_CHECKING:
    from maildesk.configured import Configured
    from maildesk.core.finding import Finding
    from maildesk.store.store import Store

EXAMPLE = "Example: maildesk doctor --online"
WAIT = 120
_LABEL = 9
_EVERY = 10


def command(
    ctx: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every mail of the store, not only the newest.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Also log in to the mail servers, as `check --online` does.")
    ] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Only mail the desk itself, and say what comes back and what to set for it."
        ),
    ] = False,
    wait: Annotated[
        int,
        typer.Option("--wait", min=1, metavar="SECONDS", help="Seconds to wait for the probes to come back."),
    ] = WAIT,
    json: Json = False,
) -> None:
    """Look the desk over: its store, files, domains, certificates.

    It says what is wrong and what to do. It changes nothing, and the desk may run meanwhile. Ends with 1 where there is
    a fault.
    """
    findings = _probed(ctx, wait) if probe else _examined(ctx, deep, online)
    faults = sum(one.level == "fault" for one in findings)
    warnings = sum(one.level == "warning" for one in findings)
    if json:
        shown = [asdict(one) for one in findings]
        as_json({"faults": faults, "warnings": warnings, "findings": shown})
    else:
        _show(findings)
        say()
        say(f"{count(faults, 'fault')}, {count(warnings, 'warning')}.")
    raise typer.Exit(1 if faults else 0)


def _show(findings: Iterable[Finding]) -> None:
    """Prints findings, the worst first, each below its label where it is too long for a line."""
    from maildesk.core.finding import LEVELS

    room = max(width() - _LABEL, 40)
    for finding in sorted(findings, key=lambda one: LEVELS.index(one.level)):
        text = plain(f"{finding.check}: {finding.sentence}")
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
        label = finding.level.upper() if finding.level == "fault" else finding.level
        typer.secho(f"{label:<{_LABEL}}", nl=False, bold=finding.level != "fine")
        say(f"\n{' ' * _LABEL}".join(lines))


def _found(ctx: typer.Context) -> tuple[Configured | None, tuple[str, ...]]:
    """The configuration, the last good one where the files cannot be used, None if there is none; and the problems."""
    from maildesk import configured as configuring

    path = desk.config_of(ctx)
    try:
        return configuring.checked(path), ()
    except configuring.Unusable as unusable:
        problems = unusable.problems
    try:
        return configuring.read(path), problems
    except configuring.BROKEN:
        return configuring.last_good(path), problems


def _examined(ctx: typer.Context, deep: bool, online: bool) -> list[Finding]:
    """What all checks find."""
    from maildesk.core.finding import fault
    from maildesk.doctor.patient import Patient
    from maildesk.doctor.table import examined
    from maildesk.edges.dns import SystemResolver
    from maildesk.store.db import Database
    from maildesk.store.nodes import cli_name
    from maildesk.store.store import Store

    found, problems = _found(ctx)
    if found is None:
        do = "Mend it; `maildesk check` says when it is right, and nothing else can be looked at before."
        return [fault("configuration", problem.rstrip("."), do) for problem in problems]
    store = Store(Database(found.loaded.settings.store.url), cli_name())
    desk.check_owner(store.db)
    try:
        trouble = _opened(store)
        patient = Patient(
            main=desk.config_of(ctx),
            configured=found,
            problems=problems,
            store=store,
            trouble=trouble,
            now=desk.now(),
            resolver=SystemResolver(),
            online=_online(found, None if trouble else store) if online else None,
            deep=deep,
            progress=_progress(),
        )
        return list(examined(patient))
    finally:
        store.close()


def _opened(store: Store) -> str:
    """Why the store cannot be opened; "" where it is open."""
    from sqlalchemy.exc import DatabaseError

    from maildesk import log
    from maildesk.store.db import StoreError

    if store.db.missing:
        return f"there is no store yet at {store.db.path}; `maildesk run` makes it"
    try:
        with desk.sound(store.db):
            store.open(create=False)
    except (No, StoreError) as error:
        return str(error)
    except DatabaseError as error:
        told, advice = log.reason(error), log.advice(error)
        return (
            f"the store {store.db.shown} cannot be opened ({told}); {advice or 'see the log of the database'}"
        )
    return ""


def _online(found: Configured, store: Store | None) -> Callable[[], tuple[list[tuple[str, str]], list[str]]]:
    def log_in() -> tuple[list[tuple[str, str]], list[str]]:
        from maildesk.cli.online import servers

        return servers(found.loaded, store)

    return log_in


def _progress() -> Callable[[str, int], None]:
    """Says how far a long reading is, now and then, to a person who waits."""
    pieces = 0

    def progress(what: str, done: int) -> None:
        nonlocal pieces
        pieces += 1
        if pieces % _EVERY == 0 and sys.stderr.isatty():
            note(f"  {done} {what} read")

    return progress


def _probed(ctx: typer.Context, wait: int) -> list[Finding]:
    """What the way out and back does to mail. Raises No where nothing can be probed."""
    from maildesk.core.probe import NONCE
    from maildesk.core.probe_report import judge
    from maildesk.doctor import probe
    from maildesk.store import examine

    with desk.opened(ctx, create=False) as app:
        if why := probe.hindrance(app.loaded, app.store, desk.now()):
            raise No(why)
        with app.store.db.reading() as conn:
            since = examine.last_arrival(conn)
        started = desk.now()
        trials = probe.sent(app.loaded, app.store, secrets.token_bytes(NONCE), desk.now)
        taken = sum(trial.outcome == "sent" for trial in trials.values())
        if taken:
            note(
                f"{count(taken, 'mail')} sent through the relay; waiting {wait} s at most for them to come back."
            )
        trials = probe.awaited(trials, app.store, since, started, wait)
        return list(judge(trials, app.live.policy, wait))
