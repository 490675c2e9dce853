"""A daemon as a separate process, for benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maildesk.config.scaffold import init

LIMITS = """
[limits]
acks_per_address_hour = 1000000
acks_per_address_day = 1000000
acks_per_domain_hour = 1000000
acks_unproven_hour = 1000000
mails_per_agent_hour = 1000000
"""
AGENTS = """
[[agent]]
id = "alice"
name = "Alice Ames"
addresses = ["alice@desk.example"]
departments = ["support", "billing"]
"""


def configure(folder: Path, port: int, store: str = "") -> Path:
    """The shipped desk with one agent and without limits on acknowledgments; its maildesk.toml."""
    init(folder)
    file = folder / "maildesk.toml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("[limits]", "acks_"))]
    text = "\n".join(lines).replace("127.0.0.1:2525", f"127.0.0.1:{port}")
    if store:
        text = text.replace("sqlite:///var/maildesk.db", store)
    file.write_text(text + LIMITS)
    (folder / "config" / "agents.toml").write_text(AGENTS)
    return file


def greeting(port: int, deadline: float = 30.0) -> bytes:
    """The 220 line of a listener that is about to start."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
                return peer.recv(200)
        except OSError:
            time.sleep(0.005)
    raise TimeoutError(f"nothing answers on port {port}")


@contextmanager
def running(config: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon, from its 220 greeting to a graceful stop."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    log = (config.parent / "log").open("ab")
    process = subprocess.Popen(
        [sys.executable, "-m", "maildesk", "--config", str(config), "run"],
        env=environment, stdout=log, stderr=log, cwd=config.parent,
    )  # fmt: skip
    try:
        assert greeting(port).startswith(b"220")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


def peak_mb(process: subprocess.Popen[bytes]) -> float:
    """The most memory that the process had resident, in MB (VmHWM of Linux)."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1_024
    raise ValueError("no VmHWM: this is not Linux")
