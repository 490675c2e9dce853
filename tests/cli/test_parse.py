"""`parse`: a format that others rely on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from maildesk.core.parsed import to_json
from tests.cli.conftest import MAIL, ROOT, maildesk


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    done = maildesk("--config", "/nowhere/maildesk.toml", "parse", str(tmp_path / "a.eml"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == to_json(MAIL)
    assert json.loads(done.stdout)["from_addr"] == "jane@customer.example"


def test_standard_input() -> None:
    assert json.loads(maildesk("parse", "-", given=MAIL).stdout) == to_json(MAIL)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = maildesk("parse", str(tmp_path / "none.eml"))
    assert done.returncode == 1
    assert done.stdout == b""
    assert (
        done.stderr.decode() == f"The file {tmp_path}/none.eml cannot be read: No such file or directory.\n"
    )


def test_a_batch_goes_on_after_bad_files(tmp_path: Path) -> None:
    (tmp_path / "a b.eml").write_bytes(MAIL)
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "noise.eml").write_bytes(bytes(range(256)) * 50)
    os.mkfifo(tmp_path / "pipe")
    odd = os.fsencode(tmp_path) + b"/\xff.eml"
    Path(os.fsdecode(odd)).write_bytes(MAIL)
    names = [
        b"a b.eml",
        b"none.eml",
        b"",
        b"pipe",
        b".",
        b"empty.eml",
        b"nul\0.eml",
        b"noise.eml",
        b"\xff.eml",
    ]
    given = b"\n".join(os.fsencode(tmp_path) + b"/" + name if name else b"" for name in names)
    done = maildesk("parse", "--batch", given=given)
    assert (done.returncode, done.stderr) == (0, b"")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert ["error" in line for line in lines] == [False, True, True, True, True, False, True, False, False]
    assert lines[1] == {"error": "No such file or directory"}
    assert lines[0] == lines[8] == to_json(MAIL)


def test_each_line_comes_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    with subprocess.Popen(
        [sys.executable, "-m", "maildesk", "parse", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as batch:
        assert batch.stdin is not None
        assert batch.stdout is not None
        for _ in range(2):
            batch.stdin.write(os.fsencode(tmp_path / "a.eml") + b"\n")
            batch.stdin.flush()
            assert json.loads(batch.stdout.readline())["subject"] == "I cannot print"
        batch.stdin.close()
        assert batch.wait(30) == 0


def test_it_loads_no_database_and_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    program = (
        "import sys; from typer.testing import CliRunner; from maildesk.cli import app\n"
        f"assert CliRunner().invoke(app, ['parse', {str(tmp_path / 'a.eml')!r}]).exit_code == 0\n"
        "print(*(name for name in ('sqlalchemy', 'rich', 'maildesk.config') if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "\n"
