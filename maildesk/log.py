"""What happened, one function per business event, ids first, written after the commit.

"What became of this mail" is a search for its row key; "what happened to this ticket" for its number.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence
from typing import Any

_LOG = logging.getLogger("maildesk")

IDS = "ids"
"""The attribute of a log record that has what it is about, by name: key, message_id, ticket, mailbox..."""


def printable(text: str) -> str:
    """A text on one line, without control characters."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _safe(text: object) -> str:
    """The start of a text from outside, fit for a line."""
    return printable(str(text)[:300])


def _about(**ids: object) -> dict[str, Any]:
    """What a line is about, apart from its words; what is None is left out."""
    return {IDS: {name: value for name, value in ids.items() if value is not None}}


def _seconds(seconds: float) -> str:
    """A short pause with a decimal: half a second is not none."""
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def received(key: str, channel: str, size: int, message_id: str, sender: str) -> None:
    """A mail was committed."""
    _LOG.info(
        "mail %s received by %s size=%d message-id=%s from=%s",
        key,
        channel,
        size,
        _safe(message_id),
        _safe(sender),
        extra=_about(key=key, message_id=message_id, channel=channel, size=size),
    )


def decided(key: str, disposition: str, ticket: int | None, why: Sequence[str]) -> None:
    """A mail was decided."""
    where = f" #{ticket}" if ticket else ""
    ids = _about(key=key, ticket=ticket, disposition=disposition)
    _LOG.info("mail %s is %s%s: %s", key, disposition, where, _safe(" ".join(why)), extra=ids)


def waits(key: str, waits_for: str) -> None:
    """A mail waits for the one that it answers."""
    _LOG.info("mail %s waits for mail %s", key, waits_for, extra=_about(key=key, waits_for=waits_for))


def stumbled(what: str, key: str, error: BaseException) -> None:
    """An error of our own; the row is tried again alone."""
    ids, kind = _about(key=key), type(error).__name__
    _LOG.error("%s %s failed: %s: %s", what, key, kind, _safe(error), exc_info=error, extra=ids)


def quarantined(what: str, key: str) -> None:
    """A row was given up; it stays visible and can be tried again."""
    told = "%s %s is quarantined; see `maildesk quarantine show %s`"
    _LOG.error(told, what, key, key, extra=_about(key=key))


def sent(once: str, kind: str, ticket: int | None, to: str, answer: str) -> None:
    """A mail went out."""
    ids = _about(key=once, ticket=ticket, kind=kind)
    _LOG.info("send %s %s #%s to=%s: %s", once, kind, ticket or "-", _safe(to), _safe(answer), extra=ids)


def shadowed(once: str, kind: str, ticket: int | None, to: str) -> None:
    """A mail would have gone out, and does not: the desk runs in shadow mode."""
    told = "send %s %s #%s to=%s: not sent, this desk is a shadow"
    ids = _about(key=once, ticket=ticket, kind=kind)
    _LOG.info(told, once, kind, ticket or "-", _safe(to), extra=ids)


def paused(what: Sequence[str]) -> None:
    """The operator has changed what waits; every node says so when it sees it."""
    _LOG.warning("paused now: %s", ", ".join(what) or "nothing")


def not_sent(once: str, state: str, to: str, answer: str) -> None:
    """An attempt failed; `state` says what follows."""
    ids = _about(key=once, state=state)
    _LOG.warning("send %s not sent, now %s to=%s: %s", once, state, _safe(to), _safe(answer), extra=ids)


def expired(count: int) -> None:
    """Mails beyond a limit that nobody released are too late."""
    _LOG.warning("%d mails that waited to be released are too late and not sent any more", count)


def key_forgotten(id_: int) -> None:
    """A key of reply addresses verifies nothing any more and is deleted."""
    _LOG.info("key %d of reply addresses has ended and is deleted", id_)


def still_held(key: str, sender: str) -> None:
    """Somebody is reminded of a held mail."""
    _LOG.info("mail %s is still held from=%s", key, _safe(sender), extra=_about(key=key))


def late(once: str, to: str) -> None:
    """An answer is still on its way after hours, and its agent is told."""
    _LOG.warning("send %s is still on its way to=%s", once, _safe(to), extra=_about(key=once))


def relay_closed(trouble: str, seconds: float) -> None:
    """The way out is closed to all mail; no mail is given up for that."""
    _LOG.error("sending pauses for %.0f s, no mail is given up: %s", seconds, _safe(trouble))


def relay_open() -> None:
    """The way out is open again."""
    _LOG.warning("sending goes on")


def mailbox_begun(mailbox: str, folder: str, start: str, messages: int, unread: int) -> None:
    """A folder is read for the first time; with `start = "now"` the mails that are there stay as they are."""
    left = f"; {unread} unread mails are left there" if start == "now" else ""
    said = "mailbox %s: %s has %d mails and is read from %s on%s"
    _LOG.info(said, mailbox, _safe(folder), messages, start, left, extra=_about(mailbox=mailbox))


def mailbox_built_anew(mailbox: str, folder: str, why: str) -> None:
    """The UIDs of a folder mean other mails than before: it is read again."""
    said = "mailbox %s: %s was built anew (%s) and is read again"
    _LOG.warning(said, mailbox, _safe(folder), why, extra=_about(mailbox=mailbox))


def mailbox_replay_begun(mailbox: str, mails: int, backup: int) -> None:
    """The store was restored: what came since the backup is read again. `backup` in microseconds UTC."""
    since = datetime.datetime.fromtimestamp(backup / 1_000_000, datetime.UTC)
    said = "mailbox %s: after a restore it is read again since the backup of %s UTC: %d mails"
    _LOG.warning(said, mailbox, since.strftime("%Y-%m-%d %H:%M"), mails, extra=_about(mailbox=mailbox))


def mailbox_replay_ended(mailbox: str, mails: int, left: Sequence[str]) -> None:
    """All of that is taken, but for folders that have stopped."""
    but = f"; {_safe(', '.join(left))} follows when somebody lets it go on" if left else ""
    said = "mailbox %s: %d mails since the backup were read again%s"
    _LOG.info(said, mailbox, mails, but, extra=_about(mailbox=mailbox))


def mailbox_stopped(mailbox: str, why: str) -> None:
    """A folder shows something that somebody should look at first."""
    _LOG.error("mailbox %s stopped: %s", mailbox, _safe(why), extra=_about(mailbox=mailbox))


def mailbox_failed(mailbox: str, why: str, seconds: float | None, error: BaseException | None = None) -> None:
    """A mailbox cannot be read at the moment; its mail stays there. It is tried again after so many seconds, or not at
    all (None). `error` is one of our own."""
    again = "" if seconds is None else f"; tried again in {_seconds(seconds)}"
    said, ids = "mailbox %s: %s%s", _about(mailbox=mailbox)
    _LOG.warning(said, mailbox, _safe(why), again, exc_info=error, extra=ids)


def not_filed(mailbox: str, count: int, why: str, seconds: float) -> None:
    """Stored mails could not be moved, marked or deleted on their server; that is tried again."""
    _LOG.warning(
        "mailbox %s: %d stored mails stay where they are, tried again in %.0f s: %s",
        mailbox,
        count,
        seconds,
        _safe(why),
        extra=_about(mailbox=mailbox),
    )


def loop_failed(name: str, error: BaseException, seconds: float) -> None:
    """A loop's step failed; it goes on after a pause."""
    said, ids = "%s failed and tries again in %s: %s", _about(loop=name)
    _LOG.error(said, name, _seconds(seconds), _safe(told(error)), exc_info=error, extra=ids)


def loop_hangs(name: str, seconds: float) -> None:
    """Something that must not stand still does; where systemd watches, it will start the daemon anew."""
    said = "%s has not moved for %.0f s; it hangs, and the watchdog is no longer told that all is well"
    _LOG.critical(said, name, seconds, extra=_about(loop=name))


def not_measured(error: BaseException) -> None:
    """The store could not be read for the metrics, which say so."""
    _LOG.warning("the metrics lack what is in the store: %s", _safe(told(error)))


def manager_not_told(what: str, error: BaseException) -> None:
    """The service manager could not be told something; the desk goes on."""
    _LOG.warning("the service manager could not be told %s: %s", what, _safe(reason(error)))


def loop_moves(name: str) -> None:
    """What seemed to hang goes on."""
    _LOG.warning("%s goes on", name, extra=_about(loop=name))


def alarm(name: str, is_: str, sentence: str) -> None:
    """A condition that the operator must hear of begins or ends."""
    level = logging.ERROR if is_ == "raised" else logging.INFO
    _LOG.log(level, "alarm %s %s: %s", _safe(name), is_, _safe(sentence), extra=_about(alarm=name))


def alarm_command_failed(name: str, command: str, error: BaseException) -> None:
    """The program that is told of alarms could not be told."""
    said, ids = "alarm %s: the command %s failed: %s", _about(alarm=name)
    _LOG.error(said, _safe(name), _safe(command), _safe(reason(error)), extra=ids)


def migrated(store: str, before: int, after: int, copy: str) -> None:
    """A store of an older version is one of this version now."""
    kept = f"; the old one is kept as {copy}" if copy else ""
    _LOG.warning("store %s upgraded from version %d to %d%s", store, before, after, kept)


def reloaded(digest: str, changes: Sequence[str], restart: Sequence[str]) -> None:
    """Another configuration is in force."""
    _LOG.info("reload: the configuration is %s now", digest[:12])
    for change in changes:
        _LOG.info("reload: %s", _safe(change))
    if restart:
        _LOG.warning("reload: only a restart takes %s", ", ".join(restart))


def reload_refused(digest: str, problems: Sequence[str]) -> None:
    """A configuration cannot be used; the one in force stays."""
    for problem in problems:
        _LOG.error("configuration refused: %s", _safe(problem))
    _LOG.error("configuration refused, the desk goes on with %s", digest[:12])


def started(node: str, policy: str) -> None:
    """The daemon runs."""
    _LOG.info("node %s runs with configuration %s", node, policy[:12])


def stopped(node: str) -> None:
    """The daemon has stopped and holds nothing."""
    _LOG.info("node %s stopped", node)


def told(error: BaseException) -> str:
    """An error of the world in words: what went wrong, and what the operator should do if that is known."""
    return f"{reason(error)}. {advice(error)}".rstrip()


def reason(error: BaseException) -> str:
    """What went wrong, on one line; of a database error without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, OSError) and cause.strerror:
        return f"{cause.filename}: {cause.strerror}" if cause.filename else cause.strerror
    return (str(cause).splitlines() or [type(cause).__name__])[0].rstrip(".")


def advice(error: BaseException) -> str:
    """What the operator should do about an error of the world."""
    text = str(error).lower()
    for mark, sentence in (
        ("full", "The disk or the database is full: make room; nothing is lost, senders try again."),
        ("no space left", "The disk is full: make room; nothing is lost, senders try again."),
        ("locked", "Another program holds the database: stop it, or wait until it has finished."),
        (
            "read-only transaction",
            "The database server takes no writes: check its disk, default_transaction_read_only, and that store.url "
            "does not name a standby.",
        ),
        ("readonly", "The database is read-only: check the owner and rights of its file and folder."),
        ("read-only", "The database is read-only: check the owner and rights of its file and folder."),
        ("permission", "maildesk may not write there: check the owner and rights of the folder."),
        ("connection", "The database does not answer: check that it runs and that store.url is right."),
    ):
        if mark in text:
            return sentence
    return ""
