"""`maildesk find`: tickets by the words in them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk, usage
from maildesk.cli.errors import No
from maildesk.cli.screen import age, as_json, marked, plain, table, width
from maildesk.cli.selecting import parameters, rest, selection
from maildesk.core.selection import Selection, Span

if TYPE_CHECKING:
    from maildesk.core.search import Snippet

EXAMPLE = "Example: maildesk find printer '\"blank pages\"' -scanner"
ORDERS = ("best", "newest", "oldest", "updated", "priority")
LIMIT = 20
WIDEST = 160
"""Letters of a snippet where no terminal is narrower."""
INDENT = "  "

Words = Annotated[
    list[str],
    typer.Argument(metavar="WORD", help="What to look for; quote a phrase twice, as in the example."),
]


class Find(usage.Command):
    """The command, to which -word is a word to leave out and no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the arguments."""
        options = args[: args.index("--")] if "--" in args else args
        left_out = [word for word in options if word[:1] == "-" and word[:2] != "--" and word != "-h"]
        if left_out:
            others = [word for word in options if word not in left_out]
            args = [*others, "--", *args[len(options) + 1 :], *left_out]
        return super().parse_args(ctx, args)


def _find(ctx: typer.Context, words: list[str], json: bool, **asked: Any) -> None:
    """Find tickets, closed ones too, by what stands in them.

    All words must be in the ticket: in its subject, its mails and notes, names and addresses, names of files. Case and
    accents do not matter. The last word need not be whole; print* finds printer anywhere. A "phrase" is found as it
    is, -word leaves tickets out. A ticket's number or a Message-ID finds its ticket.
    """
    from dataclasses import replace

    from maildesk.core.search import parse
    from maildesk.store.selecting import selected, snippets

    try:
        query = parse(" ".join(words))
    except ValueError as error:
        raise typer.BadParameter(f"{' '.join(words)!r}: {error}") from error
    room = min(width() - len(INDENT), WIDEST)
    with desk.reading(ctx) as (loaded, _store, conn):
        now = desk.now()
        wanted = replace(selection(asked, loaded, ORDERS, now), query=query)
        found = selected(conn, wanted)
        numbers = [ticket["number"] for ticket in found.tickets]
        pieces = snippets(conn, numbers, query, room - 2, plain)
    if json:
        as_json([ticket | _as_json(pieces.get(ticket["number"])) for ticket in found.tickets])
    if not found.tickets:
        raise No(_nothing(wanted))
    if json:
        return
    rows = [
        (
            f"#{t['number']}",
            t["status"],
            t["requester"] or t["requester_name"],
            t["subject"],
            age(now - t["updated"]),
        )
        for t in found.tickets
    ]
    below = [INDENT + marked(pieces[n][1].text, pieces[n][1].hits) if n in pieces else "" for n in numbers]
    columns = ("number", "status", "requester", "subject", "last change")
    table(columns, rows, flexible=("requester", "subject"), below=below)
    rest(found, wanted.limit)


def _nothing(wanted: Selection) -> str:
    """That nothing is found, and what may have been too much."""
    narrowed = wanted.values or wanted.unanswered or wanted.opened != Span() or wanted.updated != Span()
    fewer = "fewer options, or fewer words" if narrowed else "fewer words"
    return f"nothing is found; every word must be in the ticket, so try {fewer}, or only their beginnings (print*)"


def _as_json(piece: tuple[str, Snippet] | None) -> dict[str, object]:
    key, found = piece or ("", None)
    return {"entry": key, "snippet": found.text if found else "", "hits": found.hits if found else []}


def made() -> Any:
    """The command, its options made from the table of filters."""
    options = parameters(ORDERS, LIMIT)
    ctx = options.pop("ctx")
    return usage.made(
        "find", _find, {"ctx": ctx, "words": (Words, inspect.Parameter.empty), **options}, EXAMPLE, Find
    )
