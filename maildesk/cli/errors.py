"""The one place that turns exceptions into sentences and exit codes.

0 fine, 1 the answer is "no", 2 wrong usage, 75 try again.
"""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

NO = 1
AGAIN = 75
TRACEBACK = "MAILDESK_TRACEBACK"


class No(Exception):
    """The answer is "no": not found, not allowed, not possible; the sentence says what to do."""


class Again(Exception):
    """It may work later, and the caller should keep what it has until then."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person reads about an error, and the exit code."""

    sentence: str
    code: int


class Sentences(TyperGroup):
    """The group of all commands. Whatever a command raises ends as a sentence on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            # What is wrong with an argument is said with the argument, and a script may hand over a stranger's.
            error.message = _fit(error.message)
            raise
        except (typer.Exit, typer.Abort, EOFError, BrokenPipeError):
            raise  # typer's own ways to end
        except Exception as error:
            if os.environ.get(TRACEBACK):
                traceback.print_exception(error)
            told = tell(error)
            print(told.sentence, file=sys.stderr)
            raise typer.Exit(told.code) from error


def tell(error: Exception) -> Told:
    """The sentence and the exit code for an exception."""
    if isinstance(error, No):
        return Told(_sentence(_fit(str(error))), NO)
    if isinstance(error, Again):
        return Told(_sentence(_fit(str(error))), AGAIN)
    return _of_the_desk(error)


def _of_the_desk(error: Exception) -> Told:
    # Imported only now, so that commands which need no desk start fast.
    from maildesk import log
    from maildesk.cli.screen import plain
    from maildesk.config.scaffold import InitError
    from maildesk.configured import BROKEN
    from maildesk.core.decide import Refused
    from maildesk.edges.backup_file import BadBackup
    from maildesk.edges.intakes.smtp import CannotListen
    from maildesk.edges.logs import CannotLog
    from maildesk.store.db import StoreError, operational
    from maildesk.store.writer import Busy

    if isinstance(error, BROKEN):
        return Told(plain("\n".join(map(str, error.problems)), lines=True), NO)
    if isinstance(error, (InitError, Refused, StoreError, CannotListen, CannotLog, BadBackup)):
        return Told(_sentence(plain(error)), NO)
    if isinstance(error, Busy) or operational(error):
        return Told(_sentence(plain(log.told(error))), AGAIN)
    kind = type(error).__name__
    shown = plain(log.reason(error))
    return Told(f"maildesk itself failed: {kind}: {shown} (set {TRACEBACK}=1 to see where).", NO)


def _fit(text: str) -> str:
    """Whatever is in it, fit for a terminal."""
    from maildesk.cli.screen import plain

    return plain(text, lines=True)


def _sentence(text: str) -> str:
    """A sentence with its capital and its full stop; a file's name at the start stays as it is."""
    first = text.partition(" ")[0]
    if first.isalpha() and first != "maildesk":
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", ".)", "?", "!")) else f"{text}."
