"""The desk that is looked over, and the world around it, as checks ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from maildesk.config.load import Loaded
from maildesk.config.settings import Secret, Settings
from maildesk.configured import Configured
from maildesk.core.policy import Policy
from maildesk.edges.dns import Resolver
from maildesk.store.store import Store

Online = Callable[[], tuple[list[tuple[str, str]], list[str]]]
"""Logs in to every server: what was found there, as pairs, and the problems as sentences."""


def _silent(what: str, done: int) -> None:
    """Nobody wants to see how far it is."""


@dataclass(frozen=True)
class Patient:
    """Nothing of it is changed. `main` is the admin's maildesk.toml, and `problems` are those of its files; where they
    cannot be used, `configured` is the last good one. `trouble` says why the store cannot be opened, "" if it is open.
    `online` logs in to the servers, where somebody wants that."""

    main: Path
    configured: Configured
    problems: tuple[str, ...]
    store: Store
    trouble: str
    now: int
    resolver: Resolver
    online: Online | None = None
    deep: bool = False
    progress: Callable[[str, int], None] = field(default=_silent)

    @property
    def loaded(self) -> Loaded:
        """The configuration."""
        return self.configured.loaded

    @property
    def settings(self) -> Settings:
        """What edges need of it."""
        return self.loaded.settings

    @property
    def policy(self) -> Policy:
        """What decisions need of it."""
        return self.loaded.policy

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store; None for PostgreSQL."""
        return self.store.db.path

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One view of the store, on which nothing can be written."""
        with self.store.db.reading() as conn:
            yield conn

    def secret_files(self) -> list[tuple[str, Path]]:
        """The files with passwords, tokens and private keys that the configuration names, each with its key there."""
        settings = self.settings
        secrets: list[tuple[str, Secret]] = []
        for name, one in (
            *((f"imap.{box.name}", box) for box in settings.imap),
            *((("send", settings.send),) if settings.send.kind == "smtp" else ()),
        ):
            secrets.append((f"{name}.password_file", one.password))
            if one.oauth:
                secrets += [
                    (f"{name}.oauth.{key}_file", one.oauth.secret(key))
                    for key in ("client_secret", "refresh_token")
                ]
        files = [(name, Path(one.file)) for name, one in secrets if one.file]
        files += [("smtp.key", Path(smtp.key)) for smtp in settings.smtp if smtp.key]
        if settings.store.password_file:
            files.append(("store.password_file", self.loaded.folder / settings.store.password_file))
        return list(dict.fromkeys(files))
