"""A private PostgreSQL cluster, one for a whole test run.

`shared(run)` gives the cluster of the run whose directory is `run` and starts it when it is first asked for,
by whichever test process comes first. A keeper process of its own owns the server. It waits for the lock of
`run/alive`, which the process that leads the tests holds from `lead(run)` until it ends, in whatever way it
ends (Ctrl-C and SIGKILL too). Then it stops the server and removes `run`.

The server listens on a Unix socket alone, has no passwords, and does not sync to disk.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

# Data that is thrown away at the end needs no care; many deciders and their readers need connections.
SETTINGS = (
    "listen_addresses=",
    "max_connections=200",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "timezone=UTC",
)
DEBIAN = Path("/usr/lib/postgresql")
OWNER = "maildesk"
START_SECONDS = 60
STOP_SECONDS = 20


class ServerFailed(Exception):
    """PostgreSQL is installed but did not start; the text ends with what it printed."""


def programs() -> Path | None:
    """The directory of `initdb` and `postgres`, the newest that Debian has, else of the PATH; or None."""
    found = [path.parent for path in DEBIAN.glob("*/bin/postgres") if (path.parent / "initdb").exists()]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None or Path(initdb).parent != Path(postgres).parent:
        return None
    return Path(initdb).parent


@dataclass(frozen=True)
class Cluster:
    """A running server, by the directory of its socket."""

    socket: Path

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.socket}"

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, as the cluster's superuser."""
        with psycopg.connect(
            host=str(self.socket), user=OWNER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh, empty database; it is dropped at the end, with whoever is still connected."""
        name = f"desk_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


def new_run() -> Path:
    """A directory for `lead` and `shared`.

    It lies in /tmp because a socket's path may hold about 100 bytes, and because a server that is not root
    must be able to enter.
    """
    run = Path(tempfile.mkdtemp(prefix="maildesk-pg-", dir="/tmp"))
    run.chmod(0o755)
    return run


def lead(run: Path) -> IO[bytes]:
    """Hold the run: the server lives until the returned file is closed, or this process ends.

    A record lock, because it is this process's alone: a forked child does not prolong it. The file must not
    be opened a second time in this process.
    """
    alive = (run / "alive").open("wb")
    fcntl.lockf(alive, fcntl.LOCK_EX)
    return alive


def shared(run: Path) -> Cluster:
    """The run's cluster, started now if no process of the run has asked for it before.

    Raises ServerFailed. The caller has seen that `programs()` finds some.
    """
    with (run / "start.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready, failed = run / "ready", run / "failed"
        if not ready.exists() and not failed.exists():
            # A session of its own: Ctrl-C at the terminal is for the tests, the keeper sees them end.
            with (run / "keeper.log").open("wb") as log:
                subprocess.run(
                    [sys.executable, __file__, str(run)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    check=True,
                )
            _wait(lambda: ready.exists() or failed.exists(), START_SECONDS + 5)
        if not ready.exists():
            raise ServerFailed((run / "keeper.log").read_text(errors="replace")[-4000:])
    return Cluster(run)


def stop(run: Path, alive: IO[bytes]) -> None:
    """Let go of the run and wait until its server has ended and the directory is gone."""
    kept = (run / "ready").exists()
    alive.close()
    if not kept or not _wait(lambda: not run.exists(), STOP_SECONDS):
        shutil.rmtree(run)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _keep(run: Path) -> None:
    """Start the server of `run`, say so, wait for the end of the run, stop it, remove everything."""
    bin_directory = programs()
    if bin_directory is None:
        raise ServerFailed("initdb and postgres were there a moment ago")
    data = run / "data"
    data.mkdir(mode=0o700)
    user: int | None = None
    group: int | None = None
    if os.geteuid() == 0:  # the server refuses to run as root
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        account = names.get("postgres") or names["nobody"]
        user, group = account.pw_uid, account.pw_gid
        os.chown(run, user, group)
        os.chown(data, user, group)
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    words = ["-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale", locale, "--no-sync", "--no-instructions"]
    subprocess.run(
        [bin_directory / "initdb", "-D", data, *words],
        check=True,
        cwd=run,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    server = subprocess.Popen(
        [bin_directory / "postgres", "-D", data, "-k", run, *settings],
        cwd=run,
        user=user,
        group=group,
        extra_groups=None if user is None else [],
    )
    try:
        if not _wait(lambda: server.poll() is not None or _answers(run), START_SECONDS) or server.poll():
            raise ServerFailed("postgres did not come up")
        (run / "ready").touch()
        with (run / "alive").open("r+b") as alive:
            fcntl.lockf(alive, fcntl.LOCK_EX)
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nobody will read this data again
        try:
            server.wait(STOP_SECONDS / 2)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(run: Path) -> bool:
    try:
        Cluster(run).execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def main(run: Path) -> None:
    """Be the keeper of `run`. The process that was started ends at once, the keeper is its child."""
    if os.fork():
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        _keep(run)
    except BaseException:
        (run / "failed").touch()
        raise
    shutil.rmtree(run)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
