"""The way to the server: cuts at any moment, TLS, logins, two nodes, and a stop that does not wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from tests.desk import a_desk, expire
from tests.imap.box import ENV, SECONDS, Box, Read, mail
from tests.servers.dovecot import token_of
from tests.servers.proxy import Proxy
from tests.servers.tokens import TokenServer
from tests.waiting import until

Through = Callable[[], Read]


def once(mark: bytes) -> Callable[[bytes], bool]:
    """Cuts at the first piece that has this in it."""
    left = [mark]

    def cut(data: bytes) -> bool:
        if left and left[0] in data:
            left.clear()
            return True
        return False

    return cut


@pytest.mark.parametrize(
    ("side", "mark"),
    [
        ("request", b"BODY.PEEK[]"),
        ("reply", b"Subject: about m30"),
        ("request", b"MOVE"),
        ("reply", b"COPYUID"),
        ("request", b"UID SEARCH"),
        ("reply", b"INTERNALDATE"),
        ("request", b"LOGIN"),
    ],
)
def test_a_cut_loses_and_doubles_nothing(
    box: Box, through: Through, proxy: Proxy, side: str, mark: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    mails = [mail(f"m{n}") for n in range(60)]
    box.put(*mails)
    setattr(proxy, f"on_{side}", once(mark))
    read = through()
    read.start(start="all", poll=1)
    until(lambda: proxy.connections >= 2 and box.bodies() == {})
    until(lambda: set(read.copies()) <= {"done", "gone"})
    assert sorted(read.stored()) == sorted(mails)
    assert sorted(box.bodies("Done").values()) == sorted(mails)
    until(lambda: read.state()["error"] == "")
    assert "check user and password" not in caplog.text


def test_a_folder_made_by_another_meanwhile_is_used(box: Box, through: Through, proxy: Proxy) -> None:
    made: list[bytes] = []

    def make(data: bytes) -> bool:
        if b" CREATE " in data:
            with box.person() as client:
                client.create_folder("Done")
            made.append(data)
        return False

    proxy.on_request = make
    box.put(mail("filed"))
    read = through()
    read.start(start="all")
    until(lambda: read.copies() == ["done"])
    assert len(made) == 1
    assert list(box.bodies("Done").values()) == [mail("filed")]


def test_a_cut_during_idle_is_seen_at_once(box: Box, through: Through, proxy: Proxy) -> None:
    read = through()
    read.start()
    read.polls()
    proxy.cut()
    until(lambda: proxy.connections == 2)
    box.put(mail("after"))
    until(lambda: len(read.stored()) == 1)


def test_a_server_that_is_away_is_waited_for(
    box: Box, through: Through, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.refusing = True
    read = through()
    read.start()
    until(lambda: read.state().get("error"))
    since = read.state()["error_since"]
    assert since
    assert "tried again in 0.5 s" in caplog.text, "half a second is not none"
    proxy.refusing = False
    until(lambda: read.state()["error"] == "")
    assert read.state()["error_since"] is None


@pytest.mark.parametrize("what", ["idle", "hanging", "paused"])
def test_it_stops_at_once(box: Box, through: Through, proxy: Proxy, what: str) -> None:
    read = through()
    if what == "paused":
        proxy.refusing = True
    intake = read.start()
    if what == "paused":
        until(lambda: read.state().get("error"))
    else:
        read.polls()
    if what == "hanging":
        hang = threading.Event()
        proxy.on_reply = lambda _data: hang.wait(SECONDS) or True
        box.put(mail("never"))
    began = time.monotonic()
    intake.stop(20)
    assert time.monotonic() - began < SECONDS / 2
    if what == "hanging":
        hang.set()
    assert read.state()["holder"] is None


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_tls_is_verified(box: Box, read: Read, tls: str) -> None:
    read.port = box.server.tls_port if tls == "implicit" else box.server.port
    read.start(tls=tls)
    until(lambda: "certificate" in read.state().get("error", ""))
    read.stop()
    read.start(tls=tls, ca_file=str(box.server.ca_file), host="localhost")
    read.polls()
    box.put(mail("sealed"))  # in IDLE, by a push
    until(lambda: read.stored() == [mail("sealed")] and read.copies() == ["done"])
    assert read.state()["error"] == ""


def test_a_wrong_password_is_told_and_never_shown(
    box: Box, read: Read, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setenv(ENV, "not-geheim-at-all")
    read.start()
    until(lambda: "refused the login" in read.state().get("error", ""))
    assert box.user in read.state()["error"]
    monkeypatch.delenv(ENV)
    read.stop()
    read.start()
    until(lambda: f"the environment has no {ENV}" in read.state()["error"])
    assert "not-geheim" not in caplog.text


# OAuth


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_refresh_token_that_is_replaced_with_each_use(
    box: Box, read: Read, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mechanism: str
) -> None:
    caplog.set_level("DEBUG")
    with TokenServer(token_of(box.user), rotate=True) as server:
        monkeypatch.setenv("FIRST", server.refresh_token)
        oauth = {
            "token_url": server.url,
            "client_id": "desk",
            "refresh_token_env": "FIRST",
            "scope": "mail",
            "mechanism": mechanism,
        }
        for _ in range(3):  # each start needs the refresh token that the one before got
            read.start(password_env="", oauth=oauth)
            read.polls()
            read.stop()
        assert [form["refresh_token"] for form in server.asked] == ["refresh-0", "refresh-1", "refresh-2"]
        assert {form["scope"] for form in server.asked} == {"mail"}
        server.revoke()
        read.start(password_env="", oauth=oauth)
        until(lambda: "invalid_grant" in read.state().get("error", ""))
    assert "get a new one" in read.state()["error"]
    assert "refresh-" not in caplog.text
    assert token_of(box.user) not in caplog.text


def test_a_client_with_its_own_credentials(box: Box, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    with TokenServer(token_of(box.user)) as server:
        monkeypatch.setenv("SECRET", "s3cret")
        oauth = {"token_url": server.url, "client_id": "desk", "client_secret_env": "SECRET"}
        read.start(password_env="", oauth=oauth)
        read.polls()
        assert server.asked[0]["grant_type"] == "client_credentials"
        assert server.asked[0]["client_secret"] == "s3cret"


# Nodes


def test_one_node_reads_and_another_takes_over(
    box: Box, read: Read, tmp_path_factory: pytest.TempPathFactory
) -> None:
    read.start()
    read.polls()
    url = str(read.desk.store.db.url)
    with a_desk(tmp_path_factory.mktemp("second"), url, name="second") as desk:
        second = Read(desk, box, read.port)
        second.start()
        box.put(mail("one"))
        until(lambda: len(read.stored()) == 1)
        # The first node dies without a word; its late commit is refused, and the second reads on.
        expire(read.desk.store)
        second.stop()
        second.start()
        until(lambda: read.state()["holder"] == desk.store.node.id)
        second.polls()
        box.put(mail("two"))
        until(lambda: len(read.stored()) == 2)
        second.stop()
    assert sorted(read.stored()) == sorted([mail("one"), mail("two")])
