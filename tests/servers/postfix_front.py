"""A private Postfix in front of a desk: its own configuration, queue, data and log, gone when the test ends.

It needs root, as Postfix does. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.ports import free_port

DAEMONS = Path("/usr/lib/postfix/sbin")
SECONDS = 30
SETTINGS = {
    "compatibility_level": "3.6",
    "daemon_directory": str(DAEMONS),
    "command_directory": "/usr/sbin",
    "mail_owner": "postfix",
    "setgid_group": "postdrop",
    "myhostname": "mail.example",
    "mydestination": "mail.example",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "mynetworks": "127.0.0.0/8",
    "smtpd_relay_restrictions": "permit_mynetworks, reject",
    "local_recipient_maps": "",
    "alias_maps": "",
    "alias_database": "",
    "biff": "no",
    # What is deferred is tried again within two seconds.
    "queue_run_delay": "1s",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
    "transport_retry_time": "1s",
}
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


def missing() -> str:
    """Why no Postfix can be started here; "" if one can."""
    if not (DAEMONS / "master").exists() or shutil.which("postfix") is None:
        return "Postfix is not installed (Debian: apt-get install postfix)"
    return "" if os.geteuid() == 0 else "Postfix can only be started by root"


@dataclass(frozen=True)
class Postfix:
    """A running one, by its folder and the port where it takes mail."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text(errors="replace") if (self.folder / "log").exists() else ""

    def send(self, raw: bytes, sender: str, *recipients: str) -> None:
        """Gives it a mail; it is in its queue then."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=SECONDS) as client:
            assert client.sendmail(sender, recipients, raw) == {}

    def queued(self) -> int:
        """How many mails are in its queue."""
        listed = subprocess.run(
            ["postqueue", "-c", self.folder / "etc", "-j"], capture_output=True, check=True, timeout=SECONDS
        )
        return len(listed.stdout.splitlines())


@contextmanager
def start(
    settings: Mapping[str, str] | None = None,
    services: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
) -> Iterator[Postfix]:
    """A Postfix with these settings of main.cf and further lines of master.cf; skips the test where none can be.

    `files` are written into its folder first; `{folder}` in a setting, a line or a file is that folder.
    """
    if why := missing():
        pytest.skip(why)
    # In /tmp: everybody must be able to enter, and the paths of sockets are short.
    folder = Path(tempfile.mkdtemp(prefix="maildesk-postfix-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        port = _laid_out(folder, dict(settings or {}), services, files or {})
        with (folder / "out").open("wb") as out:
            # It makes what the queue needs.
            subprocess.run(["postfix", "-c", folder / "etc", "check"], stdout=out, stderr=out, check=True)
            # Not by `postfix start-fg`, whose shell would stand between the master process and its signals.
            master = subprocess.Popen(
                [DAEMONS / "master", "-c", folder / "etc", "-s"], stdout=out, stderr=out
            )
        # It ends with this process, however that ends: then the keeper's input ends. (Postfix changes its user for a
        # while, and so forgets a signal that the kernel would send it.)
        keeper = subprocess.Popen(
            ["sh", "-c", 'read -r _; kill "$0" 2>/dev/null; sleep 1; rm -rf "$1"', str(master.pid), folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        found = Postfix(folder, port)
        try:
            _wait_for(found, master)
            yield found
        finally:
            master.send_signal(signal.SIGTERM)
            try:
                master.wait(SECONDS)
            except subprocess.TimeoutExpired:
                master.kill()
                master.wait()
            keeper.kill()
            keeper.communicate()
    finally:
        shutil.rmtree(folder)


def _laid_out(
    folder: Path, settings: dict[str, str], services: Sequence[str], files: Mapping[str, str]
) -> int:
    owner = pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    port = free_port()
    own = {
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/log",
        "maillog_file_prefixes": str(folder),
    }
    lines = [f"{key} = {value}" for key, value in (SETTINGS | own | settings).items()]

    def here(text: str) -> str:
        return text.replace("{folder}", str(folder))

    (folder / "etc/main.cf").write_text(here("\n".join(lines) + "\n"))
    (folder / "etc/master.cf").write_text(here(MASTER.format(port=port) + "\n".join((*services, ""))))
    for name, text in files.items():
        (folder / name).write_text(here(text))
        (folder / name).chmod(0o755 if text.startswith("#!") else 0o644)
    return port


def _wait_for(found: Postfix, master: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while True:
        try:
            with smtplib.SMTP("127.0.0.1", found.port, timeout=SECONDS):
                return
        except OSError:
            told = f"{(found.folder / 'out').read_text(errors='replace')}\n{found.log}"
            assert master.poll() is None, f"Postfix has ended:\n{told}"
            assert time.monotonic() < end, f"Postfix does not answer:\n{told}"
            time.sleep(0.05)
