"""Plain data for the edges: listeners, database, folders. What decisions need is in `core.policy`."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AfterValidator, BeforeValidator, Field

from maildesk.config.listeners import Deliver, LmtpListener, SmtpListener
from maildesk.config.telemetry import Log as Log
from maildesk.config.telemetry import Metrics as Metrics
from maildesk.config.trust import AuthservId, SpamHeader, TrustedHops
from maildesk.core.alarm import Watch
from maildesk.core.policy import Frozen, MailAddress, Name

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


def _file(value: object) -> object:
    if value == "":
        raise ValueError("must not be empty; write a path, which starts from the folder of maildesk.toml")
    if isinstance(value, str) and value.startswith("~"):
        raise ValueError(f"{value!r}: nobody here knows whose home ~ is; write the whole path")
    return Path(value) if isinstance(value, str) else value


File = Annotated[Path, BeforeValidator(_file)]


class Secret(NamedTuple):
    """Where a secret is: in an environment variable, a file, or a command's output; all "" if there is none."""

    env: str
    file: str
    command: str

    def __bool__(self) -> bool:
        return any(self)


def loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _token_url(value: str) -> str:
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError(f"{value!r} is not an address; write it like https://oauth2.googleapis.com/token")
    if parts.scheme == "http" and not loopback(parts.hostname):
        raise ValueError("secrets are not sent in clear; write https://")
    return value


def _after(value: str) -> str:
    if value not in ("seen", "delete", "leave") and not (value.startswith("move:") and value[5:].strip()):
        raise ValueError(f'{value!r} is none of "move:FOLDER", "seen", "delete", "leave"')
    return value


def _junk(value: str) -> str:
    if value not in ("", "hold") and not (value.startswith("hold:") and value[5:].strip()):
        raise ValueError(f'{value!r} is neither "hold" nor "hold:FOLDER"')
    return value


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


class OAuth(Frozen):
    """How an access token is got instead of a password (RFC 6749): by a refresh token, or by the client itself."""

    token_url: Annotated[str, AfterValidator(_token_url)] = Field(
        description="Address of the token endpoint; https, but http on loopback."
    )
    client_id: str = Field(min_length=1, description="The client's id, from the provider's console.")
    client_secret_env: str = Field("", description="Environment variable that holds the client's secret.")
    client_secret_file: str = Field("", description="File whose first line is the client's secret.")
    client_secret_command: str = Field("", description="Command that prints the client's secret.")
    refresh_token_env: str = Field("", description="Environment variable that holds the first refresh token.")
    refresh_token_file: str = Field(
        "",
        description="File whose first line is the first refresh token; later ones are kept in the store."
        " Without any refresh token the client's own credentials are used.",
    )
    refresh_token_command: str = Field("", description="Command that prints the first refresh token.")
    scope: str = Field("", description="What the token is asked for, as the provider writes it.")
    mechanism: Literal["XOAUTH2", "OAUTHBEARER"] = Field(
        "XOAUTH2", description="How the token is shown to the mail server."
    )

    def secret(self, key: Literal["client_secret", "refresh_token"]) -> Secret:
        """Where one of its secrets is."""
        return Secret(*(str(getattr(self, f"{key}_{how}")) for how in ("env", "file", "command")))


class Mailbox(Frozen):
    """A mailbox that is read by IMAP."""

    name: Name = Field(description="Short name, in logs and in `maildesk status`; never change it.")
    host: str = Field(min_length=1, description="Name of the IMAP server.")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0 is 993, or 143 without implicit TLS.")
    tls: Literal["implicit", "starttls", "none"] = Field(
        "implicit", description="How the connection is encrypted; `none` only on loopback."
    )
    ca_file: str = Field("", description="File with the certificates to trust; the system's if left out.")
    user: str = Field(min_length=1, description="Login name; for OAuth the address of the mailbox.")
    password_env: str = Field("", description="Environment variable that holds the password.")
    password_file: str = Field("", description="File whose first line is the password.")
    password_command: str = Field(
        "", description="Command that prints the password; it is not run by a shell."
    )
    oauth: OAuth | None = Field(None, description="Keys of an access token, instead of a password.")
    folder: str = Field("INBOX", min_length=1, description="The folder where mail arrives.")
    address: MailAddress = Field(
        description="The desk address that the mailbox is for, where a mail does not tell it."
    )
    after: Annotated[str, AfterValidator(_after)] = Field(
        "move:Done",
        description="What becomes of a stored mail: move:FOLDER, seen, delete or leave.",
    )
    start: Literal["now", "unseen", "all"] = Field(
        "now", description="Which mails are taken that are there at the first start."
    )
    junk: Annotated[str, AfterValidator(_junk)] = Field(
        "", description="`hold` holds mail of the junk folder until it is released; hold:FOLDER names it."
    )
    sent: str = Field(
        "", description="Folder of sent mail; answers written there by hand are added to their tickets."
    )
    authserv_id: AuthservId = ""
    trusted_hops: TrustedHops = 1
    spam_header: SpamHeader = ""
    poll: int = Field(
        60, ge=1, le=1500, description="Seconds after which is looked even if nothing is pushed."
    )
    batch_bytes: int = Field(
        20_000_000, ge=100_000, description="Mails are fetched together up to so many bytes."
    )

    @property
    def real_port(self) -> int:
        """The port to connect to."""
        return self.port or (993 if self.tls == "implicit" else 143)

    @property
    def password(self) -> Secret:
        """Where the password is."""
        return Secret(self.password_env, self.password_file, self.password_command)

    @property
    def done(self) -> str:
        """The folder that stored mail is moved to; "" if it is not moved."""
        return self.after.removeprefix("move:") if self.after.startswith("move:") else ""


class Send(Frozen):
    """Where outgoing mail goes."""

    kind: Literal["maildir", "smtp"] = Field(
        "maildir", description="How mail leaves the desk: into a folder, or by SMTP through a mail server."
    )
    path: File = Field(Path("var/outgoing"), description="With maildir: the folder; made if it is not there.")
    host: str = Field("", description="With smtp: the mail server that sends for the desk (the relay).")
    port: int = Field(
        0, ge=0, le=65535, description="Its port; 0 is 587 with starttls, 465 with implicit, 25 with none."
    )
    tls: Literal["starttls", "implicit", "none"] = Field(
        "starttls",
        description="How the connection is encrypted; `none` only to this machine. Certificates are checked.",
    )
    ca_file: str = Field("", description="File of the authorities that are trusted instead of the system's.")
    user: str = Field("", description="Login at the relay; left out, it needs none.")
    password_env: str = Field("", description="Environment variable that holds the password.")
    password_file: str = Field("", description="File whose first line is the password.")
    password_command: str = Field(
        "", description="Command that prints the password; it is not run by a shell."
    )
    oauth: OAuth | None = Field(None, description="Keys of an access token, instead of a password.")
    hostname: str = Field("", description="Name that the desk greets with; the machine's own if left out.")
    connections: int = Field(2, ge=1, le=20, description="Mails that are sent at one time.")
    timeout: int = Field(30, ge=1, le=600, description="Seconds in which the relay must answer a greeting.")
    deadline: int = Field(
        10, ge=1, le=3600, description="Seconds that one mail may take, and one more for each 100 KB of it."
    )

    @property
    def password(self) -> Secret:
        """Where the password is."""
        return Secret(self.password_env, self.password_file, self.password_command)

    @property
    def relay_port(self) -> int:
        """The port to connect to."""
        return self.port or {"starttls": 587, "implicit": 465, "none": 25}[self.tls]


class Node(Frozen):
    """This daemon among those that share one database."""

    name: Name = Field(
        "main", description="Name of this daemon; each one on the same database needs its own."
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
    lmtp: tuple[LmtpListener, ...] = Field(
        (),
        description="Ports and Unix sockets on which mail is taken by LMTP, from a mail server of one's own.",
    )
    deliver: Deliver = Field(
        Deliver(), description="The Unix socket by which `maildesk deliver` hands mail to the running daemon."
    )
    imap: tuple[Mailbox, ...] = Field((), description="Mailboxes that are read by IMAP.")
    send: Send = Field(Send(), description="Where outgoing mail goes.")
    node: Node = Field(Node(), description="This daemon among those that share one database.")
    log: Log = Field(Log(), description="What is logged, how and where.")
    metrics: Metrics = Field(
        Metrics(), description="Figures for Prometheus, see `docs/metrics.md`; none unless a key is written."
    )
    alarms: Watch = Field(
        Watch(), description="What is watched; the admin of [desk] is told by mail when something is wrong."
    )
