"""SMTP intakes on loopback and their clients."""

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maildesk.edges.intakes.smtp import SmtpIntake
from tests.edges.intakes.wire import Desk, Wire
from tests.waiting import until


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def serve(desk: Desk) -> Iterator[Callable[..., SmtpIntake]]:
    """Starts intakes, and at the end sees that nothing of them is left."""
    before = set(threading.enumerate())
    intakes: list[SmtpIntake] = []

    def start(
        listen: str = "127.0.0.1:0",
        known: Callable[[str], bool] = lambda address: address.endswith("@desk.example"),
        mail_bytes: int = 1_000_000,
        **options: Any,
    ) -> SmtpIntake:
        intake = SmtpIntake(listen, "desk.example", desk.accept, known, lambda: mail_bytes, **options)
        intakes.append(intake)
        intake.start()
        return intake

    yield start
    if desk.gate:
        desk.gate.set()
    for intake in intakes:
        intake.stop(0)
    gc.collect()  # whatever was left open warns now, and a warning is an error
    until(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def wire() -> Iterator[Callable[[SmtpIntake], Wire]]:
    wires: list[Wire] = []

    def connect(intake: SmtpIntake) -> Wire:
        wires.append(Wire(intake._socket or intake.port))
        return wires[-1]

    yield connect
    for one in wires:
        one.close()
