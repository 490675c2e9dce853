"""A folder of a mailbox: what is new in it, by UID under UIDVALIDITY, and how it is told that it was built anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from maildesk import log
from maildesk.config.settings import Mailbox
from maildesk.core.headers import Route, route
from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor, Offer
from maildesk.edges.intakes.imap_session import Selected, Session
from maildesk.edges.verify import Trust, stated
from maildesk.store import mailboxes
from maildesk.store.mailboxes import Copy, CopyState, Folder
from maildesk.store.store import Store

Role = Literal["inbox", "junk", "sent", "done"]
TOGETHER = 50
FLOOD = 1_000
TIMES_THE_USUAL = 10
"""So many new mails within an hour, and so many times those to be expected, are a flood."""
EMPTINESS = 20
"""A folder that had so many mails does not become empty by being built anew."""
TAIL = 500
CHECKED = 100


@dataclass(frozen=True)
class Desk:
    """What reading needs of the desk: its store and intake, its addresses and limits, and the clock."""

    store: Store
    accept: Acceptor
    known: Callable[[str], bool]
    mail_bytes: Callable[[], int]
    clock: Callable[[], int]


def source_key(at: Folder, uid: int) -> str:
    """The durable identity of a mail in a mailbox."""
    epoch = f":{at.epoch}" if at.epoch else ""
    return f"imap:{at.mailbox}:{at.folder}:{at.uidvalidity}:{uid}{epoch}"


class Reader:
    """Takes the mail of one folder. The cursor moves in the transaction that stores the mails."""

    def __init__(self, mailbox: Mailbox, folder: str, role: Role, desk: Desk) -> None:
        self.folder = folder
        self._mailbox = mailbox
        self._role = role
        self._desk = desk

    @property
    def changes_nothing(self) -> bool:
        """Whether the folder is only looked at."""
        return self._role != "inbox" or self._mailbox.after == "leave"

    def read(self, session: Session, stopping: Callable[[], bool]) -> Folder:
        """Takes all that is new. Raises what the session and the store raise; then nothing is lost."""
        at, uids = self.new(session)
        if at.stopped:
            return at
        for run in self._runs(session, uids):
            if stopping():
                return at
            at = self.take(session, at, run)
        if at.last_uid < at.first_uid - 1:  # the start is over
            at = self._change(at, last_uid=at.first_uid - 1)
        return at

    def new(self, session: Session, many: bool = False) -> tuple[Folder, list[int]]:
        """Opens the folder: how it stands, and the UIDs of what is new in it; none where it has stopped. With `many`
        any number is welcome, and is no flood."""
        selected = session.select(self.folder, self.changes_nothing)
        with self._desk.store.db.reading() as conn:
            at = mailboxes.folder(conn, self._mailbox.name, self.folder)
        if at is None:
            selected = selected or session.select(self.folder, self.changes_nothing)
            assert selected is not None
            at = self._begin(session, selected)
        elif selected:
            at = self._look(session, at, selected)
        if at.stopped:
            session.look_anew()
            return at, []
        uids = self._new(session, at)
        if not many and self._flood(at, uids):
            return replace(at, stopped="flood"), []
        return at, uids

    def _change(self, at: Folder, **values: object) -> Folder:
        holder = self._desk.store.node.id

        def write(conn: Connection) -> None:
            mailboxes.check_held(conn, at.mailbox, holder)
            mailboxes.change(conn, at.mailbox, at.folder, values)

        self._desk.store.write("work", write)
        return replace(at, **values)  # type: ignore[arg-type]

    # Where reading begins

    def _begin(self, session: Session, selected: Selected) -> Folder:
        """The first start. Old mail is taken from the folder where mail arrives alone."""
        start = self._mailbox.start if self._role == "inbox" else "now"
        new = Folder(
            mailbox=self._mailbox.name,
            folder=self.folder,
            uidvalidity=selected.uidvalidity,
            last_uid=selected.uidnext - 1 if start == "now" else 0,
            first_uid=1 if start == "all" else selected.uidnext,
            started=self._desk.clock() // SECOND * SECOND,  # servers tell the time of mails in seconds
            let_in_to=selected.uidnext - 1,
            messages=selected.messages,
            left_unread=session.unread() if start == "now" and self._role == "inbox" else 0,
        )
        self._desk.store.write("work", lambda conn: mailboxes.begin(conn, new))
        log.mailbox_begun(new.mailbox, new.folder, start, selected.messages, new.left_unread)
        return new

    def _look(self, session: Session, at: Folder, selected: Selected) -> Folder:
        """What a folder that has just been opened shows about what happened to it meanwhile."""
        why = self._built_anew(session, at, selected)
        if not why:
            calm = {"stopped": ""} if at.stopped and not at.stopped_to else {}
            # What comes while the flood is not let in is part of it.
            flood = {"stopped_to": selected.uidnext - 1} if at.stopped_to else {}
            if calm or selected.messages != at.messages:
                at = self._change(at, messages=selected.messages, **calm, **flood)
            return at
        if at.messages >= EMPTINESS and not selected.messages:
            stopped = (
                f"{self.folder} had {at.messages:,} mails and is empty since it was built anew ({why}):"
                f" nothing is taken. If that is right, `maildesk mailbox resume {at.mailbox}`"
            )
            if at.stopped != stopped:
                log.mailbox_stopped(at.mailbox, stopped)
                at = self._change(at, stopped=stopped, stopped_to=0)
            return at
        log.mailbox_built_anew(at.mailbox, at.folder, why)
        new = self._change(
            at,
            uidvalidity=selected.uidvalidity,
            last_uid=0,
            epoch=at.epoch + 1,
            first_uid=1,
            rescan_to=selected.uidnext - 1,
            mark=max(at.started, at.newest - DAY),
            reason="restored",
            let_in_to=0,
            messages=selected.messages,
            stopped="",
        )
        self._desk.store.write("work", lambda conn: mailboxes.outdated(conn, new))
        return new

    def _built_anew(self, session: Session, at: Folder, selected: Selected) -> str:
        """How it shows that UIDs mean other mails than before; "" if they do not."""
        if selected.uidvalidity != at.uidvalidity:
            return "its UIDVALIDITY has changed"
        if selected.uidnext <= at.last_uid:
            return "its UIDs begin again"
        # A mailbox restored from a backup gives the UIDs after it to other mails, maybe beyond the cursor by now.
        first = max(at.first_uid, at.rescan_to + 1, at.last_uid - TAIL)
        if first <= at.last_uid:
            there = session.copies(session.uids(first, at.last_uid)[-CHECKED:])
            with self._desk.store.db.reading() as conn:
                stored = mailboxes.stored(conn, at, there)
            for uid, copy in there.items():
                if uid not in stored or stored[uid].internaldate != copy.internaldate:
                    return f"the UID {uid} is another mail now"
        return ""

    # What is new

    def _new(self, session: Session, at: Folder) -> list[int]:
        first = at.last_uid + 1
        if first < at.first_uid:  # the start is not over: of what was there before, only the unread
            return session.uids(first, at.first_uid - 1, unseen=True) + session.uids(at.first_uid)
        return session.uids(first)

    def _flood(self, at: Folder, uids: Sequence[int]) -> bool:
        """Whether so much has come at once that somebody should look before it is taken."""
        expected_to = max(at.let_in_to, at.rescan_to)
        new = [uid for uid in uids if uid > expected_to]
        if not new:
            return False
        now = self._desk.clock()
        with self._desk.store.db.reading() as conn:
            lately = len(new) + mailboxes.taken(conn, at, expected_to, now - HOUR)
            if lately <= FLOOD:
                return False
            a_day = mailboxes.usual_a_day(conn, at, now - HOUR)
            polled = mailboxes.last_poll(conn, at.mailbox) or at.started
        expected = a_day * max(1.0, (now - polled) / DAY)
        if lately <= TIMES_THE_USUAL * expected:
            return False
        stopped = (
            f"{lately:,} new mails within an hour in {self.folder}, and about {expected:.0f} were to be expected:"
            f" the last {len(new):,} are not taken. If they are welcome, `maildesk mailbox resume {at.mailbox}`;"
            " with --held they are held"
        )
        log.mailbox_stopped(at.mailbox, stopped)
        self._change(at, stopped=stopped, stopped_to=max(new))
        return True

    def _runs(self, session: Session, uids: Sequence[int]) -> Iterator[list[Copy]]:
        """The mails in groups, each of at most fifty and of bounded size. Those that are gone are left out."""
        for start in range(0, len(uids), TOGETHER):
            wanted = uids[start : start + TOGETHER]
            found = session.copies(wanted)
            run: list[Copy] = []
            size = 0
            for copy in (found[uid] for uid in wanted if uid in found):
                if run and size + copy.size > self._mailbox.batch_bytes:
                    yield run
                    run, size = [], 0
                run.append(copy)
                size += copy.size
            if run:
                yield run

    def take(self, session: Session, at: Folder, run: Sequence[Copy], before: int = 0) -> Folder:
        """Takes a few mails of the folder, which is open, and moves the cursor.

        In a replay the cursor stays: mails come in their order in time there, not in that of their UIDs. Then `before`
        is the instant of the restore; mails of the time before were probably taken by the store that is lost.
        """
        limit = self._desk.mail_bytes()
        bodies = session.bodies([copy.uid for copy in run if copy.size <= limit])
        fetched: list[tuple[Copy, bytes]] = []
        for copy in run:
            if copy.size > limit:
                if header := session.header(copy.uid):
                    fetched.append((copy, header))
            elif copy.uid in bodies:
                fetched.append(bodies[copy.uid])
            elif session.copies([copy.uid]):
                raise ConnectionError(f"the server does not give the mail with UID {copy.uid}")
        again = self._again(at, fetched)
        offers: list[Offer] = []
        places: list[tuple[Copy, CopyState]] = []
        for copy, raw in fetched:
            if copy.uid in again:
                continue
            offer = self._offer(at, copy, raw, limit, before)
            if offer:
                offers.append(offer)
                places.append((copy, self._state(copy, limit)))
        last, holder, now = (
            at.last_uid if before else run[-1].uid,
            self._desk.store.node.id,
            self._desk.clock(),
        )
        self._desk.accept.together(
            offers,
            lambda conn, mails: mailboxes.take(
                conn,
                at,
                holder,
                [(mail, *place) for mail, place in zip(mails, places, strict=True)],
                [(key, copy, self._state(copy, limit)) for copy, key in again.values()],
                last,
                now,
            ),
        ).result()
        newest = max((min(offer.received, now) for offer in offers), default=0)
        return replace(at, last_uid=last, newest=max(at.newest, newest))

    def _again(self, at: Folder, fetched: Sequence[tuple[Copy, bytes]]) -> dict[int, tuple[Copy, str]]:
        """Of mails that are read again, those whose bytes are known, with their row keys."""
        hashes = {
            copy.uid: hashlib.sha256(raw).hexdigest() for copy, raw in fetched if copy.uid <= at.rescan_to
        }
        if not hashes:
            return {}
        with self._desk.store.db.reading() as conn:
            known = mailboxes.known(conn, hashes.values())
        by_uid = {copy.uid: copy for copy, _ in fetched}
        return {uid: (by_uid[uid], known[sha]) for uid, sha in hashes.items() if sha in known}

    # A mail

    def _state(self, copy: Copy, limit: int) -> CopyState:
        if self.changes_nothing or (copy.size > limit and self._mailbox.after == "delete"):
            return "left"  # what was not stored whole is never deleted
        return "todo"

    def _offer(self, at: Folder, copy: Copy, raw: bytes, limit: int, before: int) -> Offer | None:
        way = route(raw)
        old = copy.uid <= at.rescan_to and self._is_old(at, copy, way)
        if old and self._role == "sent":
            return None  # what was sent before says nothing new about a ticket
        parked = at.reason if old else "junk" if self._role == "junk" else ""
        ours = tuple(address for address in way.recipients if self._desk.known(address))
        sent = self._role == "sent"
        return Offer(
            raw=raw,
            envelope=Envelope(
                channel="imap",
                sender=None if sent else way.sender,
                recipients=() if sent else ours or (self._mailbox.address,),
                peer=f"{at.mailbox}/{at.folder}",
            ),
            evidence=stated(
                raw,
                Trust.of(self._mailbox),
                Evidence(
                    parked=parked,
                    sent=sent,
                    oversized=copy.size if copy.size > limit else 0,
                    replayed=copy.internaldate < before,
                ),
            ),
            source_key=source_key(at, copy.uid),
            received=copy.internaldate or self._desk.clock(),
        )

    def _is_old(self, at: Folder, copy: Copy, way: Route) -> bool:
        # Some programs that move mailboxes give every mail the time of the move.
        return min(copy.internaldate, way.date if way.date is not None else copy.internaldate) < at.mark
