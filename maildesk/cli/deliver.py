"""`maildesk deliver`: a mail from a mail server's pipe. Only exit status 0 says that it is stored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from maildesk.cli import desk
from maildesk.cli.errors import Again, No, tell
from maildesk.cli.screen import note, plain, size

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
    socket: Annotated[
        Path | None,
        typer.Option(help="The running desk's socket; otherwise maildesk.toml tells it.", metavar="PATH"),
    ] = None,
) -> None:
    """Take a mail from standard input into the desk.

    A running desk gets it by its socket, so any user may bring it; without one only the store's owner may.
    Exit status: 0 when it is stored, 75 if the mail server should keep it and try again, 1 if it is too
    large.
    """
    try:
        _deliver(ctx, recipient or [], sender, socket)
    except No as error:
        if not isinstance(error, TooLarge):
            raise Again(str(error)) from error
        raise
    except Exception as error:  # whatever it is, the mail server must keep the mail
        raise Again(tell(error).sentence) from error


class TooLarge(No):
    """A mail beyond the limit: to try it again helps nobody, its sender should know."""


def _deliver(ctx: typer.Context, recipients: list[str], sender: str | None, socket: Path | None) -> None:
    from maildesk.config import door
    from maildesk.edges.handover import Handover, NotTaken, Refused

    path = socket or door.socket(desk.config_of(ctx))
    try:
        daemon = Handover(path) if path else None
    except OSError as error:
        if socket:
            raise Again(f"nobody answers at {socket}: {error.strerror or error}") from error
        daemon = None
    except NotTaken as error:
        raise Again(f"the desk says: {plain(error)}") from error
    if daemon is None:
        _store(ctx, recipients, sender)
        return
    with daemon:
        try:
            daemon.hand(_read(daemon.largest), sender, recipients)
        except Refused as error:
            raise TooLarge(f"the desk says: {plain(error)}") from error
        except NotTaken as error:
            raise Again(f"the desk says: {plain(error)}") from error
        except OSError as error:
            raise Again(f"the desk went away before it had the mail: {error.strerror or error}") from error


def _read(limit: int) -> bytes:
    if sys.stdin.isatty():
        note("Type the mail, or give it on standard input; Ctrl-D on a line of its own ends it.")
    raw = sys.stdin.buffer.read(limit + 1 if limit else -1)
    if limit and len(raw) > limit:
        raise TooLarge(f"the mail is larger than {size(limit)}, which is all that this desk takes.")
    if not raw:
        raise No("there is no mail on standard input.")
    return raw


def _store(ctx: typer.Context, recipients: list[str], sender: str | None) -> None:
    """Puts the mail into the store itself, which only its owner may do."""
    from maildesk.core.address import normal
    from maildesk.core.reading import Envelope
    from maildesk.edges.verify import Trust, stated

    with desk.opened(ctx) as app:
        raw = _read(app.live.policy.limits.mail_bytes)
        envelope = Envelope(
            channel="pipe",
            sender=None if sender is None else normal(sender),
            recipients=tuple(dict.fromkeys(address for r in recipients if (address := normal(r)))),
        )
        app.accept(raw, envelope, stated(raw, Trust.of(app.loaded.settings.deliver))).result()
