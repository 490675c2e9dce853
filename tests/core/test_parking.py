"""Mail that is held for where it lay, and mail that a person sent from the desk's own mailbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildesk.core.parking import REASONS, parked, released, vouched
from maildesk.core.reading import Envelope, Evidence, Reading, read
from maildesk.store import inbox
from tests.desk import DESK, Desk, a_desk, a_mail, a_policy, an_answer

BOX = Envelope("imap", None, (DESK,), "support/Junk")


def give(desk: Desk, evidence: Evidence, **words: str) -> dict[str, object]:
    """A mail with this evidence, and what becomes of it."""
    key = desk.accept(a_mail(**words).as_bytes(), BOX, evidence).result()  # type: ignore[arg-type]
    desk.run()
    return desk.row(key)


@pytest.mark.parametrize("reason", REASONS)
def test_it_is_held_whoever_wrote_it_and_nobody_is_told(tmp_path: Path, reason: str) -> None:
    with a_desk(tmp_path) as desk:
        for sender in ("jane@customer.example", "alice@desk.example"):
            row = give(desk, Evidence(parked=reason), sender=sender, message_id=f"<{sender}>")
            assert row["disposition"] == "held"
        assert desk.mails() == []
        assert desk.tickets() == []


def test_letting_a_mail_in_says_nothing_about_who_wrote_it(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        row = give(desk, Evidence(parked="junk"), sender="Alice <alice@desk.example>", text="#close\n")
        key = str(row["key"])
        fates = []
        for _ in range(2):
            assert desk.store.write("decide", lambda conn: inbox.release(conn, key, "admin"))
            desk.run()
            fates.append(desk.row(key))
        # Let in, it is an agent's mail without proof; only the second release vouches for the agent.
        assert [fate["proof"] for fate in fates] == ["claimed", "authenticated"]
        assert fates[0]["disposition"] == "held"


def test_a_copy_that_came_the_right_way_is_no_repetition(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        held = give(desk, Evidence(parked="junk"))
        assert give(desk, Evidence(parked="junk"))["disposition"] == "duplicate"
        assert give(desk, Evidence())["disposition"] == "new-ticket"
        assert give(desk, Evidence(parked="junk"))["disposition"] == "duplicate"
        assert desk.row(str(held["key"]))["disposition"] == "duplicate"
        assert len(desk.tickets()) == 1


def test_releases_in_order() -> None:
    first = Evidence(parked="junk")
    assert parked(first)
    let_in = released(first, "admin")
    assert (parked(let_in), vouched(_read(let_in))) == ("", False)
    assert vouched(_read(released(let_in, "admin")))
    assert vouched(_read(released(Evidence(), "admin")))


def test_a_release_counts_for_the_bytes_that_it_was_given_for() -> None:
    same = _read(Evidence()).message.sha256
    assert vouched(_read(released(Evidence(), "Alice, by mail", same)))
    assert not vouched(_read(released(Evidence(), "Alice, by mail", "0" * 64)))


def _read(evidence: Evidence) -> Reading:
    return read(a_mail().as_bytes(), BOX, evidence, a_policy())


def test_sent_mail_of_our_own_is_no_answer(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        opened = give(desk, Evidence())
        [ours] = desk.mails(to="jane@customer.example")
        key = desk.accept(ours.as_bytes(), BOX, Evidence(sent=True)).result()
        # A relay may have given the copy another Message-ID.
        del ours["Message-ID"]
        ours["Message-ID"] = "<other@relay.example>"
        renamed = desk.accept(ours.as_bytes(), BOX, Evidence(sent=True)).result()
        desk.run()
        assert desk.row(key)["disposition"] == desk.row(renamed)["disposition"] == "duplicate"
        ticket = opened["ticket"]
        assert isinstance(ticket, int)
        assert len(desk.ticket(ticket)["entries"]) == 1


def test_commands_in_sent_mail_are_only_text(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        opened = give(desk, Evidence())
        row = give(
            desk,
            Evidence(sent=True),
            sender="Example Support <support@desk.example>",
            to="jane@customer.example",
            subject="Re: My printer is broken",
            text="#close\nThat is what you write.\n",
            message_id="<by-hand@desk.example>",
            headers={"In-Reply-To": "<first@customer.example>"},  # type: ignore[arg-type]
        )
        assert (row["disposition"], row["ticket"]) == ("agent-reply", opened["ticket"])
        ticket = row["ticket"]
        assert isinstance(ticket, int)
        found = desk.ticket(ticket)
        assert found["status"] == "in-progress"
        assert found["entries"][-1]["text"].startswith("#close")


def test_what_was_sent_by_hand_is_sent_to_nobody_again(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        desk.handle(a_mail())
        [ours] = desk.mails(to="jane@customer.example")
        joined = an_answer(
            ours,
            "Jane <jane@customer.example>",
            "Joe sits beside it.",
            "<2@c>",
            {"Cc": "joe@customer.example"},
        )
        desk.handle(joined)
        before = len(desk.mails())
        row = give(
            desk,
            Evidence(sent=True),
            sender="Example Support <support@desk.example>",
            to="jane@customer.example",
            text="Plug it in.\n",
            message_id="<by-hand@desk.example>",
            headers={"In-Reply-To": "<2@c>"},  # type: ignore[arg-type]
        )
        assert row["disposition"] == "agent-reply"
        ticket = row["ticket"]
        assert isinstance(ticket, int)
        assert "joe@customer.example" in desk.ticket(ticket)["participants"]
        assert len(desk.mails()) == before
