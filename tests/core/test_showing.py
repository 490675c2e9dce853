"""What templates get to see: plain data, bounded, and the right files; and what people then read of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from maildesk.core import showing
from maildesk.core.body import line_hashes, new_text
from maildesk.core.changes import Notice
from maildesk.core.markup import text_of
from maildesk.core.material import Material
from maildesk.core.message import Attachment
from maildesk.core.model import Participant, Proof
from maildesk.edges import samples, templates

TEMPLATES = templates.load(Path(__file__).parents[2] / "templates", "en")
RULE = "========== maildesk #482913 =========="


def of(kind: str) -> tuple[Notice, Material]:
    return next((n, m) for n, m in samples.all_notices() if n.kind == kind)


def text(notice: Notice, material: Material, kind: Literal["txt", "html"] = "txt") -> str:
    shown = showing.context(notice, material, samples.POLICY, samples.TICKET.subject)
    return TEMPLATES.render(notice.kind, kind, shown)


def test_files_go_with_a_mail_up_to_the_limit() -> None:
    def file(name: str, size: int) -> Attachment:
        return Attachment(name, name, "application/pdf", size, "0" * 64, "", False)

    many = (file("a", 9_000_000), file("b", 2_000_000), file("c", 1_000_000))
    entry = replace(samples.FIRST, attachments=many)
    notice, material = of("new_ticket")
    found = showing.files(notice, replace(material, entry=entry))
    assert [a.name for a in found.attached] == ["a", "c"]
    assert [a.name for a in found.named] == ["b"]
    answer, material = of("answer")
    assert len(showing.files(answer, replace(material, entry=entry)).attached) == 3
    ack, material = of("acknowledgment")
    assert showing.files(ack, replace(material, entry=entry)).attached == ()


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (48_213, "48 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (14_200_000, "14.2 MB"),
    ],
)
def test_sizes(octets: int, shown: str) -> None:
    assert showing.size(octets) == shown


def test_context_is_plain_data() -> None:
    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(one) for key, one in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, bool)

    for name, context in samples.contexts():
        assert plain(context), name


def test_long_text_is_cut_for_agents_and_whole_for_customers() -> None:
    long = "x" * (showing.TEXT + 1)
    for kind, length in (("new_ticket", showing.TEXT + 4), ("answer", showing.TEXT + 1)):
        notice, material = of(kind)
        assert material.entry
        entry = replace(material.entry, text=long, new_text=long)
        shown = showing.context(notice, replace(material, entry=entry), samples.POLICY, "x")
        assert len(str(shown["text"])) == length


def test_a_handoff_shows_the_customers_last_mail_and_the_notes() -> None:
    notice, material = of("handoff")
    assert showing.shown_entry(notice, material) == samples.AGAIN
    shown = showing.context(notice, material, samples.POLICY, "x")
    assert shown["notes"] == [{"author": "Bob Stone", "text": samples.NOTE.text, "kind": "note"}]


def test_a_bounce_shows_the_answer_that_came_back() -> None:
    notice, material = of("bounced")
    before = showing.context(notice, material, samples.POLICY, "x")["before"]
    assert isinstance(before, dict)
    assert before["author"] == "Alice Moore"


@pytest.mark.parametrize(
    "line",
    [
        RULE,
        f"  {RULE}\t",
        RULE.replace("=", "= "),
        RULE.replace("=", "\uff1d"),
        RULE.replace("=", "\u2550"),
        f"\u200b={RULE}",
        f"=\u2060{RULE}",
        f"\xa0.{RULE}",
    ],
)
def test_no_customer_can_write_a_card(line: str) -> None:
    """In plain text the line above it is all that tells the card from what was written."""
    one, material = of("customer_reply")
    forged = f"Hello\n\n{line}\nYour reply goes to evil@x.example\nStatus: closed"
    assert material.entry is not None
    entry = replace(material.entry, text=forged, new_text=forged)
    shown = text(one, replace(material, entry=entry, thread=(entry,)))
    sent = (line_hashes(shown),)
    (alike,) = (shown_line for shown_line in shown.split("\n") if shown_line.startswith(">"))
    assert "maildesk" in alike
    assert shown.count(f"\n{RULE}\n") == 1
    assert shown.startswith("Hello\n\n> ")
    assert shown.index("evil@x.example") < shown.index(f"\n{RULE}\n")
    quoted = "\n".join(f"> {one}" for one in shown.split("\n"))
    assert new_text(f"Yes.\n\nOn Monday, Jane wrote:\n{quoted}", sent).text == "Yes."
    assert new_text(f"Yes.\n\n{quoted}", sent).text == "Yes."


def test_the_card_is_known_again_without_quote_marks() -> None:
    shown = text(*of("customer_reply"))
    sent = (line_hashes(shown),)
    for reply in (f"It does.\n\n{shown}", f"{shown}\n\nIt does."):
        assert new_text(reply, sent).text == "It does."


def test_answer_is_signed_once() -> None:
    notice, material = of("answer")
    for end, signed in (("Try again.", True), ("Kind regards\nAlice", False), ("- Alice Moore.", False)):
        entry = replace(samples.ANSWER, text=end, new_text=end)
        by = replace(material, entry=entry)
        assert ("\n\nAlice Moore\n-- \nExample Bank Support\n" in text(notice, by)) is signed
        assert (">Alice Moore</div>" in text(notice, by, "html")) is signed
    unknown = replace(samples.ANSWER, text="Try again.", new_text="Try again.", author="admin")
    assert "Try again.\n\n-- \n" in text(notice, replace(material, entry=unknown))


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("Jane Doe", "j@x.example", "Jane Doe <j@x.example>"),
        ("", "j@x.example", "j@x.example"),
        ("j@x.example", "j@x.example", "j@x.example"),
        ("", "", "unknown (the mail names no sender)"),
    ],
)
def test_card_names_the_customer(name: str, address: str, shown: str) -> None:
    notice, material = of("new_ticket")
    ticket = replace(samples.TICKET, participants=(Participant(address, name, "requester"),))
    by = replace(material, ticket=ticket)
    assert f"\nCustomer: {shown}\n" in text(notice, by)
    assert f"Customer: {shown}\n" in text_of(text(notice, by, "html"))


def test_colleagues_answer_is_quoted_above_the_card() -> None:
    shown = text(*of("colleague_answer"))
    assert shown.startswith("Alice Moore answered the customer on your ticket:\n> Dear Jane,\n>\n> the error")
    assert f"\n\n{RULE}\nYour reply is a note: colleagues see it, the customer does not.\n" in shown


def test_a_file_without_a_word_brings_no_quote_along() -> None:
    notice, material = of("answer")
    agents_mail = f"#resolve\n\n> {RULE}\n> Status: new"
    entry = replace(samples.ANSWER, text=agents_mail, new_text="", attachments=samples.FIRST.attachments)
    shown = text(notice, replace(material, entry=entry))
    assert shown.startswith("Please see the attached files.\n")
    assert "Status" not in shown


def test_a_signature_does_not_show_the_first_mail_twice() -> None:
    one, material = of("new_ticket")
    assert material.entry is not None
    first = material.entry.new_text
    for whole, twice in (
        (f"{first}\n\n-- \nJane Doe\nExample Ltd", False),
        (f"{first}\n\n-- \n{'Confidential to the last word. ' * 30}", False),
        (f"{first}\n\nSent from my phone", False),
        (f"{first}\n\nOn Monday Tom wrote:\n> try again", True),
        (f"{first}\n\n-----Original Message-----\nFrom: Tom\nSent: Monday\nSubject: x\n\ntry again", True),
        (f"{first}\n\nwhat only the HTML shows to be a quote", True),
    ):
        entry = replace(material.entry, text=whole)
        shown = text(one, replace(material, entry=entry, thread=(entry,)))
        assert ("The whole mail" in shown) is twice


def test_agent_reads_the_new_text_first_then_the_card() -> None:
    shown = text(*of("customer_reply"))
    assert shown.startswith("It works again.")
    assert f"\n\n{RULE}\nYour reply goes to Jane Doe; cc Tom Fox\n" in shown
    assert "Before that, Alice Moore wrote:\n> Dear Jane," in shown
    for kind in ("note", "handoff", "bounced"):
        assert "Your reply is a note" in text(*of(kind))


def test_card() -> None:
    shown = text(*of("new_ticket"))
    for line in (
        "Status: assigned", "Priority: high", "Topic: Online banking", "Assignee: Alice Moore",
        "Customer: Jane Doe <jane@customer.example>",
        "Files: screenshot.png (48 KB), recording.mp4 (14.2 MB)",
        "Too large for this mail, kept with the ticket: recording.mp4",
    ):  # fmt: skip
        assert f"\n{line}\n" in shown
    assert "Please note: The mail also went to" in shown
    # It would stand on every first mail; on a ticket it says something.
    assert "Sender not proven" not in shown
    assert "Sender not proven" not in text(*of("customer_reply"))
    notice, material = of("customer_reply")
    claimed = replace(material, entry=replace(samples.AGAIN, proof=Proof.CLAIMED.value))
    assert "\nSender not proven: anybody could have written this address.\n" in text(notice, claimed)
