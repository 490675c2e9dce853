"""agent, keys, outbox release and held at the command line: what they print, refuse and leave behind."""

from __future__ import annotations

import re
from email import message_from_string, policy

import pytest
from sqlalchemy import update

from maildesk.config.load import load
from maildesk.core.model import MINUTE
from maildesk.store.db import Database, local_now
from maildesk.store.schema import meta
from maildesk.store.store import Store
from tests.cli.conftest import MAIL, Desk
from tests.cli.test_backup import desk, place, restored, saved

__all__ = ["desk", "place"]  # fixtures
ANSWER = b"""From: Alice Agent <alice@desk.example>
To: %s
Subject: Re: I cannot print
Message-ID: <%s@desk.example>

This is %s.
"""


def answers(desk: Desk, copied: str = "", **to: str) -> dict[str, str]:
    """Alice writes to addresses of the desk, each mail under a name; what proved that it was her, by these names."""
    for name, address in to.items():
        mail = ANSWER % (address.encode(), name.encode(), name.encode())
        desk.ok("deliver", given=b"Cc: %s\n%s" % (copied.encode(), mail) if copied else mail)
    desk.ok("run", "--once")
    return {name: desk.json("trace", f"{name}@desk.example")[0]["proof"] for name in to}


def reply_address(desk: Desk, to: str = "alice@desk.example", kind: str = "new_ticket") -> str:
    """Where the newest mail of a kind asks for answers."""
    once = next(m["once"] for m in desk.json("outbox", "list") if (m["to"], m["kind"]) == (to, kind))
    mail = message_from_string(desk.ok("outbox", "show", once, "--raw"), policy=policy.default)
    return str(mail["Reply-To"].addresses[0].addr_spec)


def personal(desk: Desk) -> str:
    """Alice's personal address."""
    return str(next(one["personal"] for one in desk.json("agent", "list") if one["id"] == "alice"))


def signs(desk: Desk) -> None:
    """The new key signs from now on, as if a minute had passed."""
    db = Database(load(desk.folder).settings.store.url)
    store = Store(db, "later")
    store.open(create=False)
    made = update(meta).where(meta.c.name == "since.token.2").values(value=str(local_now() - MINUTE))
    store.write("work", lambda conn: conn.execute(made))
    store.close()


def test_agents_are_listed_with_their_addresses(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    shown = fresh.ok("agent", "list")
    assert shown.startswith(
        "alice: Alice Agent, support\n  writes from  alice@desk.example\n  personal     support+"
    )
    assert {one["id"] for one in fresh.json("agent", "list")} == {"alice", "bob"}
    fresh.edit("^#reply_address.*", 'reply_address = "none"')
    assert "personal     none, as there are no reply addresses" in fresh.ok("agent", "list")
    assert fresh.json("agent", "list")[0]["personal"] == ""
    assert fresh.no("agent", "welcome", "alice") == (
        'There are no personal addresses with reply_address = "none"; see docs/mail-out.md.\n'
    )


def test_an_agent_is_welcomed(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    first = personal(fresh)
    told = fresh.ok("agent", "welcome", "ALICE@desk.example")
    assert told == f"{first}\nA mail with it will be sent to alice@desk.example by the next `maildesk run`.\n"
    second = fresh.ok("agent", "welcome", "alice", "--new").splitlines()[0]
    assert second == personal(fresh) != first
    fresh.ok("run", "--once")
    sent = [fresh.ok("outbox", "show", m["once"], "--raw") for m in fresh.json("outbox", "list")]
    # Both went out after the second was asked for: only the newest proves anything.
    assert len(sent) == 2
    assert fresh.no("agent", "welcome", "nobody") == "'nobody' is no agent; known: alice, bob.\n"
    assert "Missing argument" in fresh.no("agent", "welcome", code=2)


def test_keys_are_listed_and_replaced(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    assert re.search(r"^1 +the beginning +another replaces it$", fresh.ok("keys", "list"), re.MULTILINE)
    told = fresh.ok("keys", "rotate")
    assert re.match(r"Key 2 signs from 20\d\d-\d\d-\d\d \d\d:\d\d UTC on; older ones are good until ", told)
    assert "Make a backup now" in told
    assert fresh.no("keys", "rotate") == (
        "A new key was made a moment ago and does not sign yet; it is enough.\n"
    )
    found = fresh.json("keys", "list")
    assert [(one["id"], one["until"] is None) for one in found] == [(1, False), (2, True)]
    assert set(found[0]) == {"id", "since", "until"}, "never the secret"
    shown = fresh.ok("keys", "list").splitlines()
    assert shown[2].endswith("another replaces it")


def test_what_waits_is_released(fresh: Desk) -> None:
    fresh.edit("^#acks_unproven_hour.*", "acks_unproven_hour = 0")
    fresh.edit("^#mails_per_agent_hour.*", "mails_per_agent_hour = 1")
    for n in (b"a", b"b"):
        fresh.ok("deliver", given=MAIL.replace(b"first@", n + b"@").replace(b"jane@", n + b"@"))
    fresh.ok("run", "--once")
    kinds = [(m["kind"], m["state"]) for m in fresh.json("outbox", "list")]
    agents = kinds.count(("new_ticket", "waiting"))
    assert agents == len(kinds) - 2 - kinds.count(("new_ticket", "sent")) > 0
    assert "waiting" in fresh.ok("status")
    assert "'nobody' is not one of" in fresh.no("outbox", "release", "nobody", code=2)
    fresh.ok("pause", "acknowledgments")
    told = fresh.ok("outbox", "release", "agents")
    mails = "1 mail" if agents == 1 else f"{agents} mails"
    assert told == f"{mails} will be sent by the next `maildesk run`.\n"
    assert fresh.ok("outbox", "release") == (
        "2 mails will be sent by the next `maildesk run`.\n"
        "They go out after `maildesk resume acknowledgments`, as that is paused.\n"
    )
    fresh.ok("run", "--once")
    states = {(m["kind"], m["state"]) for m in fresh.json("outbox", "list")}
    assert states == {("new_ticket", "sent"), ("acknowledgment", "todo")}
    fresh.ok("resume", "acknowledgments")
    fresh.ok("run", "--once")
    assert {m["state"] for m in fresh.json("outbox", "list")} == {"sent"}
    for whom in ("customers", "agents", "all"):
        assert fresh.no("outbox", "release", whom) == (
            "No mail waits to be released; `maildesk outbox list` shows what there is.\n"
        )


def test_held_mail_that_is_none(fresh: Desk) -> None:
    fresh.deliver()
    assert fresh.no("held", "release", "zz") == "There is no mail with the key zz.\n"
    assert fresh.no("held", "show", "zz") == "There is no mail with the key zz.\n"
    assert fresh.json("held", "list") == []
    key = fresh.json("inbox", "list")[0]["key"]
    assert fresh.no("held", "release", key) == (
        f"The mail {key} is not held; `maildesk inbox show {key}` says what became of it.\n"
    )


@pytest.mark.parametrize(("desk", "when"), [("sqlite", "before"), ("postgresql", "after")], indirect=["desk"])
def test_a_backup_and_the_keys(desk: Desk, place: Desk, when: str) -> None:
    """A backup from before a new key knows nothing of it; one from after it knows both. What was burnt stays burnt."""
    old, first = reply_address(desk), personal(desk)
    assert answers(desk, "tim@elsewhere.example", shown=old) == {"shown": "token"}
    second = desk.ok("agent", "welcome", "alice", "--new").splitlines()[0]
    desk.deliver(MAIL.replace(b"first@", b"second@"))
    good = reply_address(desk)
    file = saved(desk)
    desk.ok("keys", "rotate")
    signs(desk)
    desk.deliver(MAIL.replace(b"first@", b"third@"))
    new = reply_address(desk)
    if when == "after":
        file = saved(desk, "after.zip")
    there = restored(desk, place, file)
    there.ok("resume", "all")
    assert answers(there, burnt=old, good=good, new=new, first=first, second=second) == {
        "burnt": "claimed",
        "good": "token",
        "new": "token" if when == "after" else "claimed",
        "first": "claimed",
        "second": "token",
    }
    assert len(there.json("keys", "list")) == (2 if when == "after" else 1)
