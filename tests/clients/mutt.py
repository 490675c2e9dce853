"""mutt in a terminal of its own: what a person sees there, and what a person does.

`pyte` is the terminal. Nothing here waits for a time: each step ends when the screen shows what it should, and
fails with the screen as it is after `SECONDS`.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import stat
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyte

LINES, COLUMNS = 60, 110
SECONDS = 60
"""A deadline, never a wait."""

SETTINGS = """\
set sort=threads sort_aux=date ascii_chars=yes charset=utf-8 hide_thread_subject=no
set index_format="%-26.26F|%s" status_format="%m mails" help=no mark_old=no mail_check=600 timeout=600
set quit=yes delete=no move=no confirmappend=no wait_key=no copy=no recall=no beep=no header_cache=""
set fast_reply=yes include=yes reply_to=yes followup_to=no abort_unmodified=no abort_noattach=no postpone=no
set ssl_starttls=no ssl_force_tls=no crypt_use_gpgme=no
set folder="{folder}" spoolfile="{folder}" editor="{folder}/editor" sendmail="{folder}/sendmail"
"""
SENDMAIL = """\
#!/bin/sh
printf '%s\\n' "$@" >'{folder}/arguments'
cat >'{folder}/sent.new'
mv '{folder}/sent.new' '{folder}/sent'
"""
EDITOR = """\
#!/bin/sh
cat '{folder}/text' "$1" >'{folder}/edited'
cat '{folder}/edited' >"$1"
"""


def program() -> str | None:
    """mutt, or None."""
    return shutil.which("mutt")


class Mutt:
    """A mailbox that somebody has opened. Made by `opened`."""

    def __init__(self, folder: Path, master: int) -> None:
        self._folder = folder
        self._master = master
        self._screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        return [line.rstrip() for line in self._screen.display]

    def until(self, condition: Callable[[], bool]) -> None:
        """Reads what mutt draws until something is so."""
        end = time.monotonic() + SECONDS
        while not condition():
            left = end - time.monotonic()
            assert left > 0, "it did not come to that; the screen:\n" + "\n".join(self.lines)
            if select.select([self._master], [], [], min(left, 0.05))[0]:
                try:
                    drawn = os.read(self._master, 65536)
                except OSError:  # Linux says so when nobody has the other end open any more
                    drawn = b""
                assert drawn or condition(), "mutt has ended; the screen:\n" + "\n".join(self.lines)
                self._stream.feed(drawn)

    def press(self, keys: str) -> None:
        """Types."""
        os.write(self._master, keys.encode())

    def index(self, count: int) -> list[str]:
        """The lines of the index, once it shows so many mails."""
        self.until(lambda: self.lines[LINES - 2] == f"{count} mails")
        return self.lines[:count]

    def reply(self, message_id: str, text: str, key: str = "r") -> tuple[list[str], bytes]:
        """Answers a mail with a text above the quoted one; the recipients, and what was handed over.

        `key` is r for a reply, g for one to all.
        """
        (self._folder / "text").write_text(text + "\n\n")
        sent = self._folder / "sent"
        sent.unlink(missing_ok=True)
        self.press(f"/~i {message_id}\n{key}")
        self.until(lambda: any(line.startswith("-- Mutt: Compose") for line in self.lines))
        self.press("y")
        self.until(sent.exists)
        arguments = (self._folder / "arguments").read_text().splitlines()
        return arguments[arguments.index("--") + 1 :], sent.read_bytes()


@contextlib.contextmanager
def opened(folder: Path, mailbox: str, settings: Sequence[str] = ()) -> Iterator[Mutt]:
    """Opens a mailbox, a Maildir or an URL, with mutt's commands `settings`; `folder` is an empty one for mutt."""
    found = program()
    assert found, "mutt is not installed"
    folder.mkdir(parents=True)
    (folder / "muttrc").write_text("\n".join([SETTINGS.format(folder=folder), *settings, ""]))
    for name, script in (("sendmail", SENDMAIL), ("editor", EDITOR)):
        (folder / name).write_text(script.format(folder=folder))
        (folder / name).chmod(stat.S_IRWXU)
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (LINES, COLUMNS))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TERM": "linux",
        "LC_ALL": "C.UTF-8",
        "TMPDIR": str(folder),
    }
    process = subprocess.Popen(
        [found, "-n", "-F", str(folder / "muttrc"), "-f", mailbox],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Mutt(folder, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
