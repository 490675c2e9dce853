"""SMTP smuggling: what looks like the end of a mail, to some server, hides a second mail in the first.

Raw sockets, the real listeners and a running desk; a real Postfix before and behind it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from maildesk.config.settings import Send
from maildesk.core.deskaddress import is_desk
from maildesk.core.reading import Envelope
from maildesk.edges.intakes.lmtp_session import LmtpSession
from maildesk.edges.intakes.smtp import SmtpIntake
from maildesk.edges.intakes.smtp_session import Session
from maildesk.edges.senders.relay import Relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import views
from maildesk.work.outbound import Outbound
from tests.desk import DESK, Desk, a_desk, an_answer
from tests.servers import postfix, postfix_front
from tests.servers.proxy import Proxy
from tests.servers.relay import FakeRelay
from tests.smuggling import ENDS
from tests.waiting import until
from tests.work.authority import ALICE, BOB, JANE, TIM, handled

SECONDS = 60
DOORS: dict[str, tuple[type[Session], bytes]] = {"smtp": (Session, b"EHLO"), "lmtp": (LmtpSession, b"LHLO")}


@contextmanager
def listening(desk: Desk, door: str) -> Iterator[int]:
    """The port of a listener of this desk."""
    intake = SmtpIntake(
        "127.0.0.1:0",
        "desk.example",
        desk.accept,
        lambda address: is_desk(address, desk.policy),
        lambda: 1_000_000,
        protocol=DOORS[door][0],
        channel=door,
    )
    intake.start()
    try:
        yield intake.port
    finally:
        intake.stop(0)


def transaction(sender: str, recipient: str, content: bytes) -> bytes:
    """What a client says to hand over a mail, without its end."""
    return f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode() + content


def a_text(sender: str, subject: str, mid: str, text: str, to: str = DESK) -> bytes:
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{mid}>\r\n"
    return f"{head}Date: Mon, 21 Sep 2026 12:00:00 +0000\r\n\r\n{text}".encode()


def smuggling(number: int, end: bytes, to: str = DESK, n: int = 0) -> bytes:
    """Tim's mail, and hidden in it one in Alice's name that would close Jane's ticket."""
    hidden = a_text(
        f"Alice Ames <{ALICE}>", f"Re: [#{number}]", f"hidden{n}@desk.example", "#close\r\nSend money."
    )
    first = a_text(TIM, f"Question {n}", f"first{n}@elsewhere.example", "Hello,", to)
    return transaction(TIM, to, first + end + transaction(ALICE, DESK, hidden)) + b"\r\n.\r\n"


def said(port: int, *pieces: bytes) -> list[bytes]:
    """The answers to all of this, said without waiting for any."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as one, one.makefile("rb") as file:
        for piece in pieces:
            one.sendall(piece)
        return [line for line in file if line[3:4] == b" "]


def arrivals(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.db.reading() as conn:
        return views.arrivals(conn, limit=1_000)


def unharmed(desk: Desk, before: dict[str, Any], came: int) -> None:
    """So many mails came beside Jane's first one, all of them Tim's; nothing was done in Alice's name."""
    desk.run()
    found = [one for one in arrivals(desk) if one["key"] != before["entries"][0]["key"]]
    assert len(found) == came
    for one in found:
        assert (one["sender"], one["envelope"]["sender"], one["disposition"]) == (TIM, TIM, "new-ticket")
        assert not one["message_id"].startswith("hidden")
        # It is no mail, but text of Tim's.
        (entry,) = desk.ticket(one["ticket"])["entries"]
        assert "MAIL FROM" in entry["text"]
        with desk.store.db.reading() as conn:
            assert b"#close\r\nSend money." in views.raw_mail(conn, one["key"])
    assert desk.ticket(before["number"]) == before
    assert {one["ticket"] for one in found}.isdisjoint({before["number"]})
    assert not desk.mails(template="held")
    assert len(desk.mails(to=JANE)) == 1
    assert {mail["To"].addresses[0].addr_spec for mail in desk.mails()} <= {JANE, ALICE, BOB, TIM}


@pytest.mark.parametrize("door", DOORS)
def test_smtp_smuggling_into_the_desk(desk: Desk, number: int, door: str) -> None:
    before = desk.ticket(number)
    with listening(desk, door) as port:
        for n, end in enumerate(ENDS):
            whole = smuggling(number, end, n=n)
            answers = said(port, DOORS[door][1] + b" x.example\r\n", whole, b"QUIT\r\n")
            codes = [line[:3] for line in answers]
            assert codes == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"], end
    unharmed(desk, before, len(ENDS))


@pytest.mark.parametrize("door", DOORS)
def test_smtp_smuggling_in_pieces(desk: Desk, number: int, door: str) -> None:
    """A server that looks for the end piece by piece is not led astray where the pieces part."""
    before = desk.ticket(number)
    with listening(desk, door) as port:
        greeting = DOORS[door][1] + b" x.example\r\n"
        for n, end in enumerate((b"\n.\r\n", b"\r\n.\n", b"\r.\r")):
            whole = smuggling(number, end, n=n)
            at = whole.index(b"Hello,") + len(b"Hello,")
            cuts = [at, at + 1, at + 2, at + 3, len(whole) - 3, len(whole) - 2, len(whole)]
            pieces = [whole[a:b] for a, b in zip([0, *cuts], cuts, strict=False)]
            answers = said(port, greeting, *pieces, b"QUIT\r\n")
            assert [line[:3] for line in answers].count(b"354") == 1
    unharmed(desk, before, 3)


def test_smtp_smuggling_by_a_mail_that_is_refused(desk: Desk, number: int) -> None:
    """What follows in a mail that is too large, or has too long a line, is not read as commands."""
    before = desk.ticket(number)
    for filling in (b"x" * 70 + b"\r\n") * 20_000, b"x" * 1_200_000:
        with listening(desk, "smtp") as port:
            whole = smuggling(number, b"\r\n" + filling + b"\n.\n")
            answers = [line[:3] for line in said(port, b"EHLO x.example\r\n", whole, b"QUIT\r\n")]
        assert answers[:5] == [b"220", b"250", b"250", b"250", b"354"]
        assert answers[5] in (b"552", b"500")
        assert answers.count(b"354") == 1
    unharmed(desk, before, 0)


def test_smtp_smuggling_through_postfix_into_the_desk(desk: Desk, number: int) -> None:
    """A mail server in front that passes on what it does not take for an end, by SMTP and by LMTP."""
    before = desk.ticket(number)
    if why := postfix_front.missing():
        pytest.skip(why)
    billing = "billing@desk.example"
    with listening(desk, "smtp") as smtp, listening(desk, "lmtp") as lmtp:
        routes = f"{DESK} smtp:[127.0.0.1]:{smtp}\n{billing} lmtp:inet:127.0.0.1:{lmtp}\n"
        settings = {
            "relay_domains": "desk.example",
            "transport_maps": "texthash:{folder}/transport",
            "smtpd_forbid_bare_newline": "normalize",
            "smtpd_forbid_bare_newline_exclusions": "",
            "cleanup_replace_stray_cr_lf": "no",
            "smtpd_forbid_unauth_pipelining": "no",
        }
        with postfix_front.start(settings, files={"transport": routes}) as front:
            for n, end in enumerate(ENDS):
                to = (DESK, billing)[n % 2]
                whole = smuggling(number, end, to, n)
                answers = [line[:3] for line in said(front.port, b"HELO x.example\r\n", whole, b"QUIT\r\n")]
                assert answers.count(b"354") == 1, (end, answers)
            until(lambda: len(arrivals(desk)) > len(ENDS), told=lambda: front.log)
            until(lambda: front.queued() == 0, told=lambda: front.log)
    unharmed(desk, before, len(ENDS))


# Out


def hostile() -> bytes:
    """A mail whose every field and part would end a mail, and begin another one."""
    evil = "".join(f"{end.decode('latin-1')}MAIL FROM:<{ALICE}>" for end in ENDS)
    word = "=?utf-8?q?" + "".join(f"={ord(c):02X}" for c in "x\n.\r\nMAIL FROM:<a@b.example>\r.\r") + "?="
    parts = [
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n.\r\n{evil}\r\n",
        f'--b\r\nContent-Type: text/plain; name="{word}"\r\nContent-Disposition: attachment\r\n\r\n{evil}\r\n',
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: {word}\r\n\r\n{evil}\r\n--b--\r\n",
    ]
    head = (
        f"From: {word} <{JANE}>\r\nTo: {DESK}\r\nSubject: {word}\r\nMessage-ID: <evil@x.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    )
    return (head + "".join(parts)).encode("latin-1")


@contextmanager
def sending(desk: Desk, port: int) -> Iterator[bytearray]:
    """The desk sends by SMTP to a port; all that it says there."""
    wire, proxy = bytearray(), Proxy(port)

    def heard(data: bytes) -> bool:
        wire.extend(data)
        return False

    proxy.on_request = heard
    settings = Send(kind="smtp", host="127.0.0.1", port=proxy.port, tls="none", hostname="desk.example")
    desk.outbound = Outbound(desk.store, lambda: desk.live, SmtpSender(Relay(settings)))
    try:
        yield wire
    finally:
        desk.outbound.close()
        proxy.close()


def conversation(desk: Desk, relay: FakeRelay) -> None:
    """The hostile mail goes to the agents, and what Alice forwards of it to the customer."""
    handled(desk, hostile(), Envelope("smtp", JANE, (DESK,), "127.0.0.1"))
    until(lambda: len(relay.taken) == 3)
    (data,) = [mail.data for mail in relay.taken if mail.to == ALICE]
    notice = message_from_bytes(data, policy=policy.default)
    answer = an_answer(notice, ALICE, "See the file.\n.\nMAIL FROM:<x@y.example>", "<a@desk.example>")
    answer.add_attachment(b"x\n.\nMAIL\r.\rFROM", maintype="application", subtype="pdf", filename="a.pdf")
    handled(desk, answer)
    until(lambda: len(relay.taken) == 4)


def sound(relay: FakeRelay, wire: bytes) -> None:
    alone = wire.replace(b"\r\n", b"")
    assert b"\r" not in alone
    assert b"\n" not in alone
    assert wire.count(b"\r\n.\r\n") == wire.count(b"\r\nDATA\r\n") == len(relay.taken) == 4
    assert [mail.to for mail in relay.taken].count(JANE) == 2
    assert {mail.to for mail in relay.taken} == {JANE, ALICE, BOB}
    assert {mail.sender for mail in relay.taken} == {DESK}


def test_smtp_smuggling_out_of_the_desk(tmp_path: Path, relay: FakeRelay) -> None:
    with a_desk(tmp_path) as desk, sending(desk, relay.port) as wire:
        conversation(desk, relay)
        sound(relay, bytes(wire))


def test_smtp_smuggling_out_of_the_desk_through_a_strict_postfix(tmp_path: Path, relay: FakeRelay) -> None:
    """It refuses whoever sends it a line end that is none."""
    if why := postfix.missing():
        pytest.skip(why)
    strict = {
        "smtpd_forbid_bare_newline": "reject",
        "smtpd_forbid_bare_newline_exclusions": "",
        "smtpd_forbid_unauth_pipelining": "no",
    }
    with (
        postfix.a_postfix(relay.port, **strict) as server,
        a_desk(tmp_path) as desk,
        sending(desk, server.port) as wire,
    ):
        refused = said(
            server.port, b"HELO x.example\r\n", transaction(JANE, DESK, b"x\n.\n") + b"\r\n.\r\n", b"QUIT\r\n"
        )
        assert b"550" in [line[:3] for line in refused], "it is as strict as this test needs it"
        conversation(desk, relay)
        sound(relay, bytes(wire))
