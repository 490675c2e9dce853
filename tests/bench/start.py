"""From start to the 220 greeting, with a store present. Run by hand: `python -m tests.bench.start`."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.daemon import configure, running
from tests.bench.reference import commits_per_second
from tests.servers.ports import free_port


def main() -> None:
    """Prints five times and their median."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        config = configure(folder / "desk", port)
        with running(config, port):
            pass
        times = []
        for _ in range(5):
            start = time.perf_counter()
            with running(config, port):
                times.append(time.perf_counter() - start)
        print("start to 220 greeting, s:", " ".join(f"{t:.2f}" for t in times))
        print(f"median {statistics.median(times):.2f} s (bound: 1 s)")
        print(f"reference: {commits_per_second(folder):.0f} commits/s")


if __name__ == "__main__":
    main()
