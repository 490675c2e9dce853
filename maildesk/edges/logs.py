"""The log's way out: to standard error or a file, as lines for people or as JSON for programs.

Whatever strangers wrote, an event is one line of JSON, or a line of text and below it the indented lines of its
traceback; neither holds a control character.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from maildesk.config.settings import Log
from maildesk.log import IDS, printable


class CannotLog(OSError):
    """The log file cannot be opened; the sentence says what to do."""


class Text(logging.Formatter):
    """A line for people; a traceback follows indented, so that nothing in it looks like a line of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """The line."""
        return printable(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The lines of a traceback."""
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).splitlines())


class Json(logging.Formatter):
    """One object a line: time (UTC), level, ids of what it is about, the event's name, the message, a traceback."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        ids: Mapping[str, Any] = getattr(record, IDS, {})
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "node": self._node,
        }
        entry |= {name: printable(value) if isinstance(value, str) else value for name, value in ids.items()}
        # A business event is named by its function in maildesk.log; other lines by who wrote them.
        entry["event"] = record.funcName if record.name == "maildesk" else record.name
        entry["message"] = printable(record.getMessage())
        if record.exc_info:
            lines = self.formatException(record.exc_info).splitlines()
            entry["traceback"] = "\n".join(map(printable, lines))
        return json.dumps(entry, ensure_ascii=False)


class File(WatchedFileHandler):
    """A file that is opened anew when it was renamed or deleted. Trouble with it never reaches who logs: it is told
    on standard error, and a mail is not refused for it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def start(log: Log, node: str, level: str = "") -> None:
    """From here on everything is logged as `log` says, or from `level` on if that is given. Raises CannotLog."""
    chosen = (level or log.level).upper()
    handler = _file(Path(log.file)) if log.file else logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json(node) if log.format == "json" else Text())
    logging.basicConfig(level=chosen, handlers=[handler], force=True)


def _file(path: Path) -> File:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return File(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotLog(
            f"the log cannot be written to {path}: {reason}; name another file in [log], or give this one to the user "
            "who runs maildesk"
        ) from error
