"""Storms: limits per address, domain and in all, and the circuit breaker; a thousand machines at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from maildesk.core.deskaddress import Route
from maildesk.core.model import HOUR, MINUTE, SECOND
from maildesk.core.reading import Envelope, Evidence
from maildesk.core.retry import Attempt
from maildesk.store import control, views, waiting
from maildesk.store.waiting import WHOM
from maildesk.work.outbound import Outbound
from tests.desk import DESK, Desk, a_desk, a_mail
from tests.work.authority import ALICE, JANE
from tests.work.gateway import Post
from tests.work.postman import Responder, listed
from tests.work.watched import told_of

MANY = 3_000 if os.environ.get("MAILDESK_LONG") else 1_000


def write(desk: Desk, n: int, domain: str = "", sender: str = "") -> None:
    """A mail of somebody who has not written before; time passes by a second."""
    who = sender or f"p{n}@{domain or f'd{n}.example'}"
    desk.now += SECOND
    desk.deliver(a_mail(who, subject=f"Matter {n}", message_id=f"<{n}@{domain or 'd.example'}>"))


def states(desk: Desk) -> list[str]:
    return [m["state"] for m in listed(desk) if m["kind"] == "acknowledgment"]


def test_one_domain_gets_so_many_an_hour(tmp_path: Path) -> None:
    with a_desk(tmp_path, limits={"acks_per_domain_hour": 6}) as desk:
        for n in range(10):
            write(desk, n, "big.example")
        write(desk, 10, "small.example")
        desk.run()
        assert len(states(desk)) == 7
        assert len(desk.tickets()) == 11, "all of them have their tickets"
        desk.now += HOUR
        write(desk, 11, "big.example")
        desk.run()
        assert len(states(desk)) == 8


LIMIT: dict[str, Any] = {"limits": {"acks_unproven_hour": 5}}


def test_beyond_the_limit_acknowledgments_wait_and_the_admin_hears(tmp_path: Path) -> None:
    with a_desk(tmp_path, **LIMIT) as desk:
        for n in range(5):
            write(desk, n)
        desk.run()
        assert told_of(desk, "acknowledgments") == ""
        told = desk.explain(a_mail(message_id="<more@elsewhere.example>"))["mails"]
        assert [mail["waits"] for mail in told if mail["template"] == "acknowledgment"] == [True]
        for n in range(5, 12):
            write(desk, n)
        desk.run()
        assert states(desk) == ["sent"] * 5 + ["waiting"] * 7
        assert len(desk.mails(to=ALICE, template="new_ticket")) == 12, "agents see them as ever"
        assert "7 acknowledgments wait" in told_of(desk, "acknowledgments")
        with desk.store.db.reading() as conn:
            listed = views.outbox_list(conn, "waiting")
        for one in listed:
            assert one["subject"].startswith("Matter"), "whoever releases it reads what it is about"
            assert one["subject"].endswith(f"[#{one['ticket']}]")
        desk.now += 3 * HOUR
        desk.run()
        assert states(desk).count("waiting") == 7, "time alone sends nothing"
        assert desk.store.write("work", lambda conn: waiting.release(conn, WHOM, desk.now)) == 7
        desk.run()
        assert states(desk) == ["sent"] * 12
        assert len({str(m["To"]) for m in desk.mails(template="acknowledgment")}) == 12
        assert told_of(desk, "acknowledgments") == ""
        assert desk.store.write("work", lambda conn: waiting.release(conn, WHOM, desk.now)) == 0


def test_what_waits_does_not_count_so_the_next_hour_is_served(tmp_path: Path) -> None:
    with a_desk(tmp_path, **LIMIT) as desk:
        for n in range(5):
            write(desk, n)
        desk.run()
        for n in range(5, 20):
            write(desk, n)
        desk.run()
        # The five that went out are an hour old, what waits is not.
        desk.now += HOUR - 14 * SECOND
        for n in range(20, 24):
            write(desk, n)
        desk.run()
        assert states(desk)[20:] == ["sent"] * 4


def test_proven_senders_never_wait(tmp_path: Path) -> None:
    with a_desk(tmp_path, **LIMIT) as desk:
        desk.handle(a_mail())
        token = desk.mails(to=JANE)[0]
        for n in range(10):
            write(desk, n)
        desk.run()
        assert states(desk).count("waiting") == 6
        matter = a_mail(JANE, str(token["Reply-To"]), "A new laptop", message_id="<laptop@customer.example>")
        row = desk.handle(matter)
        assert (row["disposition"], row["proof"]) == ("new-ticket", "token")
        assert states(desk)[-1] == "sent"


def test_nobody_releases_them(tmp_path: Path) -> None:
    with a_desk(tmp_path, **LIMIT) as desk:
        for n in range(8):
            write(desk, n)
        desk.run()
        for _ in range(3):
            desk.now += control.LATE // 2
            desk.chores()
        assert states(desk) == ["sent"] * 5 + ["late"] * 3
        assert told_of(desk, "acknowledgments") == ""
        assert desk.store.write("work", lambda conn: waiting.release(conn, WHOM, desk.now)) == 0


READ = BytesHeaderParser(policy=policy.default)


def deliver(desk: Desk, mails: Iterable[EmailMessage]) -> int:
    """Mails that come at once; a commit takes many of them, as in a daemon. How many."""
    commits: list[Future[str]] = []
    for n, mail in enumerate(mails):
        if n >= 1_000:
            commits[n - 1_000].result()  # more than so many may not wait
        sender = mail["From"].addresses[0].addr_spec
        envelope = Envelope("smtp", sender, (DESK,), "127.0.0.1")
        commits.append(desk.accept(mail.as_bytes(policy=policy.SMTP), envelope, Evidence()))
    for commit in commits:
        commit.result()
    return len(commits)


class Crowd(Post):
    """A way out to a thousand machines; what goes to people is only counted."""

    def __init__(self, machines: dict[str, Responder]) -> None:
        super().__init__()
        self.machines = machines
        self.answers: list[EmailMessage] = []

    def send(self, name: str, data: Iterable[bytes], again: bool, route: Route, size: int) -> Attempt:
        if machine := self.machines.get(route.recipient):
            mail = READ.parsebytes(b"".join(data))
            assert isinstance(mail, EmailMessage)
            self.answers += machine(mail)
        return Attempt("sent", "250 ok")


SIGNS = (*("rfc3834", "in-reply-to", "tag") * 3, "")


def test_a_thousand_vacation_responders_come_to_rest(tmp_path: Path) -> None:
    """All of them write at once, and a machine answers for each: one in ten bears no sign of being one."""
    alice = {"id": "alice", "name": "Alice", "addresses": [ALICE], "departments": ["support", "billing"]}
    people = [f"p{n}@d{n % 100}.example" for n in range(MANY)]
    machines = {who: Responder(who, SIGNS[n // 10 % len(SIGNS)]) for n, who in enumerate(people)}
    with a_desk(tmp_path, agents=[alice], rules=[]) as desk:
        crowd = Crowd(machines)
        desk.outbound = Outbound(desk.store, lambda: desk.live, crowd)
        desk.store.start()
        came = deliver(
            desk,
            (
                a_mail(who, subject=f"Matter {n}", message_id=f"<{n}@d.example>")
                for n, who in enumerate(people)
            ),
        )
        for _ in range(10):
            desk.run()
            answers, crowd.answers = crowd.answers, []
            if not answers:
                break
            desk.now += MINUTE
            came += deliver(desk, answers)
        else:
            raise AssertionError("no rest after ten rounds")
        for machine in machines.values():
            assert machine.answered <= (2 if machine.signs else 5), machine.signs
        assert came <= 2 * MANY + 5 * MANY // len(SIGNS)
        sent = [state for state in states(desk) if state == "sent"]
        assert min(MANY, 2_000) <= len(sent) <= 2_000, "the limit of unproven senders"
        assert len(desk.tickets()) <= came, "and nothing is lost"
