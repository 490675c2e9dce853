"""A ticket as people read it: fields, thread, history, mails."""

from __future__ import annotations

from typing import Any

from maildesk.cli.arrival import tell_mails, what
from maildesk.cli.explain import ticket_pairs
from maildesk.cli.screen import age, heading, pairs, plain, say, size, table, when, wrapped

_LABELS = {
    "customer": "customer",
    "agent-reply": "answer",
    "stopped-answer": "answer, NOT SENT",
    "note": "NOTE, internal",
    "third-party": "somebody else",
    "auto-reply": "a machine",
    "bounce": "bounce",
}


def tell(found: dict[str, Any], zone: str, now: int) -> None:
    """Prints everything about one ticket."""
    say(f"#{found['number']} {plain(found['subject'])}")
    pairs(
        [
            *ticket_pairs(found),
            ("opened", _ago(found["created"], zone, now) + f", by {found['source']}"),
            ("answered", _ago(found["first_response"], zone, now)),
            (
                "resolved",
                _ago(found["resolved"], zone, now) if found["status"] in ("resolved", "closed") else "",
            ),
            ("closed", _ago(found["closed"], zone, now) if found["status"] == "closed" else ""),
        ],
        indent=2,
    )
    heading("Thread")
    for place, entry in enumerate(found["entries"]):
        if place:
            say()
        _tell_entry(entry, zone)
    heading("History")
    # The mails stand below, with what became of them.
    events = [event for event in found["events"] if event["kind"] != "mail"]
    rows = [(when(e["at"], zone), e.get("actor", ""), what(e), e.get("why", "")) for e in events]
    table(("at", "who", "what", "why"), rows, flexible=("who", "why"), indent=2, whole=True)
    heading("Mails")
    tell_mails(found["mails"])


def _ago(at: int | None, zone: str, now: int) -> str:
    return f"{when(at, zone)} ({age(now - at)} ago)" if at else ""


def _tell_entry(entry: dict[str, Any], zone: str) -> None:
    name, address = plain(entry["author_name"]), plain(entry["author"])
    who = f"{name} <{address}>" if address and name != address else name or address or "somebody"
    proof = ", unproven" if entry["proof"] == "claimed" and entry["kind"] == "customer" else ""
    say(f"  {when(entry['at'], zone)}  {_LABELS.get(entry['kind'], entry['kind'])}: {who}{proof}")
    if entry["remark"]:
        wrapped(f"! {entry['remark']}", indent=4)
    if entry["text"]:
        wrapped(entry["text"], indent=4)
    for file in entry["attachments"]:
        name = plain(file["name"] or "a file without a name")
        say(f"    [{name}, {plain(file['type'])}, {size(file['size'])}]")
