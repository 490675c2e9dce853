"""`maildesk link`: a mailto: link for a web site."""

from __future__ import annotations

from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.screen import plain, say

EXAMPLE = "Example: maildesk link billing"


def command(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="A help topic of config/topics.toml.")],
    subject: Annotated[
        str, typer.Option(metavar="TEXT", help="Subject of the mail; the topic's title if left out.")
    ] = "",
    body: Annotated[str, typer.Option(metavar="TEXT", help="Text that the visitor finds in the mail.")] = "",
) -> None:
    """Print a mailto: link to the desk for a web site.

    It opens a mail with the right address and a subject that tells the topic.
    """
    from urllib.parse import quote

    policy = desk.loaded(ctx).policy
    found = policy.topic(topic)
    if found is None:
        known = ", ".join(one.name for one in policy.topics) or "none"
        raise No(f"there is no help topic {plain(topic)}; known: {known}.")
    address = policy.department(found.department).address if found.department else policy.address
    # RFC 6068: spaces are %20, line breaks %0D%0A.
    fields = [("subject", subject or found.title), ("body", "\r\n".join(body.splitlines()))]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields if value)
    say(f"mailto:{quote(address, safe='@+')}?{query}")
