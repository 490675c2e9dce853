"""The files for systemd and containers: as far as they can be tried without either."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maildesk.cli.tree import tree
from maildesk.edges import unix
from tests.cli.conftest import ROOT

UNIT = ROOT / "packaging/maildesk.service"
EXPOSURE = 1.5
"""What `systemd-analyze security` may find at most, from 0 (no way out) to 10."""


@pytest.fixture
def analyze() -> str:
    """systemd's own judge."""
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return found


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with a program that is there."""
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/maildesk/bin/maildesk", sys.executable))
    return here


def test_systemd_understands_the_unit(analyze: str, unit: Path) -> None:
    done = subprocess.run([analyze, "--man=no", "verify", unit], capture_output=True, text=True, timeout=60)
    # Of the system's own units it may say what it likes.
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


def test_the_unit_shuts_the_desk_in(analyze: str, unit: Path) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for maildesk.service: ([\d.]+)", done.stdout)
    assert found, done.stderr
    assert float(found[1]) <= EXPOSURE, done.stdout


def is_command(words: list[str]) -> bool:
    """Whether these words, without the program's name, are a command of ours with options that it has."""
    if words[:1] == ["--config"]:
        words = words[2:]
    [one] = (one for one in tree() if one.path == tuple(words[:1]))
    options = " ".join(term for term, _ in one.parameters).replace(",", "").split()
    return all(word in options for word in words[1:])


def values(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def test_the_unit_runs_a_desk() -> None:
    text = UNIT.read_text()
    [start] = values(text, "ExecStart")
    program, *words = shlex.split(start)
    assert program == "/opt/maildesk/bin/maildesk"
    assert words[-1] == "run"
    assert is_command(words)
    assert values(text, "Type") == ["notify"]
    assert values(text, "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert int(values(text, "WatchdogSec")[0]) >= 30
    assert values(text, "Restart") == ["on-failure"]


def test_under_its_umask_a_socket_can_still_be_reached(tmp_path: Path) -> None:
    [mask] = values(UNIT.read_text(), "UMask")
    before = os.umask(int(mask, 8))
    try:
        unix.bound(tmp_path / "run/deliver.sock", 0o666).close()
    finally:
        os.umask(before)
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "run/deliver.sock").stat().st_mode & 0o777 == 0o666


# The container file

STEPS = re.sub(r"\\\n\s*", " ", (ROOT / "Containerfile").read_text()).splitlines()


def steps(word: str) -> list[str]:
    return [line.partition(" ")[2] for line in STEPS if line.startswith(f"{word} ")]


def test_what_the_container_copies_is_there() -> None:
    copied = [name for line in steps("COPY") if not line.startswith("--") for name in line.split()[:-1]]
    assert "maildesk" in copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    # Whatever the wheel takes from beside the package has to be copied, too.
    wheel = (
        (ROOT / "pyproject.toml")
        .read_text()
        .partition("force-include]")[2]
        .partition("[tool.hatch.build.targets.sdist")[0]
    )
    taken = {name.split("/")[0] for name in re.findall(r'^"([^"]+)" = ', wheel, re.MULTILINE)}
    assert len(taken) >= 5
    assert taken <= set(copied)
    assert "\n# Development tools\n" in (ROOT / "requirements.lock").read_text()


def test_the_container_is_pinned_and_not_root() -> None:
    images = [line.split()[0] for line in steps("FROM")]
    assert len(set(images)) == 1
    assert re.search(r":3\.1[1-4]-slim-\w+$", images[0])
    [user] = steps("USER")
    assert user.split(":")[0].isdigit()
    assert user.split(":")[0] != "0"
    assert steps("VOLUME") == ["/desk"]


def test_the_container_runs_commands_of_ours() -> None:
    assert json.loads(steps("ENTRYPOINT")[0]) == ["maildesk"]
    assert is_command(json.loads(steps("CMD")[0]))
    health = json.loads(steps("HEALTHCHECK")[0].partition(" CMD ")[2])
    assert health[0] == "maildesk"
    assert is_command(health[1:])
