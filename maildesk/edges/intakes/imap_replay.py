"""Replay: after a restore a mailbox is read again since the backup, in the order in which its mails came."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from maildesk import log
from maildesk.config.settings import Mailbox
from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.edges.intakes.imap_folder import TOGETHER, Desk, Reader, source_key
from maildesk.edges.intakes.imap_session import Session
from maildesk.store import inbox, mailboxes, restores
from maildesk.store.mailboxes import FOREVER, Copy, Folder
from maildesk.store.restores import Restored

SIZES_TOGETHER = 500
ALL_KNOWN = 2**62
"""A UID after all others: every mail up to it is looked for by its bytes."""


@dataclass
class _Part:
    """A folder in the replay; `last` is the newest UID that is taken with it. Mails since `until` are none of it."""

    reader: Reader
    at: Folder
    uids: list[int]
    last: int = 0
    until: int = FOREVER


class Replay:
    """Takes what came since the backup from every folder of a mailbox together, oldest first.

    An answer must not be decided before the mail that it answers, and they lie in different folders: in the one where
    stored mail is moved to, in the one of sent mail, and where mail arrives. No cursor moves until all is taken. What
    is taken already is known by its place, and what the backup holds by its bytes; so it may be cut off at any moment
    and is begun again. A folder that has stopped is `left`: nobody else takes its mail, and the replay is not over,
    until somebody lets it go on.
    """

    def __init__(self, mailbox: Mailbox, desk: Desk) -> None:
        self._mailbox = mailbox
        self._desk = desk
        self.left: tuple[str, ...] = ()

    def run(self, session: Session, readers: Sequence[Reader], stopping: Callable[[], bool]) -> bool:
        """Reads the mailbox again if the store was restored and it has not been yet. False if there is more to come:
        it was cut off, or waits for a folder that has stopped.

        Raises what the session and the store raise; then nothing is lost.
        """
        with self._desk.store.db.reading() as conn:
            restored = restores.last(conn)
            before = restores.replay(conn, self._mailbox.name)
        if restored is None or (before and before.over):
            return True
        waiting = [reader for reader in readers if reader.folder in self.left]
        if waiting and all(reader.new(session, many=True)[0].stopped for reader in waiting):
            return False
        parts, left = self._parts(session, readers, restored)
        found = self._in_order(session, parts)
        log.mailbox_replay_begun(self._mailbox.name, len(found), restored.backup)
        self._note(restores.Replay(restored.at, len(found)))
        done = 0
        for part, run in self._runs(found):
            if stopping():
                return False
            self._open(session, part)
            part.at = part.reader.take(session, part.at, run, before=restored.at)
            done += len(run)
            self._note(restores.Replay(restored.at, len(found), done))
        # Only now: who is cut off before this begins again with all folders.
        self.left, over = left, not left
        self._end(parts, restores.Replay(restored.at, len(found), done, over))
        log.mailbox_replay_ended(self._mailbox.name, done, self.left)
        return over

    # What there is

    def _parts(
        self, session: Session, readers: Sequence[Reader], restored: Restored
    ) -> tuple[list[_Part], tuple[str, ...]]:
        """The folders with what is new in each, and the names of those that have stopped."""
        mailbox = self._mailbox
        with self._desk.store.db.reading() as conn:
            old = mailboxes.folder(conn, mailbox.name, mailbox.folder)
        found = []
        left = []
        if mailbox.done and session.has_folder(mailbox.done):
            reader = Reader(mailbox, mailbox.done, "done", self._desk)
            selected = session.select(mailbox.done, reader.changes_nothing)
            assert selected is not None
            # It is read this once, so it has no row of its own in the store.
            at = Folder(mailbox.name, mailbox.done, selected.uidvalidity, 0, rescan_to=ALL_KNOWN)
            since = _since(restored, old)
            # A server's day may begin earlier or later than ours.
            day = datetime.datetime.fromtimestamp(max(0, since - DAY) / SECOND, datetime.UTC).date()
            # In a mailbox that the desk took over after the restore, others have filed what came since.
            until = FOREVER if old else restored.at
            found.append(_Part(reader, at, session.since(day), until=until))
        for reader in readers:
            at, uids = reader.new(session, many=True)
            if at.stopped:
                left.append(reader.folder)
            else:
                found.append(_Part(reader, at, uids, max((at.last_uid, at.first_uid - 1, *uids))))
        return found, tuple(left)

    def _in_order(self, session: Session, parts: Sequence[_Part]) -> list[tuple[_Part, Copy]]:
        """What is not taken yet, as it came."""
        found = [
            (copy.internaldate, n, copy)
            for n, part in enumerate(parts)
            for copy in self._copies(session, part)
        ]
        return [(parts[n], copy) for _, n, copy in sorted(found, key=lambda one: (*one[:2], one[2].uid))]

    def _copies(self, session: Session, part: _Part) -> Iterator[Copy]:
        self._open(session, part)
        for start in range(0, len(part.uids), SIZES_TOGETHER):
            some = part.uids[start : start + SIZES_TOGETHER]
            with self._desk.store.db.reading() as conn:
                taken = inbox.known(conn, [source_key(part.at, uid) for uid in some])
            yield from (
                copy
                for uid, copy in session.copies(some).items()
                if copy.internaldate < part.until and source_key(part.at, uid) not in taken
            )

    # Taking it

    def _runs(self, found: Sequence[tuple[_Part, Copy]]) -> Iterator[tuple[_Part, list[Copy]]]:
        """Mails of one folder that follow each other, at most fifty and of bounded size."""
        run: list[Copy] = []
        last: _Part | None = None
        size = 0
        for part, copy in found:
            full = len(run) == TOGETHER or size + copy.size > self._mailbox.batch_bytes
            if last and run and (part is not last or full):
                yield last, run
                run, size = [], 0
            last = part
            run.append(copy)
            size += copy.size
        if last and run:
            yield last, run

    def _open(self, session: Session, part: _Part) -> None:
        selected = session.select(part.reader.folder, part.reader.changes_nothing)
        if selected and selected.uidvalidity != part.at.uidvalidity:
            raise ConnectionError(f"{part.reader.folder} was built anew meanwhile")

    def _note(self, how_far: restores.Replay) -> None:
        name, now = self._mailbox.name, self._desk.clock()
        self._desk.store.write("work", lambda conn: restores.put_replay(conn, name, how_far, now))

    def _end(self, parts: Sequence[_Part], how_far: restores.Replay) -> None:
        name, holder, now = self._mailbox.name, self._desk.store.node.id, self._desk.clock()

        def write(conn: Connection) -> None:
            mailboxes.check_held(conn, name, holder)
            for part in parts:
                # So many at once were no flood, also for what comes next.
                values = {"last_uid": part.last, "let_in_to": max(part.last, part.at.let_in_to)}
                mailboxes.change(conn, name, part.at.folder, values)
            restores.put_replay(conn, name, how_far, now)

        self._desk.store.write("work", write)


def _since(restored: Restored, old: Folder | None) -> int:
    """The server's time from which on the backup may not know a mail that was taken.

    It may have arrived before the backup and have been taken only afterwards, so a day more is looked at; what was
    there before the desk began, by its clock, is none of its mail. `old` is how far the backup knows the folder where
    mail arrives.
    """
    if old is None:
        return restored.backup - DAY
    if old.last_uid < old.first_uid - 1:  # it was still taking what had been there before the start
        return 0
    return max(min(restored.backup, old.newest or restored.backup) - DAY, old.started - HOUR)
