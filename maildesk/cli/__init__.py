"""The command line. Modules import what they need inside their commands, so that each starts fast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    reload,
    run,
    status,
    ticket,
    trace,
)
from maildesk.cli.errors import Sentences
from maildesk.cli.usage import Commands, Late


def _find() -> Any:
    from maildesk.cli.find import made

    return made()


class Maildesk(Late, Sentences):
    """The group of all commands, with `find`, whose options come from a table."""

    late: ClassVar[Mapping[str, Callable[[], Any]]] = {"find": _find}
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
            envvar="MAILDESK_CONFIG", show_envvar=True, help="The desk's maildesk.toml, or its folder."
        ),
    ] = Path("maildesk.toml"),
    _wants_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Keep which desk is meant for the command."""
    ctx.obj = config


for _name, _module in (
    ("init", init),
    ("check", check),
    ("run", run),
    ("status", status),
    ("deliver", deliver),
    ("import", importing),
    ("password", password),
    ("link", link),
    ("parse", parse),
    ("explain", explain),
    ("trace", trace),
):
    app.command(_name, epilog=_module.EXAMPLE)(_module.command)
for _name, _module in (("reload", reload), ("pause", pause), ("doctor", doctor), ("backup", backup)):
    app.command(_name, epilog=_module.EXAMPLE)(_module.command)
app.command("resume", epilog=pause.RESUME_EXAMPLE)(pause.resume)
app.command("restore", epilog=backup.RESTORE_EXAMPLE)(backup.restore)
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
