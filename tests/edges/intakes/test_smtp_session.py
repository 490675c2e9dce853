"""One SMTP connection: envelopes, limits, refusals, smuggling, time. Over real sockets."""

import logging
import smtplib

import pytest

from tests.edges.intakes.wire import MAIL, SECONDS, Connect, Desk, Serve
from tests.smuggling import ENDS
from tests.waiting import until

# Envelopes and what is offered


def test_the_null_return_path_is_empty_and_a_strange_sender_is_unknown(
    desk: Desk, serve: Serve, wire: Connect
) -> None:
    client = wire(serve()).greet()
    for said, sender in (
        (b"<>", ""),
        (b"<root>", None),
        (b"<a\xff@customer.example>", None),
        (b"<@relay.example:anna@customer.example>", "anna@customer.example"),
        ("<ännä@bücher.example> SMTPUTF8".encode(), "ännä@xn--bcher-kva.example"),
    ):
        assert client.ask(b"MAIL FROM:" + said).startswith("250 ")
        assert client.ask(b"RCPT TO:<support@desk.example>").startswith("250 ")
        assert client.ask(b"DATA").startswith("354 ")
        client.say(MAIL)
        assert client.ask(b".").startswith("250 ")
        assert desk.next().envelope.sender == sender


def test_internationalised_recipients(desk: Desk, serve: Serve) -> None:
    with smtplib.SMTP("127.0.0.1", serve().port, timeout=SECONDS) as client:
        client.ehlo()
        options = ["SMTPUTF8", "BODY=8BITMIME"]
        client.sendmail(
            "ännä@customer.example", ["hilfe-für-alle@desk.example"], "Grüße\r\n".encode(), options
        )
    taken = desk.next()
    assert taken.envelope.recipients == ("hilfe-für-alle@desk.example",)
    assert taken.raw == "Grüße\r\n".encode()


def test_what_is_offered(serve: Serve) -> None:
    with smtplib.SMTP("127.0.0.1", serve(mail_bytes=25_000_000).port, timeout=SECONDS) as client:
        client.ehlo()
        assert client.esmtp_features == {"size": "25000000", "8bitmime": "", "smtputf8": "", "help": ""}


def test_a_long_line_is_taken_and_an_endless_one_refused(desk: Desk, serve: Serve, wire: Connect) -> None:
    client = wire(serve(mail_bytes=10_000_000)).greet()
    for length, reply in ((900_000, "250 "), (1_200_000, "500 ")):
        client.to_data().say(b"x" * length + b"\r\n.\r\n")
        assert client.hear().startswith(reply)
    assert len(desk.next().raw) == 900_002
    assert desk.taken.empty()


def test_a_long_return_path_is_taken(serve: Serve, wire: Connect) -> None:
    """Rewritten senders (SRS, VERP) together with parameters pass the 512 bytes of RFC 5321."""
    intake = serve()
    client = wire(intake).greet()
    wire(intake).greet()  # a second session must not shrink the limits of the first
    long = b"MAIL FROM:<" + b"b" * 230 + b"@customer.example> BODY=8BITMIME" + b" " * 300 + b"SIZE=10"
    assert client.ask(long).startswith("250 ")


# Refusals


def test_an_announced_mail_that_is_too_large_is_refused_at_once(serve: Serve, wire: Connect) -> None:
    client = wire(serve(mail_bytes=1000)).greet()
    assert client.ask(b"MAIL FROM:<anna@customer.example> SIZE=1001").startswith("552 ")
    assert client.ask(b"MAIL FROM:<anna@customer.example> SIZE=1000").startswith("250 ")


def test_a_mail_that_turns_out_too_large_is_refused(desk: Desk, serve: Serve, wire: Connect) -> None:
    client = wire(serve(mail_bytes=1000)).greet().to_data()
    client.say(b"x" * 70 + b"\r\n" + b"y" * 998 + b"\r\n")
    assert client.ask(b".").startswith("552 ")
    client.to_data().say(b"x" * 998 + b"\r\n")
    assert client.ask(b".").startswith("250 ")
    assert len(desk.next().raw) == 1000
    assert desk.taken.empty()


@pytest.mark.parametrize("line", [b"x" * 70, b"x" * 70 + b"\r\n"])
def test_a_mail_that_never_ends_is_cut(desk: Desk, serve: Serve, wire: Connect, line: bytes) -> None:
    client = wire(serve(mail_bytes=1000)).greet().to_data()

    def go_on() -> None:
        for _ in range(10_000):
            client.say(line * 100)

    with pytest.raises(ConnectionError):
        go_on()
    assert desk.taken.empty()


def test_recipients_are_known_and_limited(
    desk: Desk, serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "maildesk.smtp")
    client = wire(serve(max_recipients=2)).greet()
    assert client.ask(b"MAIL FROM:<anna@customer.example>").startswith("250 ")
    for address, reply in (
        (b"someone@elsewhere.example", "550 5.1.1 "),
        (b"root", "550 5.1.1 "),
        (b"one\xff@desk.example", "550 5.1.1 "),
        (b"One@desk.example", "250 "),
        (b"one@DESK.example", "250 "),
        (b"two@desk.example", "250 "),
        (b"three@desk.example", "452 4.5.3 "),
        (b"two@desk.example", "250 "),
    ):
        assert client.ask(b"RCPT TO:<" + address + b">").startswith(reply)
    assert client.ask(b"DATA").startswith("354 ")
    assert client.ask(b".").startswith("250 ")
    assert desk.next().envelope.recipients == ("one@desk.example", "two@desk.example")
    logged = [record.message for record in caplog.records if record.name == "maildesk.smtp"]
    assert len(logged) == 4
    assert all(line.startswith("127.0.0.1: refused: '") for line in logged)


def test_one_connection_too_many_is_turned_away(serve: Serve, wire: Connect) -> None:
    intake = serve(max_sessions=2)
    first, _second = wire(intake).greet(), wire(intake).greet()
    assert wire(intake).hear().startswith("421 4.3.2 ")
    assert first.ask(b"QUIT").startswith("221 ")
    until(lambda: len(intake._sessions) == 1)
    wire(intake).greet()


def test_what_a_stranger_wrote_is_no_log_line(
    serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "maildesk.smtp")
    client = wire(serve()).greet()
    client.ask(b"EVIL\x1b[2J\rforged")
    assert "EVIL" in caplog.text
    assert "\x1b" not in caplog.text
    assert "\r" not in caplog.text


def test_a_client_that_only_errs_is_sent_away_and_does_not_fill_the_log(
    serve: Serve, wire: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "maildesk.smtp")
    client = wire(serve()).greet()
    replies = [client.ask(b"DATA") for _ in range(1000)]
    assert {reply[:4] for reply in replies} == {"503 "}
    assert client.hear().startswith("421 4.7.0 ")
    assert client.ended()
    assert sum("refused" in record.message for record in caplog.records) == 20


# Smuggling: only <CR><LF>.<CR><LF> ends a mail


@pytest.mark.parametrize("end", ENDS, ids=bytes.hex)
def test_nothing_else_ends_a_mail(desk: Desk, serve: Serve, wire: Connect, end: bytes) -> None:
    second = b"MAIL FROM:<boss@desk.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\nSubject: evil\r\n"
    client = wire(serve()).greet().to_data()
    client.say(MAIL + b"x" + end + second + b"\r\n.\r\n")
    assert client.hear().startswith("250 ")
    taken = desk.next()
    assert taken.envelope.sender == "anna@customer.example"
    assert b"Subject: evil" in taken.raw
    assert client.ask(b"NOOP").startswith("250 ")
    assert desk.taken.empty()


# Time


def test_a_silent_session_is_closed(serve: Serve, wire: Connect) -> None:
    client = wire(serve(timeout=0.05))
    assert client.hear().startswith("220 ")
    assert client.hear().startswith("421 4.4.2 ")
    assert client.ended()


def test_a_mail_that_stalls_is_cut(desk: Desk, serve: Serve, wire: Connect) -> None:
    client = wire(serve(timeout=0.3)).greet().to_data()
    client.say(b"half a mail")
    assert client.hear().startswith("421 4.4.2 ")
    assert client.ended()
    assert desk.taken.empty()


def test_noop_does_not_hold_a_session(serve: Serve, wire: Connect) -> None:
    client = wire(serve()).greet()
    replies = [client.ask(b"NOOP") for _ in range(101)]
    assert {reply[:4] for reply in replies[:-1]} == {"250 "}
    assert replies[-1].startswith("421 ")
    assert client.ended()


def test_a_session_has_an_end(serve: Serve, wire: Connect) -> None:
    client = wire(serve(session_cap=0.05))
    assert client.hear().startswith("220 ")
    assert client.hear().startswith("421 4.4.2 ")
    assert client.ended()


def test_a_session_that_ends_in_a_mail_answers_it_first(desk: Desk, serve: Serve, wire: Connect) -> None:
    desk.at_once = False
    intake = serve(session_cap=0.3)
    client = wire(intake).greet().to_data()
    client.say(MAIL + b".\r\n")
    taken = desk.next()
    [session] = intake._sessions
    until(lambda: session._farewell != "")
    taken.future.set_result("row")
    assert client.hear().startswith("250 ")
    assert client.hear().startswith("421 4.4.2 ")
    assert client.ended()
