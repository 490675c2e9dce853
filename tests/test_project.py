"""The project's own promises: its scripts, its lock, its database fixtures, and that no skip goes unseen."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.servers import postgres

ROOT = Path(__file__).parents[1]
SCRIPTS = ["run.sh", "test.sh", "tools/venv.sh", "tools/lock.sh", "tools/mx.sh"]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_entries() -> dict[str, str]:
    """Package -> its whole entry, continued lines joined."""
    text = (ROOT / "requirements.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {canonical(re.split(r"[=\[]", line, maxsplit=1)[0]): line for line in lines}


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "dash"])
def test_scripts_are_posix_shell(script: str, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n", ROOT / script], check=True)


@pytest.mark.parametrize("script", ["run.sh", "test.sh", "tools/lock.sh", "tools/mx.sh", ".ci/run"])
def test_scripts_can_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_run_takes_the_desk_where_it_is_called(tmp_path: Path) -> None:
    checkout, desk = tmp_path / "checkout", tmp_path / "desk"
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / "tools").mkdir()
    desk.mkdir()
    for name in ("run.sh", "tools/venv.sh", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, checkout / name)
    for name in ("python", "maildesk"):
        program = checkout / ".venv/bin" / name
        program.write_text('#!/bin/sh\necho "${MAILDESK_CONFIG-none} $*"\n')
        program.chmod(0o755)
    stamp = f"here={checkout}; . tools/venv.sh; stamp >.venv/ready.run"
    subprocess.run(["sh", "-c", stamp], cwd=checkout, check=True)
    inherited = {name: value for name, value in os.environ.items() if name != "MAILDESK_CONFIG"}

    def called(*arguments: str, **environment: str) -> str:
        return subprocess.check_output(
            [checkout / "run.sh", *arguments], cwd=desk, env=inherited | environment, text=True
        ).strip()

    assert called() == f"{checkout}/maildesk.toml run"
    assert called("check", MAILDESK_CONFIG="/other") == "/other check"
    (desk / "maildesk.toml").touch()
    assert called("check") == "none check"
    assert called("check", MAILDESK_CONFIG="/other") == "/other check"


def test_lock_names_no_place_to_fetch_from() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert " @ " not in text
    options = [line for line in text.splitlines() if re.match(r"-", line)]
    assert options == []


def test_lock_pins_and_hashes_every_package() -> None:
    entries = lock_entries()
    assert len(entries) > 30
    for name, entry in entries.items():
        assert re.match(r"[a-z0-9-]+==[0-9][\w.]*( |$)", entry), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), name


def test_lock_holds_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime, development = (ROOT / "requirements.lock").read_text().split("# Development tools\n")
    groups = project["dependency-groups"]
    for part, wanted in [
        (runtime, project["project"]["dependencies"]),
        (runtime, project["project"]["optional-dependencies"]["postgres"]),
        (runtime, groups["build"]),
        (runtime + development, groups["dev"]),
    ]:
        pinned = {canonical(line.split("==")[0]) for line in part.splitlines() if "==" in line}
        asked = {canonical(re.split(r"[^\w.-]", requirement, maxsplit=1)[0]) for requirement in wanted}
        assert asked <= pinned
    assert "\npytest==" not in runtime


def test_the_extra_for_mail_from_the_internet_is_pinned_beside_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in project["project"]["optional-dependencies"]["mx"]
    }
    text = (ROOT / "requirements-mx.lock").read_text()
    pinned = re.findall(r"(?m)^([a-z]+)==[\w.]+ \\\n    --hash=sha256:[0-9a-f]{64}$", text)
    assert set(pinned) == asked
    assert "://" not in text


def test_a_database_is_fresh_and_works(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE ticket (number INTEGER PRIMARY KEY, subject TEXT)"))
        connection.execute(sa.text("INSERT INTO ticket VALUES (1, 'Grüße')"))
        assert connection.execute(sa.text("SELECT subject FROM ticket")).scalar_one() == "Grüße"
    engine.dispose()


def test_a_second_database_holds_nothing_of_the_first(database_url: str) -> None:
    test_a_database_is_fresh_and_works(database_url)


LEADER = """
import sys, time
from tests.servers import postgres
run = postgres.new_run()
alive = postgres.lead(run)
print(postgres.shared(run).socket, flush=True)
time.sleep(600)
"""


def test_the_server_ends_with_the_tests_however_they_end(postgres_cluster: postgres.Cluster) -> None:
    assert postgres_cluster.socket.exists()  # asked for, so that a missing PostgreSQL skips with its reason
    with subprocess.Popen([sys.executable, "-c", LEADER], cwd=ROOT, stdout=subprocess.PIPE) as leader:
        assert leader.stdout is not None
        run = Path(leader.stdout.readline().decode().strip())
        assert (run / ".s.PGSQL.5432").exists()
        leader.kill()
    deadline = time.monotonic() + postgres.STOP_SECONDS
    while run.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not run.exists()


SKIPPING = """
import pytest

def test_skips():
    pytest.skip("the moon is full")

@pytest.mark.skip(reason="marked so")
def test_marked(): ...

@pytest.mark.xfail(reason="known")
def test_expected(): assert False

def test_passes(): ...
"""
SKIPPED_FILE = """
import pytest

pytest.importorskip("a_module_that_is_not_there")
"""


def pytest_on(directory: Path, source: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest with the project's conftest on one file of its own."""
    (directory / "test_it.py").write_text(source)
    (directory / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -rs\n")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILDESK_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "test_it.py"],
        cwd=directory,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )


def test_a_skip_is_a_failure_where_none_is_allowed(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, SKIPPING, MAILDESK_NO_SKIPS="1")
    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in done.stdout
    assert "MAILDESK_NO_SKIPS is set, and this was skipped: Skipped: the moon is full" in done.stdout


def test_a_skipped_file_is_a_failure_where_none_is_allowed(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, SKIPPED_FILE, MAILDESK_NO_SKIPS="1")
    assert done.returncode == 2, done.stdout
    assert "a_module_that_is_not_there" in done.stdout


def test_elsewhere_a_skip_is_a_skip_with_its_reason(tmp_path: Path) -> None:
    done = pytest_on(tmp_path, SKIPPING)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 2 skipped, 1 xfailed" in done.stdout
    assert "the moon is full" in done.stdout
