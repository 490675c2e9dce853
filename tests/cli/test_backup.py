"""backup and restore: the whole desk in one file, under its old numbers, and no mail goes out twice."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url, update

from maildesk.config.load import load
from maildesk.core.model import DAY, HOUR
from maildesk.core.reading import Envelope, Evidence
from maildesk.edges.accept import Acceptor
from maildesk.store import backup, restores
from maildesk.store.db import Database, local_now
from maildesk.store.schema import inbox, metadata, outbox, raw
from maildesk.store.store import Store
from tests.cli.conftest import MAIL, Desk
from tests.cli.test_run import running

SECOND_MAIL = MAIL.replace(b"first@", b"second@").replace(b"jane@", b"tim@").replace(b"Jane", b"Tim")
THIRD_MAIL = MAIL.replace(b"first@", b"third@").replace(b"jane@", b"kim@").replace(b"Jane", b"Kim")


def rows(desk: Desk) -> dict[str, list[Any]]:
    """What is in a desk's store, but for what belongs to a moment."""
    db = Database(load(desk.folder).settings.store.url)
    with db.reading() as conn:
        found = {
            table.name: [
                tuple(row) for row in conn.execute(table.select().order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
            if table.name not in ("node", "alarm", "control")
        }
    db.close()
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(fresh: Desk, request: pytest.FixtureRequest) -> Desk:
    """A desk on either database, with a ticket whose mails are sent."""
    if request.param == "postgresql":
        fresh.edit("^url = .*", f'url = "{request.getfixturevalue("postgres_url")}"')
    fresh.deliver()
    return fresh


@pytest.fixture
def place(desk: Desk, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """Where it is restored to. On PostgreSQL its database is another one: the file names the one that it was."""
    found = Desk(desk.folder.with_name("restored"))
    url = load(desk.folder).settings.store.url
    if url.startswith("sqlite"):
        yield found
        return
    cluster = request.getfixturevalue("postgres_cluster")
    # What a machine that died leaves: the name of its database, and nothing in it.
    name = make_url(url).database
    gone = f"{name}_gone"

    def swap() -> None:
        cluster.execute(f"ALTER DATABASE {name} RENAME TO {gone}")
        cluster.execute(f"CREATE DATABASE {name} TEMPLATE template0")

    found.swap = swap  # type: ignore[attr-defined]
    yield found
    cluster.execute(f"DROP DATABASE IF EXISTS {gone} WITH (FORCE)")


def saved(desk: Desk, name: str = "backup.zip") -> Path:
    """A backup of the desk."""
    file = desk.folder.with_name(name)
    assert "found whole" in desk.ok("backup", str(file))
    return file


def test_where_no_backup_can_be_the_folder_or_the_file_is_named(fresh: Desk) -> None:
    fresh.deliver()
    nowhere = fresh.folder / "none"
    told = fresh.no("backup", str(nowhere / "b.zip")).strip()
    assert told == f"The folder {nowhere} is not there or not yours to write to; name another one."
    told = fresh.no("restore", str(nowhere / "b.zip"), str(nowhere)).strip()
    assert told == f"There is no file {nowhere / 'b.zip'}; name a backup that `maildesk backup` wrote."
    assert not nowhere.exists()


def restored(desk: Desk, place: Desk, file: Path, *options: str) -> Desk:
    """The desk in a new place."""
    if swap := getattr(place, "swap", None):
        swap()
    assert "All sending is paused" in desk.ok("restore", str(file), str(place.folder), *options)
    return place


def redelivered(desk: Desk, *mails: tuple[bytes, int]) -> None:
    """Mails come again as they lie in a mailbox: their time is when its server got them. tests/imap has a real one."""
    store = Store(Database(load(desk.folder).settings.store.url), "again")
    store.open(create=False)
    for mail, at in mails:
        envelope = Envelope("imap", None, ("support@desk.example",))
        evidence = Evidence(replayed=True)
        Acceptor(store, lambda at=at: at)(mail, envelope, evidence).result()  # type: ignore[misc]
    store.close()


def numbers(desk: Desk) -> dict[str, int]:
    """Ticket numbers by requester."""
    return {ticket["requester"]: ticket["number"] for ticket in desk.json("ticket", "list")}


def test_everything_comes_back(desk: Desk, place: Desk) -> None:
    (desk.folder / "templates/en/held.txt").write_text("Mine.\n")
    file = saved(desk)
    assert file.stat().st_mode & 0o077 == 0
    before = rows(desk)
    restored(desk, place, file)
    assert rows(place) == before
    assert (place.folder / "templates/en/held.txt").read_text() == "Mine.\n"
    assert place.config.read_bytes() == desk.config.read_bytes()
    assert place.folder.stat().st_mode & 0o077 == 0
    assert place.config.stat().st_mode & 0o077 == 0
    place.ok("check")
    # The database goes on counting where it was.
    place.ok("deliver", given=SECOND_MAIL)
    place.ok("run", "--once")
    assert len(place.json("ticket", "list")) == 2


def test_mail_since_then_comes_back_under_its_numbers_and_none_is_sent_twice(desk: Desk, place: Desk) -> None:
    desk.ok("deliver", given=THIRD_MAIL)
    before = local_now() - DAY
    file = saved(desk)
    desk.ok("run", "--once")
    desk.deliver(SECOND_MAIL)
    old, sent = numbers(desk), desk.json("status")["outbox"]["sent"]
    assert (len(old), sent) == (3, 9)
    shutil.rmtree(desk.folder / "var/outgoing")
    restored(desk, place, file)
    redelivered(place, (SECOND_MAIL, before + HOUR), (MAIL, before), (THIRD_MAIL, before))
    place.ok("run", "--once")
    assert numbers(place) == old
    assert place.json("status")["outbox"] == {"todo": 0, "ready": 0, "sent": 3, "restored": 6}
    assert place.json("status")["inbox"]["done"] == 5, "each mail that was known is a duplicate"
    place.ok("resume", "all")
    place.ok("run", "--once")
    assert place.json("status")["outbox"]["sent"] == 3
    # What comes now is new, and is answered.
    place.deliver(MAIL.replace(b"first@", b"fourth@").replace(b"jane@", b"new@"))
    assert place.json("status")["outbox"]["sent"] == 6
    [one, *_] = [mail for mail in place.json("outbox", "list") if mail["state"] == "restored"]
    place.ok("outbox", "retry", one["once"])
    place.ok("run", "--once")
    assert place.json("status")["outbox"]["sent"] == 7


def test_what_waited_to_be_sent_is_shown(desk: Desk, place: Desk) -> None:
    desk.ok("pause", "all")
    desk.deliver(SECOND_MAIL)
    file = saved(desk)
    if swap := getattr(place, "swap", None):
        swap()
    told = desk.ok("restore", str(file), str(place.folder))
    assert "3 mails waited to be sent then and may have gone out since" in told
    place.ok("resume", "all")
    place.ok("run", "--once")
    assert place.json("status")["outbox"] == {"todo": 0, "ready": 0, "sent": 3, "restored": 3}
    assert "restored" in place.ok("status")
    assert "may have been sent since" in place.ok(
        "outbox", "show", place.json("outbox", "list", "--state", "restored")[0]["once"]
    )


def test_acknowledgments_only_if_wanted(desk: Desk, place: Desk) -> None:
    file = saved(desk)
    restored(desk, place, file, "--ack")
    redelivered(place, (SECOND_MAIL, local_now() - HOUR))
    place.ok("resume", "all")
    place.ok("run", "--once")
    states = {mail["kind"]: mail["state"] for mail in place.json("outbox", "list")[:3]}
    assert states == {"acknowledgment": "sent", "new_ticket": "restored"}


def test_a_backup_while_the_daemon_works(fresh: Desk, tmp_path: Path) -> None:
    fresh.deliver()
    place = Desk(tmp_path / "restored")
    with running(fresh, tmp_path / "log"):
        fresh.ok("deliver", given=SECOND_MAIL)
        file = saved(fresh)
    # A row that the daemon held at that moment is nobody's now.
    restored(fresh, place, file)
    place.ok("run", "--once")
    assert len(numbers(place)) == 2


def test_a_row_that_was_held(desk: Desk, place: Desk) -> None:
    desk.ok("deliver", given=SECOND_MAIL)
    store = Store(Database(load(desk.folder).settings.store.url), "x")
    store.open(create=False)
    store.write("work", lambda conn: conn.execute(update(inbox).values(holder="main#gone")))
    store.write("work", lambda conn: conn.execute(update(outbox).values(holder="main#gone", state="ready")))
    store.write(
        "work", lambda conn: conn.execute(update(inbox).where(inbox.c.state == "new").values(state="taken"))
    )
    store.close()
    restored(desk, place, saved(desk))
    place.ok("run", "--once")
    assert len(numbers(place)) == 2


def test_nothing_is_overwritten(desk: Desk, tmp_path: Path) -> None:
    file = saved(desk)
    assert "already" in desk.no("backup", str(file))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("x")
    assert "not empty" in desk.no("restore", str(file), str(tmp_path / "full"))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["x"]


def test_a_store_that_is_there_is_not_touched(desk: Desk, tmp_path: Path) -> None:
    url = load(desk.folder).settings.store.url
    desk.edit("^url = .*", f'url = "{url}"')
    file, before = saved(desk), rows(desk)
    told = desk.run("restore", str(file), str(tmp_path / "new"))
    assert told.exit_code == 1
    assert "already; " in told.stderr
    assert not (tmp_path / "new").exists()
    assert rows(desk) == before


def test_a_damaged_backup(desk: Desk, tmp_path: Path) -> None:
    file = saved(desk)
    whole = file.read_bytes()

    def changed(name: str, text: bytes | None) -> None:
        with (
            zipfile.ZipFile(saved(desk, f"{name.replace('/', '-')}.zip")) as old,
            zipfile.ZipFile(file, "w") as new,
        ):
            for member in old.namelist():
                data = text if member == name else old.read(member)
                if data is not None:
                    new.writestr(member, data)

    def refused() -> str:
        told = desk.run("restore", str(file), str(tmp_path / "new"))
        assert told.exit_code == 1
        assert "Traceback" not in told.output
        assert not (tmp_path / "new").exists()
        return told.stderr

    file.write_bytes(whole[:-100])
    assert "not a backup" in refused()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
    assert "damaged" in refused()
    changed("tables/ticket", b"")
    assert "0 of 1 rows of ticket" in refused()
    changed("tables/meta", None)
    assert "damaged" in refused()
    changed("files/maildesk.toml", None)
    assert "no configuration" in refused()
    changed("files/config/agents.toml", b"[[agent\n")
    assert "agents.toml:1" in refused()
    with zipfile.ZipFile(saved(desk, "m.zip")) as good:
        found = json.loads(good.read("manifest.json"))
    changed("manifest.json", json.dumps({**found, "version": 99}).encode())
    assert "version 99" in refused()
    file.write_bytes(whole)
    with zipfile.ZipFile(file, "a") as more:
        more.writestr("files/../../evil", "x")
    assert "leads out of" in refused()


def test_a_disk_that_is_full_leaves_no_backup(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "dump", full)
    told = desk.run("backup", str(desk.folder.with_name("b.zip")))
    assert told.exit_code == 75
    assert not list(desk.folder.parent.glob("*b.zip*"))


def test_every_table_is_in_it() -> None:
    """What belongs to the running processes is left out by name; a new table is in a backup by itself."""
    assert {*backup.TABLES, *backup.LEFT_OUT} == {*metadata.sorted_tables}


@pytest.mark.parametrize("there", [False, True])
def test_where_there_are_no_links(desk: Desk, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """A USB stick, a share: the file gets its name all the same, and takes no other's place."""
    file = desk.folder.with_name("b.zip")

    def refuses(_part: Path, path: Path) -> None:
        if there:
            path.write_text("mine")
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuses)
    told = desk.run("backup", str(file))
    assert told.exit_code == (1 if there else 0)
    assert (file.read_bytes() == b"mine") == there
    assert ("has come meanwhile; name another one" in told.stderr) == there
    assert not list(file.parent.glob(".b.zip*"))


def test_folders_outside_of_the_desk(fresh: Desk, tmp_path: Path) -> None:
    """What lies beside the old desk is not written beside the new one."""
    fresh.deliver()
    (fresh.folder / "config").rename(fresh.folder.with_name("ours"))
    fresh.edit("^#config = .*", 'config = "../ours"')
    file = saved(fresh)
    new = Desk(tmp_path / "deep" / "restored")
    (tmp_path / "ours").rename(tmp_path / "on another machine")
    told = fresh.run("restore", str(file), str(new.folder))
    assert told.exit_code == 0, told.output
    assert f"names {tmp_path / 'ours'} for config" in " ".join(told.stderr.split())
    assert (new.folder / "config" / "agents.toml").exists()
    assert not (tmp_path / "deep" / "ours").exists()
    shutil.rmtree(new.folder)
    with zipfile.ZipFile(file) as good:
        found = json.loads(good.read("manifest.json"))
        members = {name: good.read(name) for name in good.namelist() if name != "manifest.json"}
    with zipfile.ZipFile(file, "w") as bad:
        for name, data in members.items():
            bad.writestr(name, data)
        bad.writestr("manifest.json", json.dumps({**found, "folders": {"config": "../evil"}}))
    assert "leads out of a desk's folder" in fresh.no("restore", str(file), str(new.folder))


def test_before_its_store_is_filled_it_is_no_desk(
    desk: Desk, place: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may kill it, or the power fail: what is there then must not begin as a new desk."""
    seen = []
    real = restores.begin

    def last(conn: Any) -> int:
        told = place.run("check")
        seen.append((told.exit_code, "maildesk.toml" in told.stderr))
        return real(conn)

    file = saved(desk)
    monkeypatch.setattr(restores, "begin", last)
    restored(desk, place, file)
    assert seen == [(1, True)]
    place.ok("check")


def test_few_large_mails_are_in_memory_at_one_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "HELD", 1_500)
    store = Store(Database(f"sqlite:///{tmp_path}/desk.db"), "x")
    store.open()
    mails = [{"key": f"k{n}", "z": bytes(1_000), "size": 1_000, "sha256": ""} for n in range(40)]
    store.write("work", lambda conn: conn.execute(raw.insert(), mails))
    fetched, written = [0], []

    def count(_cursor: Any, row: tuple[Any, ...]) -> tuple[Any, ...]:
        fetched[0] += 1
        return row

    with store.db.reading() as conn:
        driver: Any = conn.connection.dbapi_connection
        driver.row_factory = count
        ahead = [fetched[0] - had for had, _ in enumerate(backup.dump(conn, raw))]
        assert len(ahead) == 40
        assert max(ahead) <= backup.LARGE_BATCH
        driver.row_factory = None
    more = ({**mail, "key": f"new {mail['key']}"} for mail in mails)

    def filled(conn: Any) -> int:
        @event.listens_for(conn, "before_cursor_execute")
        def note(_conn: Any, _cursor: Any, _statement: str, values: Any, *_: Any) -> None:
            written.append(len(values))

        return backup.load(conn, raw, more)

    assert store.write("work", filled) == 40
    assert written[:20] == [2] * 20
    store.close()
