"""inbox, outbox, held, quarantine, trace and explain: what became of a mail."""

from __future__ import annotations

import pytest

from maildesk.app import App
from tests.cli.conftest import MAIL, Desk

SPOOF = b"""From: Alice <alice@desk.example>
To: support@desk.example
Subject: Re: [#%s]
Message-ID: <spoof@bad.example>

#close
"""


def test_trace_tells_a_mails_story(fresh: Desk) -> None:
    fresh.deliver()
    [found] = fresh.json("trace", "<first@customer.example>")
    assert (found["disposition"], found["state"], found["subject"]) == (
        "new-ticket",
        "done",
        "I cannot print",
    )
    assert found["why"]
    assert {(mail["kind"], mail["state"]) for mail in found["mails"]} == {
        ("acknowledgment", "sent"),
        ("new_ticket", "sent"),
    }
    shown = fresh.ok("trace", found["key"][:6])
    assert shown.startswith(f"Mail {found['key']}: new-ticket #{found['ticket']}")
    assert "acknowledgment" in shown
    assert found["changes"][0]["kind"] == "opened"
    assert shown.index("Why") < shown.index("Changes\n") < shown.index("Mails that followed")
    # A mail of ours leads to the mail that it follows from.
    ours = found["mails"][0]
    assert fresh.json("trace", ours["message_id"]) == [found]
    assert fresh.json("trace", ours["once"][:12]) == [found]
    assert fresh.no("trace", "other@customer.example") == (
        "No mail with the Message-ID or key other@customer.example has come here; "
        "`maildesk inbox list` shows those that came.\n"
    )


def test_explain_says_what_then_happens(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    file = fresh.folder / "a.eml"
    file.write_bytes(MAIL)
    told = fresh.json(
        "explain", str(file), "--recipient", "support@desk.example", "--sender", "jane@customer.example"
    )
    assert fresh.json("inbox", "list") == []
    shown = fresh.ok("explain", "-", given=MAIL)
    assert shown.startswith("This mail would be: new-ticket\n")
    assert f"#{told['ticket']['number']}" in shown
    assert "The service is down" in shown
    assert "acknowledgment to jane@customer.example: I cannot print" in shown
    fresh.deliver()
    [found] = fresh.json("trace", "first@customer.example")
    assert found["disposition"] == told["disposition"]
    assert found["ticket"] == told["ticket"]["number"]
    assert found["why"] == told["why"]
    assert [(m["to"], m["kind"]) for m in found["mails"]] == [(m["to"], m["template"]) for m in told["mails"]]
    assert "would be: duplicate" in fresh.ok("explain", str(file))
    assert (
        fresh.no("explain", "nowhere.eml")
        == "The file nowhere.eml cannot be read: No such file or directory.\n"
    )


def test_explain_counts_the_null_return_path(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    assert "acknowledgment to" not in fresh.ok(
        "explain", "-", "--sender", "", "--channel", "smtp", given=MAIL
    )


def test_explain_says_whom_smtp_does_not_know(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    asked = ("explain", "-", "--recipient", "nobody@desk.example", "--recipient", "support@desk.example")
    shown = fresh.ok(*asked, "--channel", "smtp", given=MAIL)
    refused = (
        "It would be refused to the recipient nobody@desk.example: 550 5.1.1 There is no such address here"
    )
    assert shown.startswith(f"{refused}\nThis mail would be: new-ticket\n")
    assert "refuse" not in fresh.ok(*asked, given=MAIL)


def test_keys_may_be_shortened(fresh: Desk) -> None:
    for number in range(20):
        fresh.ok("deliver", given=MAIL.replace(b"first@", b"%d@" % number))
    keys = [found["key"] for found in fresh.json("inbox", "list")]
    assert fresh.json("inbox", "show", keys[0][:10])["key"] == keys[0]
    assert "may be any of" in fresh.no(
        "inbox", "show", next(k[0] for k in keys if sum(o[0] == k[0] for o in keys) > 1)
    )
    assert fresh.no("inbox", "show", "zz") == "There is no mail with the key zz.\n"
    assert fresh.no("inbox", "show", "%") == "There is no mail with the key %.\n"
    assert fresh.no("outbox", "show", "zz") == "There is no outgoing mail with the key zz.\n"
    assert len(fresh.json("inbox", "list", "--limit", "3")) == 3
    assert "newest 3" in fresh.run("inbox", "list", "--limit", "3").stderr


def test_lists_show_mails_that_nobody_has_decided(fresh: Desk) -> None:
    fresh.ok("deliver", given=MAIL)
    [found] = fresh.json("inbox", "list", "--state", "new")
    assert (found["sender"], found["subject"]) == ("jane@customer.example", "I cannot print")
    assert "I cannot print" in fresh.ok("inbox", "list")
    assert fresh.json("inbox", "list", "--disposition", "new-ticket") == []


def test_held_mail_is_released(fresh: Desk) -> None:
    number = fresh.ticket()
    fresh.deliver(SPOOF % number.encode())
    [found] = fresh.json("held", "list")
    key = found["key"]
    assert "alice@desk.example" in fresh.ok("held", "list")
    shown = fresh.ok("held", "show", key)
    assert f"maildesk held release {key}" in shown
    assert "It begins" in shown
    assert "#close" in shown
    assert fresh.ok("held", "show", key, "--raw").encode() == SPOOF % number.encode()
    assert fresh.json("held", "show", key)["disposition"] == "held"
    told = fresh.ok("held", "release", key[:8])
    assert told == f"The mail {key} will be decided by the next `maildesk run`.\n"
    fresh.ok("run", "--once")
    assert fresh.json("held", "list") == []
    assert fresh.json("ticket", "show", number)["status"] == "closed"
    assert any("admin (" in sentence for sentence in fresh.json("inbox", "show", key)["why"])
    shown = fresh.ok("trace", key)
    assert "released by admin (" in shown
    assert "decided     2 times" in shown
    assert "status closed" in shown
    assert "is not held" in fresh.no("held", "release", key)
    assert "is not held but command" in fresh.no("held", "show", key)


def test_quarantined_mail_is_tried_again(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_raw: bytes) -> None:
        raise ValueError("poison \x1b[31m")

    made = App.__init__

    def poisoned(self: App, *arguments: object) -> None:
        made(self, *arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(self.inbound, "_before_read", fails)

    with monkeypatch.context() as patch:
        patch.setattr(App, "__init__", poisoned)
        patch.setattr("maildesk.log.stumbled", lambda *_: None)
        fresh.deliver()
    [found] = fresh.json("quarantine", "list")
    key = found["key"]
    assert (found["direction"], found["state"]) == ("in", "quarantined")
    assert "ValueError: poison" in fresh.ok("quarantine", "list")
    shown = fresh.ok("quarantine", "show", key[:10])
    assert "Traceback" in shown
    assert "\x1b" not in shown
    assert fresh.json("status")["quarantine"] == {"inbox": 1, "outbox": 0}
    assert fresh.ok("quarantine", "retry", key[:10]) == (
        f"The mail {key} will be decided again by the next `maildesk run`.\n"
    )
    fresh.ok("run", "--once")
    assert fresh.json("inbox", "show", key)["disposition"] == "new-ticket"
    assert "is not in quarantine" in fresh.no("inbox", "retry", key)
    assert "no mail in quarantine" in fresh.no("quarantine", "retry", key).lower()


def test_outgoing_mail_in_quarantine(fresh: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("no words")

    with monkeypatch.context() as patch:
        patch.setattr("maildesk.work.outbound.compose", fails)
        patch.setattr("maildesk.log.stumbled", lambda *_: None)
        fresh.deliver()
    found = fresh.json("quarantine", "list")
    assert {mail["direction"] for mail in found} == {"out"}
    once = found[0]["once"]
    assert "no words" in fresh.ok("quarantine", "show", once)
    assert "is not composed yet" in fresh.no("outbox", "show", once, "--raw")
    for mail in found:
        assert "will be sent by" in fresh.ok("quarantine", "retry", mail["once"])
    fresh.ok("run", "--once")
    assert fresh.json("quarantine", "list") == []
    assert {mail["state"] for mail in fresh.json("outbox", "list")} == {"sent"}
    assert "is sent, is being sent, or" in fresh.no("outbox", "retry", once)
    shown = fresh.ok("outbox", "show", once)
    assert "sent" in shown.splitlines()[0]
    assert fresh.json("outbox", "show", once)["attempts"][-1]["outcome"] == "sent"


def test_an_answer_that_was_stopped(fresh: Desk) -> None:
    number = fresh.ticket()
    fresh.ok("ticket", "reply", number, "--as", "alice", "--text", "Write to bob@desk.example.")
    fresh.ok("run", "--once")
    shown = fresh.ok("ticket", "show", number)
    assert "answer, NOT SENT: Alice" in shown
    assert "It was not sent to jane@customer.example: It contains bob@desk.example" in " ".join(shown.split())
    assert "stopped" in shown.partition("History")[2]
    (answer,) = (mail for mail in fresh.json("outbox", "list") if mail["kind"] == "answer")
    assert (answer["state"], answer["tries"]) == ("stopped", 1)
    assert "Stopped by the last gate" in fresh.ok("outbox", "show", answer["once"])
    assert "was stopped, to be written anew" in fresh.no("outbox", "retry", answer["once"])


def test_nothing_is_an_empty_list(fresh: Desk) -> None:
    fresh.ok("run", "--once")
    for command in ("ticket", "inbox", "outbox", "held", "quarantine"):
        assert fresh.json(command, "list") == []
        done = fresh.run(command, "list")
        assert (done.stdout, done.stderr) == ("", "There are none.\n")


def test_both_databases(fresh: Desk, database_url: str) -> None:
    fresh.edit("^url = .*", f'url = "{database_url}"')
    number = fresh.ticket()
    fresh.deliver(SPOOF % number.encode())
    assert [found["subject"] for found in fresh.json("inbox", "list")] == [
        f"Re: [#{number}]",
        "I cannot print",
    ]
    key = fresh.json("held", "list")[0]["key"]
    fresh.ok("held", "release", key[:9])
    fresh.ok("ticket", "note", number, "--text", "Seen.")
    fresh.ok("run", "--once")
    assert fresh.json("ticket", "show", number)["status"] == "closed"
    assert fresh.json("trace", "first@customer.example")[0]["mails"]
    assert fresh.json("status")["inbox"]["done"] == 2
    assert "2 done" in fresh.ok("check")
