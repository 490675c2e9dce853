"""`maildesk check --online`: logs in where the configuration says, changes nothing, and says what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maildesk.cli.relay import NO_STORE, ends_soon, relay
from maildesk.cli.screen import count

if TYPE_CHECKING:
    from maildesk.config.load import Loaded
    from maildesk.config.settings import Mailbox
    from maildesk.edges.intakes.imap_session import Session
    from maildesk.store.store import Store


def servers(loaded: Loaded, store: Store | None) -> tuple[list[tuple[str, str]], list[str]]:
    """What was found in each mailbox and at the relay, as pairs, and the problems as sentences. `store` is None if
    there is none yet."""
    found, problems = _mailboxes(loaded, store)
    relayed, trouble = relay(loaded, store)
    return found + relayed, problems + trouble


def _mailboxes(loaded: Loaded, store: Store | None) -> tuple[list[tuple[str, str]], list[str]]:
    from maildesk.edges.intakes.imap_session import told

    found: list[tuple[str, str]] = []
    problems: list[str] = []
    for mailbox in loaded.settings.imap:
        try:
            there, wrong = _mailbox(mailbox, store, loaded.settings.alarms.certificate_days)
        except Exception as error:
            problems.append(f"mailbox {mailbox.name}: {told(mailbox, error)}")
        else:
            found.append((mailbox.name, there))
            problems += [f"mailbox {mailbox.name}: {sentence}" for sentence in wrong]
    return found, problems


def _mailbox(mailbox: Mailbox, store: Store | None, days: int) -> tuple[str, list[str]]:
    from maildesk.edges.intakes.imap import tokens
    from maildesk.edges.intakes.imap_session import NotWelcome, Session
    from maildesk.edges.oauth import NoToken
    from maildesk.store.db import local_now

    if mailbox.oauth and store is None:
        raise NoToken(NO_STORE)
    session = Session(mailbox, tokens(mailbox, store, local_now) if store else None)
    try:
        at = f"the certificate of {mailbox.host}:{mailbox.real_port}"
        wrong = ends_soon(at, session.certificate_end(), days)
        told = f"{mailbox.user} at {mailbox.host} is logged in; {_folder(session, mailbox.folder)}"
        for folder in (session.junk_folder() if mailbox.junk else "", mailbox.sent):
            if folder:
                try:
                    told += f"; {_folder(session, folder)}"
                except NotWelcome as error:
                    wrong.append(str(error))
        able = [name for name in ("IDLE", "MOVE", "UIDPLUS") if session.has(name)]
        told += f"; the server can {', '.join(able) or 'none of IDLE, MOVE and UIDPLUS'}"
        return told + _without(mailbox, session), wrong
    finally:
        session.close()


def _folder(session: Session, folder: str) -> str:
    selected = session.select(folder, readonly=True)
    assert selected is not None
    return f"{folder} has {count(selected.messages, 'mail')}, {session.unread()} unread"


def _without(mailbox: Mailbox, session: Session) -> str:
    """What follows from what a server lacks."""
    told = ""
    if not session.has("IDLE"):
        told += f"; without IDLE new mail is seen every {mailbox.poll} s"
    deletes = mailbox.after == "delete" or (mailbox.done and not session.has("MOVE"))
    if deletes and not session.has("UIDPLUS"):
        told += "; without UIDPLUS mails are only marked as deleted, and a mail program has to remove them"
    return told
