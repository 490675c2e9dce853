"""How soon a mail that arrives on Dovecot is stored: in IDLE. Run by hand: `python -m tests.bench.idle`."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from maildesk.store.db import local_now
from tests.desk import a_desk
from tests.imap.box import ENV, Box, Read, mail
from tests.servers import dovecot, postgres

MAILS = 20


def main() -> None:
    """Prints the times from the end of APPEND to the commit, and the rate of a full mailbox."""
    os.environ[ENV] = dovecot.PASSWORD
    run = postgres.new_run()
    alive = postgres.lead(run)
    try:
        with tempfile.TemporaryDirectory() as folder, a_desk(Path(folder)) as desk:
            box = Box(dovecot.shared(run))
            read = Read(desk, box, box.server.port)
            _latency(box, read)
            _rate(read)
            read.stop()
    finally:
        postgres.stop(run, alive)


def _latency(box: Box, read: Read) -> None:
    read.start()
    read.polls()
    times = []
    with box.person() as person:
        for n in range(MAILS):
            time.sleep(0.7)  # the server's own delay of a push is over, and the desk idles again
            person.append("INBOX", mail(f"m{n}"))
            began = time.perf_counter()
            while len(read.stored()) <= n:
                time.sleep(0.002)
            times.append(1000 * (time.perf_counter() - began))
    read.stop()
    print(f"arrival to commit by IDLE, ms: median {statistics.median(times):.0f}, worst {max(times):.0f}")
    print("(Dovecot itself holds a push back for up to 500 ms.)")


def _rate(read: Read) -> None:
    box = Box(read.box.server)
    second = Read(read.desk, box, read.port)
    box.pour([mail(f"n{n}") for n in range(5_000)])
    began = local_now()
    second.start(name="second", start="all")
    while second.count("done") < MAILS + 5_000:
        time.sleep(0.05)
    seconds = (local_now() - began) / 1_000_000
    second.stop()
    print(f"5,000 mails fetched, stored and moved: {seconds:.1f} s, {5_000 / seconds:.0f} a second")


if __name__ == "__main__":
    main()
