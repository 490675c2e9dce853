"""A backup takes its time: a slow disk may hold it up for minutes while its view of the store is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from maildesk.edges import backup_file
from maildesk.edges.backup_file import Manifest
from maildesk.store import db
from tests.cli.conftest import Desk
from tests.waiting import until

# The one view of the store that is open, and for how many milliseconds it has been silent.
SILENT = text(
    "SELECT extract(epoch FROM clock_timestamp() - state_change) * 1000 FROM pg_stat_activity"
    " WHERE datname = current_database() AND state = 'idle in transaction'"
)


def test_postgresql_ends_no_backup_that_is_held_up(
    fresh: Desk, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.edit("^url = .*", f'url = "{postgres_url}"')
    fresh.deliver()
    monkeypatch.setattr(db, "IDLE_MS", 100)
    real, there = backup_file.verify, list[bool]()

    def slowly(path: Path) -> Manifest:
        looked = db.Database(postgres_url)
        with looked.connect() as conn:
            # Long past the limit; a view that was ended is not there any more.
            until(lambda: (conn.execute(SILENT).scalar() or 1_000) >= 500)
            there.append(conn.execute(SILENT).scalar() is not None)
        looked.close()
        return real(path)

    monkeypatch.setattr(backup_file, "verify", slowly)
    assert "found whole" in fresh.ok("backup", str(tmp_path / "b.zip"))
    assert there == [True]
