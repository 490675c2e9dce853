"""Plays the dialogs of this folder; one that tells it wrong must fail, with the line at which it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dialogs.dialog import Failed, play, steps

FOLDER = Path(__file__).parent
DIALOGS = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", DIALOGS, ids=[path.stem for path in DIALOGS])
def test_dialog(path: Path, tmp_path: Path) -> None:
    play(path, tmp_path)


OPENED = """\
jane writes to support: My printer is broken
    It prints nothing.
jane <- acknowledgment: My printer is broken [#N]
alice <- new_ticket
bob <- new_ticket
"""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", ""),
        ("jane <- acknowledgment", "no such mail went out"),
        ("the mail is reply", "it is new-ticket"),
        ("its reason: the moon", "the reason is: Nothing in it names a ticket."),
        ("ticket N: status=closed", "status is 'new'"),
        ("entries N: customer, note", "they are: customer"),
        ("jane says hello", "no step of a dialog"),
        ("the mail is released", "it is not held"),
        ("tom answers acknowledgment", "tom never got acknowledgment"),
        ("alice answers new_ticket\n    Off and on.", "does not name"),
        ("alice answers new_ticket\n    Off and on.\njane <- answer: nonsense", "its subject is"),
        ("alice answers new_ticket\n    Off and on.\njane <- answer\n    + nonsense", "its text is"),
        ("alice answers new_ticket\n    Off and on.\njane <- answer\n    - Off and on.", "its text is"),
        ("alice answers new_ticket\n    Off and on.\njane <- answer\n    + Off and on.", ""),
    ],
)
def test_a_dialog_that_tells_it_wrong_fails(more: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "told.txt"
    path.write_text(OPENED + more + "\n")
    (tmp_path / "desk").mkdir()
    if not words:
        play(path, tmp_path / "desk")
        return
    with pytest.raises(Failed) as failed:
        play(path, tmp_path / "desk")
    assert words in str(failed.value)
    assert str(failed.value).startswith("told.txt:")


def test_steps() -> None:
    found = steps("; a remark\na step\n    below\n\n      deeper\n\nanother\n")
    assert [(step.line, step.text, step.below) for step in found] == [
        (2, "a step", ("below", "", "  deeper", "")), (7, "another", ("",)),
    ]  # fmt: skip
