"""Planted faults: each in a healthy desk, each found as exactly what it is, each with what to do about it."""

from __future__ import annotations

import sqlite3

import pytest

from maildesk.doctor.table import CHECKS
from maildesk.store import alarms
from tests.doctor.conftest import Healthy
from tests.doctor.plants import PLANTS, Plant, flipped_raw


def test_a_healthy_desk_has_no_findings(healthy: Healthy) -> None:
    assert healthy.findings("--deep", "--online") == []
    told = healthy.run("doctor")
    assert told.exit_code == 0
    assert told.stdout.endswith("\n0 faults, 0 warnings.\n")
    for looked in ("chains: the history of every ticket is as it was", "SPF record: v=spf1 mx -all"):
        assert looked in told.stdout


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_it_is_found_and_told_what_to_do(healthy: Healthy, plant: Plant) -> None:
    plant.plant(healthy)
    [found] = healthy.findings(*plant.options)
    assert (found["check"], found["level"]) == (plant.check, plant.level)
    assert plant.what in found["what"], found
    assert plant.do in found["do"], found
    assert found["do"].endswith((".", ".)"))


def test_there_are_enough_of_them() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 30
    # A disk that can hold no more files is only played.
    assert {plant.check for plant in PLANTS} == {check.name for check in CHECKS} - {"files"}


def test_faults_come_first_and_end_with_1(healthy: Healthy) -> None:
    (healthy.folder / "relay-password").chmod(0o644)
    flipped_raw(healthy)
    healthy.run("pause", "all")
    told = healthy.run("doctor")
    assert told.exit_code == 1
    labels = [line.split()[0] for line in told.stdout.splitlines() if line and not line.startswith(" ")]
    assert labels[:4] == ["FAULT", "FAULT", "warning", "fine"]
    assert told.stdout.endswith("\n2 faults, 1 warning.\n")


def test_an_alarm_that_does_not_hold_any_more_is_no_fault(healthy: Healthy) -> None:
    def noted(name: str, sentence: str) -> None:
        report = {name: sentence}
        healthy.app.store.write("work", lambda conn: alarms.report(conn, report, "main", healthy.app.clock()))

    noted("held:20", "20 mails are held; see `maildesk held list`.")
    assert healthy.findings() == []
    noted("relay:other", "The node other sends nothing; see its log.")
    assert [one["check"] for one in healthy.findings()] == ["conditions"], "what only a daemon sees is told"


def test_a_door_without_any_mail_is_no_proof_of_anything(healthy: Healthy) -> None:
    healthy.append('\n[[lmtp]]\nauthserv_id = "mx.desk.example"\n', heed=False)
    assert "no mail by LMTP has come yet" in " ".join(healthy.run("doctor").stdout.split())


def test_it_changes_nothing(healthy: Healthy) -> None:
    def picture() -> list[str]:
        conn = sqlite3.connect(healthy.folder / "var/maildesk.db")
        try:
            return [line for line in conn.iterdump() if not line.startswith('INSERT INTO "node"')]
        finally:
            conn.close()

    before = picture()
    healthy.run("doctor", "--deep", "--online")
    assert picture() == before
    assert healthy.relay.taken == []
