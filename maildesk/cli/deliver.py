"""`maildesk deliver`: a mail from a mail server's pipe. Only exit status 0 says that it is stored."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import Again, No, tell
from maildesk.cli.screen import note, size

EXAMPLE = (
    "Example: maildesk deliver --sender jane@customer.example --recipient support@desk.example < mail.eml"
)


def command(
    ctx: typer.Context,
    recipient: Annotated[
        list[str] | None,
        typer.Option(help="An address that the mail came for; may be repeated.", metavar="ADDR"),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(help="The envelope's sender; '' or <> for the null return path.", metavar="ADDR"),
    ] = None,
) -> None:
    """Take a mail from standard input into the desk.

    Exit status: 0 when it is stored, 75 if the mail server should keep it and try again, 1 if it is too
    large.
    """
    try:
        _deliver(ctx, recipient or [], sender)
    except No as error:
        if not isinstance(error, TooLarge):
            raise Again(str(error)) from error
        raise
    except Exception as error:  # whatever it is, the mail server must keep the mail
        raise Again(tell(error).sentence) from error


class TooLarge(No):
    """A mail beyond the limit: to try it again helps nobody, its sender should know."""


def _deliver(ctx: typer.Context, recipients: list[str], sender: str | None) -> None:
    from maildesk.core.address import normal
    from maildesk.core.reading import Envelope, Evidence

    with desk.opened(ctx) as app:
        limit = app.live.policy.limits.mail_bytes
        if sys.stdin.isatty():
            note("Type the mail, or give it on standard input; Ctrl-D on a line of its own ends it.")
        raw = sys.stdin.buffer.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(f"the mail is larger than {size(limit)}, which is all that this desk takes.")
        if not raw:
            raise No("there is no mail on standard input.")
        envelope = Envelope(
            channel="pipe",
            sender=None if sender is None else normal(sender),
            recipients=tuple(dict.fromkeys(address for r in recipients if (address := normal(r)))),
        )
        app.accept(raw, envelope, Evidence()).result()
