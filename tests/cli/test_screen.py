"""What a stranger wrote does nothing to a terminal."""

from __future__ import annotations

import pytest

from maildesk.cli import screen
from maildesk.cli.screen import age, plain, table, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2J\x1b[1;1Hb", "ab"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07here", "here"),
        ("\x1b]8;;https://bad.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\x", "x"),
        ("\x1bcreset", "reset"),
        ("cut\x1b", "cut"),
        ("bell\x07 back\x08\x08 nul\x00", "bell back nul"),
        ("in\u202evoice\u2066x\u2069\u200e\u061c", "invoicex"),
        ("two\nlines\r\tand", "two lines  and"),
        ("line\u2028break", "line break"),
        ("a\u00a0b", "a b"),
        ("zero\u200bwidth\ufeff\U000e0041", "zerowidth"),
        ("half\ud800", "half\ufffd"),
        ("Grüße 日本 \U0001f469\u200d\U0001f4bb", "Grüße 日本 \U0001f469\u200d\U0001f4bb"),
        ("[bold]x[/bold] :smile:", "[bold]x[/bold] :smile:"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_plain_keeps_lines_where_asked() -> None:
    assert plain("a\r\nb\x1b[1A\rc\td", lines=True) == "a\nb\nc    d"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (119 * 60, "119 min"),
        (7200, "2 h"),
        (86_400, "24 h"),
        (3 * 86_400, "3 d"),
        (-5, "0 s"),
    ],
)
def test_age(seconds: int, shown: str) -> None:
    assert age(seconds * 1_000_000) == shown


def test_a_table_fits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "width", lambda: 40)
    table(
        ("number", "subject"),
        [("#482913", "日本語" * 20), ("#1", "[red]x\x1b[31m[/red]")],
        flexible=("subject",),
    )
    head, wide, short = capsys.readouterr().out.splitlines()
    assert head == "number   subject"
    assert wide.startswith("#482913  日本語")
    assert wide.endswith("…")
    assert len(wide) < 40
    assert short == "#1       [red]x[/red]"


def test_without_a_terminal_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table(("a", "b"), [("x", "y" * 500)], flexible=("b",))
    assert "y" * 500 in capsys.readouterr().out


def test_a_reason_is_told_to_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "width", lambda: 40)
    reason = "it was sent by a machine that nobody here has ever heard of"
    table(("hit", "because"), [("yes", reason), ("no", "short")], flexible=("because",), whole=True)
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(" ".join(lines[1:-1]).removeprefix("yes").split()) == reason
    assert lines[-1] == "no   short"
    assert all(len(line) <= 40 for line in lines)


def test_wide_letters_of_a_reason_are_not_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "width", lambda: 20)
    table(("hit", "because"), [("yes", "日本語" * 20)], flexible=("because",), whole=True)
    assert capsys.readouterr().out.count("日") == 20


def test_what_is_told_keeps_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence = "It fails DMARC, as mx.desk.example found: whoever sent it may not use this From. Nobody is asked of it."
    wrapped(sentence, indent=2)
    assert capsys.readouterr().out == f"  {sentence}\n", "in a pipe it is one line"
    monkeypatch.setattr(screen, "width", lambda: 40)
    wrapped(sentence, indent=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("  ") and len(line) <= 40 for line in lines)
    assert " ".join(line.strip() for line in lines) == sentence
