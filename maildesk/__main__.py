"""The command `maildesk`, and `python -m maildesk`."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Runs the command line and exits with its status."""
    from maildesk.cli import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows only some letters gets marks for the others, not an error.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="maildesk")


if __name__ == "__main__":
    main()
