"""`maildesk parse --batch` beside the standard library. Run by hand: `python -m tests.bench.parse`.

The mails are plain and of 2 KB; both sides read every header and the body, in turns, in this run. The bound is the
rate of `email.policy.default`.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.reference import parsed_per_second, w1

ROUNDS = 5


def _batch_per_second(paths: list[Path]) -> float:
    """Without the start of the process: the clock begins when the first mail has been read."""
    command = [sys.executable, "-m", "maildesk", "parse", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as batch:
        stdin, stdout = batch.stdin, batch.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(b"%s\n" % bytes(paths[0]))
        stdin.flush()
        stdout.readline()

        def feed() -> None:
            stdin.writelines(b"%s\n" % bytes(path) for path in paths)
            stdin.close()

        start = time.perf_counter()
        feeder = threading.Thread(target=feed)
        feeder.start()
        lines = stdout.readlines()
        seconds = time.perf_counter() - start
        feeder.join()
    assert [json.loads(line)["subject"] for line in lines] == [
        f"Problem number {i}" for i in range(len(paths))
    ]
    return len(paths) / seconds


def main() -> None:
    """Prints both rates and what they are to each other."""
    mails = w1()
    with tempfile.TemporaryDirectory() as name:
        paths = [Path(name) / f"{i}.eml" for i in range(len(mails))]
        for path, raw in zip(paths, mails, strict=True):
            path.write_bytes(raw)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_batch_per_second(paths))
            theirs.append(parsed_per_second(mails))
    rate, reference = statistics.median(ours), statistics.median(theirs)
    print(f"maildesk parse --batch: {rate:.0f} mails/s (median of {ROUNDS} times {len(mails)})")
    print(f"email.policy.default:   {reference:.0f} mails/s, headers and bodies read")
    print(f"{rate / reference:.2f} times as fast (bound: 1.00)")


if __name__ == "__main__":
    main()
