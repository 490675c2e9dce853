"""How commands are written: an argument as the help and the docs name it, DIR and not {DIR}, and what is wrong with one
in a sentence. And commands whose options come from tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command


class Command(TyperCommand):
    """A command that is written, explained and refused in words for people, not for programmers."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The parts of the usage line after the command's name."""
        return [piece.replace("{", "").replace("}", "") for piece in super().collect_usage_pieces(ctx)]

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options. Of an argument only a choice is shown behind its name, and no type."""
        found = super().get_params(ctx)
        for one in found:
            if isinstance(one, TyperArgument) and not one.type_descriptor.is_choice:
                one.display_type_rich = _nothing  # type: ignore[method-assign]
        return found

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if sentence := _wrong(error.__cause__):
                error.message = sentence
            raise


def _nothing(ctx: Any) -> str:
    return ""


def _wrong(cause: BaseException | None) -> str:
    """What is wrong with a value that pydantic refused; "" where something else refused it."""
    from pydantic import ValidationError

    if not isinstance(cause, ValidationError):
        return ""
    first = cause.errors()[0]
    if first["type"].startswith("int_"):
        return f"{first['input']!r} is no whole number"
    if first["type"] == "greater_than_equal":
        return f"{first['input']!r} is too small; write {first['ctx']['ge']} or more"
    return first["msg"].removeprefix("Value error, ")


class Commands(typer.Typer):
    """A group of such commands."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Registers a command."""
        return super().command(name, **{"cls": Command, **settings})


@dataclass(frozen=True, slots=True)
class Later:
    """How a command is made that is made only when needed, and the first sentence of its help."""

    help: str
    make: Callable[[], Any]


class Late(TyperGroup):
    """A group with commands that are made only when needed: to read their tables takes longer than most commands."""

    late: ClassVar[Mapping[str, Later]] = {}
    before: ClassVar[Mapping[str, str]] = {}
    """Which command the help names after one of these; at the end stands what is not in it."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name. Where there is none all are made, so that the one that was meant can be named."""
        known = cmd_name in self.commands or cmd_name in self.late
        for name in [cmd_name] if known else list(self.late):
            if name in self.late and name not in self.commands:
                self.add_command(self.late[name].make(), name)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        names = [name for name in super().list_commands(ctx) if name not in self.late]
        for name in self.late:
            names.insert(names.index(self.before[name]) if name in self.before else len(names), name)
        return names

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names all commands in the help, for which none has to be made."""
        made = self.commands
        named = {name: Command(name, help=later.help) for name, later in self.late.items()}
        self.commands = {**named, **made}
        try:
            super().format_commands(ctx, formatter)
        finally:
            self.commands = made


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
