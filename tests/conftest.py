"""Databases for every test, and the rule that a machine meant to run all tests skips none.

`database_url` runs a test once on SQLite and once on PostgreSQL; `postgres_url` on PostgreSQL alone. Both
give a fresh, empty database. Where PostgreSQL is not installed such a test is skipped with that reason,
unless MAILDESK_NO_SKIPS is set: then every skip in the run is a failure.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import postgres

# A machine that is busy with other things makes no text a wrong one.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

RUN = "MAILDESK_TEST_RUN"
"""The environment variable by which the test processes of one run find their common directory."""

_lead = pytest.StashKey[tuple[Path, IO[bytes]]]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the leading process, not one of xdist's workers
        run = postgres.new_run()
        config.stash[_lead] = (run, postgres.lead(run))
        os.environ[RUN] = str(run)


def pytest_unconfigure(config: pytest.Config) -> None:
    led = config.stash.get(_lead, None)
    if led is not None:
        postgres.stop(*led)


@pytest.fixture(scope="session")
def postgres_cluster() -> postgres.Cluster:
    """The PostgreSQL server of this test run."""
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return postgres.shared(Path(os.environ[RUN]))


@pytest.fixture
def postgres_url(postgres_cluster: postgres.Cluster) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty PostgreSQL database."""
    with postgres_cluster.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy URL of a fresh, empty database; the test runs on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/desk.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skip while a test is set up or runs; an expected failure is no skip."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skip of a whole file."""
    report = yield
    if report.skipped:
        _refuse_skip(report)
    return report


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("MAILDESK_NO_SKIPS"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"MAILDESK_NO_SKIPS is set, and this was skipped: {reason}"
