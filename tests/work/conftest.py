"""A desk whose loops run inline, and a ticket on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, a_desk, a_mail
from tests.servers.relay import FakeRelay, a_relay


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk on SQLite."""
    with a_desk(tmp_path) as one:
        yield one


@pytest.fixture
def number(desk: Desk) -> int:
    """Jane's ticket, opened and acknowledged."""
    found: int = desk.handle(a_mail())["ticket"]
    return found


@pytest.fixture
def relay() -> Iterator[FakeRelay]:
    """A relay of the tests, which takes mails by SMTP."""
    with a_relay() as found:
        yield found
