"""Acting on tickets: a request is carried out, and one line says what came of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import count, plain, say

if TYPE_CHECKING:
    from maildesk.app import App
    from maildesk.core.changes import Decision
    from maildesk.core.policy import Agent


def agent_of(word: str, app: App) -> Agent | None:
    """The agent of this id or address; None for no word: the admin acts. Raises No for an unknown one."""
    from maildesk.core.fields import agent

    try:
        return agent(word, app.live.policy) if word else None
    except ValueError as error:
        raise No(str(error)) from error


def act(ctx: typer.Context, number: int, text: str, as_: str, internal: bool) -> None:
    """Answers or notes. Commands in the text count as in an agent's mail: none of them reaches a customer."""
    from maildesk.core import commands
    from maildesk.core.decide import Refused

    with desk.opened(ctx, create=False) as app:
        parsed = commands.parse(text, app.live.policy)
        if parsed.errors:
            raise Refused("nothing was done: " + " ".join(parsed.errors))
        if internal and parsed.public:
            raise Refused("nothing was done: #public stands in a note; use `maildesk ticket reply`")
        carry_out(
            app,
            agent_of(as_, app),
            ticket=number,
            lines=tuple(effect.line for effect in parsed.effects if effect.field),
            text=parsed.text,
            internal=internal or parsed.internal,
        )


def carry_out(app: App, agent: Agent | None, **asked: Any) -> None:
    """Decides and saves a request, and prints what came of it in one line."""
    from maildesk.core.decide import Request
    from maildesk.work.requests import carry_out as decide_and_save

    request = Request(
        key=secrets.token_hex(10), actor=agent.name if agent else desk.admin(), agent=agent, **asked
    )
    decision = decide_and_save(request, app.store, app.live, app.clock())
    say(outcome(decision, desk.who_decides(app.store) if decision.notices else ""))


def outcome(decision: Decision, sender: str) -> str:
    """What a request brought about: `#482913: status is now resolved; 1 mail will be sent by ...`."""
    from maildesk.core.changes import Append, Open, Set

    news, fields = "", {}
    for change in decision.changes:
        match change:
            case Open():
                news = " is open"
            case Append() if not news:
                news = " has a new note" if change.entry.kind == "note" else " has a new answer"
            case Set():
                value = ", ".join(map(str, change.value)) if isinstance(change.value, tuple) else change.value
                fields[change.name] = f"{change.name} is now {plain(value or 'none')}"
            case _:
                pass
    if not news and not fields:
        return f"#{decision.ticket} stands so already; nothing was changed."
    told = news + (f"{';' if news else ':'} {', '.join(fields.values())}" if fields else "")
    mails = f"; {count(len(decision.notices), 'mail')} will be sent by {sender}" if decision.notices else ""
    return f"#{decision.ticket}{told}{mails}."
