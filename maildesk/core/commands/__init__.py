"""The commands of agents. To add one, copy a file of this folder and add its name to the table below."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

import regex

from maildesk.core import quotes
from maildesk.core.commands import assign, note, priority, public, status, topic
from maildesk.core.commands.command import Command, Effect
from maildesk.core.policy import Policy

COMMANDS: tuple[Command, ...] = (
    *note.COMMANDS,
    *public.COMMANDS,
    *priority.COMMANDS,
    *topic.COMMANDS,
    *status.COMMANDS,
    *assign.COMMANDS,
)

BY_WORD = {name: command for command in COMMANDS for name in command.names}

# "#" before a digit or a space is text, "##" escapes. White space and invisible marks around "#" do not hide it:
# editors and messengers leave such marks.
_LINE = regex.compile(r"^[\s\p{Cf}]*(?:[-*•·]\s*)?[#＃﹟]\p{Cf}*([^\W\d_][\w-]*):?(?:\s+(.*))?$")
_HASH_WORD = regex.compile(r"^[\s\p{Cf}]*(?:[-*•·]\s*)?[#＃﹟]\p{Cf}*[^\W\d]")
_NOTE = regex.compile(r"^[\s\p{Cf}]*(?:[-*•·]\s*)?[#＃﹟]\p{Cf}*note[\s\p{Cf}:.]*$", regex.IGNORECASE)
_BLANK = regex.compile(r"[\s\p{Cf}]*")
_NEAR = 0.75
_MOST_LINES = 5_000
_ESCAPE = regex.compile(r"^([\s\p{Cf}]*)##")


@dataclass(frozen=True, slots=True)
class Parsed:
    """An agent's text apart: what people read, what the commands ask for, and what could not be understood."""

    text: str
    effects: tuple[Effect, ...]
    errors: tuple[str, ...]

    @property
    def internal(self) -> bool:
        """Whether nothing of this mail goes to a customer."""
        return any(effect.internal for effect in self.effects)

    @property
    def public(self) -> bool:
        """Whether it is meant for the customer, whatever it answers."""
        return any(effect.public for effect in self.effects)


def has_command(text: str) -> bool:
    """Whether any line starts like a command."""
    return any(_HASH_WORD.match(line) for line in text.split("\n"))


def says_note(text: str) -> bool:
    """Whether `#note` stands alone on any line of a whole mail, also below a signature or a separator.

    A note too many costs a glance; a note that reaches a customer cannot be taken back.
    """
    return any(_NOTE.match(line) for line in text.split("\n"))


def strays(lines: Iterable[str]) -> tuple[str, ...]:
    """The errors of commands that stand below a signature or a separator, where they are not carried out.

    A hashtag that resembles no command ("#WeAreHiring") is part of a signature. `#note` alone on its line is none:
    see `says_note`.
    """
    return tuple(
        f"{line.strip()}: it stands below the signature or the quoted mail. Move it to the first or the last lines of"
        f" your text, or write #{line.strip()} if it is meant as text."
        for line in lines
        if not _NOTE.match(line) and _resembles(line)
    )


def _resembles(line: str) -> bool:
    found = _LINE.match(line)
    word = found[1].lower() if found else line.strip().lstrip("#").lower()
    return bool(difflib.get_close_matches(word, BY_WORD, n=1, cutoff=_NEAR))


def _effect(line: str, policy: Policy) -> Effect:
    found = _LINE.match(line)
    word, argument = (found[1].lower(), (found[2] or "").strip()) if found else (line.strip().lstrip("#"), "")
    command = BY_WORD.get(word)
    if command is None:
        near = difflib.get_close_matches(word, BY_WORD, n=2)
        hint = f"did you mean {' or '.join('#' + n for n in near)}?" if near else "there is no such command."
        raise ValueError(f"{hint} (Write ##{word} if it is meant as text.)")
    return command.parse(argument, line.strip(), policy)


def parse(text: str, policy: Policy) -> Parsed:
    """Takes the command lines out of the first and last lines of `text`.

    A line elsewhere that starts with `#word` is an error, and so is an unknown word: nothing meant as a command
    reaches a customer. `#note` counts on any line. What stands in a mail that the text passes on was written by
    somebody else, so nothing else there is carried out, and what resembles no command there is text.
    """
    lines = text.split("\n")
    hashed = {i for i, line in enumerate(lines) if _HASH_WORD.match(line)}
    # Nobody writes more lines than are looked at: what stands below them may as well be somebody else's.
    end = quotes.passed_on(lines, _MOST_LINES) if hashed else None
    end = min(len(lines), _MOST_LINES) if end is None else end
    hashed -= {i for i in hashed if i >= end and not _resembles(lines[i])}
    blank = {i for i, line in enumerate(lines) if _BLANK.fullmatch(line)}
    edge: set[int] = set()
    for order in (range(end), range(end - 1, -1, -1)):
        for i in order:
            if i not in hashed and i not in blank:
                break
            edge.add(i)
    effects, errors, kept = [], [], []
    for i, line in enumerate(lines):
        if i not in hashed:
            kept.append(_ESCAPE.sub(r"\1#", line))
            continue
        shown = line.strip()
        if i >= end and not _NOTE.match(line):
            errors.append(
                f"{shown}: it stands in the mail that you pass on. Move it above that mail, or write #{shown} if it is"
                " meant as text."
            )
            continue
        try:
            effect = _effect(line, policy)
        except ValueError as error:
            errors.append(f"{shown}: {error}")
            continue
        if effect.internal:
            found = _LINE.match(line)
            kept.extend([found[2]] if found and found[2] else [])
        elif i not in edge:
            errors.append(
                f"{shown}: commands stand on the first or the last lines. Move it there, "
                f"or write #{shown} if it is meant as text."
            )
            continue
        effects.append(effect)
    if any(effect.internal for effect in effects) and any(effect.public for effect in effects):
        errors.append("#note and #public contradict each other: delete one of them.")
    # A text of invisible marks alone is no text: nothing of it is sent on.
    filled = [i for i, line in enumerate(kept) if not _BLANK.fullmatch(line)]
    said = kept[filled[0] : filled[-1] + 1] if filled else []
    return Parsed("\n".join(said).strip(), tuple(effects), tuple(errors))


__all__ = [
    "BY_WORD",
    "COMMANDS",
    "Command",
    "Effect",
    "Parsed",
    "has_command",
    "parse",
    "says_note",
    "strays",
]
