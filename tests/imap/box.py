"""A mailbox for tests: what a person, and mail servers, do to it; and a desk that reads it."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapclient import IMAPClient
from sqlalchemy import func, select

from maildesk.config.settings import Mailbox
from maildesk.core.deskaddress import is_desk
from maildesk.edges.accept import Acceptor
from maildesk.edges.intakes.imap import ImapIntake
from maildesk.store import mailboxes
from maildesk.store.db import local_now
from maildesk.store.mailbox_tables import server_copy
from maildesk.store.schema import inbox, raw
from tests.desk import DESK, Desk
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.waiting import until

SECONDS = 30
"""A deadline, never a wait."""
ENV = "MAILDESK_TEST_PASSWORD"


def mail(name: str, text: str = "Hello, it does not work.", headers: str = "", sender: str = "") -> bytes:
    """A customer's mail; its name is in the subject, the Message-ID and the sender."""
    return (
        f"From: {sender or f'{name}@customer.example'}\r\nTo: {DESK}\r\nSubject: about {name}\r\n"
        f"Message-ID: <{name}@customer.example>\r\n{headers}\r\n{text}\r\n"
    ).encode()


@dataclass
class Box:
    """A user's mailbox on Dovecot."""

    server: Dovecot
    user: str = field(default_factory=lambda: f"u{uuid.uuid4().hex[:12]}")

    @contextlib.contextmanager
    def person(self, folder: str = "INBOX") -> Iterator[IMAPClient]:
        """Somebody who has opened a folder with a mail program."""
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=SECONDS)
        client.login(self.user, PASSWORD)
        client.normalise_times = False
        try:
            client.select_folder(folder)
            yield client
        finally:
            client.logout()

    def put(
        self, *mails: bytes, folder: str = "INBOX", at: int | None = None, flags: tuple[bytes, ...] = ()
    ) -> None:
        """Mails arrive; `at` is the server's time of them, seconds."""
        when = datetime.datetime.fromtimestamp(at, datetime.UTC) if at else None
        with self.person() as client:
            for one in mails:
                client.append(folder, one, flags, when)

    def pour(self, mails: list[bytes]) -> None:
        """Many mails arrive at once, past the server."""
        new = self.server.maildir(self.user) / "new"
        if not new.exists():
            with self.person():
                pass
            until(new.exists)
        owner = new.stat()
        for n, one in enumerate(mails):
            path = new.with_name("tmp") / f"{time.time_ns()}.{n:06}.test"
            path.write_bytes(one)
            os.chown(path, owner.st_uid, owner.st_gid)
            path.rename(new / path.name)

    def bodies(self, folder: str = "INBOX") -> dict[int, bytes]:
        """What lies in a folder, by UID."""
        with self.person() as client:
            if not client.folder_exists(folder):
                return {}
            client.select_folder(folder, readonly=True)
            return {
                uid: data[b"BODY[]"] for uid, data in client.fetch(client.search(), ["BODY.PEEK[]"]).items()
            }

    def flags(self, folder: str = "INBOX") -> dict[int, set[bytes]]:
        """The flags of the mails in a folder, but for those of the session."""
        with self.person(folder) as client:
            return {
                uid: set(flags) - {rb"\Recent"} for uid, flags in client.get_flags(client.search()).items()
            }

    def renumber(self) -> None:
        """The mailbox is built anew: UIDs begin again under another UIDVALIDITY."""
        with self.person() as client:
            before = client.folder_status("INBOX", ["UIDVALIDITY"])

        def changed() -> bool:
            # A session that is just ending may write the old one back, and it is the second of its making.
            self.server.forget_uids(self.user)
            with self.person() as client:
                return bool(client.folder_status("INBOX", ["UIDVALIDITY"]) != before)

        until(changed)

    def save(self, to: Path) -> None:
        """A backup of the whole mailbox."""
        shutil.copytree(self.server.maildir(self.user), to)

    def restore(self, backup: Path) -> None:
        """The mailbox as it was, times of the mails and UIDs too."""
        here = self.server.maildir(self.user)
        owner = here.stat()
        shutil.rmtree(here)
        shutil.copytree(backup, here)
        for path in (here, *here.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


@dataclass
class Read:
    """A desk that reads a mailbox; its clock is the real one."""

    desk: Desk
    box: Box
    port: int
    intakes: list[ImapIntake] = field(default_factory=list)

    def settings(self, **changes: Any) -> Mailbox:
        """The mailbox's configuration."""
        return Mailbox.model_validate(
            {
                "name": "support", "host": "127.0.0.1", "port": self.port, "tls": "none", "user": self.box.user,
                "password_env": ENV, "address": DESK, "poll": 1500, **changes,
            }
        )  # fmt: skip

    def start(self, mail_bytes: int = 1_000_000, **changes: Any) -> ImapIntake:
        """Begins to read."""
        intake = ImapIntake(
            self.settings(**changes),
            self.desk.store,
            Acceptor(self.desk.store, local_now),
            known=lambda address: is_desk(address, self.desk.policy),
            mail_bytes=lambda: mail_bytes,
            clock=local_now,
            jitter=lambda: 0.0,
        )
        self.desk.store.write("work", lambda conn: self.desk.store.node.beat(conn, local_now()))
        self.intakes.append(intake)
        intake.start()
        return intake

    def stop(self) -> None:
        """Ends all reading."""
        for intake in self.intakes:
            intake.stop(20)
            assert not intake.running
        self.intakes.clear()

    def state(self) -> dict[str, Any]:
        """How the mailbox stands."""
        with self.desk.store.db.reading() as conn:
            return mailboxes.overview(conn).get("support", {})

    def polls(self) -> None:
        """Waits until the mailbox has been read completely once more."""
        before = self.state().get("polled") or 0
        until(lambda: (self.state().get("polled") or 0) > before)

    def stored(self) -> list[bytes]:
        """The bytes of all mails that came, in their order."""
        import zlib

        with self.desk.store.db.reading() as conn:
            rows = conn.execute(select(raw.c.z).join(inbox, inbox.c.key == raw.c.key).order_by(inbox.c.id))
            return [zlib.decompress(row.z) for row in rows]

    def copies(self) -> list[str]:
        """The states of the copies on the server."""
        with self.desk.store.db.reading() as conn:
            return list(conn.execute(select(server_copy.c.state).order_by(server_copy.c.uid)).scalars())

    def count(self, state: str) -> int:
        """How many copies on the server are in a state."""
        with self.desk.store.db.reading() as conn:
            query = select(func.count()).select_from(server_copy).where(server_copy.c.state == state)
            return conn.execute(query).scalar_one()

    def decide(self) -> list[dict[str, Any]]:
        """Decides all that came; every mail with what became of it."""
        self.desk.now = local_now()
        self.desk.run()
        with self.desk.store.db.reading() as conn:
            keys = list(conn.execute(select(inbox.c.key).order_by(inbox.c.id)).scalars())
        return [self.desk.row(key) for key in keys]

    def fates(self) -> dict[str, str]:
        """What became of the mails, by their subject without its first word."""
        return {row["subject"].rpartition(" ")[2]: row["disposition"] for row in self.decide()}
