"""The table of checks, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from maildesk import log
from maildesk.core.finding import Finding, fault
from maildesk.doctor import desk, store, world
from maildesk.doctor.patient import Patient


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at. `looks` says at what, for people; a check of the `store` needs it open."""

    name: str
    looks: str
    run: Callable[[Patient], Iterator[Finding]]
    store: bool = True


CHECKS: tuple[Check, ...] = (
    Check(
        "configuration",
        "the files are right, and the running daemons go by them",
        desk.configuration,
        store=False,
    ),
    Check("rules", "no rule is such that it can never hit", desk.rules, store=False),
    Check(
        "schema",
        "the store can be opened, and its tables are those of this version",
        store.version,
        store=False,
    ),
    Check("integrity", "the file of a SQLite store is sound", store.integrity),
    Check("references", "every row finds the row that it refers to", store.references),
    Check("chains", "no event in the history of a ticket was changed, added or taken away", store.chains),
    Check("mails", "the newest 1,000 mails, with --deep all, are the bytes that came", store.mails),
    Check(
        "words", "every ticket and entry is in the index of words, with --deep that it is whole", store.words
    ),
    Check("arrivals", "every mail that came is decided, or waits for a process that lives", store.arrivals),
    Check(
        "departures", "every mail to be sent is whole, and waits for a process that lives", store.departures
    ),
    Check("wal", "the write-ahead log of a SQLite store does not grow without end", store.wal),
    Check("clock", "this machine, the database and the newest rows agree on the time", store.clock),
    Check("nodes", "a daemon runs, and none has died", desk.nodes),
    Check("conditions", "all that alarms watch (see above), and the alarms that stand", desk.conditions),
    Check(
        "held-back", "no shadow mode, no pause, nothing set apart by a restore is forgotten", desk.held_back
    ),
    Check("held", "no mail is held for three days or longer", desk.held),
    Check(
        "proofs",
        "the mail server whose word is taken (`authserv_id`) wrote it into the newest mails",
        desk.proofs,
    ),
    Check("rights", "nobody else may read the store, passwords and private keys", desk.rights, store=False),
    Check("files", "the disks can hold more files", desk.files, store=False),
    Check(
        "dns",
        'the MX, SPF and DMARC records of each domain that mail is sent from (only with `kind = "smtp"`)',
        world.dns,
        store=False,
    ),
    Check(
        "certificates",
        "each listener's certificate fits its key and its hostname",
        world.certificates,
        store=False,
    ),
    Check(
        "servers", "with --online: the relay and the mailboxes let the desk in", world.servers, store=False
    ),
)


def examined(patient: Patient) -> Iterator[Finding]:
    """Makes all checks. One that fails itself is a fault, and the others go on."""
    for check in CHECKS:
        if check.store and patient.trouble:
            continue
        try:
            yield from check.run(patient)
        except Exception as error:
            # What is damaged may fail in any way, and that is what somebody wants to know.
            told = f"{check.name} could not be looked at ({type(error).__name__}: {log.reason(error)})"
            yield fault(check.name, told, log.advice(error) or store.RESTORE)
