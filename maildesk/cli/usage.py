"""The usage lines: an argument is written as the help and the docs write it, DIR and not {DIR}. And commands whose
options come from tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class Command(TyperCommand):
    """A command whose usage line has no braces around its arguments."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the usage line after the command's name."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]


class Commands(typer.Typer):
    """A group of such commands."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Registers a command."""
        return super().command(name, **{"cls": Command, **settings})


class Late(TyperGroup):
    """A group with commands that are made only when needed: to read their tables takes longer than most commands."""

    late: ClassVar[Mapping[str, Callable[[], Any]]] = {}
    before: ClassVar[Mapping[str, str]] = {}
    """Which command the help names after one of these; at the end stands what is not in it."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name."""
        if cmd_name in self.late and cmd_name not in self.commands:
            self.add_command(self.late[cmd_name](), cmd_name)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        names = [name for name in super().list_commands(ctx) if name not in self.late]
        for name in self.late:
            names.insert(names.index(self.before[name]) if name in self.before else len(names), name)
        return names


def made(
    name: str,
    run: Callable[..., None],
    parameters: Mapping[str, tuple[Any, Any]],
    example: str,
    cls: type[Command] = Command,
) -> Any:
    """A command with these parameters, each with its type and its default (`inspect.Parameter.empty` for none); its
    help is the docstring of what it runs, which gets all of them by name."""

    def command(**values: Any) -> None:
        run(**values)

    command.__doc__ = run.__doc__
    command.__annotations__ = {parameter: type_ for parameter, (type_, _) in parameters.items()}
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(parameter, inspect.Parameter.KEYWORD_ONLY, annotation=type_, default=default)
            for parameter, (type_, default) in parameters.items()
        ]
    )
    app = Commands(rich_markup_mode=None, add_completion=False)
    app.command(name, epilog=example, cls=cls)(command)
    return get_command(app)
