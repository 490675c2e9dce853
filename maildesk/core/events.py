"""Events: how a change of a ticket is recorded, for good."""

from __future__ import annotations

from maildesk.core.changes import (
    AnswerAt,
    Append,
    Burn,
    Change,
    Join,
    Learn,
    Link,
    Mark,
    Notify,
    Open,
    Release,
    Remember,
    Renew,
    Set,
    Stop,
    Supersede,
    Unreached,
    Wait,
)
from maildesk.core.model import Event


def event_of(change: Change) -> Event | None:
    """The event that records a change of a ticket; None for changes that are not a ticket's."""
    match change:
        case Open(ticket=t):
            return Event(
                t.number,
                "opened",
                change.actor,
                change.why,
                {"subject": t.subject, "requester": t.requester.address, "department": t.department},
            )
        case Append(entry=e):
            return Event(
                e.ticket, e.kind.value, change.actor, change.why, {"entry": e.key, "author": e.author}
            )
        case Set():
            value = list(change.value) if isinstance(change.value, tuple) else change.value
            return Event(change.number, change.name, change.actor, change.why, {"value": value})
        case Join(participant=p):
            return Event(
                change.number, "participant", change.actor, change.why, {"address": p.address, "role": p.role}
            )
        case AnswerAt():
            return Event(
                change.number,
                "answer-at",
                change.actor,
                change.why,
                {"address": change.address, "to": change.to},
            )
        case Link():
            return Event(
                change.number, "link", change.actor, change.why, {"link": change.kind, "other": change.other}
            )
        case Burn():
            return Event(
                change.number,
                "token-burnt",
                change.actor,
                change.why,
                {"person": change.person, "token": change.kind},
            )
        case Unreached():
            return Event(change.number, "unreached", change.actor, change.why, {"agent": change.agent})
        case Stop():
            return Event(
                change.number, "stopped", change.actor, change.why, {"to": change.to, "entry": change.entry}
            )
        case Notify(notice=n) if n.ticket is not None:
            return Event(
                n.ticket,
                "mail",
                "maildesk",
                f"{n.kind} to {n.to}",
                {"once": n.once, "notice": n.kind, "to": n.to},
            )
        case Notify() | Mark() | Learn() | Remember() | Supersede() | Release() | Renew() | Wait():
            return None
