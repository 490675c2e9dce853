"""The kill test: a desk dies at a point of its work, and nothing is lost and nothing doubled.

A short run kills at every COMMIT and every send, and at some of the other points; with MAILDESK_LONG=1 it
kills at all of them.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import pytest

from tests.crash.conftest import Theatre
from tests.crash.killpoints import musts
from tests.crash.life import killed_at

LONG = bool(os.environ.get("MAILDESK_LONG"))
SAMPLE = 3
"""Points of a scene that a short run adds to COMMITs and sends."""
CHUNKS = {"accepting fifty": 3, "deciding fifty": 2, "sending fifty": 6, "fifty": 2}
WHOLE = 6
"""Points of the scene with fifty mails from end to end, whose parts have scenes of their own."""
ALONE = (
    "opening", "new 1", "reply", "agent reply", "stopped", "held", "release", "poison", "pipe", "variant", "bounce",
    "auto-reply", "without Message-ID",
)  # fmt: skip


def chosen(name: str, labels: Sequence[str]) -> list[int]:
    """The points at which a scene is killed."""
    chance = random.Random(name)
    everywhere = range(len(labels))
    if name == "fifty":
        return sorted(chance.sample(everywhere, WHOLE))
    if LONG:
        return list(everywhere)
    must = musts(labels)
    others = [n for n in everywhere if n not in must]
    return sorted([*must, *chance.sample(others, min(SAMPLE, len(others)))])


@pytest.mark.parametrize(
    ("name", "chunk"), [(name, chunk) for name in (*ALONE, *CHUNKS) for chunk in range(CHUNKS.get(name, 1))]
)
def test_a_killed_desk_loses_and_doubles_nothing(theatre: Theatre, name: str, chunk: int) -> None:
    scene = theatre.scene(name)
    wrong = [
        (point, scene.points[point], problems)
        for point in chosen(name, scene.points)[chunk :: CHUNKS.get(name, 1)]
        if (problems := killed_at(theatre.place, scene, point))
    ]
    assert not wrong


def test_each_mail_of_the_story_has_its_disposition(theatre: Theatre) -> None:
    for names, mails in (("without Message-ID", theatre.kinds), ("fifty", theatre.fifty)):
        rows = theatre.scene(names).after["inbox"]
        released = names == "without Message-ID"
        assert rows[2]["disposition"] == ("agent-reply" if released else "held")
        for mail in mails:
            (row,) = (row for row in rows[3:] if (row["sha256"], row["channel"]) == mail.mark)
            assert row["disposition"] == mail.disposition, mail.name
