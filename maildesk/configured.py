"""A configuration that may be used: read, checked as a whole, kept in the store, and read from there again."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maildesk.config import difference, source
from maildesk.config.load import MAIN, Loaded, load
from maildesk.config.problems import ConfigError
from maildesk.config.salvage import store_and_node
from maildesk.config.scaffold import shipped
from maildesk.config.settings import Settings
from maildesk.edges import secret, templates
from maildesk.edges.certificate import BadCertificate, Certificate
from maildesk.edges.templates import TemplateError, Templates
from maildesk.store import configurations
from maildesk.store.db import Database, StoreError, operational


@dataclass(frozen=True)
class Configured:
    """A configuration and its templates, compiled. `files` are their texts, by the names of a shipped desk; `kept` is
    when a node took it, where it comes from the store, and 0 where it comes from the admin's files."""

    loaded: Loaded
    templates: Templates
    files: Mapping[str, str]
    kept: int = 0
    problems: tuple[str, ...] = ()
    """Why the admin's files could not be used instead."""


class Unusable(Exception):
    """A configuration that cannot be taken; every problem is a sentence that says what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(path: Path) -> Configured:
    """The configuration of the admin's files. Raises ConfigError or TemplateError."""
    return _compiled(load(path))


def checked(path: Path, folders: bool = True) -> Configured:
    """The same, with each template rendered and (with `folders`) each folder tried. Raises Unusable with all problems
    at once."""
    try:
        found = read(path)
    except ConfigError as error:
        raise Unusable(tuple(map(str, error.problems))) from error
    except TemplateError as error:
        raise Unusable(_short(error.problems, path)) from error
    settings, language = found.loaded.settings, found.loaded.policy.language
    problems = templates.check(settings.templates, language, shipped() / "templates")
    if folders:
        main = found.loaded.files[0]
        problems += [*unwritable(settings, main), *certificates(settings, main), *secrets(settings)]
    if problems:
        raise Unusable(_short(problems, path))
    return found


def _short(problems: Iterable[object], path: Path) -> tuple[str, ...]:
    folder = (path if path.is_dir() else path.parent).absolute()
    return tuple(str(problem).removeprefix(f"{folder}/") for problem in problems)


def _compiled(loaded: Loaded) -> Configured:
    folder = loaded.settings.templates
    compiled = templates.load(folder, loaded.policy.language, shipped() / "templates")
    files = {name: raw.decode("utf-8") for name, raw in loaded.raw}
    for path in sorted(folder.glob("*/*")):
        if path.suffix in (".txt", ".html"):
            files[f"templates/{path.relative_to(folder)}"] = path.read_bytes().decode("utf-8", "replace")
    return Configured(loaded, compiled, files)


def unwritable(settings: Settings, path: Path) -> list[str]:
    """Folders that this user cannot make or write to."""
    wanted = [(("send", "path"), settings.send.path)] if settings.send.kind == "maildir" else []
    if file := Database(settings.store.url).path:
        wanted.append((("store", "url"), file.parent))
    told = {("log", "file"): settings.log.file, ("metrics", "textfile"): settings.metrics.textfile}
    wanted += [(key, Path(file).parent) for key, file in told.items() if file]
    written = source.parse(path.name, source.read(path))
    problems = []
    for key, folder in wanted:
        there = next(above for above in (folder, *folder.parents) if os.path.exists(above))
        try:
            # Root may do everything by its rights, and yet not everywhere: only trying tells. It leaves no trace.
            tempfile.TemporaryFile(dir=there).close()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            problems.append(
                f"{written.name}:{written.line(key)}: {'.'.join(key)}: nothing can be written below {there} "
                f"({reason}); name a folder that maildesk may write to"
            )
    return problems


def certificates(settings: Settings, path: Path) -> list[str]:
    """Certificates of listeners that cannot be used; `path` is maildesk.toml."""
    written = source.parse(path.name, source.read(path))
    problems = []
    for index, smtp in enumerate(settings.smtp):
        if not smtp.certificate:
            continue
        try:
            Certificate(Path(smtp.certificate), Path(smtp.key)).load()
        except BadCertificate as error:
            key = ("smtp", index, "certificate")
            problems.append(
                f"{written.name}:{written.line(key)}: {written.shown(key)}: "
                f"{error}; name a certificate with its chain, and its key, that maildesk may read"
            )
    return problems


def secrets(settings: Settings) -> list[str]:
    """Passwords that this user cannot read. Commands are run only by `check --online`."""
    wanted = [(f"mailbox {box.name}", box.password, box.oauth) for box in settings.imap]
    if settings.send.kind == "smtp":
        wanted.append(("send", settings.send.password, settings.send.oauth))
    problems = []
    for name, password, oauth in wanted:
        inner = (oauth.secret("client_secret"), oauth.secret("refresh_token")) if oauth else ()
        for one in (password, *inner):
            try:
                if one.env or one.file:
                    secret.read(one)
            except secret.NoSecret as error:
                problems.append(f"{name}: {error}")
    return problems


def last_good(path: Path) -> Configured | None:
    """What this node ran with last, from the store that a broken configuration still names; None if there is none."""
    main = path / MAIN if path.is_dir() else path
    url, node = store_and_node(main)
    try:
        db = Database(url)
        if db.missing:
            return None
        try:
            with db.reading() as conn:
                db.check_version(conn)
                row = configurations.last_good(conn, node)
        finally:
            db.close()
    except StoreError:
        return None
    except Exception as error:
        if operational(error):
            return None
        raise
    return unpacked(*row, home=main.absolute().parent) if row else None


def unpacked(files: Mapping[str, str], digest: str, at: int, home: Path) -> Configured:
    """A configuration that was kept, for the desk in the folder `home`. Raises ConfigError and TemplateError where
    this machine lacks what it needs, such as a password."""
    with tempfile.TemporaryDirectory(prefix="maildesk-") as folder:
        for name, text in files.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).write_bytes(text.encode("utf-8"))
        found = _compiled(load(Path(folder), home))
    settings = found.loaded.settings.model_copy(
        update={"config": home / "config", "templates": home / "templates"}
    )
    loaded = replace(found.loaded, settings=settings, digest=digest, files=(home / MAIN,))
    return Configured(loaded, found.templates, dict(files), at)


BROKEN = (ConfigError, TemplateError, Unusable)
"""What is raised for a configuration that cannot be used; each has `problems`, sentences that begin with file:line."""


@dataclass(frozen=True)
class Difference:
    """What a reload changes, as sentences, and which settings have to wait for a restart."""

    changes: tuple[str, ...]
    restart: tuple[str, ...]


def compared(old: Configured, new: Configured) -> Difference:
    """What becomes different when the new one is taken."""
    taken, restart = difference.of_settings(old.loaded.settings, new.loaded.settings)
    changes = difference.changes(old.loaded.policy, new.loaded.policy)
    return Difference((*changes, *taken, *difference.of_files(old.files, new.files)), tuple(restart))


def restart_sentence(restart: tuple[str, ...]) -> str:
    """Which settings wait for a restart."""
    tables = ", ".join(f"[{key}]" for key in restart)
    return f"{tables} {'changes' if len(restart) == 1 else 'change'} only when the daemon is restarted."
