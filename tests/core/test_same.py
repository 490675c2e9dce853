"""The same mail: what is a duplicate, what a variant with a footer, and what is a mail of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage

import pytest

from maildesk.core import same
from maildesk.core.changes import Snapshot
from maildesk.core.model import DAY, MINUTE, Disposition, Proof, Seen
from maildesk.core.reading import Reading
from tests.core.given import a_reading, a_snapshot
from tests.desk import START, a_mail

LINES = [f"This is line {i} of it." for i in range(20)]


def text_of(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def remembered(
    reading: Reading, disposition: Disposition = Disposition.NEW_TICKET, key: str = "first", at: int = START
) -> Seen:
    return same.remembered(reading, key, at, disposition, 482_913)


def snapshot(*seen: Seen) -> Snapshot:
    found: dict[str, tuple[Seen, ...]] = {}
    for one in seen:
        look_up = one.mid or one.sha256
        found[look_up] = (*found.get(look_up, ()), one)
    return a_snapshot(seen=found)


def repeats(
    new: Reading,
    old: Reading,
    later: int = 0,
    proof: Proof = Proof.CLAIMED,
    was: Disposition = Disposition.NEW_TICKET,
) -> str:
    """Why the new mail is the old one again; "" where it is not."""
    found, why = same.earlier(new, snapshot(remembered(old, was)), "second", START + later, proof)
    assert bool(found) == bool(why)
    return why


def a_text(lines: list[str], **values: object) -> Reading:
    return a_reading(a_mail(text=text_of(lines), **values))  # type: ignore[arg-type]


OLD = a_text(LINES)
BY_A_LIST = {"List-Id": "Office <office.customer.example>"}


def test_the_same_bytes_again() -> None:
    assert "nothing new" in repeats(OLD, OLD)


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
def test_the_same_mail_encoded_anew_on_its_way(encoding: str) -> None:
    plain = a_mail(text="Grüße, es ist größer.\n" + text_of(LINES))
    other = a_mail(text="x")
    other.set_content("Grüße, es ist größer.\n" + text_of(LINES), cte=encoding)
    other["Received"] = "from relay by mail; Mon, 21 Sep 2026 12:00:01 +0000"
    assert other.as_bytes() != plain.as_bytes()
    assert repeats(a_reading(other), a_reading(plain))


def test_a_subject_tag_of_a_list_makes_no_other_mail() -> None:
    assert repeats(a_text(LINES, subject="[office] My printer is broken"), OLD)


@pytest.mark.parametrize(
    ("name", "lines", "again"),
    [
        ("less at the end", LINES[:-3], True),
        ("less in the middle", [*LINES[:5], *LINES[9:]], True),
        ("spaced otherwise", [f"  {line}  \n" for line in LINES], True),
        ("quoted", [f"> {line}" for line in LINES], True),
        ("a footer of 1", [*LINES, "-- list footer"], True),
        ("a footer of 15", [*LINES, *(f"footer {i}" for i in range(15))], True),
        ("a footer of 16", [*LINES, *(f"footer {i}" for i in range(16))], False),
        ("a header of 15", [*(f"header {i}" for i in range(15)), *LINES], True),
        (
            "7 and 8 at both edges",
            [*(f"header {i}" for i in range(7)), *LINES, *(f"footer {i}" for i in range(8))],
            True,
        ),
        (
            "8 and 8 at both edges",
            [*(f"header {i}" for i in range(8)), *LINES, *(f"footer {i}" for i in range(8))],
            False,
        ),
        ("one more in the middle", [*LINES[:5], "And this is new.", *LINES[5:]], False),
        ("one changed", [*LINES[:5], "And this is new.", *LINES[6:]], False),
        ("one changed and a footer", [*LINES[:5], "And this is new.", *LINES[6:], "footer"], False),
        ("one less and a footer", [*LINES[:-1], "footer"], False),
        ("in another order", [*LINES[10:], *LINES[:10]], False),
        ("all other", ["Quite another text."], False),
    ],
)
def test_what_may_differ(name: str, lines: list[str], again: bool) -> None:
    assert bool(repeats(a_text(lines, headers=BY_A_LIST), OLD)) is again, name


@pytest.mark.parametrize(
    ("headers", "was", "again"),
    [
        (BY_A_LIST, Disposition.NEW_TICKET, True),
        ({"List-Post": "<mailto:office@customer.example>"}, Disposition.NEW_TICKET, True),
        ({}, Disposition.NEW_TICKET, False),
        ({}, Disposition.REPLY, False),
        ({}, Disposition.HELD, False),
        ({}, Disposition.AUTO_REPLY, False),
        ({}, Disposition.AGENT_REPLY, True),
        ({}, Disposition.NOTE, True),
        ({}, Disposition.COMMAND, True),
    ],
)
def test_lines_that_no_list_has_added_are_its_authors_own(
    headers: dict[str, str], was: Disposition, again: bool
) -> None:
    """Anybody could have sent the beginning of a mail before it, under its Message-ID."""
    old = a_text(LINES[:8])
    notice = a_text(["A mail from outside:", "be careful.", *LINES[:8]], headers=headers)
    assert repeats(notice, old, was=was), "a gateway's notice is short beside the mail"
    new = a_text([*LINES[:8], *LINES[9:12]], headers=headers)
    assert bool(repeats(new, old, was=was)) is again
    found = same.shorter(new, snapshot(remembered(old, was)), "second", START)
    assert bool(found) is not again
    assert same.shorter(old, snapshot(remembered(new, was)), "second", START) is None
    assert same.shorter(new, snapshot(remembered(old, was)), "first", START) is None, (
        "no mail is before itself"
    )


@pytest.mark.parametrize(
    ("new", "old", "again"),
    [
        (("Ring me", ""), ("Ring me", ""), True),
        (("Ring me today", ""), ("Ring me", ""), False),
        (("Re: Ring me", ""), ("Ring me", ""), True),
        (("[office] Ring me", ""), ("Ring me", ""), True),
        (("Ring  ME", ""), ("Ring me", ""), True),
        (("[office] Ring me", "-- list footer"), ("Ring me", ""), True),
        (("Ring me today", "-- list footer"), ("Ring me", ""), False),
        (("Ring me today", ""), ("Ring me", "Hello"), False),
        (("Ring me", ""), ("Ring me", "Hello"), True),
        (("Ring me today", "..."), ("Ring me", "???"), False),
        # Where there is text, it tells: relays write much into subjects.
        (("***SPAM*** Ring me", "Hello"), ("Ring me", "Hello"), True),
    ],
)
def test_where_there_is_no_text_the_subject_tells(
    new: tuple[str, str], old: tuple[str, str], again: bool
) -> None:
    by_a_list = a_text([new[1]], subject=new[0], headers=BY_A_LIST)
    assert bool(repeats(by_a_list, a_text([old[1]], subject=old[0]))) is again


def test_an_attachment_is_not_enough_where_there_is_no_text() -> None:
    def scanned(subject: str) -> Reading:
        mail = a_mail(text="\n", subject=subject)
        mail.add_attachment(b"cover", maintype="application", subtype="pdf", filename="cover.pdf")
        return a_reading(mail)

    assert repeats(scanned("Page 1"), scanned("Page 1"))
    assert not repeats(scanned("Page 2"), scanned("Page 1"))


def test_a_line_said_twice_is_not_said_once() -> None:
    assert not repeats(a_text(["no", "ring me", "ring me", "yes"]), a_text(["no", "ring me", "yes"]))


def test_another_sender_is_another_mail() -> None:
    assert not repeats(a_text(LINES, sender="tom@customer.example"), OLD)
    assert repeats(a_text(LINES, sender="Another Name <JANE@customer.example>"), OLD)


def test_another_message_id_is_another_mail() -> None:
    new = a_text(LINES, message_id="<second@customer.example>")
    assert same.earlier(new, snapshot(remembered(OLD)), "second", START, Proof.CLAIMED) == (None, "")


def test_a_message_id_used_again_for_another_text_is_its_own_mail() -> None:
    assert not repeats(a_text(["The next monthly report."]), a_text(["The monthly report."]))


def with_files(*contents: bytes, lines: list[str] = LINES) -> Reading:
    mail: EmailMessage = a_mail(text=text_of(lines), headers=BY_A_LIST)
    for i, content in enumerate(contents):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{i}.pdf")
    return a_reading(mail)


@pytest.mark.parametrize(
    ("new", "old", "again"),
    [
        (with_files(b"one"), with_files(b"one"), True),
        (with_files(b"one", b"two"), with_files(b"two", b"one"), True),
        (with_files(b"one"), with_files(b"one", b"two"), True),
        (with_files(), with_files(b"one"), True),
        (with_files(b"one", b"two"), with_files(b"one"), False),
        (with_files(b"one", b"one"), with_files(b"one"), False),
        (with_files(b"two"), with_files(b"one"), False),
        # A variant may bring a file of the list software, but it must have the old ones.
        (with_files(b"one", b"footer", lines=[*LINES, "footer"]), with_files(b"one"), True),
        (with_files(lines=[*LINES, "footer"]), with_files(b"one"), False),
    ],
)
def test_attachments_count(new: Reading, old: Reading, again: bool) -> None:
    assert bool(repeats(new, old)) is again


def unnamed(dated: bool = True, received: bool = False, text: str = "Hello") -> Reading:
    mail = a_mail(message_id=None, text=text)
    if not dated:
        del mail["Date"]
    if received:
        mail["Received"] = "from a by b; Mon, 21 Sep 2026 12:00:00 +0000"
    return a_reading(mail)


@pytest.mark.parametrize(
    ("reading", "later", "again"),
    [
        (unnamed(), 0, True),
        (unnamed(), 7 * DAY, True),
        (unnamed(), 7 * DAY + 1, False),
        (unnamed(dated=False, received=True), 7 * DAY, True),
        (unnamed(dated=False, received=True), 7 * DAY + 1, False),
        (unnamed(dated=False), 15 * MINUTE, True),
        (unnamed(dated=False), 15 * MINUTE + 1, False),
        (unnamed(dated=False), -15 * MINUTE, True),
    ],
)
def test_a_mail_without_message_id_is_known_by_its_bytes_for_a_while(
    reading: Reading, later: int, again: bool
) -> None:
    assert bool(repeats(reading, reading, later)) is again


def test_other_bytes_without_message_id_are_another_mail() -> None:
    assert not repeats(unnamed(), unnamed(text="Hello!"))


def test_a_mail_is_not_its_own_duplicate() -> None:
    found = same.earlier(OLD, snapshot(remembered(OLD, key="second")), "second", START, Proof.CLAIMED)
    assert found == (None, "")


@pytest.mark.parametrize("make", [lambda: OLD, unnamed])
@pytest.mark.parametrize(
    ("was", "proof", "again"),
    [
        (Disposition.HELD, Proof.CLAIMED, True),
        (Disposition.HELD, Proof.AUTHENTICATED, False),
        (Disposition.HELD, Proof.TOKEN, False),
        (Disposition.AGENT_REPLY, Proof.TOKEN, True),
        (Disposition.NEW_TICKET, Proof.TOKEN, True),
        (Disposition.COMMAND, Proof.AUTHENTICATED, True),
    ],
)
def test_only_a_held_mail_is_decided_again_by_a_better_proven_copy(
    make: Callable[[], Reading], was: Disposition, proof: Proof, again: bool
) -> None:
    assert bool(repeats(make(), make(), proof=proof, was=was)) is again


def test_the_held_mail_that_a_better_copy_stands_in_for() -> None:
    held, done = remembered(OLD, Disposition.HELD, "held"), remembered(OLD, Disposition.COMMAND, "done")
    found = same.superseded(OLD, snapshot(held, done), "second", START)
    assert found == (held,)
    assert same.superseded(OLD, snapshot(held), "held", START) == (), (
        "a released mail does not replace itself"
    )
    other = a_text(["Quite another text."])
    assert same.superseded(other, snapshot(held), "second", START) == ()


@pytest.mark.parametrize("proof", [Proof.TOKEN, Proof.AUTHENTICATED])
def test_a_copy_of_a_held_mail_does_not_stand_in_its_way(proof: Proof) -> None:
    """It came twice without proof: one is held, the other its duplicate; nothing was carried out."""
    held = remembered(OLD, Disposition.HELD, "held")
    copy = remembered(OLD, Disposition.DUPLICATE, "copy")
    assert same.earlier(OLD, snapshot(held, copy), "third", START, proof) == (None, "")
    assert same.earlier(OLD, snapshot(held, copy), "third", START, Proof.CLAIMED)[0] is not None
    # The held one is released: only its copy is left among the decided mails.
    assert same.earlier(OLD, snapshot(copy), "held", START, proof) == (None, "")
    carried_out = replace(held, disposition=Disposition.AGENT_REPLY.value)
    assert same.earlier(OLD, snapshot(carried_out, copy), "third", START, proof)[0] == carried_out


def test_what_is_kept_of_a_mail() -> None:
    seen = remembered(with_files(b"two", b"one"))
    assert seen.sender == "jane@customer.example"
    assert len(seen.lines) == 20
    assert len(seen.attachments) == 2
    assert list(seen.attachments) == sorted(seen.attachments)
    assert (seen.received, seen.disposition, seen.ticket) == (START, "new-ticket", 482_913)


def test_lines_beyond_the_bound_still_count() -> None:
    long = [f"line {i}" for i in range(6_000)]
    assert repeats(a_text(long), a_text(long))
    assert not repeats(a_text([*long[:-1], "another end"]), a_text(long))
    assert len(a_text(long).lines) == 5_001
