"""Probing: mails go out through the relay, and the store shows how they come back through the desk's doors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from maildesk.config.load import Loaded
from maildesk.core.bounce import bounce
from maildesk.core.message import parse
from maildesk.core.model import Disposition
from maildesk.core.probe import Kind, Probe, probes
from maildesk.core.probe_report import Came, Trial
from maildesk.core.reading import Envelope
from maildesk.edges.senders.relay import relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import control, examine, lookup, views
from maildesk.store.store import Store

LOOK = 0.2
"""Seconds between two looks into the store."""

Trials = Mapping[Kind, Trial]


def hindrance(loaded: Loaded, store: Store, now: int) -> str:
    """Why nothing can be probed, as a sentence; "" where it can."""
    settings, policy = loaded.settings, loaded.policy
    if settings.send.kind != "smtp":
        return (
            'mail goes into a folder, so there is nothing to probe; write kind = "smtp" below [send] first.'
        )
    if policy.mode == "shadow":
        return 'the desk runs in shadow mode and sends nothing; write mode = "live" below [desk] to probe.'
    with store.db.reading() as conn:
        paused = control.paused(conn)
        running = any(node["alive"] for node in lookup.daemons(conn, store.db, now))
    if control.ALL in paused:
        return "all mail is paused, so no probe is sent; run `maildesk resume all` first."
    if (settings.smtp or settings.lmtp or settings.imap) and not running:
        return "no daemon runs, so nobody would take the probes; start `maildesk run` first."
    return ""


def sent(loaded: Loaded, store: Store, nonce: bytes, clock: Callable[[], int]) -> dict[Kind, Trial]:
    """Hands one probe of each kind to the relay."""
    sender = SmtpSender(relay(loaded.settings.send, store, clock))
    try:
        return {one.kind: _sent(sender, one) for one in probes(loaded.policy, store.keys, nonce, clock())}
    finally:
        sender.close()


def _sent(sender: SmtpSender, probe: Probe) -> Trial:
    attempt = sender.send(probe.token, [probe.data], False, probe.route, len(probe.data))
    return Trial(probe, attempt.outcome, attempt.answer)


def awaited(
    trials: Trials,
    store: Store,
    since: int,
    started: int,
    seconds: float,
) -> dict[Kind, Trial]:
    """The trials with what came back within so many seconds. `since` is the newest row of the inbox before they were
    sent (`examine.last_arrival`), `started` the instant of that."""
    found, end = dict(trials), time.monotonic() + seconds
    while True:
        with store.db.reading() as conn:
            rows = examine.arrived(conn, since)
            for kind, trial in found.items():
                if _missing(trial):
                    found[kind] = replace(trial, came=_came(conn, trial.probe, rows, started))
        missing = [trial for trial in found.values() if _missing(trial)]
        left = end - time.monotonic()
        if not missing or left <= 0:
            return found
        time.sleep(min(LOOK, left))


def _missing(trial: Trial) -> bool:
    return trial.outcome == "sent" and not (trial.came and trial.came.disposition)


def _came(conn: Connection, probe: Probe, rows: Iterable[Any], started: int) -> Came | None:
    """The probe itself where it came, else a report on it."""
    report = None
    for row in rows:
        named = probe.token in f"{row.subject} {row.message_id} {row.envelope}".lower()
        # A report names it only inside; what is ignored is one of ours.
        if not named and row.disposition != Disposition.IGNORED:
            continue
        raw = views.raw_mail(conn, row.key)
        if not named and probe.token.encode() not in raw:
            continue
        if (came := _of(row, raw, started)) is None:
            continue
        if came.report is None:
            return came
        report = report or came
    return report


def _of(row: Any, raw: bytes, started: int) -> Came | None:
    evidence = json.loads(row.evidence)
    if evidence.get("sent"):
        # The copy that the provider keeps of what was sent has gone nowhere.
        return None
    message = parse(raw)
    envelope = json.loads(row.envelope)
    return Came(
        door=_door(row),
        after=max(0, (row.accepted or row.received) - started),
        message=message,
        envelope=Envelope(row.channel, envelope["sender"], tuple(envelope["recipients"])),
        parked=evidence.get("parked", ""),
        disposition=row.disposition or "",
        report=bounce(message, raw),
    )


def _door(row: Any) -> str:
    name = {"smtp": "by SMTP", "lmtp": "by LMTP", "pipe": "by `maildesk deliver`"}.get(row.channel, "")
    return name or f"from the mailbox {row.source_key.split(':')[1]}"
