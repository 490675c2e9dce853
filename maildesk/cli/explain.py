"""`maildesk explain`: what would become of a mail, and why. Writes nothing."""

from __future__ import annotations

import sys
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maildesk.cli import desk
from maildesk.cli.errors import No
from maildesk.cli.listing import Json
from maildesk.cli.screen import as_json, heading, pairs, plain, say, table, wrapped

if TYPE_CHECKING:
    from maildesk.app import App
    from maildesk.core.reading import Envelope, Evidence

EXAMPLE = "Example: maildesk explain --recipient support@desk.example mail.eml"


class Channel(StrEnum):
    """How a mail may come."""

    SMTP = "smtp"
    LMTP = "lmtp"
    PIPE = "pipe"


def command(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The mail, as it was sent; - reads standard input.")
    ],
    recipient: Annotated[
        list[str] | None, typer.Option(help="An address that it came for; may be repeated.", metavar="ADDR")
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(help="The envelope's sender; '' or <> for the null return path.", metavar="ADDR"),
    ] = None,
    channel: Annotated[Channel, typer.Option(help="How it would come.")] = Channel.PIPE,
    login: Annotated[
        str | None, typer.Option(help="Who would be logged in (config/logins.toml).", metavar="NAME")
    ] = None,
    mailbox: Annotated[
        str | None, typer.Option(help="Name of the mailbox that it would lie in.", metavar="NAME")
    ] = None,
    peer: Annotated[
        str | None,
        typer.Option(
            help="Address of the client that would bring it; a listener with `verify` then asks the DNS.",
            metavar="ADDR",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what would become of a mail, and why. Nothing is changed."""
    from maildesk.core.address import normal
    from maildesk.core.deskaddress import is_desk
    from maildesk.core.reading import Envelope
    from maildesk.edges.intakes.smtp_session import UNKNOWN
    from maildesk.work.explain import explain

    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise No(f"The file {plain(file)} cannot be read: {error.strerror}.") from error
    with desk.opened(ctx, create=False, strict=True) as app:
        envelope = Envelope(
            channel="imap" if mailbox else channel.value,
            sender=None if sender is None else normal(sender),
            recipients=tuple(dict.fromkeys(address for r in recipient or () if (address := normal(r)))),
            peer=_address(peer),
        )
        evidence = _evidence(app, raw, envelope, login, mailbox)
        found = explain(raw, envelope, evidence, app.store, app.live, app.clock())
        strangers = [r for r in recipient or () if not is_desk(r, app.live.policy)]
    refused = envelope.channel in (Channel.SMTP, Channel.LMTP)
    found["refused"] = dict.fromkeys(strangers, UNKNOWN) if refused else {}
    if json:
        as_json(found)
    else:
        _tell(found)


def _address(peer: str | None) -> str:
    try:
        return str(ip_address(peer)) if peer else ""
    except ValueError:
        raise No(
            f"the value {plain(peer)} of --peer is no IP address; write it like 192.0.2.1 or 2001:db8::1."
        ) from None


def _evidence(app: App, raw: bytes, envelope: Envelope, login: str | None, mailbox: str | None) -> Evidence:
    """What would be recorded of who wrote the mail, at the mailbox of that name or at the first listener of the
    channel. Raises No where there is no such login or mailbox."""
    from maildesk.core.reading import Evidence
    from maildesk.edges.verify import Trust, stated

    settings = app.loaded.settings
    if login is not None:
        known = next((one for one in app.live.policy.logins if one.name == login), None)
        if known is None:
            raise No(f"there is no login {plain(login)} in config/logins.toml.")
        return Evidence(login=login, proven=known.addresses)
    if mailbox is not None:
        box = next((one for one in settings.imap if one.name == mailbox), None)
        if box is None:
            raise No(f"there is no mailbox {plain(mailbox)} in maildesk.toml.")
        return stated(raw, Trust.of(box))
    if envelope.channel == Channel.PIPE:
        return stated(raw, Trust.of(settings.deliver))
    from maildesk.edges.intakes.listeners import prover, verifier

    if envelope.channel == Channel.SMTP and settings.smtp:
        verify = verifier(settings.smtp[0]) if envelope.peer else None
        return prover(settings.smtp[0], verify)(raw, envelope, Evidence())
    if envelope.channel == Channel.LMTP and settings.lmtp:
        return prover(settings.lmtp[0])(raw, envelope, Evidence())
    return Evidence()


def _tell(found: dict[str, Any]) -> None:
    for address, reply in found["refused"].items():
        say(f"It would be refused to the recipient {plain(address)}: {reply}")
    say(f"This mail would be: {plain(found['disposition'] or 'kept waiting for the mail that it answers')}")
    pairs(
        [
            ("from", f"{found['sender']}, as {found['through']} says" if found["through"] else ""),
            ("proof", f"{found['proof']} ({_PROOFS.get(found['proof'], '')})"),
            ("match", found["match"] or "no ticket"),
            ("kind", f"{found['kind']} ({found['kind_because']})"),
        ],
        indent=2,
    )
    tell_evidence(found["evidence"])
    heading("Why")
    for sentence in found["why"]:
        wrapped(plain(sentence), indent=2)
    heading("Rules")
    tell_rules(found["rules"])
    if found["ticket"]:
        heading("The ticket after it")
        number, subject = found["ticket"]["number"], found["ticket"]["subject"]
        pairs([("number", f"#{number}"), ("subject", subject), *ticket_pairs(found["ticket"])], indent=2)
    heading("Mails that would go out")
    if not found["mails"]:
        say("  none")
    for mail in found["mails"]:
        if "blocked" in mail:
            say(f"  {plain(mail['template'])} to {plain(mail['to'])} would be stopped:")
            for finding in mail["blocked"]:
                wrapped(plain(finding), indent=4)
        else:
            waits = " (waits for `maildesk outbox release`)" if mail["waits"] else ""
            wrapped(plain(f"{mail['template']} to {mail['to']}: {mail['subject']}{waits}"), indent=2)


_PROOFS = {
    "claimed": "nothing proves who wrote it",
    "authenticated": "the sender is proven",
    "token": "it went to a reply address that only the sender has",
}


def tell_evidence(sentences: list[str]) -> None:
    """Prints what was recorded of who wrote a mail, if anything was."""
    if sentences:
        heading("Who wrote it")
    for sentence in sentences:
        wrapped(plain(sentence), indent=2)


def tell_rules(rules: list[dict[str, Any]]) -> None:
    """Prints which rules hit a mail, which did not, and why."""
    if not rules:
        say("  none were asked")
        return
    rows = [("yes" if rule["hit"] else "no", rule["name"], rule["because"]) for rule in rules]
    table(("hit", "rule", "because"), rows, flexible=("rule", "because"), indent=2, whole=True)


def ticket_pairs(ticket: dict[str, Any]) -> list[tuple[str, object]]:
    """A ticket's fields as pairs to be shown, without number, subject and instants."""
    name, address = ticket["requester_name"], ticket["requester"]
    who = f"{name} <{address}>" if name and name != address else address
    return [
        ("status", ticket["status"]),
        ("priority", ticket["priority"]),
        ("topic", ticket["topic"] or "none"),
        ("department", ticket["department"]),
        ("assignee", ticket["assignee"] or "nobody"),
        ("requester", who or "somebody without an address"),
        ("others", ", ".join(a for a in ticket["participants"] if a != address)),
        ("tags", ", ".join(ticket["tags"])),
        ("links", ", ".join(f"{kind} #{other}" for kind, other in ticket["links"])),
    ]
