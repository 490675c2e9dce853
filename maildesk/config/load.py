"""Reads maildesk.toml and the folder `config` beside it: one immutable value, or all problems at once."""

from __future__ import annotations

import hashlib
import os
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from maildesk.config import coherence, listening, mailboxes, sending, source
from maildesk.config.positions import Path
from maildesk.config.problems import ConfigError, Problem, located, nearest, sentence, unknown
from maildesk.config.settings import POSTGRESQL, SQLITE, Settings, with_password
from maildesk.config.sketch import sketch
from maildesk.config.source import Source, Unreadable
from maildesk.core.policy import Policy

MAIN = "maildesk.toml"
LISTS = {
    "agents": "agent",
    "departments": "department",
    "topics": "topic",
    "rules": "rule",
    "forms": "form",
    "lists": "list",
    "logins": "login",
}
"""Each file of the folder `config`, which is also a field of Policy, with the name of its tables."""

NEEDED = ("agents", "departments")
DESK = tuple(key for key in Policy.model_fields if key not in (*LISTS, "limits"))


@dataclass(frozen=True)
class Loaded:
    """A valid configuration. `digest` is the sha256 over all files read; `files` are absolute paths."""

    settings: Settings
    policy: Policy
    digest: str
    files: tuple[FilePath, ...]
    raw: tuple[tuple[str, bytes], ...] = field(default=(), repr=False, compare=False)
    """What was read, by the name that each file has in a desk as it is shipped."""

    @property
    def folder(self) -> FilePath:
        """The folder of maildesk.toml, from which all other paths start."""
        return self.files[0].parent


def load(path: FilePath, home: FilePath | None = None) -> Loaded:
    """The configuration of a `maildesk.toml`, or of the folder that holds one.

    With `home` the folder is a copy of a desk's files, laid out as they are shipped: `config/` and `templates/` are
    read beside it, and all other paths start from `home`.

    Raises ConfigError with every problem of every file; never anything else for what an admin wrote.
    """
    path = path.absolute()
    return _Loading(path / MAIN if path.is_dir() else path, home).loaded()


class _Loading:
    """One reading of all files. `sources` has "" for maildesk.toml and the stems of the others."""

    def __init__(self, path: FilePath, home: FilePath | None) -> None:
        self.path = path
        self.root = home or path.parent
        self.copied = path.parent if home else None
        self.raw: list[tuple[str, bytes]] = []
        self.sources: dict[str, Source] = {}
        self.problems: list[Problem] = []
        self.wrong: set[tuple[str, Path]] = set()
        self.unread: list[str] = []
        self.files: list[FilePath] = []
        self.digest = hashlib.sha256()

    def loaded(self) -> Loaded:
        main = self.read("", self.path)
        if main is None:
            if not self.path.is_file():
                raise ConfigError(tuple(self.problems))
            main = self.sources[""] = Source(MAIN)  # the other files can still be checked
            self.wrong.add(("", ()))
        settings = self.settings(main)
        self.folder(settings.config)
        policy = self.policy(main)
        self.check_language(main, settings.templates)
        self.check_zone(main)
        logins = "logins" in self.unread or bool(self.sources.get("logins", main).data.get("login"))
        for where, told in (
            *listening.problems(settings, logins),
            *mailboxes.problems(settings),
            *(mailboxes.strangers(settings, policy) if policy else ()),
            *sending.problems(settings.send),
        ):
            self.add("", where, told)
        settings = self.resolved(settings)
        if policy is None or self.problems:
            raise ConfigError(tuple(sorted(dict.fromkeys(self.problems), key=self.order)))
        return Loaded(settings, policy, self.digest.hexdigest(), tuple(self.files), tuple(self.raw))

    def order(self, problem: Problem) -> tuple[bool, Problem]:
        return problem.file != self.name(self.path), problem

    # Files

    def name(self, path: FilePath) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)

    def read(self, key: str, path: FilePath) -> Source | None:
        name = self.name(path)
        try:
            raw = source.read(path)
            self.files.append(path)
            self.raw.append((f"config/{key}.toml" if key else MAIN, raw))
            self.digest.update(f"{name}\0{len(raw)}\0".encode() + raw)
            self.sources[key] = source.parse(name, raw)
        except Unreadable as error:
            instead = ""
            if not path.exists():
                instead = "; `maildesk init DIR` makes a folder with all files"
                if not key:
                    instead = "; name the desk's folder with --config, or make one with `maildesk init DIR`"
                    name = str(path)
            self.problems.append(Problem(name, error.line, "", error.sentence + instead))
            return None
        return self.sources[key]

    def beside(self, name: str, folder: FilePath) -> FilePath:
        """A folder of files that belong to the configuration."""
        return self.copied / name if self.copied else self.root / folder

    def folder(self, folder: FilePath) -> None:
        folder = self.beside("config", folder)
        if not folder.is_dir():
            told = f"there is no folder {self.name(folder)!r}; write the one of agents.toml"
            self.add("", ("config",), told)
            return
        for stem in LISTS:
            path = folder / f"{stem}.toml"
            if (path.exists() or stem in NEEDED) and self.read(stem, path) is None:
                self.unread.append(stem)
        for path in sorted(folder.glob("*.toml")):
            if path.stem not in LISTS:
                known = [f"{stem}.toml" for stem in LISTS]
                meant = nearest(path.name, known, likeness=0.75)
                told = f"did you mean {meant}?" if meant else f"files that are read: {', '.join(known)}"
                self.problems.append(Problem(self.name(path), 0, "", f"nobody reads this file; {told}"))

    # Values

    def add(self, key: str, path: Path, told: str) -> None:
        """A problem at a path of a file; where the path has one already, the first stays alone."""
        if not any((key, path[:end]) in self.wrong for end in range(len(path) + 1)):
            self.wrong.add((key, path))
            found = self.sources[key]
            self.problems.append(Problem(found.name, found.line(path), found.shown(path), told))

    def validate(self, model: type[BaseModel], data: Mapping[str, Any]) -> Any:
        """The model's value; None, with its problems noted, if there is none."""
        try:
            return model.model_validate(data, strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            for path, details in located(data, error):
                key, where = _where(model, path)
                if key in self.sources:
                    last = next((part for part in reversed(where) if isinstance(part, str)), "")
                    self.add(key, where, sentence(model, path, last, details))
            return None

    def settings(self, main: Source) -> Settings:
        """What edges need; where a table is wrong, its problems are noted and the default stands in."""
        known = (*Settings.model_fields, "desk", "limits")
        for key in main.data:
            if key not in known:
                meant = nearest(key, (*DESK, *known))
                if meant in DESK:
                    self.add("", (key,), f"this key is not in its table; write {meant} below [desk]")
                else:
                    self.add("", (key,), unknown("table or key", key, known))
        data = {key: value for key, value in main.data.items() if key in Settings.model_fields}
        found = self.validate(Settings, data)
        if found is None:
            good = {key: value for key, value in data.items() if not self.touched(key)}
            found = Settings.model_validate(good, strict=True, by_alias=True, by_name=False)
        assert isinstance(found, Settings)
        return found

    def touched(self, top: str) -> bool:
        """Whether a top-level key of maildesk.toml has a problem in it."""
        return any(key == "" and path[:1] == (top,) for key, path in self.wrong)

    def policy(self, main: Source) -> Policy | None:
        desk = main.data.get("desk")
        if desk is None:
            told = 'this table is missing; write [desk] with name = "..." and address = "support@example.com"'
            self.add("", ("desk",), told)
        elif not isinstance(desk, dict):
            self.add("", ("desk",), "is not a table; write [desk], and its keys below it")
        data: dict[str, Any] = {}
        for key, value in desk.items() if isinstance(desk, dict) else ():
            if key in DESK:
                data[key] = value
            else:
                self.add("", ("desk", key), unknown("key", key, DESK))
        if "limits" in main.data:
            data["limits"] = main.data["limits"]
        for stem, table in LISTS.items():
            found = self.sources.get(stem)
            for key in found.data if found else ():
                if key != table:
                    self.add(stem, (key,), f"there is no such table here; write [[{table}]]")
                    if found and table not in found.data:
                        self.wrong.add((stem, (table,)))  # that it is missing need not be said too
            data[stem] = found.data.get(table, ()) if found else ()
        policy = self.validate(Policy, data)
        assert policy is None or isinstance(policy, Policy)
        if all(isinstance(data[stem], tuple) and (data[stem] or stem not in NEEDED) for stem in LISTS):
            unread = [LISTS[stem] for stem in self.unread]
            for path, told in coherence.problems(policy or sketch(data)):
                if not any(told.startswith(f"there is no {table} ") for table in unread):
                    self.add(*_where(Policy, path), told)
        return policy

    # What no model knows

    def check_language(self, main: Source, templates: FilePath) -> None:
        folder = self.beside("templates", templates)
        language = main.at(("desk", "language")) or "en"
        if ("", ("desk", "language")) in self.wrong or self.touched("templates"):
            return
        if not folder.is_dir():
            told = f"there is no folder {self.name(folder)!r}; `maildesk init DIR` makes one to copy"
            self.add("", ("templates",), told)
        elif not (folder / str(language)).is_dir():
            known = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
            told = f"there are no templates in {self.name(folder / str(language))!r}; "
            self.add("", ("desk", "language"), f"{told}languages there: {', '.join(known) or 'none'}")

    def check_zone(self, main: Source) -> None:
        zone = main.at(("desk", "zone"))
        if not isinstance(zone, str) or ("", ("desk", "zone")) in self.wrong:
            return
        try:
            zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            known = zoneinfo.available_timezones()
            meant = nearest(zone, sorted(known))
            if not known:
                told = "this machine knows no time zones; install its package tzdata"
            else:
                told = f"there is no time zone {zone!r}; " + (
                    f"did you mean {meant!r}?" if meant else "write it like Europe/Berlin"
                )
            self.add("", ("desk", "zone"), told)

    def resolved(self, settings: Settings) -> Settings:
        """The same with absolute paths and the database's password."""
        store = settings.store
        url = store.url
        if url.startswith(SQLITE):
            name, mark, options = url.removeprefix(SQLITE).partition("?")
            url = f"{SQLITE}{self.root / name}{mark}{options}"
        password = self.password(settings)
        if password and url.startswith(POSTGRESQL):
            url = with_password(url, password)
        return settings.model_copy(
            update={
                "config": self.beside("config", settings.config),
                "templates": self.beside("templates", settings.templates),
                "store": store.model_copy(update={"url": url}),
                **listening.resolved(settings, self.root),
                "imap": mailboxes.resolved(settings.imap, self.root),
                "send": sending.resolved(settings.send, self.root),
                "log": settings.log.below(self.root),
                "metrics": settings.metrics.below(self.root),
            }
        )

    def password(self, settings: Settings) -> str:
        store = settings.store
        variable, file = store.password_env, store.password_file
        if (variable or file) and not store.url.startswith(POSTGRESQL):
            key = "password_env" if variable else "password_file"
            self.add("", ("store", key), f"SQLite has no password; delete {key}, or write a PostgreSQL url")
            return ""
        if variable and file:
            told = "password_env is written too; keep one of the two"
            self.add("", ("store", "password_file"), told)
        elif variable:
            if os.environ.get(variable):
                return os.environ[variable]
            told = f"the environment has no {variable}; set it where maildesk starts, or write password_file"
            self.add("", ("store", "password_env"), told)
        elif file:
            try:
                lines = source.read(self.root / file).decode("utf-8", "replace").splitlines()
            except Unreadable as error:
                self.add("", ("store", "password_file"), f"{file}: {error.sentence}")
                return ""
            if lines and lines[0].strip():
                return lines[0].strip()
            self.add("", ("store", "password_file"), f"{file} is empty; write the password into it")
        return ""


def _where(model: type[BaseModel], path: Path) -> tuple[str, Path]:
    """The source and the path in it of a path in a model."""
    if model is Settings or path[:1] == ("limits",):
        return "", path
    if path and path[0] in LISTS:
        return str(path[0]), (LISTS[str(path[0])], *path[1:])
    return "", ("desk", *path)
