"""Arrival: a mail that came, in lists and one by one; shared by `inbox`, `held`, `quarantine` and `trace`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maildesk.cli.errors import No
from maildesk.cli.explain import tell_evidence, tell_rules
from maildesk.cli.listing import finished, more
from maildesk.cli.screen import age, heading, pairs, plain, say, size, table, when, wrapped

if TYPE_CHECKING:
    from sqlalchemy import Connection


SHORT = 10
"""Letters of a key that lists show; commands take any start of a key that only one has."""


def list_arrivals(found: Sequence[dict[str, Any]], now: int, json: bool, limit: int) -> None:
    """Prints mails that came, newest first."""
    if finished(found, json):
        return
    rows = [
        (
            a["key"][:SHORT],
            age(now - a["received"]),
            a["disposition"] or a["state"],
            f"#{a['ticket']}" if a["ticket"] else "",
            sender_of(a),
            a["subject"] or "",
        )
        for a in found
    ]
    table(("key", "age", "is", "ticket", "from", "subject"), rows, flexible=("from", "subject"))
    more(found, limit)


def sender_of(arrival: dict[str, Any]) -> str:
    """Who a mail claims to come from, or its envelope's sender."""
    return arrival["sender"] or arrival["envelope"].get("sender") or ""


def resolve(keys: Sequence[str], start: str, what: str) -> str:
    """The one key among those that begin like `start`. Raises No where there is none, or more than one."""
    if not keys:
        hint = "; `maildesk trace` finds mails by their Message-ID" if "@" in start else ""
        raise No(f"there is no {what} {plain(start)}{hint}.")
    if len(keys) > 1 and start not in keys:
        shown = ", ".join(key[: max(SHORT, len(start) + 4)] for key in keys)
        raise No(f"{plain(start)} may be any of {shown}...; write more of the key.")
    return start if start in keys else keys[0]


def inbox_key(conn: Connection, start: str) -> str:
    """The key of the one mail in the inbox whose key begins so. Raises No."""
    from maildesk.store import lookup

    return resolve(lookup.inbox_keys(conn, start), start, "mail with the key")


def outbox_key(conn: Connection, start: str) -> str:
    """The once-key of the one outgoing mail whose key begins so. Raises No."""
    from maildesk.store import lookup

    return resolve(lookup.outbox_keys(conn, start), start, "outgoing mail with the key")


def show_arrival(found: dict[str, Any], zone: str, now: int) -> None:
    """Prints what became of one mail, why, and what followed from it."""
    is_ = found["disposition"] or found["state"]
    ticket = f" #{found['ticket']}" if found["ticket"] else ""
    say(f"Mail {found['key']}: {plain(is_)}{ticket}")
    envelope = found["envelope"]
    pairs(
        [
            ("from", sender_of(found)),
            ("subject", found["subject"]),
            ("message-id", f"<{found['message_id']}>" if found["message_id"] else ""),
            (
                "came",
                f"{when(found['received'], zone)} ({age(now - found['received'])} ago) by {found['channel']}",
            ),
            ("recipients", ", ".join(envelope.get("recipients", ()))),
            ("peer", envelope.get("peer")),
            ("login", found["login"]),
            ("size", size(found["size"])),
            ("state", found["state"]),
            ("proof", _proof(found)),
            ("match", found["match"]),
            ("decided", f"{found['takes']} times" if found["takes"] > 1 else ""),
            ("failed", f"{found['errors']} times" if found["errors"] else ""),
        ],
        indent=2,
    )
    tell_evidence(found["evidence"])
    if found["why"]:
        heading("Why")
        for sentence in found["why"]:
            wrapped(plain(sentence), indent=2)
    if found["rules"]:
        heading("Rules")
        tell_rules(found["rules"])
    if found["trouble"]:
        heading("What went wrong")
        wrapped(found["trouble"], indent=2)
    if rows := [(what(e), e.get("why", "")) for e in found["changes"] if e["kind"] != "mail"]:
        heading("Changes")
        table(("what", "why"), rows, flexible=("why",), indent=2, whole=True)
    heading("Mails that followed")
    tell_mails(found.get("mails", ()))


def _proof(found: dict[str, Any]) -> str:
    """How it shows who wrote a mail; letting in one that was held for where it lay shows nothing."""
    by, proof = found["released_by"], found["proof"] or ""
    if by and found["parked"]:
        return f"{proof}; let in by {by}".removeprefix("; ")
    return f"released by {by}" if by else proof


def what(event: dict[str, Any]) -> str:
    """An event of a ticket: its kind, and the value that it set."""
    value = event.get("value", event.get("address", ""))
    shown = ", ".join(map(str, value)) if isinstance(value, list) else value
    if "value" in event and shown == "":
        shown = "none"
    return f"{event['kind']} {shown}".strip()


def tell_mails(mails: Sequence[dict[str, Any]]) -> None:
    """Prints outgoing mails, one a line, with what hinders them."""
    if not mails:
        say("  none")
        return
    rows = [(m["once"][:SHORT], m["state"], m["kind"], m["to"], m["subject"] or "") for m in mails]
    table(("key", "state", "kind", "to", "subject"), rows, flexible=("to", "subject"), indent=2)
    for mail in mails:
        if mail["trouble"] and mail["state"] != "sent":
            wrapped(f"{mail['once'][:SHORT]}: {plain(mail['trouble'].splitlines()[-1])}", indent=2)


def print_raw(raw: bytes) -> None:
    """Prints a mail as it is; on a terminal without what could do harm there."""
    import sys

    if sys.stdout.isatty():
        say(plain(raw.decode("utf-8", "replace"), lines=True))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(raw)
    sys.stdout.buffer.flush()
