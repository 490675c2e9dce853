"""A real Postfix as relay: what it takes arrives, what it puts off or refuses is known, its absence harms no mail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from maildesk.config.settings import Send
from maildesk.core.model import MINUTE, SECOND
from maildesk.edges.senders.relay import Relay
from maildesk.edges.senders.smtp import SmtpSender
from maildesk.store import schema, views, ways_out
from maildesk.work.outbound import Outbound
from tests.desk import Desk, a_desk, a_mail
from tests.servers import postfix
from tests.servers.postfix import Postfix, a_postfix
from tests.servers.proxy import Proxy
from tests.servers.relay import FakeRelay, a_relay
from tests.waiting import until

JANE = "jane@customer.example"


class Judge:
    """A policy service for Postfix (SMTPD_POLICY_README): what it says of each recipient, in order, then consent."""

    def __init__(self) -> None:
        self.says: dict[str, list[str]] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file:
            asked: dict[str, str] = {}
            for line in file:
                name, equals, value = line.decode().strip().partition("=")
                if equals:
                    asked[name] = value
                    continue
                told = self.says.get(asked.get("recipient", ""), [])
                sock.sendall(f"action={told.pop(0) if told else 'dunno'}\n\n".encode())
                asked = {}

    def close(self) -> None:
        """Says nothing any more."""
        self._listener.close()


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    found = Judge()
    yield found
    found.close()


@pytest.fixture(scope="module")
def sink() -> Iterator[FakeRelay]:
    with a_relay() as found:
        yield found


@pytest.fixture(scope="module")
def server(judge: Judge, sink: FakeRelay) -> Iterator[Postfix]:
    if why := postfix.missing():
        pytest.skip(why)
    restrictions = f"check_policy_service inet:127.0.0.1:{judge.port}"
    with a_postfix(sink.port, smtpd_recipient_restrictions=restrictions) as found:
        yield found


@pytest.fixture
def desk(server: Postfix, sink: FakeRelay, tmp_path: Path) -> Iterator[Desk]:
    sink.taken.clear()
    with a_desk(tmp_path) as found:
        through(found, server.port)
        try:
            yield found
        finally:
            found.outbound.close()


def through(desk: Desk, port: int) -> None:
    settings = Send(kind="smtp", host="127.0.0.1", port=port, tls="none", hostname="desk.example")
    desk.outbound = Outbound(desk.store, lambda: desk.live, SmtpSender(Relay(settings)))


def to_jane(sink: FakeRelay) -> list[bytes]:
    return [mail.data for mail in sink.taken if mail.to == JANE]


def acknowledgment(desk: Desk) -> dict[str, Any]:
    with desk.store.db.reading() as conn:
        once = conn.execute(select(schema.outbox.c.once).where(schema.outbox.c.to == JANE)).scalar_one()
        found = views.outbox_show(conn, once)
    assert found is not None
    return found


def test_mail_arrives_as_it_was_composed(desk: Desk, sink: FakeRelay) -> None:
    desk.handle(a_mail())
    shown = acknowledgment(desk)
    assert shown["attempts"][0]["answer"].startswith("250 2.0.0 Ok: queued as ")
    until(lambda: len(sink.taken) == 3)
    (data,) = to_jane(sink)
    assert sink.taken[0].sender == "support@desk.example"
    received, _, rest = data.partition(b"\r\nFrom: ")
    assert received.startswith(b"Received: from desk.example")
    composed = b"".join(s for s in _segments(shown["skeleton"]))
    assert b"From: " + rest == composed
    assert message_from_bytes(data, policy=policy.default)["Message-ID"] == f"<{shown['message_id']}>"


def _segments(data: bytes) -> Iterator[bytes]:
    from maildesk.store.skeleton import unpack

    for segment in unpack(data):
        assert isinstance(segment, bytes)
        yield segment


def test_put_off_and_then_taken(desk: Desk, sink: FakeRelay, judge: Judge) -> None:
    judge.says[JANE] = ["450 4.7.1 come again"]
    desk.handle(a_mail())
    shown = acknowledgment(desk)
    assert (shown["state"], shown["not_before"]) == ("ready", desk.now + MINUTE)
    assert "450 4.7.1" in shown["trouble"]
    desk.now += MINUTE
    desk.run()
    assert [a["outcome"] for a in acknowledgment(desk)["attempts"]] == ["later", "sent"]
    until(lambda: len(to_jane(sink)) == 1)


def test_refused_for_good(desk: Desk, sink: FakeRelay, judge: Judge) -> None:
    judge.says[JANE] = ["550 5.1.1 no such user"]
    desk.handle(a_mail())
    assert acknowledgment(desk)["state"] == "failed"
    (entry,) = (e for e in desk.ticket(desk.tickets()[0]["number"])["entries"] if e["kind"] == "bounce")
    assert entry["remark"] == f"Our mail to {JANE} did not arrive: there is no such mailbox (5.1.1)."
    assert to_jane(sink) == []


def test_a_relay_that_is_gone_for_a_while(desk: Desk, sink: FakeRelay, server: Postfix) -> None:
    server.stop()
    try:
        desk.handle(a_mail())
        desk.now += 3600 * SECOND
        desk.run()
        assert (acknowledgment(desk)["tries"], acknowledgment(desk)["attempts"]) == (0, [])
        with desk.store.db.reading() as conn:
            assert "does not answer" in ways_out.closed(conn, desk.now)[0]["trouble"]
    finally:
        server.start()
    desk.now += 3600 * SECOND
    desk.run()
    until(lambda: len(sink.taken) == 3)
    assert [a["outcome"] for a in acknowledgment(desk)["attempts"]] == ["sent"]


@pytest.mark.parametrize("cuts", [1, 2])
def test_a_connection_that_is_cut_after_the_final_dot(
    desk: Desk, sink: FakeRelay, server: Postfix, cuts: int
) -> None:
    proxy = Proxy(server.port)
    through(desk, proxy.port)
    left = [cuts]

    def cut(data: bytes) -> bool:
        if b"queued as" in data and left[0]:
            left[0] -= 1
            return True
        return False

    proxy.on_reply = cut
    desk.deliver(a_mail())
    desk.inbound.step(desk.now)
    with desk.store.db.reading() as conn:
        first = conn.execute(select(schema.outbox.c.to).order_by(schema.outbox.c.id).limit(1)).scalar_one()
    desk.outbound._batch = 1
    desk.outbound.step(desk.now)
    desk.now += MINUTE
    desk.run()
    copies = [mail.data for mail in sink.taken if mail.to == first]
    until(lambda: len([mail.data for mail in sink.taken if mail.to == first]) == 2)
    copies = [mail.data.partition(b"\r\nFrom: ")[2] for mail in sink.taken if mail.to == first]
    assert len(set(copies)) == 1
    with desk.store.db.reading() as conn:
        rows = list(conn.execute(select(schema.outbox).where(schema.outbox.c.to == first)))
    assert [row.state for row in rows] == ["sent" if cuts == 1 else "maybe-sent"]
    desk.now += 3600 * SECOND
    desk.run()
    assert len([mail for mail in sink.taken if mail.to == first]) == 2
    proxy.close()
