"""Commands: which lines are commands, what they ask for, and that nothing meant as one reaches a customer."""

from __future__ import annotations

import time

import pytest

from maildesk.core.commands import BY_WORD, COMMANDS, Effect, Parsed, has_command, parse
from maildesk.core.model import Status
from tests.core.given import POLICY, a_reading


def parsed(text: str) -> Parsed:
    return parse(text, POLICY)


def set_(text: str) -> list[tuple[str, object]]:
    """What the commands of a text set; fails if one is wrong."""
    found = parsed(text)
    assert not found.errors
    return [(effect.field, effect.value) for effect in found.effects]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("#priority high", "priority", "high"),
        ("#priority: high", "priority", "high"),
        ("#PRIORITY High", "priority", "high"),
        ("#Priority\tEMERGENCY  ", "priority", "emergency"),
        ("   #priority low", "priority", "low"),
        ("#topic printing", "topic", "printing"),
        ("#topic Invoices", "topic", "invoices"),
        ("#assign bob", "assignee", "bob"),
        ("#assign Bob", "assignee", "bob"),
        ("#assign bob@desk.example", "assignee", "bob"),
        ("#assign none", "assignee", ""),
        ("#status resolved", "status", Status.RESOLVED),
        ("#status Waiting-Customer", "status", Status.WAITING_CUSTOMER),
        ("#status wait", "status", Status.WAITING_CUSTOMER),
        ("#status solved", "status", Status.RESOLVED),
        ("#wait", "status", Status.WAITING_CUSTOMER),
        ("#pending", "status", Status.WAITING_CUSTOMER),
        ("#hold", "status", Status.WAITING_THIRD_PARTY),
        ("#progress", "status", Status.IN_PROGRESS),
        ("#open", "status", Status.IN_PROGRESS),
        ("#resolve", "status", Status.RESOLVED),
        ("#solved", "status", Status.RESOLVED),
        ("#close", "status", Status.CLOSED),
        ("#reopen", "status", Status.REOPENED),
    ],
)
def test_a_command_and_what_it_sets(line: str, field: str, value: object) -> None:
    found = parsed(line)
    assert found == Parsed("", (Effect(line.strip(), field, value),), ())
    assert not found.internal
    assert has_command(line)


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u200e", "\u2060", "\ufeff", "\u00a0", "\u00ad", "\u202d", "\t", "\u200b \ufeff"]
)
def test_invisible_marks_do_not_hide_a_command(mark: str) -> None:
    found = parsed(f"{mark}#note\nFor us alone.")
    assert found.internal
    assert found.text == "For us alone."
    assert has_command(f"Hello\n{mark}#note")


@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\ufeff", "\u00ad"])
def test_an_invisible_mark_after_the_hash_makes_no_text_of_a_command(mark: str) -> None:
    found = parsed(f"#{mark}note\nFor us alone.")
    assert found.internal or found.errors


@pytest.mark.parametrize(
    "text",
    [
        "#1 is broken, #2 works",
        "#1",
        "# x",
        "#",
        "#-",
        "# note",
        "see issue #priority",
        "C# note",
        "a #note in the middle of a line",
        "#!/bin/sh",
        "> #note",
    ],
)
def test_what_is_text(text: str) -> None:
    assert parsed(f"{text}\nMore.") == Parsed(f"{text}\nMore.", (), ())
    assert not has_command(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##note", "#note"),
        ("  ##note this", "  #note this"),
        ("###", "##"),
        ("##1", "#1"),
        ("Hello\n##priority high\nBye", "Hello\n#priority high\nBye"),
    ],
)
def test_two_hashes_are_text_with_one(text: str, shown: str) -> None:
    assert parsed(f"x\n{text}\nx") == Parsed(f"x\n{shown}\nx", (), ())
    assert not has_command(text)


@pytest.mark.parametrize(
    "text",
    [
        "#priority high\nTurn it off.\nThen on.",
        "Turn it off.\nThen on.\n#priority high",
        "\n\n#priority high\n\nTurn it off.\nThen on.\n\n",
        "Turn it off.\nThen on.\n\n#priority high\n\n\n",
        "Turn it off.\nThen on.\n\u00a0\n#priority high\n\u200b\n\ufeff",
    ],
)
def test_commands_stand_at_either_edge(text: str) -> None:
    assert parsed(text) == Parsed(
        "Turn it off.\nThen on.", (Effect("#priority high", "priority", "high"),), ()
    )


def test_several_commands_at_both_edges_are_carried_out_in_order() -> None:
    text = "#assign bob\n\n#topic printing\nTurn it off.\n#priority low\n\n#resolve"
    assert set_(text) == [
        ("assignee", "bob"), ("topic", "printing"), ("priority", "low"), ("status", Status.RESOLVED),
    ]  # fmt: skip
    assert parsed(text).text == "Turn it off."


def test_a_command_in_the_middle_stops_the_mail_and_says_what_to_do() -> None:
    found = parsed("Turn it off.\n#priority high\nThen on.")
    assert not found.effects
    (error,) = found.errors
    assert "first or the last lines" in error
    assert "##priority high" in error


def test_a_line_between_ends_the_edge() -> None:
    found = parsed("#priority high\nHello\n#wait\nBye\n#topic printing")
    assert [effect.field for effect in found.effects] == ["priority", "topic"]
    assert len(found.errors) == 1


@pytest.mark.parametrize("where", ["{}\nHello\nBye", "Hello\n{}\nBye", "Hello\nBye\n{}"])
def test_note_counts_on_any_line(where: str) -> None:
    found = parsed(where.format("#note"))
    assert found.internal
    assert (found.text, found.errors) == ("Hello\nBye", ())


def test_a_note_keeps_the_words_on_its_line() -> None:
    assert parsed("#note the customer is angry").text == "the customer is angry"
    assert parsed("#note: the customer is angry").internal
    assert parsed("#NOTE").internal


def test_a_note_does_not_save_a_wrong_command() -> None:
    found = parsed("#note\nHello\n#priorty high")
    assert found.errors


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("#priorty high", "#priority"),
        ("#prority high", "#priority"),
        ("#notes", "#note"),
        ("#resolved", "#resolve"),
        ("#closed", "#close"),
        ("#asign bob", "#assign"),
        ("#frobnicate", "there is no such command"),
        ("#note!", "#note"),
        ("#priority=high", "#priority"),
        ("#wait, please", "#wait"),
        ("#größe", "there is no such command"),
        ("#_note", "#note"),
        ("#no\u200bte", "#note"),
    ],
)
@pytest.mark.parametrize("where", ["{}\nHello", "Hello\n{}", "Hello\n{}\nBye"])
def test_an_unknown_word_stops_the_mail_wherever_it_stands(line: str, hint: str, where: str) -> None:
    found = parsed(where.format(line))
    assert not found.effects
    (error,) = found.errors
    assert hint in error
    assert has_command(line)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("#priority hgih", ["did you mean high?", "low, normal, high, emergency"]),
        ("#priority", ["the priority is missing", "low, normal, high, emergency"]),
        ("#topic printng", ["did you mean printing?", "printing, invoices"]),
        ("#assign boob", ["did you mean bob?", "alice, bob, none"]),
        ("#assign stranger@elsewhere.example", ["alice, bob, none"]),
        ("#status new", ["'new' is no status"]),
        ("#status assigned", ["'assigned' is no status"]),
        ("#status done", ["in-progress", "resolved"]),
        ("#resolve now", ["#resolve alone", "'now'"]),
        ("#close it", ["#close alone"]),
    ],
)
def test_a_wrong_word_after_a_command_is_answered_with_the_right_ones(line: str, words: list[str]) -> None:
    found = parsed(line)
    assert not found.effects
    for word in words:
        assert word in found.errors[0]
    assert found.errors[0].startswith(line)


def test_one_wrong_command_does_not_hide_the_right_ones() -> None:
    found = parsed("#priority high\n#topic nonsense\nHello")
    assert [effect.line for effect in found.effects] == ["#priority high"]
    assert len(found.errors) == 1


@pytest.mark.parametrize(
    "signature", ["Sent from my iPhone", "Gesendet von meinem Handy", "-- \nAlice Ames\nDesk"]
)
def test_a_command_above_a_signature_stands_on_the_last_line(signature: str) -> None:
    reading = a_reading(text=f"Turn it off.\n\n#resolve\n\n{signature}\n")
    assert set_(reading.new_text) == [("status", Status.RESOLVED)]
    assert parsed(reading.new_text).text == "Turn it off."


def test_a_command_in_an_html_mail() -> None:
    mail = (
        b"From: alice@desk.example\r\nTo: support@desk.example\r\nContent-Type: text/html\r\n\r\n"
        b"<div>#priority high</div><div><br></div><div>Turn it off.</div><div>#resolve<br></div>"
    )
    assert set_(a_reading(mail).new_text) == [("priority", "high"), ("status", Status.RESOLVED)]


def test_a_quoted_command_is_not_obeyed() -> None:
    reading = a_reading(text="Done.\n\nOn Monday, Jane wrote:\n> #close\n> thanks\n")
    assert parsed(reading.new_text) == Parsed("Done.", (), ())


PASSED_ON = [
    "-------- Forwarded Message --------\nSubject: Ink\nDate: Thu, 9 Jan 2020\nFrom: Eve <eve@x.example>",
    "Begin forwarded message:\n\nFrom: Eve <eve@x.example>\nSubject: Ink\nDate: 9 January 2020\nTo: a@x.example",
    "From: Eve <eve@x.example>\nSent: Thursday, 9 January 2020 10:00\nTo: Alice\nSubject: Ink",
]


@pytest.mark.parametrize("head", PASSED_ON)
@pytest.mark.parametrize("line", ["#resolve", "#public", "#assign bob", "#clsoe"])
def test_a_mail_that_is_passed_on_commands_nobody(head: str, line: str) -> None:
    mail = f"#priority low\nSee below.\n#wait\n\n{head}\n\nHello\n{line}\n"
    found = parsed(a_reading(text=mail, subject="Fwd: Ink").new_text)
    assert [effect.field for effect in found.effects] == ["priority", "status"]
    (error,) = found.errors
    assert error.startswith(
        f"{line}: it stands in the mail that you pass on. Move it above that mail, or write #{line}"
    )
    # Said twice it is text, and so is what resembles no command.
    for text in (f"#{line}", "#WeAreHiring"):
        found = parsed(a_reading(text=mail.replace(line, text), subject="Fwd: Ink").new_text)
        assert not found.errors
        assert found.text.endswith(f"Hello\n{text.replace('##', '#')}")


def test_below_very_many_lines_nothing_is_carried_out() -> None:
    found = parsed("#priority low\n" + "Hello\n" * 5_000 + "#resolve")
    assert [effect.field for effect in found.effects] == ["priority"]
    assert len(found.errors) == 1


def test_a_note_in_a_mail_that_is_passed_on_keeps_it_internal() -> None:
    assert parsed(a_reading(text=f"See.\n\n{PASSED_ON[0]}\n\n#note\nHello").new_text).internal


def test_a_mail_of_commands_alone_has_no_text() -> None:
    assert parsed("\n#wait\n\n#priority low\n").text == ""
    assert parsed("#wait\n\u200b\n\ufeff\u00a0").text == ""


def test_windows_line_ends_are_no_part_of_an_argument() -> None:
    assert set_(a_reading(text="#priority high\r\nHello\r\n").new_text) == [("priority", "high")]


def test_the_table_of_commands_has_each_word_once() -> None:
    words = [name for command in COMMANDS for name in command.names]
    assert sorted(words) == sorted(BY_WORD)
    assert all(word == word.lower() for word in words)
    for command in COMMANDS:
        assert command.help
        assert command.usage.startswith(f"#{command.names[0]}")
        assert has_command(command.usage)


def test_bombs_end_soon() -> None:
    started = time.process_time()
    found = parsed("\n".join(["#" + "x" * 200] * 2_000))
    assert time.process_time() - started < 5
    assert len(found.errors) == 2_000
