"""The kill test's stories, made once per test process and database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.edges import templates
from maildesk.work.live import Live
from tests.crash import story
from tests.crash.life import Scene, Step, a_life, dry_run
from tests.crash.place import NODE, Place
from tests.desk import ROOT, a_desk, a_policy


class Theatre:
    """All scenes on one database, each played undisturbed when it is first asked for."""

    def __init__(self, place: Place) -> None:
        self.place = place
        with a_desk(place.folder, place.url, NODE) as desk:
            story.before(desk)
            self.kinds, self.fifty = story.all_kinds(desk), story.fifty(desk)
        self.first = place.rows()
        # What this process has done once, its children do fast.
        a_life(place, Step("warm-up", self.kinds))
        self._scenes: dict[str, Scene] = {}

    def scene(self, name: str) -> Scene:
        """The scene of this name, and before it those that lead to it."""
        if name not in self._scenes:
            steps = self._steps()
            step, after = steps[name]
            self._scenes[name] = dry_run(self.place, step, self.scene(after).after if after else self.first)
        return self._scenes[name]

    def _steps(self) -> dict[str, tuple[Step, str]]:
        """Each step, and the one after which it is played."""
        fifty = self.fifty
        steps = {
            "opening": (Step("opening", from_the_start=True), ""),
            "accepting fifty": (Step("accepting fifty", fifty, loops=(), together=True), ""),
            "deciding fifty": (Step("deciding fifty", fifty, ("inbound",), True), "accepting fifty"),
            "sending fifty": (Step("sending fifty", fifty, ("outbound",), True), "deciding fifty"),
            "fifty": (Step("fifty", fifty, together=True), ""),
        }
        last = ""
        for mail in self.kinds:
            steps[mail.name] = (Step(mail.name, [mail]), last)
            last = mail.name
        return steps


@pytest.fixture(scope="session")
def live() -> Live:
    """The desk's configuration."""
    return Live(a_policy(), templates.load(ROOT / "templates", "en"), "test")


@pytest.fixture(scope="session")
def sqlite_theatre(tmp_path_factory: pytest.TempPathFactory, live: Live) -> Theatre:
    """The scenes on SQLite."""
    folder = tmp_path_factory.mktemp("killed")
    return Theatre(Place(f"sqlite:///{folder}/desk.db", folder, live))


@pytest.fixture(scope="session")
def postgres_theatre(
    tmp_path_factory: pytest.TempPathFactory, live: Live, request: pytest.FixtureRequest
) -> Iterator[Theatre]:
    """The scenes on PostgreSQL."""
    cluster = request.getfixturevalue("postgres_cluster")
    folder: Path = tmp_path_factory.mktemp("killed")
    with cluster.database() as url:
        place = Place(url, folder, live)
        yield Theatre(place)
        place.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def theatre(request: pytest.FixtureRequest) -> Theatre:
    """The scenes, on each database."""
    name = "sqlite_theatre" if request.param == "sqlite" else "postgres_theatre"
    found: Theatre = request.getfixturevalue(name)
    return found
