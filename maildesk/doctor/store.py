"""Checks of the store: is it whole, and does nothing in it stand still?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from maildesk.core.finding import Finding, fault, fine, warning
from maildesk.core.model import MINUTE, SECOND
from maildesk.doctor.patient import Patient
from maildesk.store import examine, schema
from maildesk.store.schema import VERSION

RESTORE = (
    "Copy the store, then put back the newest backup in which this is whole: `maildesk restore FILE DIR`, and"
    " `maildesk doctor` on that."
)
NEWEST = 1_000
"""So many mails are read again without --deep."""
SHOWN = 5
WAL_MB = 256
MB = 1_000_000
AHEAD = 5 * MINUTE
"""Rows that are further in the future show a clock that was wrong."""
APART = 2 * SECOND


def named(keys: Iterable[object]) -> str:
    """Some of many, for a sentence."""
    found = [str(key) for key in keys]
    return ", ".join(found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")


def version(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    if patient.trouble:
        what, _, do = patient.trouble.partition("; ")
        yield fault("schema", what, f"{do[:1].upper()}{do[1:].rstrip('.')}." if do else RESTORE)
    else:
        yield fine(
            "schema",
            f"the store {patient.file or patient.store.db.shown} has version {VERSION} of the tables",
        )


def integrity(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        found = examine.damage(conn)
    if found:
        yield fault("integrity", f"the file {patient.file} is damaged ({found[0]})", RESTORE)
    elif patient.file:
        yield fine("integrity", f"the file {patient.file} is sound")
    else:
        yield fine("integrity", "PostgreSQL looks after its own files")


def references(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        found = list(examine.orphans(conn))
    for table, column, number, value in found:
        rows = f"1 row of {table} refers" if number == 1 else f"{number} rows of {table} refer"
        yield fault("references", f"{rows} by {column} to what is not there ({value})", RESTORE)
    if not found:
        yield fine("references", "every row finds what it refers to")


def chains(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    found = list(examine.chains(patient.store.db, patient.progress))
    for number, why in found[:SHOWN]:
        yield fault(
            "chains", f"the history of ticket #{number} was changed behind maildesk's back: {why}", RESTORE
        )
    if len(found) > SHOWN:
        rest = named(f"#{number}" for number, _ in found[SHOWN:])
        yield fault("chains", f"so was that of {len(found) - SHOWN} further tickets: {rest}", RESTORE)
    if not found:
        yield fine("chains", "the history of every ticket is as it was written")


def mails(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    found = list(examine.mails(patient.store.db, patient.progress, None if patient.deep else NEWEST))
    for key, why in found[:SHOWN]:
        yield fault("mails", f"the mail {key} is not as it came: {why}", RESTORE)
    if len(found) > SHOWN:
        yield fault(
            "mails",
            f"{len(found) - SHOWN} further mails are not: {named(k for k, _ in found[SHOWN:])}",
            RESTORE,
        )
    if not found and patient.deep:
        yield fine("mails", "every mail is as it came")
    elif not found:
        yield fine("mails", f"the newest mails, up to {NEWEST}, are as they came; --deep reads all of them")


def words(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        missing = examine.unfindable(conn)
    damage = examine.index_damage(patient.store.db) if patient.deep else ""
    do = "Run `maildesk reindex`: it makes the index anew from tickets and entries."
    if damage:
        yield fault("words", f"the index of words is damaged ({damage}), so mails may not be decided", do)
    if missing:
        yield fault("words", f"{missing} of the tickets and entries cannot be found by words", do)
    if not damage and not missing:
        yield fine("words", "every ticket and every entry can be found by its words")


def arrivals(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        odd = examine.undecided(conn)
        lost = examine.lost(conn, patient.store.db, schema.inbox, patient.now)
    if odd:
        what = f"mails count as done, and nothing says what became of them: {named(odd)}"
        yield fault("arrivals", what, f"See `maildesk inbox show {odd[0]}`. {RESTORE}")
    if lost:
        yield _stuck("arrivals", "wait to be decided", lost)
    if not odd and not lost:
        yield fine("arrivals", "every mail that came has a disposition or waits for its turn")


def departures(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    with patient.reading() as conn:
        lost = examine.lost(conn, patient.store.db, schema.outbox, patient.now)
    bad = list(examine.bodies(patient.store.db, patient.deep))
    for once, why in bad[:SHOWN]:
        do = f"It is not sent like this. See `maildesk outbox show {once[:12]}`, and answer the ticket again."
        yield fault("departures", f"the outgoing mail {once} is damaged: {why}", do)
    if lost:
        yield _stuck("departures", "wait to be sent", lost)
    if not bad and not lost:
        yield fine("departures", "every mail that waits to be sent is whole, and free or in good hands")


def _stuck(check: str, wait: str, lost: list[tuple[str, str]]) -> Finding:
    keys, holders = named(key for key, _ in lost), named(sorted({holder for _, holder in lost}))
    do = "Start `maildesk run`, or restart it: it takes them over."
    return fault(check, f"mails {wait} and are held by a process that has ended, {holders}: {keys}", do)


def wal(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    if patient.file is None:
        return
    log = patient.file.with_name(f"{patient.file.name}-wal")
    size = log.stat().st_size // MB if log.exists() else 0
    if size >= WAL_MB:
        do = "Look for a program that keeps the database open and end it, then restart the daemon."
        yield warning("wal", f"{log} has {size} MB: its content never gets into the database's file", do)
    else:
        yield fine("wal", f"the write-ahead log has {size} MB")


def clock(patient: Patient) -> Iterator[Finding]:
    """See the table."""
    ntp = "Let this machine set its clock by NTP (`timedatectl set-ntp true`)."
    with patient.reading() as conn:
        apart = abs(patient.store.db.server_now(conn, patient.now) - patient.now)
        ahead = examine.newest(conn) - patient.now
    if apart >= APART:
        yield fault("clock", f"this machine's clock and the database's differ by {apart // SECOND} s", ntp)
    if ahead >= AHEAD:
        what = f"the newest mails and tickets lie {ahead // MINUTE} minutes in the future: a clock is or was wrong"
        yield fault("clock", what, ntp)
    if apart < APART and ahead < AHEAD:
        yield fine("clock", "the clock agrees with the store")
