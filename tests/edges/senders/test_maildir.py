"""Outgoing mail in a Maildir: exactly once, durable, private."""

import mailbox
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from maildesk.core.retry import Attempt
from maildesk.edges.senders.maildir import ALREADY_THERE, MaildirSender

NAME = "0123456789abcdef0123456789abcdef01234567"
MAIL = (b"Subject: hello\r\n", b"\r\n", b"Hello!\r\n")
ON_DISK = b"Subject: hello\n\nHello!\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outgoing"


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def delivered(sender: MaildirSender, name: str, data: Iterable[bytes], again: bool) -> Attempt:
    """One mail, sent and settled. Raises what hindered either."""
    attempt = sender.send(name, data, again)
    for error in sender.settle().values():
        raise error
    return attempt


def test_a_mail_is_one_file_in_new_named_by_its_row(folder: Path) -> None:
    assert (
        delivered(MaildirSender(folder), NAME, MAIL, again=False).answer
        == f"delivered as new/{NAME}.maildesk"
    )
    assert files(folder) == [f"new/{NAME}.maildesk"]
    assert (folder / "new" / f"{NAME}.maildesk").read_bytes() == ON_DISK


def test_the_standard_library_reads_it_as_a_maildir(folder: Path) -> None:
    delivered(MaildirSender(folder), NAME, MAIL, again=False)
    box = mailbox.Maildir(folder, create=False)
    assert [mail["Subject"] for mail in box] == ["hello"]
    assert not box.list_folders()


def test_nobody_else_may_read(folder: Path) -> None:
    before = os.umask(0)
    try:
        delivered(MaildirSender(folder), NAME, MAIL, again=False)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {0o700}
    assert stat.S_IMODE((folder / "new" / f"{NAME}.maildesk").stat().st_mode) == 0o600


@pytest.mark.parametrize("mark", ["", ":2,", ":2,S", ":2,RS", ",S=23:2,S", ";2,S", "!2,S"])
def test_a_second_attempt_finds_what_a_client_has_moved(folder: Path, mark: str) -> None:
    sender = MaildirSender(folder)
    delivered(sender, NAME, MAIL, again=False)
    (folder / "new" / f"{NAME}.maildesk").rename(folder / "cur" / f"{NAME}.maildesk{mark}")
    assert delivered(sender, NAME, (b"other bytes",), again=True).answer == ALREADY_THERE
    assert files(folder) == [f"cur/{NAME}.maildesk{mark}"]


def test_a_second_attempt_finds_it_in_new(folder: Path) -> None:
    sender = MaildirSender(folder)
    delivered(sender, NAME, MAIL, again=False)
    assert delivered(MaildirSender(folder), NAME, (b"other bytes",), again=True).answer == ALREADY_THERE
    assert (folder / "new" / f"{NAME}.maildesk").read_bytes() == ON_DISK


def test_a_second_attempt_delivers_what_the_first_did_not(folder: Path) -> None:
    sender = MaildirSender(folder)
    delivered(sender, "other", MAIL, again=False)
    (folder / "new" / "other.maildesk").rename(folder / "cur" / f"{NAME}.maildesk-not:2,S")
    assert delivered(sender, NAME, MAIL, again=True).answer.startswith("delivered")
    assert f"new/{NAME}.maildesk" in files(folder)


@pytest.mark.parametrize("again", [False, True])
def test_what_a_killed_attempt_left_is_overwritten(folder: Path, again: bool) -> None:
    sender = MaildirSender(folder)
    delivered(sender, "other", MAIL, again=False)
    (folder / "tmp" / f"{NAME}.maildesk").write_bytes(b"half a mail, and longer than the whole one" * 10)
    delivered(sender, NAME, MAIL, again)
    assert files(folder) == [f"new/{NAME}.maildesk", "new/other.maildesk"]
    assert (folder / "new" / f"{NAME}.maildesk").read_bytes() == ON_DISK


def test_an_error_in_the_middle_leaves_nothing(folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half a mail"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        delivered(MaildirSender(folder), NAME, broken(), again=False)
    assert files(folder) == []


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_an_error_of_the_disk_leaves_nothing_and_is_told(
    folder: Path, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = MaildirSender(folder)
    delivered(sender, "other", MAIL, again=False)

    def fails(*_args: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os if call == "fsync" else Path, call, fails)
    with pytest.raises(OSError, match="Input/output error"):
        delivered(sender, NAME, MAIL, again=False)
    assert files(folder) == ["new/other.maildesk"]


@pytest.mark.parametrize("again", [False, True])
def test_it_is_durable_before_it_is_said(folder: Path, again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes before name, name before answer; also where an earlier attempt was killed between the two."""
    sender = MaildirSender(folder)
    delivered(sender, NAME if again else "other", MAIL, again=False)
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(handle: int) -> None:
        folder_too = os.path.samestat(os.fstat(handle), (folder / "new").stat())
        steps.append("fsync new" if folder_too else "fsync file")
        fsync(handle)

    def noted_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    delivered(sender, NAME, MAIL, again)
    assert steps == (["fsync new"] if again else ["fsync file", "rename", "fsync new"])


@pytest.mark.parametrize("name", ["", ".hidden", "../up", "a/b", "a:2,S", "a\n", "ä", "a" * 201])
def test_a_name_that_is_no_file_name_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        delivered(MaildirSender(folder), name, MAIL, again=False)
    assert not folder.exists()


def test_it_comes_back_when_somebody_removes_the_folder(folder: Path) -> None:
    sender = MaildirSender(folder)
    delivered(sender, "other", MAIL, again=False)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    delivered(sender, NAME, MAIL, again=False)
    assert files(folder) == [f"new/{NAME}.maildesk"]


def test_mails_are_settled_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All bytes are durable before the first name shows them, and one sync makes all names last."""
    sender = MaildirSender(folder)
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(handle: int) -> None:
        fsync(handle)
        folder_too = os.path.samestat(os.fstat(handle), (folder / "new").stat())
        steps.append("new" if folder_too else "file")

    def noted_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    names = [f"mail-{n}" for n in range(20)]
    for name in names:
        sender.send(name, (name.encode(),), again=False)
    assert not list((folder / "new").iterdir())
    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    assert sender.settle() == {}
    assert steps == ["file"] * 20 + ["rename"] * 20 + ["new"]
    assert {path.name: path.read_text() for path in (folder / "new").iterdir()} == {
        f"{name}.maildesk": name for name in names
    }
    assert sender.settle() == {}


def test_only_what_cannot_be_settled_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = MaildirSender(folder)
    for name in ("one", "two", "three"):
        sender.send(name, MAIL, again=False)
    rename = Path.rename

    def picky(self: Path, target: Path) -> Path:
        if "two" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", picky)
    assert list(sender.settle()) == ["two"]
    assert files(folder) == ["new/one.maildesk", "new/three.maildesk"]


def test_what_was_not_settled_was_never_sent(folder: Path) -> None:
    sender = MaildirSender(folder)
    sender.send(NAME, MAIL, again=False)
    sender.send(NAME, (b"Subject: again\r\n\r\n",), again=True)
    sender.send("other", MAIL, again=False)
    assert sender.settle() == {}
    assert (folder / "new" / f"{NAME}.maildesk").read_bytes() == b"Subject: again\n\n"
    sender.send("third", MAIL, again=False)
    sender.close()
    assert files(folder) == [f"new/{NAME}.maildesk", "new/other.maildesk"]


@pytest.mark.parametrize("at", range(len(b"".join(MAIL)) + 1))
def test_line_ends_are_the_systems_wherever_a_piece_ends(folder: Path, at: int) -> None:
    whole = b"".join(MAIL)
    delivered(MaildirSender(folder), NAME, (whole[:at], whole[at:]), again=False)
    assert (folder / "new" / f"{NAME}.maildesk").read_bytes() == ON_DISK
