"""`maildesk ticket`: tickets at the command line, by the very decisions that mail takes."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import typer

from maildesk.cli import desk
from maildesk.cli.acting import act, agent_of, carry_out
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, note, plain
from maildesk.cli.usage import Commands, Late, Later


def _list() -> Any:
    from maildesk.cli.ticket_list import made

    return made()


def _set() -> Any:
    from maildesk.cli.ticket_set import made

    return made()


class Tickets(Late):
    """The group with `list` and `set`, whose options come from tables."""

    late: ClassVar[Mapping[str, Later]] = {
        "list": Later("List the tickets that are not closed, newest first.", _list),
        "set": Later("Change fields of a ticket.", _set),
    }
    before: ClassVar[Mapping[str, str]] = {"list": "show"}


app = Commands(
    cls=Tickets,
    help="Tickets: list and show them, open one, answer, note, change.",
    epilog="Example: maildesk ticket list --status in-progress",
    no_args_is_help=True,
)

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The ticket's number.")]
Text = Annotated[
    str | None, typer.Option(help="The text; without it, standard input is read.", metavar="TEXT")
]
As = Annotated[
    str, typer.Option("--as", help="Act as this agent (id or address); otherwise as admin.", metavar="AGENT")
]


def number_of(text: str) -> int:
    """A ticket's number as people write it, with or without #."""
    digits = text.strip().removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise typer.BadParameter(f"{text!r} is no ticket number; write it like 482913")
    return int(digits)


@app.command(epilog="Example: maildesk ticket show 482913")
def show(ctx: typer.Context, number: Number, json: Json = False) -> None:
    """Show one ticket with all that was written and done."""
    from maildesk.cli.ticket_show import tell
    from maildesk.store import views

    wanted = number_of(number)
    with desk.reading(ctx) as (loaded, _store, conn):
        found = views.ticket_show(conn, wanted)
    if found is None:
        raise No(f"there is no ticket #{wanted}; `maildesk ticket list` shows those there are.")
    if json:
        as_json(found)
    else:
        tell(found, loaded.policy.zone, desk.now())


@app.command(
    epilog='Example: maildesk ticket new --from jane@customer.example --subject "Cannot log in" --text "..."'
)
def new(
    ctx: typer.Context,
    from_: Annotated[str, typer.Option("--from", help="The customer's address.", metavar="ADDR")],
    subject: Annotated[str, typer.Option(help="What it is about.", metavar="TEXT")],
    name: Annotated[str, typer.Option(help="The customer's name.", metavar="NAME")] = "",
    text: Text = None,
    as_: As = "",
) -> None:
    """Open a ticket for a customer, for example after a call. They get its number by mail."""
    from maildesk.core.address import normal
    from maildesk.core.deskaddress import is_desk

    address = normal(from_)
    if not address:
        raise typer.BadParameter(f"{from_!r} is not a mail address; write it like jane@customer.example")
    if is_desk(address, desk.loaded(ctx).policy):
        raise typer.BadParameter(f"{address} is an address of this desk; write the customer's")
    if not subject.strip():
        raise typer.BadParameter("the subject is empty")
    said = _text(text)
    with desk.opened(ctx) as opened:
        agent = agent_of(as_, opened)
        carry_out(
            opened,
            agent,
            ticket=None,
            text=said,
            requester=address,
            requester_name=plain(name).strip(),
            subject=plain(subject).strip(),
        )


@app.command(epilog='Example: maildesk ticket reply 482913 --as alice --text "It is mended."')
def reply(ctx: typer.Context, number: Number, text: Text = None, as_: As = "") -> None:
    """Answer the customer. First and last lines like #resolve are commands, as in an agent's mail."""
    act(ctx, number_of(number), _text(text), as_, internal=False)


@app.command("note", epilog='Example: maildesk ticket note 482913 --text "Called back, nobody there."')
def note_(ctx: typer.Context, number: Number, text: Text = None, as_: As = "") -> None:
    """Write a note for colleagues. No customer gets it."""
    act(ctx, number_of(number), _text(text), as_, internal=True)


def _text(text: str | None) -> str:
    """The text of the option, or all of standard input. Raises BadParameter where there is none."""
    if text is None:
        if sys.stdin.isatty():
            note("Write the text; Ctrl-D on a line of its own ends it, Ctrl-C stops all.")
        text = sys.stdin.buffer.read().decode("utf-8", "replace")
    if not text.strip():
        raise typer.BadParameter("the text is empty; write --text TEXT, or give it on standard input")
    return text.replace("\r\n", "\n").strip()
