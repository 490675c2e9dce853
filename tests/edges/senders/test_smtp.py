"""Mail out by SMTP: what each answer of a relay means for the mail, and for all mail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from maildesk.config.settings import Send
from maildesk.core.deskaddress import Route
from maildesk.core.retry import Attempt
from maildesk.edges.senders.relay import Relay
from maildesk.edges.senders.smtp import IDLE, MAILS, SmtpSender, stuffed
from tests.servers.relay import CUT, LOST, FakeRelay, a_relay, certificate
from tests.smuggling import BARE

MAIL = (b"Subject: x\r\n\r\n.hidden\r\n", b"..twice\r\nlast\r\n")
WHOLE = b"".join(MAIL)
JANE = Route("support@desk.example", "jane@customer.example")


def sender_for(relay: FakeRelay, clock: Callable[[], float] | None = None, **settings: Any) -> SmtpSender:
    values = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": relay.port,
        "tls": "none",
        "hostname": "desk.example",
    }
    found = Relay(Send.model_validate({**values, **settings}))
    return SmtpSender(found, clock) if clock else SmtpSender(found)


def sent(sender: SmtpSender, route: Route = JANE, data: tuple[bytes, ...] = MAIL) -> Attempt:
    return sender.send("once", data, False, route, sum(map(len, data)))


@pytest.fixture
def relay() -> Iterator[FakeRelay]:
    with a_relay() as found:
        yield found


@pytest.fixture
def sender(relay: FakeRelay) -> Iterator[SmtpSender]:
    found = sender_for(relay)
    yield found
    found.close()


def test_the_bytes_arrive_and_the_answer_is_kept(relay: FakeRelay, sender: SmtpSender) -> None:
    assert sent(sender) == Attempt("sent", "250 2.0.0 queued as 0001")
    (taken,) = relay.taken
    assert (taken.sender, taken.to, taken.data) == (JANE.return_path, JANE.recipient, WHOLE)
    assert f"SIZE={len(WHOLE)}" in taken.options


@pytest.mark.parametrize("at", range(len(WHOLE) + 1))
def test_dots_are_doubled_wherever_the_pieces_part(at: int) -> None:
    whole = b"".join(stuffed((WHOLE[:at], b"", WHOLE[at:])))
    assert whole == b"Subject: x\r\n\r\n..hidden\r\n...twice\r\nlast\r\n"
    assert b"".join(stuffed((b"no end",))) == b"no end\r\n"


@pytest.mark.parametrize("end", [*BARE, b"\r\n.\r\n"], ids=bytes.hex)
def test_nothing_in_a_mail_looks_like_its_end(end: bytes) -> None:
    whole = b"Subject: x\r\n\r\nfirst" + end + b"MAIL FROM:<alice@desk.example>" + end
    for at in range(len(whole) + 1):
        wire = b"".join(stuffed((whole[:at], whole[at:])))
        alone = wire.replace(b"\r\n", b"")
        assert b"\r" not in alone
        assert b"\n" not in alone
        assert b"\r\n.\r\n" not in wire
        assert wire.endswith(b"\r\n")
        assert b"\r\n..\r\n" in wire


def test_the_null_return_path(relay: FakeRelay, sender: SmtpSender) -> None:
    assert sent(sender, Route("", JANE.recipient)).outcome == "sent"
    assert relay.taken[0].sender == ""


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 4.2.0 come again", "later"),
        ("550 5.1.1 no such user", "refused"),
        ("421 4.3.2 closing", "later"),
    ],
)
def test_refusals_of_a_mail(
    relay: FakeRelay, sender: SmtpSender, verb: str, answer: str, outcome: str
) -> None:
    relay.script(verb, answer)
    assert sent(sender) == Attempt(outcome, answer)  # type: ignore[arg-type]
    # The next mail goes out all the same.
    assert sent(sender).outcome == "sent"
    assert len(relay.taken) == 1


def test_a_refused_mail_does_not_cost_the_connection(relay: FakeRelay, sender: SmtpSender) -> None:
    relay.script("RCPT", "550 5.1.1 no such user")
    sent(sender)
    sent(sender)
    assert relay.connections == 1


@pytest.mark.parametrize(
    ("verb", "answer", "words"),
    [
        ("GREETING", "554 5.7.1 go away", "greets with 554"),
        ("GREETING", "421 4.3.2 too busy", "greets with 421"),
        ("GREETING", CUT, "does not answer"),
        ("EHLO", "550 5.7.1 no", "answers EHLO with 550"),
        ("MAIL", "530 5.7.0 log in first", "refuses mail"),
        ("MAIL", "421 4.3.2 closing", "takes no mail now"),
        ("MAIL", CUT, "takes no mail now"),
        ("RCPT", "530 5.7.0 log in first", "wants a login"),
    ],
)
def test_what_befalls_all_mail_pauses(
    relay: FakeRelay, sender: SmtpSender, verb: str, answer: str, words: str
) -> None:
    relay.script(verb, answer)
    attempt = sent(sender)
    assert attempt.outcome == "paused"
    assert words in attempt.answer
    assert sent(sender).outcome == "sent"


def test_a_return_path_that_is_refused_bars_its_own_mail_alone(relay: FakeRelay, sender: SmtpSender) -> None:
    relay.script("MAIL", "550 5.7.1 not your address")
    attempt = sent(sender)
    assert attempt.outcome == "barred"
    assert "refuses mail from <support@desk.example>" in attempt.answer
    assert sent(sender).outcome == "sent"
    assert relay.connections == 1


def test_a_mail_that_is_too_large_is_the_mails_own_trouble(relay: FakeRelay, sender: SmtpSender) -> None:
    for answer in ("552 5.3.4 too large", "554 5.3.4 too large"):
        relay.script("MAIL", answer)
        assert sent(sender) == Attempt("refused", answer)
    relay.script("MAIL", "452 4.3.1 no room")
    assert sent(sender).outcome == "later"
    assert sent(sender).outcome == "sent"


def test_a_mail_above_the_relays_limit_is_not_offered() -> None:
    with a_relay(features=("SIZE 10",)) as relay:
        sender = sender_for(relay)
        attempt = sent(sender)
        assert attempt.outcome == "refused"
        assert "takes at most 10" in attempt.answer
        assert not any(line.startswith("MAIL") for line in relay.commands)
        sender.close()


def test_a_connection_cut_after_the_final_dot_is_unknown(relay: FakeRelay, sender: SmtpSender) -> None:
    for how, taken in ((CUT, 1), (LOST, 1)):
        relay.script("CONTENT", how)
        assert sent(sender).outcome == "unknown"
        assert len(relay.taken) == taken


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_connection_cut_before_the_mail_is_later(relay: FakeRelay, sender: SmtpSender, verb: str) -> None:
    relay.script(verb, CUT)
    assert sent(sender).outcome == "later"
    assert sent(sender).outcome == "sent"


def test_a_connection_cut_within_the_mail_is_later(relay: FakeRelay, sender: SmtpSender) -> None:
    def broken() -> Iterator[bytes]:
        yield b"Subject: x\r\n\r\n"
        relay.cut_all()
        for _ in range(200):
            yield b"x" * 65_535 + b"\n"

    assert sender.send("once", broken(), False, JANE, 10_000_000).outcome == "later"
    assert not relay.taken


def test_an_error_of_our_own_within_the_mail_sends_nothing(relay: FakeRelay, sender: SmtpSender) -> None:
    def broken() -> Iterator[bytes]:
        yield b"Subject: x\r\n\r\n"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sender.send("once", broken(), False, JANE, 100)
    assert sent(sender).outcome == "sent"
    assert [mail.data for mail in relay.taken] == [WHOLE]


def test_a_relay_that_falls_silent_costs_its_deadline_only(relay: FakeRelay) -> None:
    silent = threading.Event()
    original = relay._told

    def told(verb: str) -> str:
        if verb == "CONTENT":
            silent.wait(30)
        return original(verb)

    relay._told = told  # type: ignore[method-assign]
    sender = sender_for(relay, deadline=1)
    attempt = sent(sender)
    silent.set()
    assert attempt == Attempt(
        "unknown", "the connection broke after the mail, before an answer: no answer in time"
    )
    sender.close()


def test_a_connection_is_used_again(relay: FakeRelay, sender: SmtpSender) -> None:
    for _ in range(MAILS + 1):
        assert sent(sender).outcome == "sent"
    assert relay.connections == 2
    assert relay.commands.count("QUIT") == 1


def test_an_idle_connection_is_closed(relay: FakeRelay) -> None:
    import time

    ahead = 0.0
    sender = sender_for(relay, clock=lambda: time.monotonic() + ahead)
    sent(sender)
    sender.rest()
    assert "QUIT" not in relay.commands
    ahead = IDLE
    sender.rest()
    assert relay.commands[-1] == "QUIT"
    assert sender.send("once", MAIL, False, JANE, len(WHOLE)).outcome != "refused"
    sender.close()


def test_a_kept_connection_that_the_relay_closed_counts_against_nobody(
    relay: FakeRelay, sender: SmtpSender
) -> None:
    sent(sender)
    relay.script("MAIL", "421 4.4.2 idle for too long")
    assert sent(sender).outcome == "sent"
    relay.script("MAIL", CUT)
    assert sent(sender).outcome == "sent"
    assert relay.connections == 3


def test_letters_beyond_ascii_need_smtputf8(relay: FakeRelay, sender: SmtpSender) -> None:
    route = Route(JANE.return_path, "jäne@customer.example")
    attempt = sent(sender, route)
    assert attempt.outcome == "refused"
    assert "jäne@customer.example has letters that need SMTPUTF8" in attempt.answer
    with a_relay(features=("SMTPUTF8", "8BITMIME")) as able:
        other = sender_for(able)
        assert sent(other, route).outcome == "sent"
        assert able.taken[0].to == route.recipient
        assert "SMTPUTF8" in able.taken[0].options
        assert sent(other).outcome == "sent"
        assert "SMTPUTF8" not in able.taken[1].options
        other.close()


def test_nobody_listens(relay: FakeRelay, sender: SmtpSender) -> None:
    relay.stop()
    attempt = sent(sender)
    assert attempt.outcome == "paused"
    assert "does not answer" in attempt.answer


def test_a_name_that_is_not_there() -> None:
    found = Relay(Send(kind="smtp", host="relay.invalid", hostname="desk.example"))
    attempt = sent(SmtpSender(found))
    assert attempt.outcome == "paused"
    assert "relay.invalid is not found" in attempt.answer


# TLS and logins


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_certificate_is_checked(tmp_path: Path, tls: str) -> None:
    cert, context = certificate(tmp_path)
    with a_relay(tls=context, implicit=tls == "implicit") as relay:
        trusting = sender_for(relay, host="localhost", tls=tls, ca_file=str(cert))
        assert sent(trusting).outcome == "sent"
        trusting.close()
        for host, ca_file in (("localhost", ""), ("127.0.0.1", str(cert))):
            attempt = sent(sender_for(relay, tls=tls, host=host, ca_file=ca_file))
            assert attempt.outcome == "paused"
            assert "is not trusted" in attempt.answer
    assert len(relay.taken) == 1


def test_a_relay_without_starttls_gets_nothing(relay: FakeRelay) -> None:
    attempt = sent(sender_for(relay, tls="starttls"))
    assert attempt.outcome == "paused"
    assert "offers no STARTTLS" in attempt.answer
    assert not relay.taken


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"])
def test_a_login_with_a_password(monkeypatch: pytest.MonkeyPatch, mechanisms: str) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "sécret")
    with a_relay(users={"desk": "sécret"}, mechanisms=mechanisms) as relay:
        sender = sender_for(relay, user="desk", password_env="RELAY_PASSWORD")
        assert sent(sender).outcome == "sent"
        sender.close()
        monkeypatch.setenv("RELAY_PASSWORD", "wrong")
        attempt = sent(sender)
        assert attempt.outcome == "paused"
        assert "does not let in desk (535 5.7.8 wrong user or password)" in attempt.answer
        # Whatever is mended counts at the next try, without a restart.
        monkeypatch.setenv("RELAY_PASSWORD", "sécret")
        assert sent(sender).outcome == "sent"
        sender.close()
        monkeypatch.delenv("RELAY_PASSWORD")
        assert "the environment has no RELAY_PASSWORD" in sent(sender).answer


def test_a_relay_that_knows_no_logins(monkeypatch: pytest.MonkeyPatch, relay: FakeRelay) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", "x")
    assert "offers no login" in sent(sender_for(relay, user="desk", password_env="RELAY_PASSWORD")).answer
    with a_relay(users={"desk": "x"}, mechanisms="GSSAPI") as other:
        attempt = sent(sender_for(other, user="desk", password_env="RELAY_PASSWORD"))
        assert attempt.outcome == "paused"
        assert "it offers GSSAPI" in attempt.answer


class _Tokens:
    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.forgotten = 0

    def token(self) -> str:
        return self.left[0]

    def forget(self) -> None:
        self.forgotten += 1
        self.left.pop(0)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_login_with_a_token(mechanism: str) -> None:
    oauth = {"token_url": "https://login.example/token", "client_id": "x", "mechanism": mechanism}
    with a_relay(users={"support@desk.example": "good"}, mechanisms=mechanism) as relay:
        settings = Send.model_validate(
            {"kind": "smtp", "host": "127.0.0.1", "port": relay.port, "tls": "none", "oauth": oauth}
            | {"user": "support@desk.example"}
        )
        tokens = _Tokens("stale", "good")
        sender = SmtpSender(Relay(settings, tokens))  # type: ignore[arg-type]
        attempt = sent(sender)
        assert (attempt.outcome, tokens.forgotten) == ("paused", 1)
        assert sent(sender).outcome == "sent"
        sender.close()
