"""Plants: the faults that are planted in a healthy desk, with what the doctor is to say of each."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from maildesk.core.model import DAY, HOUR
from maildesk.store.db import local_now
from tests.doctor.conftest import Healthy
from tests.servers import certificates

NODE = "insert into node (id, name, until, home, pid, started) values ('gone#1', 'gone', 0, '', 1, 0)"


@dataclass(frozen=True)
class Plant:
    """A fault, the check that finds it, what it is, and what is to be done. `options` are those of `doctor`."""

    name: str
    plant: Callable[[Healthy], object]
    check: str
    what: str
    do: str
    level: str = "fault"
    options: tuple[str, ...] = ()


def flipped_raw(desk: Healthy) -> None:
    conn = sqlite3.connect(desk.folder / "var/maildesk.db", isolation_level=None)
    try:
        [(key, z)] = conn.execute("select key, z from raw order by id limit 1").fetchall()
        text = zlib.decompress(z).replace(b"printer", b"painter")
        conn.execute("update raw set z = ? where key = ?", (zlib.compress(text, 6), key))
    finally:
        conn.close()


def sql(statement: str, after: int | None = None) -> Callable[[Healthy], None]:
    """A change of the store; its one value is the instant so long `after` the test's."""
    return lambda desk: desk.sql(statement, *(() if after is None else (local_now() + after,)))


def forged(desk: Healthy) -> None:
    desk.trust()
    desk.sql("update inbox set evidence = json_set(evidence, '$.strangers', 1) where id = 1")


def waiting(more: str) -> Callable[[Healthy], None]:
    """A mail that waits for its next try, its body in order, and what is wrong with it."""
    body = b"[1]\nx"
    whole = "update outbox set state = 'ready', not_before = ?, skeleton = ?, sha256 = ? where id = 1"

    def plant(desk: Healthy) -> None:
        desk.sql(whole, local_now() + HOUR, body, hashlib.sha256(body).hexdigest())
        desk.sql(f"update outbox set {more} where id = 1")  # noqa: S608

    return plant


def damaged_file(desk: Healthy) -> None:
    desk.sql("pragma wal_checkpoint(truncate)")
    desk.app.store.db.close()
    with (desk.folder / "var/maildesk.db").open("r+b") as file:
        file.seek(36)  # how many free pages there are; the list of them is empty
        file.write(b"\0\0\0\5")


def expired(desk: Healthy) -> None:
    folder = desk.folder / "tls"
    folder.mkdir()
    certificates.make_ended(folder)
    listener(desk)


def other_name(desk: Healthy) -> None:
    folder = desk.folder / "tls"
    folder.mkdir()
    certificates.make(folder)
    listener(desk, 'hostname = "mail.desk.example"')


def listener(desk: Healthy, more: str = "") -> None:
    (desk.folder / "tls/key.pem").chmod(0o600)
    desk.edit("^#certificate = .*", f'certificate = "tls/certificate.pem"\nkey = "tls/key.pem"\n{more}')


def behind_one_that_stops(desk: Healthy) -> None:
    rules = desk.folder / "config/rules.toml"
    first = '[[rule]]\nname = "all"\nthen.tag = "x"\nstop = true\n'
    rules.write_text(f'{first}[[rule]]\nname = "never"\nthen.tag = "y"\n')
    assert desk.app.reload()


def grown_log(desk: Healthy) -> None:
    # Behind its last frame the log may be as long as it likes.
    desk.app.beat()
    with (desk.folder / "var/maildesk.db-wal").open("r+b") as file:
        file.truncate(300_000_000)


def texts(name: str, *found: str) -> Callable[[Healthy], None]:
    return lambda desk: desk.dns.txts.update({name: found})


def mail_servers(*names: str) -> Callable[[Healthy], None]:
    return lambda desk: desk.dns.mxs.update({"desk.example": tuple((0, name) for name in names)})


def broken_dns(desk: Healthy) -> None:
    desk.dns.broken = "no answer in time"


def refused_by_daemon(desk: Healthy) -> None:
    desk.app.store.node.trouble = "maildesk.toml:3: desk.name: must not be empty."


DAMAGED_INDEX = "update search_fts_data set block = zeroblob(length(block)) where id > 10"

PLANTS = (
    Plant(
        "words that cannot be found",
        sql("delete from search where id = 1"),
        "words",
        "1 of the tickets and entries cannot",
        "maildesk reindex",
    ),
    Plant(
        "a damaged index of words",
        sql(DAMAGED_INDEX),
        "words",
        "the index of words is damaged (",
        "maildesk reindex",
        options=("--deep",),
    ),
    Plant("a byte of a mail", flipped_raw, "mails", "its bytes are not those that came", "maildesk restore"),
    Plant(
        "an event reworded",
        sql("update event set data = '{}' where seq = 2 and ticket in (select min(ticket) from event)"),
        "chains",
        "the data of event 2 was changed",
        "maildesk restore",
    ),
    Plant(
        "an orphan",
        sql("insert into attempt values (4711, 1, 0, 'sent', '')"),
        "references",
        "1 row of attempt refers by outbox to what is not there (4711)",
        "maildesk restore",
    ),
    Plant(
        "a mail that is gone",
        sql("delete from raw where id = 1"),
        "references",
        "1 row of inbox refers by key",
        "maildesk restore",
    ),
    Plant("a damaged file", damaged_file, "integrity", "is damaged", "maildesk restore"),
    Plant(
        "a newer store",
        sql("update meta set value = '99' where name = 'version'"),
        "schema",
        "has version 99",
        "Upgrade this maildesk",
    ),
    Plant(
        "a mail that became nothing",
        sql("update inbox set disposition = null where id = 1"),
        "arrivals",
        "nothing says what became of them",
        "maildesk inbox show",
    ),
    Plant(
        "a mail taken by the dead",
        sql(
            "update inbox set state = 'taken', holder = 'gone#1', disposition = null, received = ? where id = 1",
            0,
        ),
        "arrivals",
        "held by a process that has ended, gone#1",
        "Start `maildesk run`",
    ),
    Plant(
        "an answer held by the dead",
        waiting("holder = 'gone#1'"),
        "departures",
        "held by a process that has ended, gone#1",
        "Start `maildesk run`",
    ),
    Plant(
        "a body that changed",
        waiting("skeleton = x'5b315d0a79'"),
        "departures",
        "not those that were composed",
        "maildesk outbox show",
    ),
    Plant("a log that grows", grown_log, "wal", "has 300 MB", "restart the daemon", "warning"),
    Plant(
        "a clock that was ahead",
        sql("update inbox set received = ?, accepted = null where id = 2", 2 * DAY),
        "clock",
        "minutes in the future",
        "NTP",
    ),
    Plant(
        "a mail in quarantine",
        sql("update inbox set state = 'quarantined', disposition = 'quarantined' where id = 1"),
        "conditions",
        "1 mail is quarantined",
        "maildesk quarantine list",
    ),
    Plant(
        "a mail that nobody sends",
        sql("update outbox set state = 'todo', not_before = 0, at = ? where id = 1", -3 * HOUR),
        "conditions",
        "1 mail is due and not sent, the oldest for 180 minutes",
        "maildesk outbox list",
    ),
    Plant(
        "a full disk",
        lambda desk: desk.edit("^disk_mb = .*", "disk_mb = 1_000_000_000"),
        "conditions",
        "MB left",
        "Make room",
    ),
    Plant("an expired certificate", expired, "conditions", "certificate.pem has ended", "Renew it"),
    Plant(
        "a standing alarm",
        sql(
            "insert into alarm (name, node, sentence, first, last) values ('store', 'b', 'Full. Mend it.', 1, 1)"
        ),
        "conditions",
        "Full",
        "Mend it",
    ),
    Plant(
        "a certificate for another name",
        other_name,
        "certificates",
        "mail.desk.example",
        "Get one that names",
    ),
    Plant(
        "shadow mode",
        lambda desk: desk.edit('^#mode = "live"', 'mode = "shadow"'),
        "held-back",
        "shadow",
        'mode = "live"',
        "warning",
    ),
    Plant(
        "a pause",
        lambda desk: desk.run("pause", "acknowledgments"),
        "held-back",
        "acknowledgments are held back since",
        "maildesk resume acknowledgments",
        "warning",
    ),
    Plant(
        "what a restore left",
        sql("update outbox set state = 'restored' where id = 1"),
        "held-back",
        "1 mail that a restore set apart",
        "outbox retry KEY",
        "warning",
    ),
    Plant(
        "a held mail forgotten",
        sql("update inbox set disposition = 'held', received = ? where id = 1", -5 * DAY),
        "held",
        "1 mail is held, the oldest for 5 days",
        "maildesk held list",
        "warning",
    ),
    Plant(
        "another name", Healthy.trust, "proofs", "by SMTP says what mx.desk.example", "what name", "warning"
    ),
    Plant(
        "too few hops", forged, "proofs", "all too far down to count", "trusted_hops, which is 1", "warning"
    ),
    Plant(
        "a changed file",
        lambda desk: desk.edit('^name = "Example', 'name = "Other', heed=False),
        "configuration",
        "the running daemon does not know it",
        "maildesk reload",
        "warning",
    ),
    Plant("a refused file", refused_by_daemon, "configuration", "main has refused", "maildesk check"),
    Plant(
        "a broken file",
        lambda desk: desk.edit('^zone = "UTC"', 'zone = "Mars"', heed=False),
        "configuration",
        "there is no time zone 'Mars'",
        "maildesk check",
    ),
    Plant("a dead daemon", sql(NODE), "nodes", "gone has ended", "maildesk run", "warning"),
    Plant("no daemon", Healthy.end, "nodes", "no daemon runs", "maildesk run", "warning"),
    Plant(
        "a store that all may read",
        lambda desk: (desk.folder / "var/maildesk.db").chmod(0o644),
        "rights",
        "holds everybody's mail",
        "chmod 600",
    ),
    Plant(
        "a folder that all may write to",
        lambda desk: (desk.folder / "var").chmod(0o777),
        "rights",
        "everybody may put files into",
        "chmod o-w",
    ),
    Plant(
        "a password that all may read",
        lambda desk: (desk.folder / "relay-password").chmod(0o644),
        "rights",
        "which send.password_file names (644)",
        "chmod o=",
    ),
    Plant(
        "a rule behind one that stops",
        behind_one_that_stops,
        "rules",
        "the rule 'never' can never hit: the rule 'all'",
        "config/rules.toml",
        "warning",
    ),
    Plant("no MX", mail_servers(), "dns", "no MX record and no address", "Enter your mail server's name"),
    Plant("no SPF", texts("desk.example"), "dns", "no SPF record", "Enter a TXT record"),
    Plant(
        "two SPF records",
        texts("desk.example", "v=spf1 mx -all", "v=spf1 a -all"),
        "dns",
        "2 SPF records",
        "Delete all but one",
    ),
    Plant("+all", texts("desk.example", "v=spf1 mx +all"), "dns", "allows everybody", "Replace +all"),
    Plant(
        "no DMARC",
        texts("_dmarc.desk.example"),
        "dns",
        "no DMARC record",
        "Enter a TXT record",
        "warning",
    ),
    Plant("no DNS", broken_dns, "dns", "no answer in time", "/etc/resolv.conf", "warning"),
    Plant(
        "a relay that refuses",
        lambda desk: desk.relay.script("AUTH", "535 5.7.8 no"),
        "servers",
        "does not let in desk (535 5.7.8 no)",
        "maildesk check --online",
        options=("--online",),
    ),
)
