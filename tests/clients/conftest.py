"""A conversation that was held once for all tests of this folder, and mutt on a Maildir or on Dovecot."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import mutt
from tests.clients.conversation import Conversation, held
from tests.conftest import RUN
from tests.desk import a_desk
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot


@pytest.fixture(scope="session", autouse=True)
def _mutt() -> None:
    if mutt.program() is None:
        pytest.skip("mutt is not installed (Debian: apt-get install mutt)")


@pytest.fixture(scope="session")
def dovecot() -> Dovecot:
    """The Dovecot of this test run."""
    if dovecot_server.program() is None:
        pytest.skip("Dovecot is not installed (Debian: apt-get install dovecot-imapd)")
    return dovecot_server.shared(Path(os.environ[RUN]))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Conversation]:
    """What was said; nobody adds to it."""
    with a_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield held(desk)
