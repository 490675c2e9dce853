"""The options by which commands select tickets, made from the table of filters, and what they mean."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli.listing import Json, Limit
from maildesk.cli.screen import note
from maildesk.core.fields import agent, choice
from maildesk.core.selection import FILTERS, ORDERS, Selection, Span, Viewpoint, instant, values

if TYPE_CHECKING:
    from maildesk.config.load import Loaded
    from maildesk.store.selecting import Selected

_AGENT = "Who me is: this agent (id or address)."
_UNANSWERED = Annotated[
    bool, typer.Option("--unanswered", help="Only where the customer waits for an answer.")
]


def parameters(orders: tuple[str, ...], limit: int) -> dict[str, tuple[Any, Any]]:
    """The options of a command that lists tickets, each with its default."""
    told = ", ".join(f"{name} ({ORDERS[name]})" for name in orders)
    return {
        "ctx": (typer.Context, inspect.Parameter.empty),
        **{
            name: (Annotated[list[str], typer.Option(f"--{name}", help=one.help, metavar="WORD")], ())
            for name, one in FILTERS.items()
        },
        "unanswered": (_UNANSWERED, False),
        "since": (
            _when("Only those opened since: 2025-03-10, 2025-03-10T14:30, or an age like 3d or 12h."),
            "",
        ),
        "until": (_when("Only those opened until then; a day counts as a whole."), ""),
        "updated_since": (_when("Only those in which something happened since then."), ""),
        "updated_until": (_when("Only those in which nothing happened after that."), ""),
        "sort": (Annotated[str, typer.Option(help=f"Which come first: {told}.", metavar="ORDER")], orders[0]),
        "as_": (Annotated[str, typer.Option("--as", help=_AGENT, metavar="AGENT")], ""),
        "limit": (Limit, limit),
        "json": (Json, False),
    }


def _when(told: str) -> Any:
    return Annotated[str, typer.Option(help=told, metavar="WHEN")]


def selection(asked: Mapping[str, Any], loaded: Loaded, orders: tuple[str, ...], now: int) -> Selection:
    """What the options of `parameters` mean, but for words to find. Raises BadParameter with a sentence that helps."""

    def spans(prefix: str) -> Span:
        zone = loaded.policy.zone
        since, until = asked[f"{prefix}since"], asked[f"{prefix}until"]
        return Span(
            instant(since, zone, now) if since else None,
            instant(until, zone, now, ends=True) if until else None,
        )

    try:
        seen = Viewpoint(loaded.policy, agent(asked["as_"], loaded.policy) if asked["as_"] else None)
        return Selection(
            values={name: values(name, asked[name], seen) for name in FILTERS if asked[name]},
            opened=spans(""),
            updated=spans("updated_"),
            unanswered=asked["unanswered"],
            order=choice("order", asked["sort"], orders),
            limit=asked["limit"],
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def rest(found: Selected, limit: int) -> None:
    """Says how many tickets of a list are not shown."""
    if found.total > limit:
        note(f"These are {limit} of {found.total}; --limit shows more.")
