"""Processes: which one this is, and whether another one of this machine is certainly dead."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
# The field of /proc/PID/stat that tells when a process started, in ticks since the boot (proc_pid_stat(5): 22),
# counted behind the program's name.
_STARTED = 19


@dataclass(frozen=True, slots=True)
class Process:
    """A process for good. `home` is the boot of the machine and the namespaces in which `pid` and `started` count.

    Numbers of processes are used again; `started` (ticks since the boot) tells two of one number apart. Where the
    system does not tell, `home` is "" and nothing can be said of the process.
    """

    home: str
    pid: int
    started: int


def this() -> Process:
    """The process that asks."""
    pid = os.getpid()
    try:
        # A folder that shows another container's processes would tell of others than those of our numbers.
        if os.readlink(_PROC / "self") != str(pid):
            return Process("", pid, 0)
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        # The same machine may run containers: each has its own numbers, and perhaps its own start of time.
        spaces = [os.readlink(_PROC / "self/ns" / name) for name in ("pid", "time")]
        return Process(" ".join([boot, *spaces]), pid, _started(pid))
    except OSError:
        return Process("", pid, 0)


def certainly_dead(process: Process) -> bool:
    """Whether it is known that a process has ended. False in every doubt, and for those of other machines."""
    if not process.home or process.home != this().home:
        return False
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's: it lives, or its number was given to another one
    try:
        return _started(process.pid) != process.started
    except OSError:
        return False  # it ends just now, or its user's processes are hidden from us


def _started(pid: int) -> int:
    # The program's name stands in brackets and may hold anything.
    behind = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2]
    return int(behind.split()[_STARTED])
