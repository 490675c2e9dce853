"""Access tokens: kept as long as they last, and a refresh token that is safe before anything else happens."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maildesk.config.settings import OAuth, Secret
from maildesk.edges import secret
from maildesk.edges.oauth import NoToken, Tokens
from maildesk.edges.secret import NoSecret
from tests.servers.tokens import TokenServer


class Kept(dict[str, str]):
    """A store of refresh tokens that may fail."""

    fails = False

    def load(self, key: str) -> str:
        """The token kept."""
        return self.get(key, "")

    def save(self, key: str, token: str) -> None:
        """Keeps it."""
        if self.fails:
            raise OSError(28, "No space left on device")
        self[key] = token


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> str:
    """The variable of the first refresh token."""
    monkeypatch.setenv("FIRST", "refresh-0")
    return "FIRST"


def settings(server: TokenServer, **changes: str) -> OAuth:
    """A client of this server."""
    return OAuth.model_validate({"token_url": server.url, "client_id": "desk", **changes})


def test_a_token_is_used_as_long_as_it_lasts(first: str) -> None:
    kept, now = Kept(), [0.0]
    with TokenServer("access", rotate=True) as server:
        tokens = Tokens(
            settings(server, refresh_token_env=first), kept.load, kept.save, monotonic=lambda: now[0]
        )
        assert tokens.token() == tokens.token() == "access"
        now[0] = 3600 - 121
        tokens.token()
        assert len(server.asked) == 1
        now[0] = 3600 - 119
        tokens.token()
        tokens.forget()
        tokens.token()
        assert [form["refresh_token"] for form in server.asked] == ["refresh-0", "refresh-1", "refresh-2"]


def test_a_new_refresh_token_is_kept_before_the_access_token_is_used(first: str) -> None:
    kept = Kept()
    kept.fails = True
    with TokenServer("access", rotate=True) as server:
        tokens = Tokens(settings(server, refresh_token_env=first), kept.load, kept.save)
        with pytest.raises(OSError, match="No space"):
            tokens.token()
        with pytest.raises((OSError, NoToken)):
            tokens.token()  # no token of the try before is used either


def test_another_first_token_in_the_configuration_counts(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    with TokenServer("access", rotate=True) as server:
        Tokens(settings(server, refresh_token_env=first), kept.load, kept.save).token()
        server.refresh_token = "renewed"
        monkeypatch.setenv(first, "renewed")
        Tokens(settings(server, refresh_token_env=first), kept.load, kept.save).token()
        assert [form["refresh_token"] for form in server.asked] == ["refresh-0", "renewed"]


def test_a_refusal_is_told_without_secrets(first: str) -> None:
    kept = Kept()
    with TokenServer("access", rotate=True) as server:
        server.revoke()
        tokens = Tokens(settings(server, refresh_token_env=first), kept.load, kept.save)
        with pytest.raises(
            NoToken, match=r"invalid_grant \(it was used or revoked\); the refresh token is"
        ) as told:
            tokens.token()
    assert "refresh-0" not in str(told.value)


def test_where_secrets_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAS_ONE", "one\n")
    (tmp_path / "file").write_text("two\nsecond line\n")
    (tmp_path / "empty").write_text("\n")
    assert secret.read(Secret("HAS_ONE", "", "")) == "one"
    assert secret.read(Secret("", str(tmp_path / "file"), "")) == "two"
    assert secret.read(Secret("", "", "printf 'three\\nmore'")) == "three"
    for wrong, why in (
        (Secret("HAS_NONE", "", ""), "the environment has no HAS_NONE"),
        (Secret("", str(tmp_path / "empty"), ""), "is empty"),
        (Secret("", str(tmp_path / "absent"), ""), "no such file"),
        (Secret("", "", "false"), "ended with status 1"),
        (Secret("", "", "true"), "printed nothing"),
        (Secret("", "", "/absent/program"), "no such file"),
        (Secret("", "", "'"), "no closing quotation"),
    ):
        with pytest.raises(NoSecret, match=why):
            secret.read(wrong)


def test_a_token_that_another_process_has_spent_meanwhile(first: str) -> None:
    """Two nodes of one desk: what the other one kept is good."""
    kept = Kept()
    with TokenServer("access", rotate=True) as server:
        spent: list[str] = []

        def load(key: str) -> str:
            held = kept.load(key)
            if not spent:
                spent.append(held)
                # What the other node does between this one's look and its question.
                server.refresh_token = kept[key] = "refresh-9"
            return held

        tokens = Tokens(settings(server, refresh_token_env=first), load, kept.save)
        assert tokens.token() == "access"
        assert [form["refresh_token"] for form in server.asked] == ["refresh-0", "refresh-9"]


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A token endpoint that answers with these bytes and hangs up."""

    def serve() -> None:
        conn, _ = listener.accept()
        with conn, conn.makefile("rb") as asked:
            head = b"".join(iter(asked.readline, b"\r\n"))
            asked.read(int(re.findall(rb"(?i)content-length: (\d+)", head)[0]))
            conn.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/token"
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"* OK IMAP4rev1 ready\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 900\r\n\r\n{",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_an_endpoint_that_is_none(first: str, answer: bytes) -> None:
    kept = Kept()
    with answering(answer) as url:
        tokens = Tokens(
            OAuth.model_validate({"token_url": url, "client_id": "desk", "refresh_token_env": first}),
            kept.load,
            kept.save,
        )
        with pytest.raises(NoToken, match=re.escape(url)):
            tokens.token()


def test_nothing_of_a_refusal_shows_a_secret_or_drives_a_terminal(first: str) -> None:
    told = json.dumps({"error": "bad", "error_description": "no \x1b[2J refresh-0\nhere"}).encode()
    head = f"HTTP/1.1 400 Bad Request\r\nContent-Length: {len(told)}\r\n\r\n".encode()
    with answering(head + told) as url, pytest.raises(NoToken) as error:
        Tokens(
            OAuth.model_validate({"token_url": url, "client_id": "desk", "refresh_token_env": first}),
            Kept().load,
            Kept().save,
        ).token()
    assert str(error.value) == f"{url} refused a token: bad (no [2J (secret) here)"


def test_an_endpoint_that_is_slow_holds_up_no_other(first: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf, TokenServer("access") as server:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/token"
        waiting = Tokens(OAuth(token_url=url, client_id="desk"), Kept().load, Kept().save)

        def wait() -> None:
            with pytest.raises(NoToken):
                waiting.token()

        thread = threading.Thread(target=wait)
        thread.start()
        conn, _ = deaf.accept()
        assert Tokens(settings(server), Kept().load, Kept().save).token() == "access"
        assert thread.is_alive()
        conn.close()
        thread.join()
