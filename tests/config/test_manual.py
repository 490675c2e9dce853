"""docs/configuration.md is what the models say."""

from __future__ import annotations

from pathlib import Path

from maildesk.config.manual import manual

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == manual(), (
        "run: python -m maildesk.config.manual > docs/configuration.md"
    )


def test_every_row_says_something() -> None:
    rows = [line for line in manual().splitlines() if line.startswith("| `")]
    assert len(rows) > 50
    for row in rows:
        assert all(cell.strip() not in ("", "None") for cell in row.strip("|").split(" | ")), row
        assert "Undefined" not in row
