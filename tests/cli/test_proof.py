"""What the command line says of who wrote a mail: `check`, `explain`, `trace`, and `deliver` without a daemon."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import pytest

from maildesk.config import trust
from tests.cli.conftest import MAIL, Desk
from tests.cli.test_run import running

PASS = "mx.desk.example; dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example"
FOUND = "mx.desk.example found: dkim=pass (customer.example), dmarc=pass (customer.example)."
BOX = """
[[imap]]
name = "support"
host = "imap.example.com"
user = "support@desk.example"
password_env = "HOME"
address = "support@desk.example"
authserv_id = "mx.desk.example"
trusted_hops = 0
"""


def proven(below: int = 0) -> bytes:
    """A mail with what the server found, below so many Received headers."""
    return b"Received: from a by b\n" * below + f"Authentication-Results: {PASS}\n".encode() + MAIL


def trusting(desk: Desk, table: str, lines: str) -> None:
    """Adds to a table of maildesk.toml."""
    text, count = re.subn(
        rf"^(\[+{table}\]+.*\n)", rf"\1{lines}\n", desk.config.read_text(), count=1, flags=re.MULTILINE
    )
    assert count
    desk.config.write_text(text)


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_check_says_what_proves_who_writes(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "LIBRARIES", ())  # it only tells, so nothing of the extra is needed
    assert "; reply addresses alone prove who writes" in squeezed(fresh.ok("check"))
    trusting(fresh, "smtp", 'authserv_id = "mx.desk.example"\nrelays = ["10.0.0.2"]\nverify = true')
    trusting(fresh, "deliver", 'authserv_id = "mx.other.example"\ntrusted_hops = 2')
    with fresh.config.open("a") as file:
        file.write(BOX)
    told = squeezed(fresh.ok("check"))
    assert (
        "DMARC, DKIM and SPF as mx.desk.example found them prove From (trusted_hops = 1), in mail from this machine,"
        " 10.0.0.2; DKIM, SPF and DMARC are checked here and prove From"
    ) in told
    assert (
        "then move:Done; DMARC, DKIM and SPF as mx.desk.example found them prove From (trusted_hops = 0)"
        in told
    )
    assert "as mx.other.example found them prove From (trusted_hops = 2)" in told


def test_check_names_the_extra_that_is_missing(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting(fresh, "smtp", "verify = true")
    monkeypatch.setattr(trust, "LIBRARIES", ("dkim_that_nobody_has",))
    told = fresh.no("check")
    assert (
        "smtp.1.verify: what it needs is not installed; install the extra: pip install 'maildesk[mx]'"
        in squeezed(told)
    )


def test_explain_takes_the_word_of_the_server_named(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    assert fresh.json("explain", "-", given=proven())["evidence"] == []
    trusting(fresh, "deliver", 'authserv_id = "mx.desk.example"')
    found = fresh.json("explain", "-", given=proven())
    assert (found["evidence"], found["proof"]) == ([FOUND], "authenticated")
    assert found["proof"] == fresh.json("explain", "-", given=proven(1))["proof"]
    found = fresh.json("explain", "-", given=proven(2))
    assert found["proof"] == "claimed"
    assert "stood below the trusted hops" in found["evidence"][0]
    told = fresh.ok("explain", "-", given=proven())
    assert f"\nWho wrote it\n  {FOUND}\n" in told


def test_explain_knows_each_way_in(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    trusting(fresh, "smtp", 'authserv_id = "mx.desk.example"')
    with fresh.config.open("a") as file:
        file.write(BOX)

    def proof(*options: str, raw: bytes = proven()) -> str:
        found: str = fresh.json("explain", "-", *options, given=raw)["proof"]
        return found

    assert proof("--channel", "smtp") == "authenticated"
    assert proof("--channel", "smtp", "--peer", "127.0.0.1") == "authenticated"
    assert proof("--channel", "smtp", "--peer", "192.0.2.1") == "claimed", "that is no server of ours"
    assert proof("--channel", "lmtp") == "claimed", "there is no such listener"
    assert proof("--mailbox", "support") == "authenticated"
    assert proof("--mailbox", "support", raw=proven(1)) == "claimed"
    assert fresh.no("explain", "-", "--mailbox", "other", given=MAIL) == (
        "There is no mailbox other in maildesk.toml.\n"
    )
    assert fresh.no("explain", "-", "--peer", "somewhere", given=MAIL) == (
        "The value somewhere of --peer is no IP address; write it like 192.0.2.1 or 2001:db8::1.\n"
    )


def test_trace_shows_what_was_recorded(fresh: Desk) -> None:
    trusting(fresh, "deliver", 'authserv_id = "mx.desk.example"\nspam_header = "X-Spam-Flag: YES"')
    fresh.ok("deliver", given=b"X-Spam-Flag: YES\n" + proven())
    fresh.ok("run", "--once")
    [found] = fresh.json("trace", "first@customer.example")
    assert (found["proof"], found["evidence"]) == (
        "authenticated",
        [FOUND, "Our filter calls it spam: X-Spam-Flag: YES."],
    )
    told = fresh.ok("trace", "first@customer.example")
    assert f"\nWho wrote it\n  {FOUND}\n" in told
    assert "No acknowledgment: our filter calls it spam (X-Spam-Flag: YES)." in told


def test_a_running_desk_takes_the_word_at_each_way_in(fresh: Desk, tmp_path: Path) -> None:
    trusting(fresh, "deliver", 'authserv_id = "mx.desk.example"\ntrusted_hops = 0')
    with fresh.config.open("a") as file:
        file.write('\n[[lmtp]]\nlisten = "unix:run/lmtp.sock"\nauthserv_id = "mx.desk.example"\n')
    with running(fresh, tmp_path / "log"):
        with smtplib.LMTP(str(fresh.folder / "run/lmtp.sock")) as client:
            client.sendmail("jane@customer.example", ["support@desk.example"], proven(1))
        fresh.ok("deliver", given=proven(1))
        fresh.ok("deliver", given=proven())
    found = {(one["channel"], *one["evidence"]) for one in fresh.json("inbox", "list")}
    assert ("lmtp", FOUND) in found
    assert ("pipe", FOUND) in found
    assert any(one[0] == "pipe" and "stood below the trusted hops" in one[1] for one in found)
