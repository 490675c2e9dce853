"""The command line. Modules import what they need inside their commands, so that each starts fast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import typer

from maildesk.cli import (
    agent,
    backup,
    check,
    deliver,
    doctor,
    explain,
    held,
    importing,
    inbox,
    init,
    keys,
    link,
    mailbox,
    outbox,
    parse,
    password,
    pause,
    quarantine,
    reindex,
    reload,
    run,
    status,
    ticket,
    trace,
)
from maildesk.cli.errors import Sentences
from maildesk.cli.usage import Commands, Late, Later


def _find() -> Any:
    from maildesk.cli.find import made

    return made()


class Maildesk(Late, Sentences):
    """The group of all commands, with `find`, whose options come from a table."""

    late: ClassVar[Mapping[str, Later]] = {
        "find": Later("Find tickets, closed ones too, by what stands in them.", _find)
    }
    before: ClassVar[Mapping[str, str]] = {"find": "ticket"}


app = Commands(
    cls=Maildesk,
    help="A help desk that lives in e-mail.",
    epilog="Example: maildesk init desk && cd desk && maildesk run",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from maildesk import __version__

        print(f"maildesk {__version__}")
        raise typer.Exit


@app.callback()
def _desk(
    ctx: typer.Context,
    config: Annotated[
        Path,
        typer.Option(
            envvar="MAILDESK_CONFIG",
            show_envvar=True,
            metavar="PATH",
            help="The desk's maildesk.toml, or its folder.",
        ),
    ] = Path("maildesk.toml"),
    _wants_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Keep which desk is meant for the command."""
    ctx.obj = config


for _name, _run, _example in (
    ("init", init.command, init.EXAMPLE),
    ("check", check.command, check.EXAMPLE),
    ("run", run.command, run.EXAMPLE),
    ("reload", reload.command, reload.EXAMPLE),
    ("status", status.command, status.EXAMPLE),
    ("doctor", doctor.command, doctor.EXAMPLE),
    ("reindex", reindex.command, reindex.EXAMPLE),
    ("pause", pause.command, pause.EXAMPLE),
    ("resume", pause.resume, pause.RESUME_EXAMPLE),
    ("backup", backup.command, backup.EXAMPLE),
    ("restore", backup.restore, backup.RESTORE_EXAMPLE),
    ("deliver", deliver.command, deliver.EXAMPLE),
    ("import", importing.command, importing.EXAMPLE),
    ("parse", parse.command, parse.EXAMPLE),
    ("explain", explain.command, explain.EXAMPLE),
    ("trace", trace.command, trace.EXAMPLE),
    ("password", password.command, password.EXAMPLE),
    ("link", link.command, link.EXAMPLE),
):
    app.command(_name, epilog=_example)(_run)
for _name, _group in (
    ("ticket", ticket),
    ("inbox", inbox),
    ("outbox", outbox),
    ("held", held),
    ("agent", agent),
    ("keys", keys),
    ("mailbox", mailbox),
    ("quarantine", quarantine),
):
    app.add_typer(_group.app, name=_name)
