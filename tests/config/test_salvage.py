"""Salvage: a broken maildesk.toml still says where its store is."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildesk.config.salvage import store_and_node

STORE = '[store]\nurl = "sqlite:///data/desk.db"\n'


@pytest.mark.parametrize(
    ("text", "url", "node"),
    [
        (STORE, "data/desk.db", "main"),
        (f"[desk\n{STORE}", "data/desk.db", "main"),
        (f'{STORE}[node]\nname = "two"\n[[smtp]\nlisten = ', "data/desk.db", "two"),
        ('[store]\nurl = "sqlite:///data/desk.db"\ncolour = 1\n', "var/maildesk.db", "main"),
        ('[store]\nurl = "sqlite:///data\n', "var/maildesk.db", "main"),
        ("", "var/maildesk.db", "main"),
        ("\x00\xff", "var/maildesk.db", "main"),
        ('[desk]\nname = "x"\nurl = "no"\n[node]\nname = "B A D"\n', "var/maildesk.db", "main"),
    ],
)
def test_what_is_left(tmp_path: Path, text: str, url: str, node: str) -> None:
    (tmp_path / "maildesk.toml").write_text(text, "latin-1")
    assert store_and_node(tmp_path / "maildesk.toml") == (f"sqlite:///{tmp_path}/{url}", node)


def test_without_a_file(tmp_path: Path) -> None:
    assert store_and_node(tmp_path / "maildesk.toml")[0] == f"sqlite:///{tmp_path}/var/maildesk.db"


def test_the_password_of_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = 'url = "postgresql+psycopg://desk@db.example/desk"\n'
    main = tmp_path / "maildesk.toml"
    main.write_text(f'[desk\n[store]\n{url}password_file = "secret"\n')
    (tmp_path / "secret").write_text("a b\n")
    assert store_and_node(main)[0] == "postgresql+psycopg://desk:a%20b@db.example/desk"
    main.write_text(f'[desk\n[store]\n{url}password_env = "DESK_SECRET"\n')
    monkeypatch.setenv("DESK_SECRET", "c")
    assert store_and_node(main)[0] == "postgresql+psycopg://desk:c@db.example/desk"
