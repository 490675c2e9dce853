"""Mailboxes on a real Dovecot, and desks that read them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RUN
from tests.desk import a_desk
from tests.imap.box import ENV, Box, Read
from tests.servers import dovecot as servers
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.proxy import Proxy


@pytest.fixture(scope="session")
def dovecot() -> Dovecot:
    """The IMAP server of this test run."""
    if servers.program() is None:
        pytest.skip("Dovecot is not installed (Debian: apt-get install dovecot-imapd)")
    return servers.shared(Path(os.environ[RUN]))


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    """A fresh mailbox."""
    return Box(dovecot)


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[Proxy]:
    """A way to the server that can be cut."""
    one = Proxy(dovecot.port)
    yield one
    one.close()


@pytest.fixture
def read(box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    """A desk for the mailbox. At the end nothing of it runs on."""
    monkeypatch.setenv(ENV, PASSWORD)
    before = set(threading.enumerate())
    with a_desk(tmp_path) as desk:
        one = Read(desk, box, box.server.port)
        yield one
        one.stop()
    assert set(threading.enumerate()) <= before


@pytest.fixture
def through(read: Read, proxy: Proxy) -> Callable[[], Read]:
    """The same desk, by way of the proxy."""

    def change() -> Read:
        read.port = proxy.port
        return read

    return change
