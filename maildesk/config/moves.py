"""The page on statuses, drawn from the one table of moves: `python -m maildesk.config.moves > docs/statuses.md`."""

from __future__ import annotations

from maildesk.core.fields import STATUS_WORDS
from maildesk.core.model import Move, Status, moved

_HEAD = """\
# Statuses

Where a ticket stands, and what moves it by itself. An agent's `#status` and its words move it from any status to
theirs. After the reopen window a customer's reply to a closed ticket opens a linked follow-up instead.

This page is made from the code: `python -m maildesk.config.moves > docs/statuses.md`.
"""


def page() -> str:
    """The text of docs/statuses.md."""
    lines = [_HEAD, "| status | words | " + " | ".join(move.value for move in Move) + " |"]
    lines.append("|---" * (2 + len(Move)) + "|")
    for status in Status:
        words = " ".join(f"`#{word}`" for word, target in STATUS_WORDS.items() if target is status)
        cells = [after.value if (after := moved(status, move)) is not status else "stays" for move in Move]
        lines.append(f"| **{status.value}** | {words or '-'} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
