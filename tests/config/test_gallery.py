"""A gallery of broken configurations: each is refused with exactly the sentences of its file `expected`.

A case holds the files that differ from the valid one. Its file `absent` names those to leave out.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from maildesk.config.load import load
from maildesk.config.problems import ConfigError

GALLERY = Path(__file__).parent.parent / "configs"
CASES = sorted(case.name for case in GALLERY.iterdir() if case.is_dir() and case.name != "valid")


def laid_out(case: str, folder: Path) -> Path:
    """The whole configuration of a case."""
    shutil.copytree(GALLERY / "valid", folder, dirs_exist_ok=True)
    source = GALLERY / case
    absent = source / "absent"
    for name in absent.read_text().split() if absent.exists() else ():
        (folder / name).unlink()
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected", "absent"))
    return folder


@pytest.mark.parametrize("case", CASES)
def test_broken(case: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(laid_out(case, tmp_path) / "maildesk.toml")
    assert str(caught.value).splitlines() == (GALLERY / case / "expected").read_text("utf-8").splitlines()


def test_valid(tmp_path: Path) -> None:
    assert load(laid_out("valid", tmp_path)).policy.name == "Test Desk"


def test_no_sentence_is_pydantics_own() -> None:
    told = "\n".join(path.read_text("utf-8") for path in GALLERY.glob("*/expected"))
    for words in ("Input should", "Field required", "Extra inputs", "Value error", "valid string", "ctx"):
        assert words not in told


def test_gallery_is_large() -> None:
    assert len(CASES) >= 25
