"""`deliver`: exit status 0 only for a mail that is stored."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from maildesk.edges.accept import Acceptor
from tests.cli.conftest import MAIL, Desk, maildesk


def test_a_mail_is_stored_as_it_came(fresh: Desk) -> None:
    arguments = [
        "--recipient",
        "Support@Desk.example",
        "--recipient",
        "<b@desk.example>",
        "--sender",
        "J@Customer.example",
    ]
    done = maildesk("--config", str(fresh.config), "deliver", *arguments, given=MAIL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [found] = fresh.json("inbox", "list")
    assert found["channel"] == "pipe"
    assert found["envelope"]["sender"] == "j@customer.example"
    assert found["envelope"]["recipients"] == ["support@desk.example", "b@desk.example"]
    done = maildesk("--config", str(fresh.config), "inbox", "show", found["key"], "--raw")
    assert done.stdout == MAIL


@pytest.mark.parametrize(
    ("arguments", "sender"), [([], None), (["--sender", ""], ""), (["--sender", "<>"], "")]
)
def test_the_null_return_path_is_not_an_unknown_one(
    fresh: Desk, arguments: list[str], sender: str | None
) -> None:
    fresh.ok("deliver", *arguments, given=MAIL)
    assert fresh.json("inbox", "list")[0]["envelope"]["sender"] == sender


def test_a_broken_configuration_is_a_reason_to_try_again(fresh: Desk) -> None:
    fresh.edit("^zone = .*", 'zone = "Mars"')
    assert "Mars" in fresh.no("deliver", given=MAIL, code=75)
    fresh.config.unlink()
    assert fresh.no("deliver", given=MAIL, code=75)


def test_so_is_a_store_that_cannot_be_made(fresh: Desk) -> None:
    (fresh.folder / "var").write_text("in the way")
    assert fresh.no("deliver", given=MAIL, code=75).count("\n") == 1


def test_so_is_a_commit_that_fails(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Future[str]:
        done: Future[str] = Future()
        done.set_exception(OSError(28, "No space left on device"))
        return done

    monkeypatch.setattr(Acceptor, "__call__", fails)
    told = fresh.no("deliver", given=MAIL, code=75)
    assert told.startswith("No space left on device. The disk is full: make room")


def test_so_is_an_error_of_our_own(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Future[str]:
        raise ValueError("a bug")

    monkeypatch.setattr(Acceptor, "__call__", fails)
    assert "a bug" in fresh.no("deliver", given=MAIL, code=75)


def test_so_is_no_mail_at_all(fresh: Desk) -> None:
    assert "no mail" in fresh.no("deliver", code=75)


def test_a_mail_beyond_the_limit_goes_back_to_its_sender(fresh: Desk) -> None:
    fresh.edit("^#mail_bytes = .*", "mail_bytes = 10_000")
    fresh.ok("deliver", given=MAIL.ljust(10_000, b"."))
    assert fresh.no("deliver", given=MAIL.ljust(10_001, b".")) == (
        "The mail is larger than 10 KB, which is all that this desk takes.\n"
    )
    assert len(fresh.json("inbox", "list")) == 1
