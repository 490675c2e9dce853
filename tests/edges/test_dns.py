"""The DNS as it is asked: by a name server on loopback that answers, answers with errors, or says nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import dns.message
import dns.rcode
import dns.rrset
import pytest

from maildesk.doctor.world import asked
from maildesk.edges.dns import NoAnswer, SystemResolver

ZONE = {
    ("a.example.", "MX"): ["10 MX.a.example.", "20 mx2.a.example."],
    ("null.example.", "MX"): ["0 ."],
    ("a.example.", "TXT"): ['"v=spf1 include:b.example " "-all"', '"other"'],
    ("b.example.", "TXT"): ['"v=spf1 ip4:192.0.2.0/24 -all"'],
    ("_dmarc.a.example.", "TXT"): ['"v=DMARC1; p=none"'],
    ("mx.a.example.", "A"): ["192.0.2.1"],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["MX.a.example."],
    ("mx.a.example.", "AAAA"): ["2001:db8::1"],
}


class NameServer:
    """Answers from the zone. `.broken` names get SERVFAIL, and with `silent` nobody gets anything."""

    def __init__(self) -> None:
        self.silent = False
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.sock.getsockname()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self.sock.recvfrom(4_096)
            if not data:
                return
            if not self.silent:
                self.sock.sendto(self._answer(data), sender)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        [question] = query.question
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        if name.endswith(".broken."):
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := ZONE.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in ZONE):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()

    def stop(self) -> None:
        """It is gone."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address)
        self.thread.join(10)
        self.sock.close()


@pytest.fixture
def server() -> Iterator[NameServer]:
    """The name server."""
    one = NameServer()
    yield one
    one.stop()


def test_answers(server: NameServer) -> None:
    resolver = SystemResolver(30, server=server.address)
    assert resolver.mx("a.example") == ((10, "mx.a.example"), (20, "mx2.a.example"))
    assert resolver.mx("null.example") == ((0, ""),)
    assert resolver.txt("a.example") == ("other", "v=spf1 include:b.example -all")
    assert resolver.addresses("mx.a.example") == ("192.0.2.1", "2001:db8::1")
    assert resolver.names("1.2.0.192.in-addr.arpa") == ("mx.a.example",)


def test_what_is_not_there_is_an_answer(server: NameServer) -> None:
    resolver = SystemResolver(30, server=server.address)
    assert resolver.mx("b.example") == ()
    assert resolver.mx("nowhere.example") == ()
    assert resolver.txt("mx.a.example") == ()


@pytest.mark.parametrize(
    "name", ["s" * 64 + ".a.example", "a..example", "a." * 130 + "example", "x\\", "\udc80"]
)
def test_nothing_can_be_at_a_name_that_is_none(server: NameServer, name: str) -> None:
    assert SystemResolver(30, server=server.address).txt(name) == ()


def test_an_error_is_none(server: NameServer) -> None:
    with pytest.raises(NoAnswer, match="SERVFAIL"):
        SystemResolver(30, server=server.address).mx("a.broken")


def test_no_answer_ends_at_one_deadline_for_all(server: NameServer) -> None:
    server.silent = True
    resolver = SystemResolver(0.3, server=server.address)
    with pytest.raises(NoAnswer, match="no answer in time"):
        resolver.mx("a.example")
    # Who asks further is told at once: nothing is sent any more.
    server.silent = False
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="no answer in time"):
        resolver.txt("a.example")
    assert time.monotonic() - began < 5


def test_the_deadline_begins_with_the_first_question(server: NameServer) -> None:
    times = [100.0]
    resolver = SystemResolver(30, lambda: times[0], server.address)
    times[0] += 1_000  # somebody reads a large store first
    assert resolver.mx("null.example") == ((0, ""),)
    times[0] += 31
    with pytest.raises(NoAnswer, match="no answer in time"):
        resolver.mx("null.example")


def test_all_that_is_asked_of_a_domain(server: NameServer) -> None:
    found = asked(SystemResolver(30, server=server.address), "a.example", "mx.a.example")
    assert found.texts["b.example"] == ("v=spf1 ip4:192.0.2.0/24 -all",)
    assert found.texts["_dmarc.a.example"] == ("v=DMARC1; p=none",)
    assert found.relay_addresses == ("192.0.2.1", "2001:db8::1")
    assert found.addresses["mx2.a.example"] == ()
