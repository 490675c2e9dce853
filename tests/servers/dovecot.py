"""A private Dovecot, one for a whole test run: IMAP over TCP and TLS on loopback, and Maildirs that are thrown away.

`shared(run)` gives the server of the run whose directory is `run` (see `postgres.py`), started when it is first asked
for. A keeper process owns it and ends it with the run, in whatever way that ends. Every user name has the password
`PASSWORD`, and an own, empty mailbox. The access token of a user is `token_of(user)`.
"""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PASSWORD = "geheim"
START_SECONDS = 30
TOKEN = "good-"


class ServerFailed(Exception):
    """Dovecot is installed but did not start; the text ends with what it printed."""


def program() -> str | None:
    """Dovecot with its IMAP server, or None."""
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
    return found if found and Path("/usr/lib/dovecot/imap").exists() else None


def token_of(user: str) -> str:
    """The access token that the server takes for this user."""
    return TOKEN + user


@dataclass(frozen=True)
class Dovecot:
    """A running server."""

    folder: Path
    port: int
    tls_port: int

    @property
    def ca_file(self) -> Path:
        """The certificate of `localhost`, which signs itself."""
        return self.folder / "cert.pem"

    def maildir(self, user: str) -> Path:
        """The Maildir of a user."""
        return self.folder / "mail" / user / "Maildir"

    def forget_uids(self, user: str) -> None:
        """Forgets the numbers of the mails and the UIDVALIDITY; they begin again."""
        for path in self.maildir(user).glob("dovecot*"):
            path.unlink()


def shared(run: Path) -> Dovecot:
    """The run's server, started now if no process of the run has asked for it before. Raises ServerFailed."""
    note = run / "dovecot"
    with (run / "dovecot.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            folder = Path(tempfile.mkdtemp(prefix="maildesk-imap-", dir="/tmp"))
            with (folder / "keeper.log").open("wb") as log:
                subprocess.run(
                    [sys.executable, __file__, str(run), str(folder)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    check=True,
                )
            _wait(lambda: (folder / "ready").exists() or (folder / "failed").exists(), START_SECONDS)
            if not (folder / "ready").exists():
                raise ServerFailed((folder / "keeper.log").read_text(errors="replace")[-4000:])
            note.write_text(str(folder))
    folder = Path(note.read_text())
    port, tls_port = map(int, (folder / "ready").read_text().split())
    return Dovecot(folder, port, tls_port)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class _Introspection(BaseHTTPRequestHandler):
    """Tells Dovecot whose an access token is."""

    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
        good = token.startswith(TOKEN)
        body = f'{{"active": true, "email": "{token.removeprefix(TOKEN)}"}}' if good else '{"active": false}'
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


CONFIG = """\
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {login}
default_internal_group = {group}
default_login_user = {login}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
auth_mechanisms = plain login xoauth2 oauthbearer
first_valid_uid = 1
first_valid_gid = 1
mail_fsync = never
mail_location = maildir:~/Maildir
mail_max_userip_connections = 100
imap_idle_notify_interval = 2 mins
mailbox_idle_check_interval = 1 s
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service imap {{
  process_limit = 200
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth-worker {{
  user = {user}
}}
service auth {{
  user = {user}
}}
"""


def _keep(run: Path, folder: Path) -> None:
    """Start the server, say so, wait for the end of the run, stop it, remove everything."""
    found = program()
    if found is None:
        raise ServerFailed("dovecot was there a moment ago")
    with (run / "alive").open("r+b") as alive:
        folder.chmod(0o755)
        names = {entry.pw_name: entry for entry in pwd.getpwall()}
        me = pwd.getpwuid(os.geteuid())
        mail = names["nobody"] if os.geteuid() == 0 else me
        login = names.get("dovenull", mail) if os.geteuid() == 0 else me
        (folder / "mail").mkdir()
        os.chown(folder / "mail", mail.pw_uid, mail.pw_gid)
        http = HTTPServer(("127.0.0.1", 0), _Introspection)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        subprocess.run(
            [
                *(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "2",
                    "-subj",
                    "/CN=localhost",
                ),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
            ],
            check=True,
        )
        (folder / "cert.pem").chmod(0o644)
        (folder / "oauth2.conf").write_text(
            f"tokeninfo_url = http://127.0.0.1:{http.server_port}/tokeninfo?access_token=\n"
            "username_attribute = email\nactive_attribute = active\nactive_value = true\n"
        )
        import grp

        port, tls_port = _free_port(), _free_port()
        (folder / "dovecot.conf").write_text(
            CONFIG.format(
                folder=folder,
                login=login.pw_name,
                group=grp.getgrgid(login.pw_gid).gr_name,
                user=me.pw_name,
                uid=mail.pw_uid,
                gid=mail.pw_gid,
                password=PASSWORD,
                port=port,
                tls_port=tls_port,
            )
        )
        server = subprocess.Popen([found, "-F", "-c", str(folder / "dovecot.conf")], cwd=folder)
        try:
            if not _wait(lambda: server.poll() is not None or _answers(port), START_SECONDS) or server.poll():
                told = (folder / "dovecot.log").read_text() if (folder / "dovecot.log").exists() else ""
                raise ServerFailed(f"dovecot did not come up\n{told}")
            partly = folder / "ready.new"
            partly.write_text(f"{port} {tls_port}")
            partly.rename(folder / "ready")
            fcntl.lockf(alive, fcntl.LOCK_EX)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as one:
            return one.recv(100).startswith(b"* OK")
    except OSError:
        return False


def main(run: Path, folder: Path) -> None:
    """Be the keeper. The process that was started ends at once, the keeper is its child."""
    if os.fork():
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        _keep(run, folder)
    except BaseException:
        (folder / "failed").touch()
        raise
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
