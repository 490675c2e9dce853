"""A valid configuration: its values, paths, passwords and digest."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from maildesk.config.listeners import SmtpListener
from maildesk.config.load import Loaded, load
from maildesk.config.problems import ConfigError, Problem
from maildesk.config.settings import Store, with_password, without_password
from tests.config.test_gallery import laid_out

POSTGRES = "postgresql+psycopg://desk@localhost:5432/desk"


def changed(folder: Path, text: str, name: str = "maildesk.toml") -> Loaded:
    """The valid configuration with more text at the end of one file."""
    laid_out("valid", folder)
    path = folder / name
    path.write_text(path.read_text() + "\n" + text)
    return load(folder)


def test_defaults(tmp_path: Path) -> None:
    settings = changed(tmp_path, "").settings
    assert settings.store.url == f"sqlite:///{tmp_path}/var/maildesk.db"
    assert settings.send.path == tmp_path / "var/outgoing"
    assert settings.templates == tmp_path / "templates"
    assert settings.node.name == "main"
    assert settings.log.level == "info"
    (listener,) = settings.smtp
    assert (listener.host, listener.port) == ("127.0.0.1", 0)
    assert (listener.max_sessions, listener.max_recipients, listener.timeout) == (100, 100, 900)


def test_no_listener_is_needed(tmp_path: Path) -> None:
    laid_out("valid", tmp_path)
    main = tmp_path / "maildesk.toml"
    main.write_text(main.read_text().partition("[[smtp]]")[0])
    assert load(main).settings.smtp == ()


def test_absolute_paths_stay(tmp_path: Path) -> None:
    settings = changed(
        tmp_path, '[store]\nurl = "sqlite:////srv/desk.db"\n[send]\npath = "/srv/out"'
    ).settings
    assert settings.store.url == "sqlite:////srv/desk.db"
    assert settings.send.path == Path("/srv/out")


def test_relative_to_the_file_not_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out("valid", tmp_path / "desk")
    monkeypatch.chdir(tmp_path)
    loaded = load(Path("desk/maildesk.toml"))
    assert loaded.settings.send.path == tmp_path / "desk/var/outgoing"
    assert loaded.folder == tmp_path / "desk"
    assert loaded == load(Path("desk"))


def test_files_and_digest(tmp_path: Path) -> None:
    before = changed(tmp_path, "")
    names = [
        "maildesk.toml",
        *(f"config/{stem}.toml" for stem in ("agents", "departments", "topics", "rules")),
    ]
    assert before.files == tuple(tmp_path / name for name in names)
    assert load(tmp_path).digest == before.digest
    rules = tmp_path / "config/rules.toml"
    rules.write_text(rules.read_text() + "# a remark\n")
    assert load(tmp_path).digest != before.digest


def test_topics_and_rules_may_be_left_out(tmp_path: Path) -> None:
    laid_out("valid", tmp_path)
    (tmp_path / "config/rules.toml").unlink()
    (tmp_path / "config/topics.toml").unlink()
    policy = load(tmp_path).policy
    assert (policy.topics, policy.rules) == ((), ())


def test_other_files_may_lie_beside(tmp_path: Path) -> None:
    laid_out("valid", tmp_path)
    for name in ("README.md", "agents.toml~", "agents.toml.bak"):
        (tmp_path / "config" / name).write_text("x")
    assert load(tmp_path).policy.agents[0].id == "alice"


def test_byte_order_mark_and_windows_line_ends(tmp_path: Path) -> None:
    laid_out("valid", tmp_path)
    agents = tmp_path / "config/agents.toml"
    agents.write_bytes(b"\xef\xbb\xbf" + agents.read_bytes().replace(b"\n", b"\r\n"))
    assert load(tmp_path).policy.agents[0].address == "alice@desk.example"


def test_addresses_are_normalised(tmp_path: Path) -> None:
    more = '[[department]]\nname = "b"\ntitle = "B"\naddresses = ["Info@BÜCHER.example"]\n'
    laid_out("valid", tmp_path)
    agents = tmp_path / "config/agents.toml"
    agents.write_text(agents.read_text().replace('["support"]', '["support", "b"]'))
    departments = tmp_path / "config/departments.toml"
    departments.write_text(departments.read_text() + more, "utf-8")
    assert load(tmp_path).policy.departments[1].address == "info@xn--bcher-kva.example"


def test_password_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_PASSWORD", "p@ss/wörd")
    loaded = changed(tmp_path, f'[store]\nurl = "{POSTGRES}"\npassword_env = "DESK_PASSWORD"')
    assert loaded.settings.store.url == "postgresql+psycopg://desk:p%40ss%2Fw%C3%B6rd@localhost:5432/desk"
    assert loaded.settings.store.public_url == "postgresql+psycopg://desk:***@localhost:5432/desk"
    assert "p%40ss" not in repr(loaded)


def test_password_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    loaded = changed(tmp_path, f'[store]\nurl = "{POSTGRES}"\npassword_file = "secret"')
    assert loaded.settings.store.url == "postgresql+psycopg://desk:hush@localhost:5432/desk"
    assert tmp_path / "secret" not in loaded.files


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("sqlite:///var/x@y.db", "sqlite:///var/x@y.db"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:a@b@h:5/d", "postgresql://u:***@h:5/d"),
        ("postgresql://:pw@h/d", "postgresql://:***@h/d"),
    ],
)
def test_without_password(url: str, public: str) -> None:
    assert without_password(url) == public


def test_with_password() -> None:
    assert with_password("postgresql://h/d?a=1", "x") == "postgresql://:x@h/d?a=1"
    assert with_password("postgresql://u:old@h/d", "new") == "postgresql://u:new@h/d"


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:2525", "127.0.0.1", 2525), ("[::1]:25", "::1", 25), ("localhost:0", "localhost", 0)],
)
def test_listen(listen: str, host: str, port: int) -> None:
    listener = SmtpListener(listen=listen)
    assert (listener.host, listener.port) == (host, port)


@pytest.mark.parametrize(
    "listen", ["", ":25", "h:", "h:-1", "h:2a", "h:65536", "h:99999999", "::1:25", "h:²"]
)
def test_listen_is_refused(listen: str) -> None:
    with pytest.raises(ValidationError):
        SmtpListener(listen=listen)


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite://", "postgresql://h:port/d", "postgresql://h", "x"])
def test_store_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Store(url=url)


def test_values_never_change(tmp_path: Path) -> None:
    loaded = changed(tmp_path, "")
    with pytest.raises(ValidationError):
        loaded.policy.name = "Other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        loaded.settings.node = loaded.settings.node  # type: ignore[misc]


def test_no_desk_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "maildesk.toml")
    sentence = (
        "there is no such file; name the desk's folder with --config, or make one with `maildesk init DIR`"
    )
    assert caught.value.problems == (Problem(str(tmp_path / "maildesk.toml"), 0, "", sentence),)


def test_problem_as_text() -> None:
    assert str(Problem("a.toml", 3, "x.y", "is wrong")) == "a.toml:3: x.y: is wrong"
    assert str(Problem("a.toml", 0, "", "is wrong")) == "a.toml: is wrong"
