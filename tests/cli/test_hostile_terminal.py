"""ANSI escapes in the terminal: no command that prints what strangers wrote changes the screen or its title.

The commands run on a real pseudo-terminal of 80 columns, and pyte understands what they print as a terminal does.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import socket
import sqlite3
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pyte
import pytest

from maildesk.cli.tree import tree
from tests.cli.conftest import ROOT, Desk

SECONDS = 180
SEEN = "Vermilion"
EVIL = (
    "\x1b]0;title\x07\x1b]2;title\x1b\\\x1b]1;icon\x07\x9d0;title\x9c\x1b]52;c;ZXZpbA==\x07\x1b]8;;https://bad.example\x1b\\"
    "\x1b[2J\x1b[3J\x1b[1;1H\x9b5A\x1b[10A\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[4h\x1b[2;4r\x1b[6n\x1b[c\x1b[31;8m\x1b[K\x1b[5M"
    "\x1bP1$r0m\x1b\\\x1bX x\x1b\\\x1b^x\x1b\\\x1b_x\x1b\\\x1b#8\x1b(0\x1b)0\x1bN\x1b7\x1b8\x1bM\x1bD\x1bE\x1bH\x1b="
    "\x1b%G\x0e\x0f\x05\x07\x08\x08\x0b\x0c\x7f\x00\x84\x85\x8d\x90q\x9c"
    "\u202e\u2066\u200b\u200e\u2028\u2029\ufeff\U000e0041"
    + SEEN
    + "\x1b[8m\x1b[1A\x1b\x1b[\x1b]0;never ended"
)
"""Titles, the clipboard, links, clearing, moving, other screens, insertion, margins, questions, character sets..."""
RESET = "\x1bc" + EVIL
HARMLESS = {"draw", "linefeed", "carriage_return", "select_graphic_rendition"}
JOINERS = "\u200c\u200d"

CHILD = """
import json, sys
from maildesk.__main__ import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["maildesk", *words]
    try:
        main()
    except SystemExit as end:
        sys.stderr.flush()
        print(f"@@ {end.code or 0}", flush=True)
"""


@dataclass
class Terminal:
    """A pseudo-terminal of 80 columns, and a program on it."""

    keeper: int
    child: subprocess.Popen[bytes]
    wrote: bytes = b""

    @property
    def shown(self) -> str:
        """All that the program wrote so far."""
        return self.wrote.decode("utf-8", "ignore")

    def read(self, enough: Callable[[], bool]) -> None:
        """Reads until it is enough, or the program has closed the terminal."""
        end = time.monotonic() + SECONDS
        while not enough():
            assert time.monotonic() < end, self.shown[-4_000:]
            if select.select([self.keeper], [], [], 1)[0]:
                try:
                    piece = os.read(self.keeper, 65_536)
                except OSError:  # so Linux says that the other end is closed
                    return
                if not piece:
                    return
                self.wrote += piece


@contextmanager
def a_terminal(*words: str) -> Iterator[Terminal]:
    """A program on a terminal; it ends with the block."""
    keeper, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    left_out = ("COLUMNS", "LINES", "NO_COLOR", "MAILDESK_CONFIG", "MAILDESK_TRACEBACK")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    child = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
        cwd=ROOT,
        env=kept | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
    )
    os.close(terminal)
    try:
        yield Terminal(keeper, child)
    finally:
        child.kill()
        child.wait()
        os.close(keeper)


def on_a_terminal(commands: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """The exit code of each command, and all that it wrote to a terminal."""
    with a_terminal(sys.executable, "-c", CHILD, json.dumps(commands)) as terminal:
        terminal.read(lambda: False)
        assert terminal.child.wait(SECONDS) == 0, terminal.shown[-4_000:]
        told = terminal.wrote.decode("utf-8").split("@@ ")
    assert len(told) == len(commands) + 1
    codes = [int(one.partition("\r\n")[0]) for one in told[1:]]
    shown = [told[0], *(one.partition("\r\n")[2] for one in told[1:-1])]
    return list(zip(codes, shown, strict=True))


class Heard:
    """What a terminal would do, by name."""

    def __init__(self) -> None:
        self.done: set[str] = set()
        self.rendition: set[tuple[int, ...]] = set()
        for name in pyte.Stream.events:
            setattr(self, name, self._hears(name))

    def _hears(self, name: str) -> Any:
        def does(*values: Any, **_more: Any) -> None:
            self.done.add(name)
            if name == "select_graphic_rendition":
                self.rendition.add(values)

        return does


def harmless(text: str) -> None:
    """Nothing but letters, lines, and bold ones."""
    heard = Heard()
    pyte.Stream(heard, strict=False).feed(text)  # type: ignore[arg-type]
    assert heard.done <= HARMLESS, heard.done - HARMLESS
    assert heard.rendition <= {(0,), (1,), (22,)}, "and no colours: bold, not bold"
    letters = re.sub(r"\x1b\[(?:0|1|22)m|\r?\n", "", text)
    strange = {c for c in letters if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in JOINERS}
    assert not strange, strange
    screen = pyte.Screen(80, 24)
    before = set(screen.mode)
    pyte.Stream(screen).feed(text)
    assert (screen.title, screen.icon_name, screen.mode) == ("", "", before)
    assert (screen.cursor.hidden, screen.margins, screen.charset) == (False, None, 0)


def evil_mail(sender: str, mid: str, **headers: str) -> bytes:
    """A mail with escapes in every field, as they are and in encoded words."""
    word = f"=?utf-8?q?{''.join(f'={b:02X}' for b in RESET.encode())}?="
    plain = RESET.replace("\x00", "").replace("\x0b", "").replace("\x0c", "").replace("\x85", "")
    plain = plain.replace("\u2028", "").replace("\u2029", "").replace("\x1b\\", "\x07")
    mail = EmailMessage()
    mail.set_content(f"{RESET}\nHello {SEEN}, {EVIL}\n")
    mail.add_alternative(f"<p>{EVIL}</p>".replace("\x00", ""), subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="NAME")
    fields = {
        "From": f"{word} <{sender}>",
        "To": f"{word} <support@desk.example>",
        "Cc": f'"{plain}" <other@customer.example>',
        "Reply-To": f"{word} <elsewhere@customer.example>",
        "Subject": f"{SEEN} {word} {plain}",
        "Message-ID": f"<{mid}>",
        "References": f"<{plain.replace(' ', '')}@x.example>",
        "X-Mailer": plain,
        "Date": plain,
        **headers,
    }
    head = "".join(f"{name}: {value}\n" for name, value in fields.items()).encode("utf-8", "surrogateescape")
    return head + mail.as_bytes().replace(b'"NAME"', b'"' + word.encode() + b'"')


STORED = {
    "ticket": ("subject",),
    "participant": ("name",),
    "entry": ("author", "author_name", "remark", "text"),
    "attachment": ("name", "type"),
    "inbox": ("subject", "sender"),
    "outbox": ("subject",),
}


@pytest.fixture
def desk(fresh: Desk) -> Desk:
    """A desk to which only hostile mail has come, with hostile troubles."""
    fresh.deliver(evil_mail("jane@customer.example", "first@customer.example"))
    number = fresh.json("ticket", "list")[0]["number"]
    spoofed = {"Subject": f"{SEEN} [#{number}]"}
    fresh.deliver(evil_mail("alice@desk.example", "held@desk.example", **spoofed))
    away = {"Subject": f"{SEEN} [#{number}]", "Auto-Submitted": "auto-replied"}
    fresh.deliver(evil_mail("jane@customer.example", "away@customer.example", **away))
    fresh.deliver(evil_mail("tom@customer.example", "other@customer.example"))
    fresh.ok("deliver", given=evil_mail("jane@customer.example", "poison@customer.example"))
    with sqlite3.connect(fresh.folder / "var/maildesk.db") as store:
        store.execute(
            "UPDATE inbox SET state = 'quarantined', trouble = ? WHERE message_id LIKE 'poison%'",
            (f"x\n{RESET}",),
        )
        outgoing = [once for (once,) in store.execute("SELECT once FROM outbox ORDER BY id")]
        for once, state in zip(outgoing, ("failed", "quarantined", "ready"), strict=False):
            troubled = (state, f"550 {RESET}", once)
            store.execute("UPDATE outbox SET state = ?, trouble = ? WHERE once = ?", troubled)
        # Parsing has taken much of it out. The screens rely on that nowhere.
        for table, columns in STORED.items():
            for column in columns:
                store.execute(f"UPDATE {table} SET {column} = ? || {column}", (RESET + " ",))  # noqa: S608
        store.execute("UPDATE inbox SET why = json_array(?) WHERE disposition IS NOT NULL", (RESET,))
        store.execute("INSERT INTO alarm VALUES ('relay', 'main', ?, 1, 1, NULL, NULL, NULL)", (RESET,))
        store.execute("INSERT INTO pause VALUES ('main', 1, 4000000000000000, ?)", (RESET,))
    return fresh


def key_of(found: Sequence[dict[str, Any]], **wanted: str) -> str:
    (one,) = [row for row in found if all(row[name] == value for name, value in wanted.items())]
    return str(one.get("key") or one["once"])


def commands_on(desk: Desk, folder: Path) -> list[tuple[tuple[str, ...], bool]]:
    """Every command that can print what a stranger wrote, and whether it must show that here."""
    evil_file = folder / f"{SEEN}\x1b]0;title\x07\x1b[2J.eml"
    evil_file.write_bytes(evil_mail("tim@elsewhere.example", "file@elsewhere.example"))
    (folder / f"{SEEN}\x1b[2J").mkdir()
    (folder / f"{SEEN}\x1b[3J.eml").write_bytes(b"")
    number = str(desk.json("ticket", "list")[-1]["number"])
    came, going = desk.json("inbox", "list"), desk.json("outbox", "list")
    first, held = key_of(came, message_id="first@customer.example"), key_of(came, disposition="held")
    poison = key_of(came, state="quarantined")
    failed, stuck = key_of(going, state="failed"), key_of(going, state="quarantined")
    arg = EVIL.replace("\x00", "")
    told = [
        ("ticket", "list"), ("ticket", "show", number), ("find", SEEN), ("inbox", "list"), ("inbox", "show", first),
        ("inbox", "show", first, "--raw"), ("held", "list"), ("held", "show", held), ("held", "show", held, "--raw"),
        ("quarantine", "list"), ("quarantine", "show", poison), ("quarantine", "show", poison, "--raw"),
        ("quarantine", "show", stuck), ("outbox", "list"), ("outbox", "show", failed), ("status",),
        ("trace", "first@customer.example"), ("trace", held), ("trace", poison), ("explain", str(evil_file)),
        ("parse", str(evil_file)), ("ticket", "list", "--json"), ("ticket", "show", number, "--json"),
        ("find", SEEN, "--json"), ("inbox", "show", first, "--json"), ("held", "list", "--json"),
        ("quarantine", "list", "--json"), ("outbox", "show", failed, "--json"), ("trace", held, "--json"),
        ("explain", str(evil_file), "--json"),
        # What a script may hand over: an answer of the desk repeats it.
        ("trace", arg), ("ticket", "show", arg), ("find", arg), ("held", "show", arg), ("held", "release", arg),
        ("inbox", "show", arg), ("inbox", "retry", arg), ("inbox", "list", "--state", arg), ("quarantine", "show", arg),
        ("quarantine", "retry", arg), ("outbox", "show", arg), ("outbox", "retry", arg), ("explain", arg),
        ("explain", str(evil_file), "--login", arg), ("explain", str(evil_file), "--peer", arg),
        ("link", arg), ("mailbox", "resume", arg), ("mailbox", "release", arg),
        ("agent", "welcome", arg), ("ticket", "set", number, "--priority", arg),
        ("ticket", "list", "--assignee", arg), ("find", "x", "--requester", arg), ("import", "eml", str(folder / arg)),
        ("import", "mbox", str(folder / f"{SEEN}\x1b[2J")), ("pause", arg), ("resume", arg), (arg,),
        ("ticket", arg), ("inbox", "list", "--limit", arg),
    ]  # fmt: skip
    quiet = [
        ("doctor",), ("check",), ("ticket", "set", arg), (f"--{arg}",), ("ticket", "list", f"--{arg}"),
        ("parse", str(folder / arg)), ("agent", "list"), ("mailbox", "list"), ("keys", "list"),
        ("import", "eml", str(folder)), ("inbox", "list", "--json"), ("outbox", "show", failed, "--raw"),
        ("ticket", "reply", number, "--as", "alice", "--text", arg), ("ticket", "note", number, "--text", arg),
        ("ticket", "new", "--from", arg, "--subject", arg, "--text", arg),
        ("ticket", "new", "--from", "x@y.example", "--subject", arg, "--text", arg),
        ("held", "release", held), ("quarantine", "retry", poison), ("outbox", "retry", failed), ("outbox", "release"),
        ("deliver", "--sender", arg, "--recipient", arg), ("deliver", f"--{arg}"),
    ]  # fmt: skip
    config = ("--config", str(desk.config))
    repeated = [(*config, *words) for words in told]
    # The last one logs all that it does: it reads, holds, decides and sends what was released and imported above.
    last = [
        (("--config", str(folder / arg), "status"), True),
        ((*config, "run", "--once", "--verbose"), False),
    ]
    return [*((words, True) for words in repeated), *(((*config, *words), False) for words in quiet), *last]


ELSEWHERE = {"backup", "restore", "init", "password", "reload", "reindex", "keys rotate"}
"""Commands that print nothing of a mail, and repeat no argument that a stranger could choose."""


def test_ansi_escapes_on_a_terminal(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    commands = commands_on(desk, folder)
    tried = {words[2 : 2 + n] for words, _ in commands for n in (1, 2)}
    left = {" ".join(one.path) for one in tree() if not one.group and one.path not in tried}
    assert left == ELSEWHERE, "every other command is tried"
    shown = on_a_terminal([words for words, _ in commands])
    wrong = []
    for (words, must_show), (code, text) in zip(commands, shown, strict=True):
        try:
            harmless(text)
            assert code in (0, 1, 2, 75), code
            assert "maildesk itself failed" not in text
            assert not must_show or SEEN[:6] in text, "it shows what it was made to show"
        except AssertionError as error:
            wrong.append(f"{words[2:]}: {str(error).splitlines()[0]}\n{text!r:.1500}")
    assert not wrong, "\n\n".join(wrong)


def test_a_terminal_would_have_done_it() -> None:
    """What all of this looks for is there in the text itself."""
    heard = Heard()
    pyte.Stream(heard, strict=False).feed(RESET)  # type: ignore[arg-type]
    assert len(heard.done - HARMLESS) > 15
    for one in ("\x1b]0;title\x07", "\x1b[2J", "\x9b5A", "\x0e", "\x08", "\x1b[31m", "\u202e", "\x1b[?25l"):
        with pytest.raises(AssertionError):
            harmless(f"before{one}after")


def test_ansi_escapes_in_the_log_on_a_terminal(fresh: Desk) -> None:
    """The daemon in the foreground, and a client that says escapes wherever it may say something."""
    evil = re.sub("[\x00\r\n]", "", EVIL).encode()
    with a_terminal(sys.executable, "-m", "maildesk", "--config", str(fresh.config), "run", "-v") as terminal:
        terminal.read(lambda: "  store " in terminal.shown)
        port = re.search(r"SMTP on 127\.0\.0\.1:(\d+)", terminal.shown)
        assert port
        with (
            socket.create_connection(("127.0.0.1", int(port[1])), SECONDS) as one,
            one.makefile("rb") as file,
        ):
            for line in (
                b"EHLO " + evil, b"EHLO x.example", evil, b"AUTH " + evil, b"MAIL FROM:<" + evil + b"@x.example>",
                b"VRFY " + evil, b"MAIL FROM:<a@x.example>", b"RCPT TO:<" + evil + b"@desk.example>",
                b"RCPT TO:<support@desk.example>", b"DATA",
                evil_mail("jane@customer.example", f"{evil.decode()}@x.example".replace(" ", "")) + b"\r\n.", b"QUIT",
            ):  # fmt: skip
                one.sendall(line + b"\r\n")
            replies = file.read()
        assert b"250 2.0.0 Accepted" in replies
        terminal.read(lambda: terminal.shown.count(" acknowledgment #") > 0)
        terminal.child.terminate()
        assert terminal.child.wait(SECONDS) == 0
        terminal.read(lambda: False)
    harmless(terminal.shown)
    assert SEEN in terminal.shown
    assert "refused" in terminal.shown
    assert "Traceback" not in terminal.shown
