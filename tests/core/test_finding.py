"""Findings, as they are read."""

from __future__ import annotations

from maildesk.core.finding import fault, fine


def test_what_and_do_are_sentences() -> None:
    assert fine("wal", "the log has 0 MB").sentence == "the log has 0 MB."
    assert fault("nodes", "nobody runs", "Start it.").sentence == "nobody runs. Start it."
    told = fault("configuration", "there is no such key; did you mean 'name'?", "Mend it.").sentence
    assert told == "there is no such key; did you mean 'name'? Mend it."
