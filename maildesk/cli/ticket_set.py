"""`maildesk ticket set`: one option for each field of a ticket that has a command."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import typer

from maildesk.cli import desk, usage
from maildesk.cli.acting import agent_of, carry_out
from maildesk.cli.ticket import As, Number, number_of
from maildesk.core.fields import FIELDS, STATUS_WORDS, STATUSES
from maildesk.core.model import PRIORITIES

EXAMPLE = "Example: maildesk ticket set 482913 --priority high --assign alice"
# The command that sets a field where it has another name.
_WORDS = {"assignee": "assign"}
# The values of a field that are the same on every desk.
_CHOICES = {"status": f": {', '.join((*STATUSES, *STATUS_WORDS))}", "priority": f": {', '.join(PRIORITIES)}"}


def settable() -> dict[str, str]:
    """Each field, with the word of its command."""
    return {field.name: _WORDS.get(field.name, field.name) for field in FIELDS}


def _set(ctx: typer.Context, number: str, as_: str, **values: str | None) -> None:
    """Change fields of a ticket. `--priority high` does what #priority high does in an agent's mail."""
    words = settable()
    lines = tuple(f"#{words[name]} {value}" for name, value in values.items() if value is not None)
    if not lines:
        raise typer.BadParameter(f"write what to change: {', '.join('--' + name for name in words)}")
    if any("\n" in line or "\r" in line for line in lines):
        raise typer.BadParameter("a value stands on one line")
    wanted = number_of(number)
    with desk.opened(ctx, create=False) as app:
        carry_out(app, agent_of(as_, app), ticket=wanted, lines=lines)


def _option(name: str, word: str, help_: str) -> Any:
    flags = dict.fromkeys((f"--{word}", f"--{name}"))
    return Annotated[str | None, typer.Option(*flags, help=f"{help_.capitalize()}.", metavar="VALUE")]


def made() -> Any:
    """The command, its options made from the table of fields."""
    words = settable()
    options = {f.name: _option(f.name, words[f.name], f.help + _CHOICES.get(f.name, "")) for f in FIELDS}
    parameters = {
        "ctx": (typer.Context, inspect.Parameter.empty),
        "number": (Number, inspect.Parameter.empty),
        **{name: (option, None) for name, option in options.items()},
        "as_": (As, ""),
    }
    return usage.made("set", _set, parameters, EXAMPLE)
