"""Checks: what is looked at again and again so that an alarm is raised where it is not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from maildesk.core.alarm import Watch, level
from maildesk.core.model import DAY, HOUR, MINUTE
from maildesk.edges import machine
from maildesk.edges.machine import Places
from maildesk.store import control, lookup, mailboxes, waiting, ways_out

LONG = 4 * HOUR
MB = 1_000_000


class Checks:
    """Looks at the desk. Each answer is an alarm's name with its sentence, or with "" where all is well."""

    def __init__(self, watch: Callable[[], Watch], places: Callable[[], Places]) -> None:
        self._watch = watch
        self._places = places

    def __call__(self, conn: Connection, now: int) -> dict[str, str]:
        """All that can be said now."""
        watch, places = self._watch(), self._places()
        return dict(
            (
                ("outbox", _outbox(conn, watch, now)),
                ("inbox", _inbox(conn, watch, now)),
                ("acknowledgments", _acknowledgments(conn, now)),
                ("notices", _notices(conn, now)),
                ("silence", _silence(conn, watch, now)),
                *_relay(conn, now),
                *_mailboxes(conn, places.mailboxes),
                *_many("quarantine", lookup.quarantined(conn), watch.quarantined, "quarantined"),
                *_many("held", lookup.held(conn), watch.held, "held"),
                *disks(places.folders, watch.disk_mb),
                *certificates(places.certificates, watch.certificate_days, now),
            )
        )


def _outbox(conn: Connection, watch: Watch, now: int) -> str:
    paused = control.paused(conn)
    if control.ALL in paused:
        return ""
    kinds = tuple(kind for what in paused for kind in control.KINDS[what])
    due, since = lookup.overdue(conn, now - watch.unsent_minutes * MINUTE, kinds)
    see = "see `maildesk status` and `maildesk outbox list`."
    if due:
        return f"{_mails(due)} due and not sent, the oldest for {_minutes(now - since)}; {see}"
    tried, trouble = lookup.in_vain(conn, now - LONG)
    if tried:
        return f"{_mails(tried)} tried again and again for 4 hours and more: {trouble}; {see}"
    return ""


def _mails(count: int) -> str:
    return "1 mail is" if count == 1 else f"{count} mails are"


def _minutes(duration: int) -> str:
    return f"{duration // MINUTE} minutes"


def _inbox(conn: Connection, watch: Watch, now: int) -> str:
    oldest = lookup.oldest_undecided(conn)
    if oldest is None or now - oldest < watch.undecided_minutes * MINUTE:
        return ""
    return f"A mail has waited for its decision for {_minutes(now - oldest)}; see the log and `maildesk inbox list`."


def _acknowledgments(conn: Connection, now: int) -> str:
    """The circuit breaker: too many strangers wrote at once, or somebody wrote in the names of many."""
    count = waiting.count(conn, waiting.CUSTOMERS, now)
    if not count:
        return ""
    waits = "1 acknowledgment waits" if count == 1 else f"{count} acknowledgments wait"
    return (
        f"More people wrote within an hour than limits.acks_unproven_hour allows: {waits}. If their mails are genuine,"
        " `maildesk outbox release customers` sends them; else nothing needs to be done: after a day they are not"
        " sent any more."
    )


def _notices(conn: Connection, now: int) -> str:
    """The circuit breaker of tickets: somebody, or a machine, opened more of them than agents are to be told of."""
    count = waiting.count(conn, waiting.AGENTS, now)
    if not count:
        return ""
    waits = "1 mail to agents waits" if count == 1 else f"{count} mails to agents wait"
    sender, most = waiting.most(conn, now)
    who = f", {most} of them on tickets of {sender or 'senders without an address'}" if most else ""
    return (
        f"More came within an hour or a day than limits.tickets_per_address_hour, limits.tickets_per_address_day or"
        f" limits.mails_per_agent_hour allow: {waits}{who}. The tickets are there: see `maildesk ticket list`. If a"
        " machine writes in a circle with the desk, stop it there; if the mails are genuine, `maildesk outbox release"
        " agents` tells the agents, and a higher limit, or [[form]] for a web"
        " form, lets them hear at once. What waits for three days is not sent any more."
    )


def _silence(conn: Connection, watch: Watch, now: int) -> str:
    newest = lookup.newest_arrival(conn)
    if not watch.silence_hours or newest is None or now - newest < watch.silence_hours * HOUR:
        return ""
    return f"No mail has come for {(now - newest) // HOUR} hours; see whether your mail server still hands it over."


def _relay(conn: Connection, now: int) -> Iterator[tuple[str, str]]:
    """The nodes whose way out is closed."""
    for one in ways_out.closed(conn, now):
        told = f"The relay takes no mail from node {one['node']}: {one['trouble']}".rstrip(".")
        yield f"relay:{one['node']}", f"{told}. No mail is given up; see `maildesk check --online`."


def _mailboxes(conn: Connection, configured: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The mailboxes that cannot be read, and those whose reading has stopped by itself."""
    known = mailboxes.overview(conn)
    for name, box in ((name, known[name]) for name in configured if name in known):
        said = ""
        if stopped := [folder for folder, found in box["folders"].items() if found["stopped"]]:
            said = f"Reading {', '.join(stopped)} of the mailbox {name} has stopped; see `maildesk mailbox list`."
        elif box["error"]:
            told = f"The mailbox {name} cannot be read: {box['error']}".rstrip(".")
            said = f"{told}. Mail stays there; see `maildesk check --online`."
        yield f"mailbox:{name}", said


def _many(name: str, count: int, bound: int, word: str) -> Iterator[tuple[str, str]]:
    """One alarm for the bound, further ones for 10 and 100 times as much: who let the first stand hears of growth."""
    reached = level(count, bound)
    for step in (bound, bound * 10, bound * 100):
        mails = "mail is" if count == 1 else "mails are"
        said = f"{count} {mails} {word}; see `maildesk {name} list`." if step <= reached else ""
        yield f"{name}:{step}", said


def disks(folders: Iterable[Path], least_mb: int) -> Iterator[tuple[str, str]]:
    """Whether there is room for `least_mb` megabytes on the disk of each folder."""
    seen: set[int] = set()
    for folder in folders:
        try:
            disk, octets = machine.free_bytes(folder)
        except OSError as error:
            yield f"disk:{folder}", f"{folder} cannot be looked at: {error.strerror}."
            continue
        if disk in seen:
            continue
        seen.add(disk)
        few = f"There are {octets // MB} MB left for {folder}; make room. Without any, mail stays with its senders."
        yield f"disk:{folder}", few if octets < least_mb * MB else ""


def certificates(files: Iterable[Path], days: int, now: int) -> Iterator[tuple[str, str]]:
    """Whether each certificate is good for so many days more."""
    for file in files:
        try:
            left = machine.certificate_end(file) - now
        except OSError as error:
            yield f"certificate:{file}", f"The certificate {file} cannot be read: {error.strerror}."
            continue
        except ValueError as error:
            yield f"certificate:{file}", f"The certificate {file} {error}; write a PEM file there."
            continue
        said = ""
        if left < 0:
            said = f"The certificate {file} has ended: mail servers may refuse to talk to us. Renew it."
        elif left < days * DAY:
            said = f"The certificate {file} ends in {left // DAY} days; renew it."
        yield f"certificate:{file}", said
