"""The shipped files: a working desk on loopback, and a complete starting point."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from maildesk.config import shape
from maildesk.config.load import DESK, LISTS, load
from maildesk.config.scaffold import InitError, init, shipped
from maildesk.config.settings import Settings
from maildesk.core.frozen import Frozen
from maildesk.core.origins import Form, Group, Login
from maildesk.core.policy import Agent, Department, Limits, Rule, Topic

TOP = Path(__file__).parents[2]
FILES = ("maildesk.toml", *(f"config/{stem}.toml" for stem in LISTS))
ALL_NEEDED = {f"config/{stem}.toml" for stem in ("agents", "topics", "forms", "lists", "logins")}
"""Files without an option that could be left at its default."""
OFFERED = re.compile(r"^#(?=\w+ = )", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped files, with templates of some kind."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(TOP / name, tmp_path / name)
    (tmp_path / "templates/en").mkdir(parents=True)
    return tmp_path


def test_it_is_the_desk_of_the_manual(copy: Path) -> None:
    loaded = load(copy)
    assert loaded.settings.store.url == f"sqlite:///{copy}/var/maildesk.db"
    assert [listener.listen for listener in loaded.settings.smtp] == ["127.0.0.1:2525"]
    assert loaded.settings.send.path == copy / "var/outgoing"
    assert loaded.policy.address == "support@desk.example"
    assert [agent.address for agent in loaded.policy.agents] == ["alice@desk.example", "bob@desk.example"]


def test_offered_options_stand_at_their_defaults(copy: Path) -> None:
    before = load(copy)
    for name in FILES:
        text = OFFERED.sub("", (copy / name).read_text("utf-8"))
        assert name in ALL_NEEDED or text != (copy / name).read_text("utf-8")
        (copy / name).write_text(text, "utf-8")
    after = load(copy)
    assert (after.settings, after.policy) == (before.settings, before.policy)


def keys() -> Iterator[tuple[str, str, str]]:
    """Every key that an admin can write, with its file, and with its table where several may have such a key."""
    for key in (*shape.keys(Settings), *DESK, *shape.keys(Limits)):
        yield "maildesk.toml", "", key
    for table in shape.keys(Settings):
        found = shape.place(Settings, (table,))
        model = shape.table(found) or shape.tables(found)
        for key in shape.keys(model) if model else ():
            if table != "lmtp" or key in ("listen", "mode"):  # the others are those of [[smtp]], as it says
                yield "maildesk.toml", table, key
    models: tuple[type[Frozen], ...] = (Agent, Department, Topic, Rule, Form, Group, Login)
    for stem, listed in zip(LISTS, models, strict=True):
        for key in shape.keys(listed):
            yield f"config/{stem}.toml", "", key


def table_of(text: str, name: str) -> str:
    """What stands in a table, up to the next one; all of it for no name."""
    parts = re.split(r"(?m)^(?:# )?\[+(\w+)\]+", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[name] if name else text


@pytest.mark.parametrize(("name", "table", "key"), sorted(set(keys())))
def test_every_key_is_shown(name: str, table: str, key: str) -> None:
    text = table_of((TOP / name).read_text("utf-8"), table)
    assert re.search(rf"(?m)^(# ?)?(\[+{key}\]|{key}( =|\.))", text)


def test_every_key_is_commented() -> None:
    text = (TOP / "maildesk.toml").read_text("utf-8").splitlines()
    bare = [line for line in text if re.match(r"#?\w+ = ", line) and " #" not in line]
    assert [line.split(" = ")[0] for line in bare] == [
        "#acks_per_address_hour",
        "#acks_per_address_day",
    ]  # these two are explained by the line above them


def test_init_of_the_checkout(tmp_path: Path) -> None:
    assert shipped() == TOP
    made = init(tmp_path / "new/desk")
    assert [str(path.relative_to(tmp_path / "new/desk")) for path in made[: len(FILES)]] == sorted(
        FILES, key=lambda n: (n != FILES[0], n)
    )
    assert all(path.is_file() for path in made)
    assert (tmp_path / "new/desk/config/rules.toml").read_bytes() == (TOP / "config/rules.toml").read_bytes()


def test_init_of_an_installed_package(tmp_path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site/maildesk"
    (copy / "templates/en/__pycache__").mkdir()
    (copy / "templates/en/__pycache__/x.pyc").write_bytes(b"x")
    (copy / "templates/en/a.txt.j2").write_text("a")
    for name in ("config", "templates"):
        shutil.copytree(copy / name, package / "_shipped" / name)
    shutil.copyfile(copy / "maildesk.toml", package / "_shipped/maildesk.toml")
    monkeypatch.setattr("maildesk.__file__", str(package / "__init__.py"))
    made = init(tmp_path / "desk")
    assert made[0] == tmp_path / "desk/maildesk.toml"
    assert made[-1] == tmp_path / "desk/templates/en/a.txt.j2"
    assert len(made) == len(FILES) + 1
    assert load(tmp_path / "desk").policy.name == "Example Support"


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "maildesk.toml").write_text("mine")
    with pytest.raises(InitError, match="exists already; name a new or an empty folder"):
        init(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["maildesk.toml"]
    assert (tmp_path / "maildesk.toml").read_text() == "mine"


def test_init_into_a_file(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("x")
    with pytest.raises(InitError, match="is not a folder"):
        init(tmp_path / "desk")


def test_init_of_a_broken_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maildesk.__file__", str(tmp_path / "a/maildesk/__init__.py"))
    with pytest.raises(InitError, match="install maildesk again"):
        init(tmp_path / "desk")
