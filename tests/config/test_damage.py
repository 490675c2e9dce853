"""Damaged configurations: whatever stands in the files, there is a value or there are problems, no crash."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from maildesk.config.load import load
from maildesk.config.problems import ConfigError

TOP = Path(__file__).parents[2]
FILES = ("maildesk.toml", *(f"config/{stem}.toml" for stem in ("agents", "departments", "topics", "rules")))
TEXTS = {name: re.sub(r"(?m)^#(?=\w+ = )", "", (TOP / name).read_text("utf-8")) for name in FILES}
VALUES = (
    '""',
    '"x"',
    "5",
    "-1",
    "1.5",
    "true",
    "[]",
    "{}",
    "[1]",
    "[[]]",
    "[{}]",
    "{ a = 1 }",
    "1979-05-27",
    "nan",
)
FOREIGN = re.compile(r"Input should|Field required|pydantic|validation|Traceback|not TOML")


def damaged(text: str, chance: random.Random) -> str:
    """The text with up to four lines deleted, doubled, misspelt or given another value."""
    lines = text.split("\n")
    for _ in range(chance.choice((0, 0, 1, 2, 4))):
        at = chance.randrange(len(lines))
        line = lines[at]
        match chance.randrange(5):
            case 0:
                lines[at] = ""
            case 1:
                lines[at] = re.sub(r"=.*", f"= {chance.choice(VALUES)}", line)
            case 2:
                lines.insert(at, line)
            case 3:
                lines[at] = re.sub(r"\w+", lambda word: chance.choice((word[0], word[0][:-1], "zzz")), line)
            case 4 if line:
                place = chance.randrange(len(line))
                lines[at] = line[:place] + chance.choice("[]{}\"'=.#,\\") + line[place + 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(10))
def test_damage_is_told_in_sentences(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    (tmp_path / "config").mkdir()
    (tmp_path / "templates/en").mkdir(parents=True)
    refused = 0
    for _ in range(20):
        texts = {name: damaged(text, chance) for name, text in TEXTS.items()}
        for name, text in texts.items():
            (tmp_path / name).write_text(text, "utf-8")
        try:
            load(tmp_path)
        except ConfigError as error:
            refused += 1
            for problem in error.problems:
                assert problem.file in texts
                assert 1 <= problem.line <= texts[problem.file].count("\n") + 1
                assert "\n" not in str(problem)
                assert not FOREIGN.search(str(problem))
    assert refused > 5
