"""The wheel: built and installed without any index, it has everything that a desk needs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import MAIL, ROOT
from tests.servers.ports import free_port

SHARED = (
    "man/man1/maildesk.1",
    "man/man5/maildesk.toml.5",
    "maildesk/maildesk.service",
    "maildesk/maildesk.logrotate",
)


def run(*command: str | Path, cwd: Path, given: bytes = b"") -> str:
    """What a command prints that knows nothing of this checkout; its errors where it fails."""
    strange = ("PYTHON", "MAILDESK", "VIRTUAL_ENV", "COV_", "COVERAGE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    done = subprocess.run(command, cwd=cwd, env=kept, input=given, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [found] = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it. What it depends on is borrowed from the environment of the tests."""
    home = tmp_path_factory.mktemp("opt") / "maildesk"
    # An environment of uv has no pip; then the new one gets its own, which takes some seconds.
    ours = importlib.util.find_spec("pip") is not None
    venv.create(home, with_pip=not ours)
    python = home / "bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python) if ours else (python, "-m", "pip")
    run(*pip, "install", "--no-index", "--no-deps", wheel, cwd=home)
    [packages] = (home / "lib").glob("python3*/site-packages")
    # A path that stands in a .pth file has no .pth files of its own: the checkout stays unseen.
    borrowed = list(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
    (packages / "borrowed.pth").write_text("\n".join(borrowed))
    return home


def test_nothing_of_a_desk_is_missing_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        data = {name.partition("/data/share/")[2]: name for name in names if "/data/share/" in name}
        shared = {name: archive.read(path) for name, path in data.items()}
    top = [
        path for folder in ("config", "templates") for path in (ROOT / folder).rglob("*") if path.is_file()
    ]
    shipped = {f"maildesk/_shipped/{path.relative_to(ROOT)}" for path in [ROOT / "maildesk.toml", *top]}
    assert {name for name in shipped if "__pycache__" not in name} <= names
    assert set(SHARED) == set(shared)
    code = {str(path.relative_to(ROOT)) for path in (ROOT / "maildesk").rglob("*.py")}
    assert code == {name for name in names if name.endswith(".py")}
    assert shared["maildesk/maildesk.service"] == (ROOT / "packaging/maildesk.service").read_bytes()


def test_a_desk_is_made_checked_and_run_from_it(installed: Path, tmp_path: Path) -> None:
    maildesk = installed / "bin/maildesk"
    where = "import maildesk; print(maildesk.__file__)"
    assert run(installed / "bin/python", "-c", where, cwd=tmp_path).startswith(str(installed))
    run(maildesk, "init", "desk", cwd=tmp_path)
    config = tmp_path / "desk/maildesk.toml"
    config.write_text(config.read_text().replace("127.0.0.1:2525", f"127.0.0.1:{free_port()}"))
    assert "support@desk.example" in run(maildesk, "--config", config, "check", cwd=tmp_path)
    run(maildesk, "--config", config, "deliver", cwd=tmp_path, given=MAIL)
    once = run(maildesk, "--config", config, "run", "--once", cwd=tmp_path)
    assert once == "4 mails handled. In: 1 done. Out: 3 sent.\n"
    for name in SHARED:
        assert (installed / "share" / name).is_file()
