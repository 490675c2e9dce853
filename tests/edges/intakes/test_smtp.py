"""SMTP in: what is stored, how that is told, start and stop. Over real sockets."""

import contextlib
import logging
import smtplib
import socket
import threading
import time

import pytest

from maildesk.core.reading import Envelope
from maildesk.edges.intakes.smtp import CannotListen, SmtpIntake
from maildesk.store.writer import Busy
from tests.edges.intakes.wire import (
    DESK,
    MAIL,
    SECONDS,
    Connect,
    Desk,
    Serve,
    Wire,
    in_thread,
    joined,
    refused,
)
from tests.waiting import until

# What is accepted, and how it is told


def test_smtplib_delivers_bytes_and_envelope(desk: Desk, serve: Serve) -> None:
    with smtplib.SMTP("127.0.0.1", serve().port, timeout=SECONDS, local_hostname="client.example") as client:
        refused = client.sendmail(
            "Anna@Customer.Example", ["Support@DESK.example", "sales@desk.example"], MAIL
        )
    assert refused == {}
    taken = desk.next()
    assert taken.raw == MAIL
    assert taken.envelope == Envelope(
        "smtp",
        "anna@customer.example",
        ("support@desk.example", "sales@desk.example"),
        "127.0.0.1",
        "client.example",
    )


def test_250_is_said_only_after_the_commit(desk: Desk, serve: Serve, wire: Connect) -> None:
    desk.at_once = False
    intake = serve()
    client = wire(intake).greet().to_data()
    client.say(MAIL + b".\r\n")
    taken = desk.next()
    # Another session is served meanwhile, so the loop had its turn and had nothing to say here.
    assert wire(intake).greet().ask(b"NOOP").startswith("250 ")
    assert client.silent()
    taken.future.set_result("row")
    assert client.hear() == "250 2.0.0 Accepted"


@pytest.mark.parametrize("size", [1_000, 500_000])
def test_small_and_large_mails_arrive_unchanged(desk: Desk, serve: Serve, size: int) -> None:
    body = b"Subject: big\r\n\r\n" + b"".join(b".%060d\r\n" % n for n in range(size // 63))
    with smtplib.SMTP("127.0.0.1", serve().port, timeout=SECONDS) as client:
        client.sendmail("anna@customer.example", [DESK], body)
    assert desk.next().raw == body


def test_a_large_mail_is_hashed_off_the_loop(desk: Desk, serve: Serve, wire: Connect) -> None:
    desk.gate = threading.Event()
    intake = serve()
    client = wire(intake).greet().to_data()
    client.say(MAIL * 10_000 + b".\r\n")
    # `accept` waits at the gate, and the loop serves others nevertheless.
    assert wire(intake).greet().ask(b"NOOP").startswith("250 ")
    desk.gate.set()
    assert client.hear().startswith("250 ")


# Surprises: the sender keeps the mail


@pytest.mark.parametrize("when", ["call", "future", "cancelled"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_any_surprise_is_451_without_internals(
    desk: Desk, serve: Serve, wire: Connect, when: str, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = wire(serve()).greet().to_data()
    if when == "call":
        desk.error = RuntimeError("secret internals")
    desk.at_once = False
    client.say(MAIL * size + b".\r\n")
    if when == "future":
        desk.next().future.set_exception(RuntimeError("secret internals"))
    if when == "cancelled":
        desk.next().future.cancel()
    reply = client.hear()
    assert reply.startswith("451 4.3.")
    assert "secret" not in reply
    assert "RuntimeError" not in reply
    assert "not stored" in caplog.text
    # The session goes on, and the next attempt is taken.
    desk.error, desk.at_once = None, True
    client.to_data().say(MAIL)
    assert client.ask(b".").startswith("250 ")


def test_a_full_queue_is_451(
    desk: Desk, serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    desk.error = Busy("too much waits to be written")
    client = wire(serve()).greet().to_data()
    client.say(MAIL)
    assert client.ask(b".").startswith("451 4.3.2 ")
    [record] = [record for record in caplog.records if "not stored" in record.message]
    assert record.exc_info is None  # to be expected, so without a traceback


def test_a_mail_that_is_not_stored_is_said_once_in_the_log(
    desk: Desk, serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk.error = Busy("too much waits to be written")
    client = wire(serve()).greet().to_data()
    client.say(MAIL)
    assert client.ask(b".").startswith("451 4.3.2 ")
    assert client.ask(b"RCPT TO:<a@desk.example>").startswith("503 ")
    told = [record.getMessage() for record in caplog.records if record.name == "maildesk.smtp"]
    assert len(told) == 2, told
    assert "not stored, told to try again" in told[0]
    assert "503" in told[1], "any other refusal is"


def test_a_surprise_of_the_policy_is_451(
    serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_address: str) -> bool:
        raise KeyError("secret internals")

    client = wire(serve(known=broken)).greet()
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("250 ")
    reply = client.ask(b"RCPT TO:<support@desk.example>")
    assert reply.startswith("451 4.3.0 ")
    assert "secret" not in reply
    assert "a surprise in the session" in caplog.text
    assert client.ask(b"NOOP").startswith("250 ")


# A client that goes


@pytest.mark.parametrize("size", [1, 10_000])
@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_the_commit_goes_on_when_the_client_has_gone(
    desk: Desk, serve: Serve, wire: Connect, how: str, size: int
) -> None:
    desk.at_once = False
    intake = serve(max_sessions=1)
    client = wire(intake).greet().to_data()
    client.say(MAIL * size + b".\r\n")
    taken = desk.next()
    if how == "reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    if how == "half-close":
        client.socket.shutdown(socket.SHUT_WR)
    else:
        client.close()
    until(lambda: not intake._sessions)
    assert not taken.future.cancelled()
    # A stop still waits for it.
    stopping = in_thread(lambda: intake.stop(SECONDS))
    until(lambda: refused(intake.port))
    assert stopping.is_alive()
    assert taken.future.set_running_or_notify_cancel()
    taken.future.set_result("row")
    joined(stopping)


def test_a_client_that_goes_while_its_mail_waits_to_be_hashed_loses_nothing(
    desk: Desk, serve: Serve, wire: Connect
) -> None:
    desk.gate = threading.Event()
    intake = serve()
    clients = [wire(intake).greet().to_data() for _ in range(5)]  # more than threads
    for client in clients:
        client.say(MAIL * 10_000 + b".\r\n")
    until(lambda: len(intake._commits) == 5)
    for client in clients:
        client.close()
    until(lambda: not intake._sessions)
    desk.gate.set()
    assert [len(desk.next().raw) for _ in clients] == [len(MAIL) * 10_000] * 5


def test_a_mail_without_its_end_is_none(desk: Desk, serve: Serve, wire: Connect) -> None:
    intake = serve()
    client = wire(intake).greet().to_data()
    client.say(MAIL + b".")
    client.close()
    until(lambda: not intake._sessions)
    assert desk.taken.empty()


# Start and stop


def test_a_taken_port_is_said_in_a_sentence(serve: Serve) -> None:
    port = serve().port
    intake = SmtpIntake(f"127.0.0.1:{port}", "x", Desk().accept, lambda _: True, lambda: 1000)
    with pytest.raises(
        CannotListen, match=rf"on 127\.0\.0\.1:{port}: .*address already in use.*maildesk\.toml"
    ):
        intake.start()
    intake.stop(0)


def test_a_host_that_is_not_ours_is_said_in_a_sentence() -> None:
    intake = SmtpIntake("192.0.2.1:2525", "x", Desk().accept, lambda _: True, lambda: 1000)
    with pytest.raises(CannotListen, match=r"cannot take mail by SMTP on 192\.0\.2\.1:2525"):
        intake.start()


def test_it_starts_once_and_stops_as_often_as_asked(serve: Serve) -> None:
    SmtpIntake("127.0.0.1:0", "x", Desk().accept, lambda _: True, lambda: 1000).stop(0)
    intake = serve()
    with pytest.raises(RuntimeError, match="started before"):
        intake.start()
    for _ in range(3):
        intake.stop(SECONDS)
    assert refused(intake.port)
    serve(f"127.0.0.1:{intake.port}")  # the port is free again at once


def test_stop_answers_what_is_being_committed_and_sends_the_others_away(
    desk: Desk, serve: Serve, wire: Connect
) -> None:
    desk.at_once = False
    intake = serve()
    idle, receiving, committing = (wire(intake).greet() for _ in range(3))
    receiving.to_data().say(b"half a mail")
    committing.to_data().say(MAIL + b".\r\n")
    taken = desk.next()
    begin = time.monotonic()
    stopping = in_thread(lambda: intake.stop(SECONDS))
    assert idle.hear().startswith("421 4.3.2 ")
    assert idle.ended()
    assert refused(intake.port)
    assert stopping.is_alive()
    assert committing.silent()
    taken.future.set_result("row")
    assert committing.hear().startswith("250 ")
    assert committing.hear().startswith("421 4.3.2 ")
    assert committing.ended()
    assert receiving.ended()
    joined(stopping)
    assert time.monotonic() - begin < SECONDS / 2  # it did not sit the grace out
    assert desk.taken.empty()


@pytest.mark.parametrize("turn", range(1, 7))
def test_connections_at_the_last_moment_are_turned_away(serve: Serve, wire: Connect, turn: int) -> None:
    """asyncio leaks what it accepts in the turns just before the port is closed; the fixture would see it."""
    intake = serve()
    loop = intake._loop
    assert loop is not None
    late: list[Wire] = []

    def knock() -> None:
        with contextlib.suppress(ConnectionRefusedError):
            late.append(wire(intake))
            loop.call_soon(knock)
        if len(late) == turn:
            loop.call_soon(intake._stopping.set)

    loop.call_soon_threadsafe(knock)
    until(lambda: len(late) >= turn)
    intake.stop(SECONDS)
    for client in late[:turn]:
        assert client.hear()[:4] in ("220 ", "421 ")


def test_stop_takes_a_mail_that_ends_while_it_waits(desk: Desk, serve: Serve, wire: Connect) -> None:
    desk.at_once = False
    intake = serve()
    first, second, idle = (wire(intake).greet() for _ in range(3))
    first.to_data().say(MAIL + b".\r\n")
    waiting = desk.next()
    second.to_data().say(MAIL)
    stopping = in_thread(lambda: intake.stop(SECONDS))
    assert idle.hear().startswith("421 ")
    second.say(b".\r\n")
    late = desk.next()
    waiting.future.set_result("row")
    assert first.hear().startswith("250 ")
    late.future.set_result("row")
    assert second.hear().startswith("250 ")
    assert second.hear().startswith("421 ")
    joined(stopping)


def test_a_commit_that_takes_longer_than_the_grace_is_not_answered_and_not_cancelled(
    desk: Desk, serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    desk.at_once = False
    intake = serve()
    client = wire(intake).greet().to_data()
    client.say(MAIL + b".\r\n")
    taken = desk.next()
    intake.stop(0.05)
    assert client.ended()
    assert "1 mails half stored" in caplog.text
    # The writer comes to its end later and finds its own future untouched.
    assert taken.future.set_running_or_notify_cancel()
    taken.future.set_result("row")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_many_sessions_at_once(desk: Desk, serve: Serve) -> None:
    port = serve().port
    failures: list[Exception] = []

    def send(worker: int) -> None:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=SECONDS) as client:
                for n in range(25):
                    client.sendmail(
                        "anna@customer.example", [DESK], b"Subject: %d-%d\r\n\r\nHi\r\n" % (worker, n)
                    )
        except (OSError, smtplib.SMTPException) as error:
            failures.append(error)

    threads = [in_thread(lambda worker=worker: send(worker)) for worker in range(8)]  # type: ignore[misc]
    for thread in threads:
        joined(thread)
    assert failures == []
    found = {desk.taken.get_nowait().raw.split(b"\r\n")[0] for _ in range(200)}
    assert found == {b"Subject: %d-%d" % (worker, n) for worker in range(8) for n in range(25)}
