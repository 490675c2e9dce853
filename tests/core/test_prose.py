"""The parts of a report in words: its own text, the lists in it, and the mail that it returns."""

import pytest

from maildesk.core.prose import announced, named, near, own_text, returned

MAIL = "Received: by x\nMessage-ID: <m1@desk.example>\nFrom: a@desk.example\nTo: jane@shop.example\nSubject: x\n\nHi\n"
REPORT = "Your mail failed, and this is what it was.\n\n"


@pytest.mark.parametrize(
    "mark", ["--- Below this line is a copy of the message.\n\n", "------ Original message\n", ""]
)
def test_own_text_ends_where_the_mail_begins(mark: str) -> None:
    assert own_text(REPORT + mark + MAIL) == REPORT


def test_what_the_report_is_about_is_its_own() -> None:
    text = f"{REPORT}{MAIL}It did not reach the following recipients:\n\n  bob@shop.example\n"
    assert own_text(text) == text
    before = "It did not reach the following recipients:\n\n  bob@shop.example\n\n"
    assert own_text(before + text) == before + REPORT


@pytest.mark.parametrize("indent", ["", "> ", "   ", "\t", "| "])
def test_a_mail_returned_as_text(indent: str) -> None:
    quoted = "".join(f"{indent}{line}\n" for line in MAIL.splitlines())
    found = returned(f"{REPORT}{quoted}", len(REPORT))
    assert found is not None
    assert (found.header("message-id"), found.header("to")) == ("<m1@desk.example>", "jane@shop.example")
    assert returned(REPORT, 0) is None


def test_an_announcement_without_a_list_announces_nobody() -> None:
    told = "It could not be delivered to one or more recipients.\n"
    assert announced(f"{told}\n<jane@shop.example>\nbob@shop.example is full\n") == [
        "jane@shop.example",
        "bob@shop.example",
    ]
    assert announced(told + "It is a pity.\n" * 40 + "help@provider.example\n") == []


@pytest.mark.parametrize(
    "passage", ["<jane@shop.example>: full", "Jane@Shop.Example is full", '"jane@shop.example": x']
)
def test_the_passage_near_a_recipient(passage: str) -> None:
    assert near(f"Sorry. {passage}", "jane@shop.example") == passage
    assert near(passage, "jane@shop.example") == passage
    assert near(passage, "bob@shop.example") == passage


def test_the_passage_ends_where_that_of_another_begins() -> None:
    text = "<jane@shop.example>:\nunknown\n\n<bob@shop.example>:\nfull\n"
    assert near(text, "jane@shop.example", ("bob@shop.example",)) == "<jane@shop.example>:\nunknown\n"
    assert near(text, "bob@shop.example") == "<bob@shop.example>:\nfull\n"
    bare = "<jane@shop.example>\n<bob@shop.example>\n\nAre unknown.\n"
    assert near(bare, "jane@shop.example", ("bob@shop.example",)) == bare
    one_line = "jane@shop.example and bob@shop.example are unknown.\n"
    assert near(one_line, "jane@shop.example", ("bob@shop.example",)) == one_line


def test_whom_one_may_ask_did_not_fail() -> None:
    assert named("The mail was sent to jane@shop.example.") == ["jane@shop.example"]
    assert named("For assistance, a mail may be sent to help@provider.example.") == []
