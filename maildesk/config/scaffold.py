"""Makes a new desk: a folder with the shipped configuration and templates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import maildesk

MAIN = "maildesk.toml"


class InitError(Exception):
    """Why no desk was made, as a sentence for the admin."""


def shipped() -> Path:
    """The folder of the files that a new desk starts with: in the installed package, or a checkout's top."""
    package = Path(maildesk.__file__).parent
    for folder in (package / "_shipped", package.parent):
        if (folder / MAIN).is_file():
            return folder
    raise InitError(f"the files of a new desk are not in {package}; install maildesk again")


def init(target: Path) -> list[Path]:
    """Copies the sample desk into `target`, made if it is not there; the files written, in a fixed order.

    Nothing is overwritten: if one of the files is there already, InitError names it and nothing is written.
    It is also raised where the folder cannot be made or written to.
    """
    source = shipped()
    if target.exists() and not target.is_dir():
        raise InitError(f"{target} is not a folder; name a new or an empty one")
    names = list(_names(source))
    for name in names:
        if (target / name).exists():
            raise InitError(f"{target / name} exists already; name a new or an empty folder")
    try:
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target / name)
    except OSError as error:
        raise InitError(
            f"{target} cannot be made: {error.strerror}; name a folder that you may write to"
        ) from error
    return [target / name for name in names]


def _names(source: Path) -> Iterator[Path]:
    yield Path(MAIN)
    yield from sorted(path.relative_to(source) for path in (source / "config").glob("*.toml"))
    for path in sorted((source / "templates").rglob("*")):
        name = path.relative_to(source)
        if path.is_file() and not any(part.startswith((".", "__")) for part in name.parts):
            yield name
