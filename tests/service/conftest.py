"""A desk as a service, and what plays its manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import fresh as fresh
from tests.service.systemd import Systemd


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Systemd]:
    """systemd."""
    found = Systemd(tmp_path / "notify")
    yield found
    found.socket.close()
