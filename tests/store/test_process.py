"""Processes: one is taken for dead only where that is certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from maildesk.store import process
from maildesk.store.process import Process, certainly_dead, this

ASKED = """
from maildesk.store.process import this
me = this()
print(me.home, me.pid, me.started, sep="\\t", flush=True)
input()
"""


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[str], Process]]:
    """Another process, and what it says of itself."""
    child = subprocess.Popen(
        [sys.executable, "-c", ASKED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    assert child.stdin
    home, pid, started = child.stdout.readline().rstrip("\n").split("\t")
    yield child, Process(home, int(pid), int(started))
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()


def test_a_process_is_the_same_while_it_lives() -> None:
    me = this()
    assert me == this()
    assert me.pid == os.getpid()
    assert (Path("/proc/sys/kernel/random/boot_id").read_text().strip()) in me.home
    assert not certainly_dead(me)


def test_a_process_is_dead_when_it_has_ended(other: tuple[subprocess.Popen[str], Process]) -> None:
    child, process = other
    assert (process.home, process.pid) == (this().home, child.pid)
    assert not certainly_dead(process)
    child.send_signal(signal.SIGSTOP)
    assert not certainly_dead(process), "one that is stopped may go on"
    child.kill()
    child.wait()
    assert certainly_dead(process)


def test_a_number_that_was_given_again_is_another_process() -> None:
    me = this()
    assert certainly_dead(replace(me, started=me.started - 1))


@pytest.mark.parametrize("home", ["", "another boot of this or of another machine"])
def test_of_other_machines_nothing_is_known(home: str, other: tuple[subprocess.Popen[str], Process]) -> None:
    child, process = other
    child.kill()
    child.wait()
    assert not certainly_dead(replace(process, home=home))


def test_another_container_of_this_machine_is_another_home(monkeypatch: pytest.MonkeyPatch) -> None:
    me, readlink = this(), os.readlink
    monkeypatch.setattr(os, "readlink", lambda p: "pid:[1]" if str(p).endswith("ns/pid") else readlink(p))
    assert this().home not in ("", me.home)
    assert not certainly_dead(replace(me, started=me.started - 1))


def test_where_processes_cannot_be_seen_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = this()
    monkeypatch.setattr(process, "_PROC", tmp_path)
    assert this() == Process("", os.getpid(), 0)
    assert not certainly_dead(me)
    # A folder that was made for other numbers than ours.
    (tmp_path / "self").symlink_to("1")
    assert this().home == ""


def test_another_users_hidden_process_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_pid: int, _signal: int) -> None:
        raise PermissionError

    def hidden(_pid: int) -> int:
        raise FileNotFoundError

    me = this()
    monkeypatch.setattr(process, "this", lambda: me)
    monkeypatch.setattr(os, "kill", refused)
    assert certainly_dead(replace(me, started=me.started - 1)), "its number is another's"
    monkeypatch.setattr(process, "_started", hidden)
    assert not certainly_dead(replace(me, started=me.started - 1))
