"""Checks of the desk at work: what runs, what it goes by, what is held back, and who may read its files."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from maildesk.core import rule_reach
from maildesk.core.alarm import kind_of
from maildesk.core.finding import Finding, fault, fine, warning
from maildesk.core.held import LONG
from maildesk.core.model import DAY
from maildesk.core.moment import shown
from maildesk.doctor.patient import Patient
from maildesk.edges import machine
from maildesk.edges.verify import Door
from maildesk.store import alarms, control, examine, lookup
from maildesk.work.checks import Checks

HELD_DAYS = LONG // DAY
PROOFS = 50
"""So many mails are looked at."""
FILES_LEFT = 0.02
_MEANT = ("held", "silence")
"""Conditions that may be as they should be."""


def configuration(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    for problem in patient.problems:
        yield fault("configuration", problem.rstrip("."), "Mend it; `maildesk check` says when it is right.")
    if patient.problems:
        return
    if patient.trouble:
        yield fine("configuration", f"{patient.main} is right")
        return
    with patient.reading() as conn:
        running = [node for node in lookup.daemons(conn, patient.store.db, patient.now) if node["alive"]]
    for node in running:
        if node["trouble"]:
            told = node["trouble"].splitlines()[0].rstrip(".")
            do = "Run `maildesk check`, then `maildesk reload`."
            yield fault(
                "configuration", f"the daemon {node['name']} has refused its configuration: {told}", do
            )
        elif node["name"] == patient.settings.node.name and node["policy"] != patient.loaded.digest:
            do = "Run `maildesk reload`."
            yield warning(
                "configuration", f"{patient.main} was changed, and the running daemon does not know it", do
            )
    if not any(node["trouble"] for node in running):
        yield fine("configuration", f"{patient.main} is right")


def proofs(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    settings = patient.settings
    doors: list[tuple[str, str, str, Door]] = [
        *(("by SMTP", "smtp", "", one) for one in settings.smtp if not one.verify),
        *(("by LMTP", "lmtp", "", one) for one in settings.lmtp),
        *((f"of the mailbox {one.name}", "imap", f"{one.name}/", one) for one in settings.imap),
        ("by `maildesk deliver`", "pipe", "", settings.deliver),
    ]
    trusting = [door for door in doors if door[3].authserv_id]
    if not trusting:
        yield fine("proofs", "no mail server's word on who writes is taken")
    for words, channel, start, door in trusting:
        with patient.reading() as conn:
            newest = examine.evidence(conn, channel, start, PROOFS)
        heard = sum(1 for one in newest if one.get("authority") == door.authserv_id)
        below = sum(1 for one in newest if one.get("strangers"))
        count = f"of the newest {len(newest)} mails {words}"
        if not newest:
            yield fine(
                "proofs", f"no mail {words} has come yet that could say what {door.authserv_id} found out"
            )
        elif heard:
            yield fine("proofs", f"{heard} {count} say what {door.authserv_id} found out")
        elif below:
            told = f"{below} {count} say what {door.authserv_id} found out, all too far down to count"
            do = (
                "Count in one of them the Received headers of your own servers above it, and write that as"
                f" trusted_hops, which is {door.trusted_hops}."
            )
            yield warning("proofs", told, do)
        else:
            told = f"none {count} says what {door.authserv_id} found out"
            do = "See in one of them whether your mail server writes Authentication-Results, and with what name."
            yield warning("proofs", told, do)


def nodes(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        known = lookup.daemons(conn, patient.store.db, patient.now)
    running = [node["name"] for node in known if node["alive"]]
    dead = [node["name"] for node in known if not node["alive"]]
    for name in dead:
        do = "Start it again with `maildesk run`, and see the end of its log."
        yield warning("nodes", f"the daemon {name} has ended without saying so", do)
    if running:
        yield fine("nodes", f"at work: {', '.join(running)}")
    elif not dead:
        do = "Start it with `maildesk run`."
        yield warning("nodes", "no daemon runs, so mail is neither taken nor answered", do)


def conditions(patient: Patient) -> Iterator[Finding]:
    """See the table. What raises alarms looks here, too; what other daemons have raised is added."""
    places = machine.places(patient.settings, patient.file)
    checks = Checks(lambda: patient.settings.alarms, lambda: places)
    with patient.reading() as conn:
        found = dict(checks(conn, patient.now))
        for alarm in alarms.standing(conn):
            # What was looked at just now, and is fine, is over, even if the daemon has not looked yet.
            found.setdefault(alarm.name, alarm.sentence)
    for name, sentence in sorted((name, sentence) for name, sentence in found.items() if sentence):
        kind = kind_of(name)
        told = warning if kind.name in _MEANT else fault
        what, do = _apart(sentence.strip())
        yield told("conditions", f"{kind.title} ({name}): {what}", do)
    if not found:
        yield fine("conditions", "nothing that alarms watch is wrong")


def _apart(sentence: str) -> tuple[str, str]:
    """What an alarm's sentence says, and what it says is to be done."""
    for mark in ("; ", ". "):
        what, found, do = sentence.rpartition(mark)
        if found:
            return what, f"{do[:1].upper()}{do[1:]}"
    return sentence.rstrip("."), "See `maildesk status`."


def held_back(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    found: list[Finding] = []
    if patient.policy.mode == "shadow":
        do = 'Write mode = "live" below [desk] when the old system has gone, then `maildesk reload`.'
        found.append(warning("held-back", "the desk runs in shadow mode: nothing is sent", do))
    with patient.reading() as conn:
        pauses = control.pauses(conn)
        apart = examine.apart(conn)
    for pause in pauses:
        what = "all mail is" if pause.what == control.ALL else f"{pause.what} are"
        told = f"{what} held back since {shown(pause.at, patient.policy.zone)}, by {pause.actor}"
        found.append(warning("held-back", told, f"`maildesk resume {pause.what}` ends it."))
    if apart:
        mails = (
            "1 mail that a restore set apart waits"
            if apart == 1
            else f"{apart} mails that a restore set apart wait"
        )
        do = "Look through `maildesk outbox list --state restored`, and send what is missing with `outbox retry KEY`."
        found.append(warning("held-back", f"{mails} for somebody to look at it", do))
    yield from found or [fine("held-back", "nothing is paused, and what is decided is sent")]


def held(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        count, oldest = examine.oldest_held(conn)
    days = (patient.now - oldest) // DAY
    if count and days >= HELD_DAYS:
        mails = "1 mail is" if count == 1 else f"{count} mails are"
        do = "Look at `maildesk held list`; `maildesk held release KEY` lets one in."
        yield warning("held", f"{mails} held, the oldest for {days} days", do)
    else:
        yield fine("held", f"no mail is held for {HELD_DAYS} days or longer")


def rights(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    found: list[Finding] = []
    if patient.file and patient.file.exists():
        found += _store_rights(patient.file)
    for key, path in patient.secret_files():
        if path.exists() and path.stat().st_mode & 0o007:
            told = f"everybody on this machine may read {path}, which {key} names ({_mode(path)})"
            found.append(fault("rights", told, f"Run `chmod o= {path}`."))
    yield from found or [fine("rights", "only their owners may read the store, passwords and keys")]


def _store_rights(file: Path) -> Iterator[Finding]:
    for path in (file, *(file.with_name(f"{file.name}{suffix}") for suffix in ("-wal", "-shm"))):
        if path.exists() and path.stat().st_mode & 0o077:
            told = f"others may read {path}, which holds everybody's mail and the desk's keys ({_mode(path)})"
            yield fault("rights", told, f"Run `chmod 600 {path}`.")
    if file.parent.stat().st_mode & 0o002:
        told = f"everybody may put files into {file.parent}, the folder of the store ({_mode(file.parent)})"
        yield fault("rights", told, f"Run `chmod o-w {file.parent}`.")


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):o}"


def files(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    full = []
    for folder in machine.places(patient.settings, patient.file).folders:
        left = machine.free_files(folder)
        if left < FILES_LEFT:
            full.append(folder)
            do = "Delete files there: without room for new ones no mail can be taken."
            yield fault("files", f"the disk of {folder} can hold hardly any more files ({left:.1%} left)", do)
    if not full:
        yield fine("files", "there is room for more files")


def rules(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    found = list(rule_reach.never(patient.policy))
    for name, why in found:
        do = "Correct it in config/rules.toml, or delete it."
        yield warning("rules", f"the rule {name!r} can never hit: {why}", do)
    if not found:
        yield fine("rules", "every rule can hit")
