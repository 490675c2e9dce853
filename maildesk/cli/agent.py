"""`maildesk agent`: the agents, and their personal addresses."""

from __future__ import annotations

from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.acting import agent_of
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, plain, say
from maildesk.cli.usage import Commands

app = Commands(
    help="The agents, and their personal addresses.",
    epilog="Example: maildesk agent list",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: maildesk agent list --json")
def list_(ctx: typer.Context, json: Json = False) -> None:
    """List the agents with all of their addresses.

    A personal address proves, together with the agent's own, who a mail is from: show it to nobody else.
    """
    from maildesk.core.personal import address
    from maildesk.store import personal

    with desk.reading(ctx) as (loaded, store, conn):
        newest = personal.generations(conn)
        found = [
            {
                "id": agent.id,
                "name": agent.name,
                "departments": list(agent.departments),
                "addresses": list(agent.addresses),
                "personal": address(agent, newest.get(agent.id, 0), loaded.policy, store.keys),
            }
            for agent in loaded.policy.agents
        ]
    if json:
        as_json(found)
        return
    for one in found:
        say(f"{plain(one['id'])}: {plain(one['name'])}, {', '.join(map(plain, one['departments']))}")
        say(f"  writes from  {', '.join(map(plain, one['addresses']))}")
        say(f"  personal     {plain(one['personal']) or 'none, as there are no reply addresses'}")


@app.command(epilog="Example: maildesk agent welcome alice --new")
def welcome(
    ctx: typer.Context,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id or address.")],
    new: Annotated[
        bool, typer.Option("--new", help="Give them a new address; the old one proves nothing any more.")
    ] = False,
) -> None:
    """Mail an agent their personal address, and print it.

    A contact card comes with it. Together with the agent's own address as the sender it proves that a mail is
    theirs: they open tickets by it, also for customers, whose mails they forward to it.
    """
    import secrets

    from maildesk.work.requests import welcome as send

    with desk.opened(ctx, create=False) as app:
        found = agent_of(agent, app)
        if found is None:
            raise No("name an agent; `maildesk agent list` shows those there are.")
        if app.live.policy.reply_address == "none":
            raise No('there are no personal addresses with reply_address = "none"; see docs/mail-out.md.')
        address = send(found, new, desk.admin(), secrets.token_hex(10), app.store, app.live, app.clock())
        say(f"{plain(address)}")
        say(f"A mail with it will be sent to {plain(found.address)} by {desk.who_decides(app.store)}.")
