"""The tree of commands: each with what its help says, for the pages that are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Described:
    """One command, or group of commands. `usage` is without `Usage:`; `parameters` are arguments and options, each as
    it is written, with its meaning; `example` may be pasted into a shell."""

    path: tuple[str, ...]
    usage: str
    paragraphs: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...]
    example: str
    group: bool

    @property
    def name(self) -> str:
        """How it is called."""
        return " ".join(("maildesk", *self.path))


def tree() -> list[Described]:
    """All of them, a group before its commands, in the order of the help; `maildesk` itself is the first."""
    from typer.main import get_command

    from maildesk.cli import app

    return list(_walk(get_command(app), (), None))


def _walk(command: Any, path: tuple[str, ...], parent: Any) -> Iterator[Described]:
    context = command.context_class(
        command, info_name=path[-1] if path else "maildesk", parent=parent, **command.context_settings
    )
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    yield Described(
        path=path,
        usage=command.get_usage(context).removeprefix("Usage: "),
        paragraphs=tuple(" ".join(part.split()) for part in (command.help or "").split("\n\n")),
        parameters=tuple(_parameters(command, context)),
        example=(command.epilog or "").removeprefix("Example: "),
        group=bool(names),
    )
    for name in names:
        yield from _walk(command.get_command(context, name), (*path, name), context)


def _parameters(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and "--help" not in record[0]:  # that all have
            yield record[0], " ".join(record[1].split())
