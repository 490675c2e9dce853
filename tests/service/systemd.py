"""systemd, as far as a service sees it: a datagram socket named in the environment."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.desk import ROOT

DEADLINE = 60.0


class Systemd:
    """What a service has told, datagram by datagram, each as its lines by name. Without a path the socket has no
    file, but a name in the abstract space."""

    def __init__(self, path: Path | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = str(path) if path else f"@maildesk-{secrets.token_hex(8)}"
        self.socket.bind(self.name.replace("@", "\0", 1) if path is None else self.name)
        self.told: list[dict[str, str]] = []

    def environment(self, watchdog: float = 0.0) -> dict[str, str]:
        """What a service is started with; `watchdog` in seconds."""
        asked = {"WATCHDOG_USEC": str(int(watchdog * 1_000_000))} if watchdog else {}
        return {"NOTIFY_SOCKET": self.name, **asked}

    def hear(self, seconds: float) -> dict[str, str] | None:
        """The next datagram; None if none comes for so long."""
        self.socket.settimeout(max(0.001, seconds))
        try:
            lines = self.socket.recv(8_192).decode().splitlines()
        except TimeoutError:
            return None
        self.told.append(dict(line.split("=", 1) for line in lines))
        return self.told[-1]

    def expect(self, wanted: Callable[[Mapping[str, str]], bool]) -> dict[str, str]:
        """The next datagram that is wanted."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            heard = self.hear(end - time.monotonic())
            if heard is not None and wanted(heard):
                return heard
        raise AssertionError(f"never told; only {self.told}")


@contextmanager
def service(
    manager: Systemd, *command: str, log: Path, watchdog: float = 0.0
) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process under the manager; killed at the end if it has not ended."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAILDESK_", "WATCHDOG"))
    }
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**kept, "PYTHONPATH": str(ROOT), **manager.environment(watchdog)},
            stdout=errors,
            stderr=errors,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
