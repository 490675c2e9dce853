"""W1 over SMTP in 8 sessions, to the last mail in the Maildir. Run by hand: `python -m tests.bench.w1`.

Each ticket has one acknowledgment and one mail to the agent. The bound is 0.12 times the rate at which the
standard library parses the same mails in this run, and 120 MB.
"""

from __future__ import annotations

import smtplib
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.daemon import configure, peak_mb, running
from tests.bench.reference import commits_per_second, fsyncs_per_second, parsed_per_second, w1
from tests.servers.ports import free_port

SESSIONS = 8


def _feed(port: int, mails: list[bytes]) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as smtp:
        for raw in mails:
            smtp.sendmail("user@customer.example", ["support@desk.example"], raw)


def main(store: str = "") -> None:
    """Prints rates, peak memory and the machine's references."""
    mails = w1()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        config = configure(folder / "desk", port, store)
        out = folder / "desk" / "var" / "outgoing" / "new"
        before = parsed_per_second(mails)
        with running(config, port) as process:
            start = time.perf_counter()
            threads = [
                threading.Thread(target=_feed, args=(port, mails[i::SESSIONS])) for i in range(SESSIONS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            accepted = time.perf_counter() - start
            end = time.monotonic() + 300
            while not out.exists() or len(list(out.iterdir())) < 2 * len(mails):
                assert time.monotonic() < end, "mails are missing in the Maildir"
                time.sleep(0.02)
            done = time.perf_counter() - start
            memory = peak_mb(process)
        reference = (before + parsed_per_second(mails)) / 2
        rate = len(mails) / done
        print(f"W1: {len(mails)} mails accepted in {accepted:.1f} s ({len(mails) / accepted:.0f}/s)")
        print(f"    all {2 * len(mails)} mails in the Maildir after {done:.1f} s: {rate:.0f} tickets/s")
        print(
            f"    {rate / reference:.3f} times the reference (bound: 0.12); peak memory {memory:.0f} MB (bound: 120)"
        )
        print(f"reference: email.policy.default parses {reference:.0f}/s of these mails")
        print(
            f"           {fsyncs_per_second(folder):.0f} fsync/s, {commits_per_second(folder):.0f} commits/s"
        )


if __name__ == "__main__":
    main(*sys.argv[1:2])
