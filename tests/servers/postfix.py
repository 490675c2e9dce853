"""A private Postfix: own configuration, queue and data, one port on loopback; what it delivers goes where it is told.

It does not touch the machine's own Postfix. Its master process ends with the fixture, or by itself after a while.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port

DAEMONS = (Path("/usr/lib/postfix/sbin"), Path("/usr/libexec/postfix"))
LIFE = 900
START_SECONDS = 30
QUEUES = (
    "active",
    "bounce",
    "corrupt",
    "defer",
    "deferred",
    "flush",
    "hold",
    "incoming",
    "private",
    "saved",
    "trace",
)
SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixFailed(Exception):
    """Postfix is installed but did not start; the text ends with its log."""


def missing() -> str:
    """Why there can be no Postfix here; "" if there can."""
    if _daemons() is None:
        return "Postfix is not installed (Debian: apt-get install postfix)"
    if os.geteuid() != 0:
        return "only root can run a private Postfix"
    return ""


def _daemons() -> Path | None:
    return next((path for path in DAEMONS if (path / "master").exists()), None)


class Postfix:
    """An instance that can be stopped and started again on the same port; its queue stays."""

    def __init__(self, folder: Path, deliver_to: int, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self._master: subprocess.Popen[bytes] | None = None
        self._lay_out(deliver_to, settings)

    @property
    def log(self) -> str:
        """What it has logged."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _lay_out(self, deliver_to: int, settings: Mapping[str, str]) -> None:
        conf, queue, data = (self.folder / name for name in ("conf", "queue", "data"))
        owner, group = pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postdrop").gr_gid
        for path in (conf, queue, queue / "pid", data):
            path.mkdir(mode=0o755)
        os.chown(data, owner, -1)
        for name in QUEUES:
            (queue / name).mkdir(mode=0o700)
            os.chown(queue / name, owner, -1)
        for name, mode in (("maildrop", 0o730), ("public", 0o710)):
            (queue / name).mkdir()
            os.chown(queue / name, owner, group)
            (queue / name).chmod(mode)
        main = {
            "compatibility_level": "3.6",
            "queue_directory": str(queue),
            "data_directory": str(data),
            "command_directory": "/usr/sbin",
            "daemon_directory": str(_daemons()),
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "myhostname": "relay.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "smtpd_relay_restrictions": "permit_mynetworks, reject",
            "default_transport": f"smtp:[127.0.0.1]:{deliver_to}",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "alias_maps": "",
            "maillog_file": str(self.folder / "log"),
            "maillog_file_prefixes": "/tmp",
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "queue_run_delay": "1s",
            **settings,
        }
        (conf / "main.cf").write_text("".join(f"{key} = {value}\n" for key, value in main.items()))
        (conf / "master.cf").write_text(SERVICES.format(port=self.port))

    def start(self) -> None:
        """Takes mail from here on. Raises PostfixFailed."""
        daemons = _daemons()
        assert daemons is not None
        words = [str(daemons / "master"), "-c", str(self.folder / "conf"), "-d", "-e", str(LIFE)]
        environment = {**os.environ, "MAIL_CONFIG": str(self.folder / "conf")}
        with (self.folder / "output").open("ab") as output:
            self._master = subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._master.poll() is not None or time.monotonic() > deadline:
                told = (self.folder / "output").read_text("utf-8", "replace")
                self.stop()
                raise PostfixFailed(f"{told}\n{self.log}"[-4_000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
                return sock.recv(100).startswith(b"220")
        except OSError:
            return False

    def stop(self) -> None:
        """Takes no mail; all of its processes end."""
        if self._master is None:
            return
        self._master.send_signal(signal.SIGTERM)
        try:
            self._master.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._master.pid, signal.SIGKILL)
            self._master.wait()
        self._master = None


@contextmanager
def a_postfix(deliver_to: int, **settings: str) -> Iterator[Postfix]:
    """A running Postfix that hands every mail to a port of this machine."""
    folder = Path(tempfile.mkdtemp(prefix="maildesk-postfix-", dir="/tmp"))
    folder.chmod(0o755)
    postfix = Postfix(folder, deliver_to, settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()
        shutil.rmtree(folder)
