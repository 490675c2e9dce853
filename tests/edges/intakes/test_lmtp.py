"""LMTP in, and the socket of `deliver`: one answer for each recipient, after the commit. Over real sockets."""

import os
import socket
import stat
from pathlib import Path

import pytest

from maildesk.core.reading import Envelope
from maildesk.edges.handover import Handover, NotTaken, Refused
from maildesk.edges.intakes.lmtp_session import LmtpSession, PipeSession
from maildesk.edges.intakes.smtp import CannotListen, SmtpIntake
from maildesk.store.writer import Busy
from tests.edges.intakes.wire import MAIL, SECONDS, Connect, Desk, Serve, Wire, in_thread, joined
from tests.waiting import until


@pytest.fixture
def lmtp(serve: Serve, tmp_path: Path) -> SmtpIntake:
    """A listener on a Unix socket."""
    return serve(f"unix:{tmp_path}/run/lmtp.sock", protocol=LmtpSession, channel="lmtp", mode=0o600)


@pytest.fixture
def pipe(serve: Serve, tmp_path: Path) -> Path:
    """The socket of `deliver`, in a folder with a long name."""
    path = tmp_path / ("long" * 40) / "deliver.sock"
    serve(f"unix:{path}", protocol=PipeSession, channel="pipe", known=lambda _: False, mode=0o666)
    return path


def recipients(client: Wire, *addresses: bytes) -> Wire:
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("250 ")
    for address in addresses:
        client.ask(b"RCPT TO:<" + address + b">")
    return client


# LMTP


@pytest.mark.parametrize("tcp", [False, True])
def test_each_recipient_is_answered_after_the_commit(
    desk: Desk, serve: Serve, wire: Connect, tmp_path: Path, tcp: bool
) -> None:
    desk.at_once = False
    listen = "127.0.0.1:0" if tcp else f"unix:{tmp_path}/lmtp.sock"
    client = wire(serve(listen, protocol=LmtpSession, channel="lmtp")).greet_lmtp()
    recipients(
        client, b"one@desk.example", b"two@elsewhere.example", b"three@desk.example", b"One@desk.example"
    )
    assert client.ask(b"DATA").startswith("354 ")
    client.say(MAIL + b".\r\n")
    taken = desk.next()
    assert client.silent()
    taken.future.set_result("row")
    # RFC 2033, 4.2: one for each RCPT that was accepted, the same address twice too; none for the refused one.
    assert [client.hear() for _ in range(3)] == ["250 2.0.0 Accepted"] * 3
    assert client.ask(b"NOOP").startswith("250 ")
    peer, helo = ("127.0.0.1", "client.example") if tcp else ("", "")
    whom = ("one@desk.example", "three@desk.example")
    assert taken.raw == MAIL
    assert taken.envelope == Envelope("lmtp", "anna@customer.example", whom, peer, helo)


def test_a_failing_store_keeps_the_mail_at_each_recipient(
    desk: Desk, lmtp: SmtpIntake, wire: Connect
) -> None:
    desk.error = Busy("full")
    client = recipients(wire(lmtp).greet_lmtp(), b"one@desk.example", b"two@desk.example")
    assert client.ask(b"DATA").startswith("354 ")
    client.say(MAIL + b".\r\n")
    assert all(client.hear().startswith("451 4.3.2 ") for _ in range(2))
    assert client.ask(b"NOOP").startswith("250 ")


@pytest.mark.parametrize(
    ("body", "reply"), [(b"x" * 998 + b"\r\n", "552 "), (b"x" * 1_200_000 + b"\r\n", "500 ")]
)
def test_what_is_too_large_is_refused_to_each_recipient(
    serve: Serve, wire: Connect, body: bytes, reply: str
) -> None:
    large = len(body) > 1000
    client = wire(serve(protocol=LmtpSession, mail_bytes=10_000_000 if large else 900)).greet_lmtp()
    recipients(client, b"one@desk.example", b"two@desk.example")
    assert client.ask(b"DATA").startswith("354 ")
    client.say(body + b".\r\n")
    assert all(client.hear().startswith(reply) for _ in range(2))
    assert client.ask(b"NOOP").startswith("250 ")


def test_a_mail_without_end_is_refused_to_each_recipient_before_it_is_cut(
    serve: Serve, wire: Connect
) -> None:
    client = wire(serve(protocol=LmtpSession, mail_bytes=1000)).greet_lmtp()
    recipients(client, b"one@desk.example", b"two@desk.example")
    assert client.ask(b"DATA").startswith("354 ")

    def go_on() -> None:
        for _ in range(10_000):
            client.say(b"x" * 70_000)

    with pytest.raises(ConnectionError):
        go_on()


def test_only_an_answer_to_a_mail_is_repeated(lmtp: SmtpIntake, wire: Connect) -> None:
    client = wire(lmtp).greet_lmtp()
    assert client.ask(b"DATA").startswith("503 ")
    assert client.ask(b"EHLO x").startswith("500 ")
    recipients(client, b"one@desk.example", b"two@desk.example")
    assert client.ask(b"DATA extra").startswith("501 ")
    assert client.ask(b"RSET").startswith("250 ")
    assert client.ask(b"NOOP").startswith("250 ")


def test_a_stop_answers_what_is_being_committed(desk: Desk, lmtp: SmtpIntake, wire: Connect) -> None:
    desk.at_once = False
    idle = wire(lmtp).greet_lmtp()
    client = recipients(wire(lmtp).greet_lmtp(), b"one@desk.example", b"two@desk.example")
    assert client.ask(b"DATA").startswith("354 ")
    client.say(MAIL + b".\r\n")
    taken = desk.next()
    stopping = in_thread(lambda: lmtp.stop(SECONDS))
    assert idle.hear().startswith("421 ")
    taken.future.set_result("row")
    assert [client.hear()[:3] for _ in range(3)] == ["250", "250", "421"]
    joined(stopping)
    assert lmtp._socket is not None
    assert not lmtp._socket.exists()


# Unix sockets


def test_a_socket_has_the_rights_that_were_asked_for(lmtp: SmtpIntake) -> None:
    assert lmtp._socket is not None
    assert stat.S_IMODE(lmtp._socket.stat().st_mode) == 0o600
    assert lmtp.shown == f"LMTP on {lmtp._socket}"


def test_the_socket_of_a_dead_process_is_replaced_and_a_living_one_is_not(
    lmtp: SmtpIntake, wire: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    for listen, ok in ((path, True), (lmtp._socket, False)):
        intake = SmtpIntake(
            f"unix:{listen}", "x", Desk().accept, lambda _: True, lambda: 1000, protocol=LmtpSession
        )
        if ok:
            intake.start()
        else:
            with pytest.raises(
                CannotListen, match=r"by LMTP on .*lmtp\.sock: .*end the program that uses this socket"
            ):
                intake.start()
        intake.stop(0)
    wire(lmtp).greet_lmtp()  # the living one still listens


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    intake = SmtpIntake(f"unix:{tmp_path}/file", "x", Desk().accept, lambda _: True, lambda: 1000)
    with pytest.raises(CannotListen, match="file exists"):
        intake.start()
    assert (tmp_path / "file").read_text() == "mine"


# The socket of `deliver`


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: x\n\nline\n.\n..\nlast without end",
        b"\x00\xff\r\n.\r\nQUIT\r\n",
        b"Subject: long\n\n" + b"y" * 900_000,
        b".",
    ],
)
def test_deliver_hands_over_every_byte(desk: Desk, pipe: Path, raw: bytes) -> None:
    with Handover(pipe) as daemon:
        assert daemon.largest == 1_000_000
        daemon.hand(
            raw,
            "Jane@Customer.example",
            ["Support@Desk.example", "<b@elsewhere.example>", "b@elsewhere.example"],
        )
    taken = desk.next()
    assert taken.raw == raw
    assert taken.envelope == Envelope(
        "pipe", "jane@customer.example", ("support@desk.example", "b@elsewhere.example")
    )


@pytest.mark.parametrize(
    ("sender", "stored"), [(None, None), ("", ""), ("<>", ""), ("no address", None), ("x\r\nQUIT", None)]
)
def test_deliver_tells_the_envelope_as_it_is_known(
    desk: Desk, pipe: Path, sender: str | None, stored: str | None
) -> None:
    with Handover(pipe) as daemon:
        daemon.hand(MAIL, sender, ["", "root", "x y z"])
    assert desk.next().envelope == Envelope("pipe", stored, ())


def test_deliver_hears_why_a_mail_was_not_taken(desk: Desk, pipe: Path) -> None:
    with Handover(pipe) as daemon, pytest.raises(Refused, match="exceeds fixed maximum"):
        daemon.hand(b"x" * 1_000_001, None, [])
    desk.error = Busy("full")
    with Handover(pipe) as daemon, pytest.raises(NotTaken, match="Too much to do"):
        daemon.hand(MAIL, None, [])
    desk.error = None
    with Handover(pipe) as daemon:
        daemon.hand(MAIL, None, [])


def test_a_chunk_that_breaks_off_is_no_mail(desk: Desk, serve: Serve, wire: Connect) -> None:
    intake = serve(protocol=PipeSession, channel="pipe")
    client = recipients(wire(intake).greet_lmtp(), b"")
    client.say(b"BDAT 100 LAST\r\nhalf")
    client.close()
    until(lambda: not intake._sessions)
    assert desk.taken.empty()


@pytest.mark.parametrize(
    "line", [b"BDAT", b"BDAT x LAST", b"BDAT 5", b"BDAT -1 LAST", b"BDAT 99999999999999999 LAST"]
)
def test_a_wrong_chunk_is_never_read_as_commands(
    desk: Desk, serve: Serve, wire: Connect, line: bytes
) -> None:
    client = recipients(wire(serve(protocol=PipeSession)).greet_lmtp(), b"")
    client.say(line + b"\r\nRSET\r\nNOOP\r\n")
    assert client.hear().startswith("501 ")
    assert client.ended()


def test_nobody_answers_at_a_socket_that_is_not_there(tmp_path: Path) -> None:
    for name in ("none", "file"):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match=r"No such file|refused"):
            Handover(tmp_path / name)


def test_rights_keep_others_out(desk: Desk, serve: Serve, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may become somebody else")
    path = Path("/tmp") / f"maildesk-{os.getpid()}.sock"
    for mode, may in ((0o666, True), (0o600, False)):
        intake = serve(f"unix:{path}", protocol=PipeSession, channel="pipe", mode=mode)
        pid = os.fork()
        if pid == 0:
            os.setgid(65534)
            os.setuid(65534)
            try:
                with Handover(path) as daemon:
                    daemon.hand(MAIL, None, [])
                os._exit(0)
            except OSError:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == (0 if may else 1)
        assert desk.taken.qsize() == 1
        intake.stop(SECONDS)
