"""Plain data for the edges: listeners, database, folders. What decisions need is in `core.policy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field

from maildesk.core.alarm import Watch
from maildesk.core.policy import Frozen, Name

SQLITE = "sqlite:///"
POSTGRESQL = ("postgresql+psycopg://", "postgresql://")


def _store_url(value: str) -> str:
    if value.startswith(SQLITE) and value[len(SQLITE) :] not in ("", ":memory:"):
        return value
    if not value.startswith(POSTGRESQL):
        raise ValueError(
            f"{without_password(value)!r} is not a store; write sqlite:///var/maildesk.db"
            " or postgresql+psycopg://maildesk@localhost/maildesk"
        )
    try:
        parts = urlsplit(value)
        complete = parts.port != 0 and bool(parts.path.strip("/"))
    except ValueError:
        complete = False
    if not complete:
        raise ValueError(
            "the address of the database is not complete;"
            " write it like postgresql+psycopg://maildesk@localhost:5432/maildesk"
        )
    return value


def split_listen(value: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:2525`, `[::1]:2525` or `localhost:0`; ValueError if it is neither."""
    host, colon, port = value.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"{value!r} needs brackets around an IPv6 address; write it like [::1]:2525")
    if not colon or not host or not (port.isascii() and port.isdigit() and len(port) < 6):
        raise ValueError(f"{value!r} is not an address and port; write it like 127.0.0.1:2525")
    if int(port) > 65535:
        raise ValueError(f"the port {port} is out of range; write a number from 1 to 65535")
    return host, int(port)


def _listen(value: str) -> str:
    split_listen(value)
    return value


def _file(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty; write a path, which starts from the folder of maildesk.toml")
    if isinstance(value, str) and value.startswith("~"):
        raise ValueError(f"{value!r}: nobody here knows whose home ~ is; write the whole path")
    return Path(value) if isinstance(value, str) else value


File = Annotated[Path, BeforeValidator(_file)]


def without_password(url: str) -> str:
    """The same URL fit for logs and screens."""
    head, at, tail = url.rpartition("@")
    scheme, slashes, user = head.partition("://")
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}:***@{tail}" if at and slashes and colon else url


def with_password(url: str, password: str) -> str:
    """The same URL with this password, quoted as URLs need it."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0] if at else ""
    return urlunsplit(parts._replace(netloc=f"{name}:{quote(password, safe='')}@{host}"))


class Store(Frozen):
    """The database. After loading, `url` is complete: paths are absolute, the password is in it."""

    url: Annotated[str, AfterValidator(_store_url)] = Field(
        "sqlite:///var/maildesk.db",
        repr=False,
        description="Where tickets and mails are kept: a SQLite file, or postgresql+psycopg://user@host/database.",
    )
    password_env: str = Field("", description="Environment variable that holds the database password.")
    password_file: str = Field("", description="File whose first line is the database password.")

    @property
    def public_url(self) -> str:
        """The URL without its password."""
        return without_password(self.url)


class SmtpListener(Frozen):
    """A port on which mail is taken by SMTP."""

    listen: Annotated[str, AfterValidator(_listen)] = Field(
        "127.0.0.1:2525", description="Address and port; port 0 takes a free one."
    )
    hostname: str = Field("", description="Name in the greeting; the machine's own if left out.")
    max_sessions: int = Field(100, ge=1, description="Connections at one time; more get 421.")
    max_recipients: int = Field(100, ge=1, description="Recipients of one mail; more get 452.")
    timeout: int = Field(900, ge=1, description="Seconds of silence after which a connection is closed.")

    @property
    def host(self) -> str:
        """The address to bind to."""
        return split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """The port to bind to; 0 means any free one."""
        return split_listen(self.listen)[1]


class Send(Frozen):
    """Where outgoing mail goes."""

    kind: Literal["maildir"] = Field("maildir", description="How mail leaves the desk.")
    path: File = Field(Path("var/outgoing"), description="The Maildir; made if it is not there.")


class Node(Frozen):
    """This daemon among those that share one database."""

    name: Name = Field(
        "main", description="Name of this daemon; each one on the same database needs its own."
    )


class Log(Frozen):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level shown."
    )


class Settings(Frozen):
    """All of `maildesk.toml` that only edges need. After loading all paths are absolute."""

    config: File = Field(Path("config"), description="Folder of the other configuration files.")
    templates: File = Field(
        Path("templates"),
        description="Folder of mail templates; one folder per language in it.",
    )
    store: Store = Field(Store(), description="The database.")
    smtp: tuple[SmtpListener, ...] = Field((), description="Ports on which mail is taken by SMTP.")
    send: Send = Field(Send(), description="Where outgoing mail goes.")
    node: Node = Field(Node(), description="This daemon among those that share one database.")
    log: Log = Field(Log(), description="What is logged.")
    alarms: Watch = Field(
        Watch(), description="What is watched; the admin of [desk] is told by mail when something is wrong."
    )
