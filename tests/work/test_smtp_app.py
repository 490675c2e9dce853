"""A whole desk put together from its configuration, which sends by SMTP: logins with tokens, starting and stopping."""

from __future__ import annotations

import time
from email import policy
from pathlib import Path

from sqlalchemy import select

from maildesk.app import App
from maildesk.config.scaffold import init
from maildesk.configured import read
from maildesk.core.reading import Envelope, Evidence
from maildesk.daemon import Daemon
from maildesk.store import outbox, schema
from tests.desk import DESK, a_mail
from tests.servers.relay import FakeRelay, a_relay
from tests.servers.tokens import TokenServer
from tests.waiting import until


def an_app(folder: Path, relay: FakeRelay, *more: str) -> App:
    if not (folder / "maildesk.toml").exists():
        init(folder)
    send = [
        'kind = "smtp"',
        'host = "127.0.0.1"',
        f"port = {relay.port}",
        'tls = "none"',
        'hostname = "x"',
        *more,
    ]
    path = folder / "maildesk.toml"
    text = path.read_text("utf-8").replace("127.0.0.1:2525", "127.0.0.1:0")
    path.write_text(text.replace('kind = "maildir"', "\n".join(send) + " #"), "utf-8")
    app = App(read(path), "main", path)
    app.store.open()
    return app


def deliver(app: App, n: int = 1) -> None:
    raw = a_mail(message_id=f"<{n}@customer.example>", subject=f"Question {n}").as_bytes(policy=policy.SMTP)
    app.accept(raw, Envelope("smtp", "jane@customer.example", (DESK,), "127.0.0.1"), Evidence()).result(30)


def test_a_daemon_sends_and_stops_at_once(tmp_path: Path) -> None:
    with a_relay() as relay:
        app = an_app(tmp_path / "desk", relay)
        daemon = Daemon(app)
        daemon.start()
        for n in range(5):
            deliver(app, n)
        until(lambda: len(relay.taken) == 15)
        until(lambda: app.counts()["outbox"] == {"sent": 15})
        start = time.monotonic()
        daemon.stop()
        assert time.monotonic() - start < 15  # it did not sit a deadline out
        assert relay.open == 0
        assert 1 <= relay.connections <= 2
        app.store.close()


def test_a_rotated_refresh_token_outlives_the_process(tmp_path: Path) -> None:
    (tmp_path / "refresh").write_text("refresh-0\n")
    with (
        TokenServer("good", rotate=True) as tokens,
        a_relay(users={DESK: "good"}, mechanisms="XOAUTH2") as relay,
    ):
        oauth = f'oauth = {{ token_url = "{tokens.url}", client_id = "x", refresh_token_file = "{tmp_path}/refresh" }}'
        for n in range(2):
            app = an_app(tmp_path / "desk", relay, f'user = "{DESK}"', oauth)
            app.enter()
            deliver(app, n)
            app.until_idle()
            with app.store.db.reading() as conn:
                assert set(outbox.counts(conn)) == {"sent"}
                (kept,) = conn.execute(select(schema.oauth_token.c.refresh_token)).scalars()
            assert kept == tokens.refresh_token != "refresh-0"
            app.leave()
            app.store.close()
        assert [form["refresh_token"] for form in tokens.asked] == ["refresh-0", "refresh-1"]
        tokens.revoke()
        app = an_app(tmp_path / "desk", relay, f'user = "{DESK}"', oauth)
        app.enter()
        deliver(app, 3)
        app.until_idle()
        with app.store.db.reading() as conn:
            (told,) = conn.execute(select(schema.pause.c.trouble)).scalars()
        assert "the refresh token is expired or revoked" in told
        assert "good" not in told
        app.leave()
        app.store.close()
