"""Where the daemon's own socket is, told without reading the rest of the configuration: a pipe must start fast."""

from __future__ import annotations

import tomllib
from pathlib import Path

SOCKET = "run/deliver.sock"
"""Where it is if maildesk.toml does not say."""


def socket(config: Path) -> Path | None:
    """The path of the socket of `maildesk deliver`, None where there is none.

    It is also None where maildesk.toml cannot be read or is wrong: who loads all of it says why.
    """
    try:
        data = tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    table = data.get("deliver", {})
    named = table.get("socket", SOCKET) if isinstance(table, dict) else ""
    return config.absolute().parent / named if isinstance(named, str) and named else None
