"""What the service manager is told, by its own protocol (sd_notify(3)): a datagram of lines to the socket that it
names in the environment. Without such a socket nothing is told.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from maildesk import log

SECOND = 1_000_000


class Manager:
    """The service manager, which watches this process."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]  # a name in Linux' abstract space
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog = int(environment.get("WATCHDOG_USEC", "0")) / SECOND if watched else 0.0
        """Within so many seconds it wants to hear `alive`, again and again; 0 if it does not ask for that."""

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
                door.connect(self._address)
                door.send("\n".join(lines).encode())
        except OSError as error:
            # It will notice the silence; the desk goes on.
            log.manager_not_told(lines[0], error)

    def ready(self, status: str) -> None:
        """The start, or a reload, is done."""
        self._tell("READY=1", _status(status))

    def reloading(self) -> None:
        """The configuration is read anew; `ready` ends it. The instant is for `Type=notify-reload`."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1_000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}", _status("reads its configuration"))

    def stopping(self, seconds: float) -> None:
        """The end has begun, and may take so long."""
        self._tell("STOPPING=1", _extended(seconds), _status("finishes what it has begun"))

    def busy(self, status: str, seconds: float) -> None:
        """The start goes on for so long, because of this."""
        self._tell(_extended(seconds), _status(status))

    def alive(self) -> None:
        """All is well; see `watchdog`."""
        self._tell("WATCHDOG=1")

    def status(self, status: str) -> None:
        """A line for `systemctl status`."""
        self._tell(_status(status))


def _status(text: str) -> str:
    return f"STATUS={log.printable(text)}"


def _extended(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={int(seconds * SECOND)}"
