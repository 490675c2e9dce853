"""`ticket`: the same commands and errors as in an agent's mail."""

from __future__ import annotations

from maildesk.cli.ticket_set import settable
from tests.cli.conftest import MAIL, Desk, maildesk


def test_a_ticket_is_listed_and_shown(fresh: Desk) -> None:
    number = fresh.ticket()
    [listed] = fresh.json("ticket", "list")
    assert (listed["status"], listed["requester"]) == ("new", "jane@customer.example")
    shown = fresh.ok("ticket", "list")
    assert f"#{number}" in shown
    assert "I cannot print" in shown
    found = fresh.json("ticket", "show", f"#{number}")
    assert [entry["kind"] for entry in found["entries"]] == ["customer"]
    assert {mail["kind"] for mail in found["mails"]} == {"acknowledgment", "new_ticket"}
    assert found["events"][0]["kind"] == "opened"
    shown = fresh.ok("ticket", "show", number)
    for word in (
        "nothing comes out of the printer.",
        "Jane Doe <jane@customer.example>",
        "unproven",
        "acknowledgment",
    ):
        assert word in shown


def test_an_unknown_ticket(fresh: Desk) -> None:
    fresh.deliver()
    for command in (["show", "12"], ["set", "12", "--priority", "high"], ["reply", "12", "--text", "x"]):
        told = fresh.no("ticket", *command)
        assert told == "There is no ticket #12; `maildesk ticket list` shows those there are.\n"


def test_set_has_an_option_for_each_field_that_has_a_command() -> None:
    assert settable() == {
        "status": "status",
        "priority": "priority",
        "topic": "topic",
        "assignee": "assign",
    }


def test_set_names_the_values() -> None:
    shown = " ".join(maildesk("ticket", "set", "--help").stdout.decode().split())
    assert "How urgent it is: low, normal, high, emergency." in shown
    assert "wait, pending, hold, progress, open, resolve, solved, close, reopen." in shown


def test_closed_tickets_are_listed_where_all_are_asked_for(fresh: Desk) -> None:
    number = fresh.ticket()
    fresh.ok("ticket", "set", number, "--status", "close")
    assert fresh.json("ticket", "list") == []
    assert [str(found["number"]) for found in fresh.json("ticket", "list", "--status", "all")] == [number]
    assert [str(found["number"]) for found in fresh.json("find", "printer")] == [number]


def test_set(fresh: Desk) -> None:
    number = fresh.ticket()
    told = fresh.ok("ticket", "set", number, "--priority", "high", "--assign", "alice")
    assert told == (
        f"#{number}: priority is now high, assignee is now alice, status is now assigned; "
        "1 mail will be sent by the next `maildesk run`.\n"
    )
    assert fresh.ok("ticket", "set", number, "--priority", "high") == (
        f"#{number} stands so already; nothing was changed.\n"
    )
    fresh.ok("ticket", "set", number, "--assignee", "none", "--status", "resolve", "--topic", "billing")
    found = fresh.json("ticket", "show", number)
    assert (found["assignee"], found["status"], found["topic"]) == ("", "resolved", "billing")
    assert "priority high" in " ".join(fresh.ok("ticket", "show", number).split())


def test_set_has_the_errors_of_the_commands(fresh: Desk) -> None:
    number = fresh.ticket()
    told = fresh.no("ticket", "set", number, "--priority", "hihg")
    assert told.startswith("#priority hihg: 'hihg' is no priority; did you mean high?")
    assert fresh.no("ticket", "set", number, "--priority", "high\n#close", code=2)
    assert fresh.no("ticket", "set", number, "--assign", "carol")
    assert fresh.json("ticket", "show", number)["priority"] == "normal"


def test_an_answer_goes_to_the_customer_and_commands_do_not(fresh: Desk) -> None:
    number = fresh.ticket()
    told = fresh.ok(
        "ticket", "reply", number, "--as", "alice", given=b"Please try again.\r\n\r\n#resolve\r\n"
    )
    assert told.startswith(f"#{number} has a new answer; assignee is now alice, ")
    assert "status is now resolved; 1 mail will be sent" in told
    fresh.ok("run", "--once")
    sent = fresh.json("outbox", "list")[0]
    assert (sent["kind"], sent["to"], sent["state"]) == ("answer", "jane@customer.example", "sent")
    raw = fresh.ok("outbox", "show", sent["once"][:12], "--raw")
    assert "Please try again." in raw
    assert "#resolve" not in raw
    told = fresh.no("ticket", "reply", number, "--text", "#rsolve\nHello")
    assert told.startswith("Nothing was done: #rsolve: did you mean #resolve")


def test_a_note_reaches_no_customer(fresh: Desk) -> None:
    number = fresh.ticket()
    fresh.ok("ticket", "set", number, "--assign", "bob")
    assert "has a new note; 1 mail will be sent" in fresh.ok(
        "ticket", "note", number, "--text", "Called back."
    )
    fresh.ok("run", "--once")
    [sent] = [mail for mail in fresh.json("outbox", "list") if mail["kind"] == "note"]
    assert sent["to"] == "bob@desk.example"
    note = fresh.json("ticket", "show", number)["entries"][-1]
    assert (note["kind"], note["text"]) == ("note", "Called back.")
    assert note["author_name"].startswith("admin (")
    assert "NOTE, internal" in fresh.ok("ticket", "show", number)
    fresh.ok("ticket", "note", number, "--as", "alice@desk.example", "--text", "Me too.")
    assert fresh.json("ticket", "show", number)["entries"][-1]["author_name"] == "Alice Agent"


def test_nobody_acts_as_a_stranger(fresh: Desk) -> None:
    number = fresh.ticket()
    told = fresh.no("ticket", "note", number, "--as", "alcie", "--text", "x")
    assert told.startswith("'alcie' is no agent; did you mean alice?")
    assert len(fresh.json("ticket", "show", number)["entries"]) == 1


def test_new(fresh: Desk) -> None:
    told = fresh.ok(
        "ticket",
        "new",
        "--from",
        "Tom@X.example",
        "--name",
        "Tom Fox",
        "--subject",
        "No paper",
        given=b"He called.",
    )
    number = told[1:].split()[0]
    assert told == f"#{number} is open; 3 mails will be sent by the next `maildesk run`.\n"
    found = fresh.json("ticket", "show", number)
    assert (found["requester"], found["requester_name"], found["subject"]) == (
        "tom@x.example",
        "Tom Fox",
        "No paper",
    )
    fresh.ok("run", "--once")
    assert {mail["state"] for mail in fresh.json("ticket", "show", number)["mails"]} == {"sent"}


def test_list_is_narrowed(fresh: Desk) -> None:
    first = fresh.ticket()
    fresh.deliver(MAIL.replace(b"first@", b"second@").replace(b"print", b"scan"))
    fresh.ok("ticket", "set", first, "--assign", "alice", "--status", "closed")
    assert [t["subject"] for t in fresh.json("ticket", "list")] == ["I cannot scan"]
    assert [t["subject"] for t in fresh.json("ticket", "list", "--status", "closed")] == ["I cannot print"]
    assert [t["subject"] for t in fresh.json("ticket", "list", "--assignee", "none")] == ["I cannot scan"]
    assert fresh.json("ticket", "list", "--assignee", "alice@desk.example") == []
    assert "did you mean closed?" in fresh.no("ticket", "list", "--status", "closd", code=2)
    assert "did you mean alice?" in fresh.no("ticket", "list", "--assignee", "alcie", code=2)


def test_a_customers_words_do_nothing_to_a_terminal(fresh: Desk) -> None:
    nasty = b"\x1b]0;owned\x07\x1b[2J \xe2\x80\xae [bold red]x[/bold red]"
    mail = (
        MAIL.replace(b"nothing comes", nasty)
        .replace(b"I cannot print", b"Sub" + nasty)
        .replace(b"Jane Doe", b"Ja\x1b[31mne")
    )
    fresh.deliver(mail)
    number = str(fresh.json("ticket", "list")[0]["number"])
    key = fresh.json("inbox", "list")[0]["key"]
    fresh.ok(
        "ticket",
        "new",
        "--from",
        "t@x.example",
        "--subject",
        "T\x1b[31mom",
        "--name",
        "\x1b[1mTom",
        "--text",
        "\x9b2J",
    )
    shown = [
        fresh.ok("ticket", "list"),
        fresh.ok("ticket", "show", number),
        fresh.ok("inbox", "list"),
        fresh.ok("inbox", "show", key),
        fresh.ok("outbox", "list"),
        fresh.ok("trace", "first@customer.example"),
    ]
    assert not any(bad in text for text in shown for bad in "\x1b\x07\x9b\u202e")
    assert "[bold red]x[/bold red]" in shown[1]
