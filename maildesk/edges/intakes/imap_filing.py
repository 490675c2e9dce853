"""Filing: what becomes of a stored mail on its server. It is done only to the very mail that was stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from maildesk import log
from maildesk.config.settings import Mailbox
from maildesk.core.model import SECOND
from maildesk.edges.intakes.imap_session import Session
from maildesk.store import mailboxes
from maildesk.store.mailboxes import CopyState, Folder, Pending
from maildesk.store.store import Store

TOGETHER = 200
FIRST_PAUSE = 60
LONGEST_PAUSE = 3_600
SEEN, DELETED = b"\\Seen", b"\\Deleted"


class Filing:
    """Marks, moves or deletes the mails of a mailbox that have been committed, and tries again what fails."""

    def __init__(self, mailbox: Mailbox, store: Store, clock: Callable[[], int]) -> None:
        self._mailbox = mailbox
        self._store = store
        self._clock = clock

    def file(self, session: Session, at: Folder, stopping: Callable[[], bool]) -> None:
        """Does all that is due. The folder is open for writing."""
        made = False
        while not stopping():
            now = self._clock()
            with self._store.db.reading() as conn:
                found = mailboxes.pending(conn, at, now, TOGETHER)
            if not found:
                return
            try:
                if self._mailbox.done and not made:
                    session.make_folder(self._mailbox.done)
                    made = True
                self._batch(session, found)
            except IMAPClientError as error:
                if isinstance(error, IMAPClient.AbortError):
                    raise
                self._refused(found, error, now)

    def _batch(self, session: Session, found: Sequence[Pending]) -> None:
        there = session.copies([one.copy.uid for one in found])
        gone = [one for one in found if one.copy.uid not in there]
        other = [one for one in found if there.get(one.copy.uid, one.copy) != one.copy]
        self._settle(gone, "gone")
        self._settle(other, "changed")
        if left := [one for one in found if one not in gone and one not in other]:
            self._act(session, left)

    def _act(self, session: Session, found: Sequence[Pending]) -> None:
        after, target = self._mailbox.after, self._mailbox.done
        uids = [one.copy.uid for one in found]
        if after == "leave":
            self._settle(found, "left")
            return
        if after == "seen":
            session.mark(uids, SEEN)
        elif target and session.has("MOVE"):
            session.move(uids, target)
        elif target:
            if fresh := [one for one in found if not one.copied]:
                session.copy([one.copy.uid for one in fresh], target)
                # Recorded before the next step, so that a cut connection makes no second copy.
                self._settle(fresh, "copied")
            self._delete(session, uids)
        else:
            self._delete(session, uids)
        self._settle(found, "done")

    def _delete(self, session: Session, uids: Sequence[int]) -> None:
        session.mark(uids, DELETED)
        # A plain EXPUNGE would take along what others have marked.
        if session.has("UIDPLUS"):
            session.expunge(uids)

    def _settle(self, found: Sequence[Pending], state: CopyState) -> None:
        if found:
            keys = [one.key for one in found]
            self._store.write("work", lambda conn: mailboxes.settle(conn, keys, state))

    def _refused(self, found: Sequence[Pending], error: Exception, now: int) -> None:
        told = " ".join(str(error).split())[:200]
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(10, max(one.tries for one in found)))
        keys = [one.key for one in found]
        self._store.write("work", lambda conn: mailboxes.later(conn, keys, told, now + pause * SECOND))
        log.not_filed(self._mailbox.name, len(found), told, pause)
