"""Mail files: what is a mail in them, and in which order they come."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maildesk.core.model import SECOND
from maildesk.edges.mail_files import found

LATE = b"Date: Tue, 11 Mar 2025 10:00:00 +0000\nSubject: late\n\nFrom here on\nFrom there\n>From quoted\n"
EARLY = b"Date: Mon, 10 Mar 2025 09:00:00 +0000\nSubject: early\n\nHello\n\n\nbye\n"
UNDATED = b"Subject: undated\n\nHello\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_mbox_is_cut_where_its_mails_begin(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "box"
    mails = (LATE, EARLY, UNDATED)
    border = b"From jane@customer.example Mon Mar 10 09:00:00 2025\n"
    path.write_bytes(b"".join(border + mail + b"\n" for mail in mails).replace(b"\n", end))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    listed = found("mbox", path, 1000)
    assert [mail.read().replace(end, b"\n") for mail in listed] == [UNDATED, EARLY, LATE], "oldest first"
    assert [mail.written for mail in listed] == [
        1_700_000_000 * SECOND,
        1_741_597_200 * SECOND,
        1_741_687_200 * SECOND,
    ]
    assert [mail.name for mail in listed] == [f"{path}, mail {n}" for n in (3, 2, 1)]


def test_an_empty_mbox_has_no_mails(tmp_path: Path) -> None:
    (tmp_path / "box").touch()
    assert found("mbox", tmp_path / "box", 1000) == []


def test_one_file_is_one_mail(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(EARLY)
    [mail] = found("eml", tmp_path / "mail", 1000)
    assert (mail.read(), mail.trouble) == (EARLY, "")
    [mail] = found("eml", tmp_path / "mail", 10)
    assert mail.trouble == "it is larger than 10 bytes"


def test_a_maildir_is_what_lies_in_new_and_cur(tmp_path: Path) -> None:
    for part in ("cur", "new", "tmp"):
        (tmp_path / part).mkdir()
    (tmp_path / "cur/1:2,S").write_bytes(EARLY)
    (tmp_path / "new/2").write_bytes(LATE)
    (tmp_path / "tmp/3").write_bytes(LATE)
    assert [Path(mail.name).name for mail in found("maildir", tmp_path, 1000)] == ["1:2,S", "2"]
