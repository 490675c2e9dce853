"""Lists of tickets: the same words find the same tickets on both databases, and every filter narrows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from maildesk.core.model import DAY, HOUR
from maildesk.core.search import BETWEEN, document, parse
from maildesk.core.selection import NOT_CLOSED, OPEN, Selection, Span
from maildesk.store import examine, search
from maildesk.store.schema import alias
from maildesk.store.search_tables import search as rows
from maildesk.store.selecting import selected, snippets
from tests.desk import START, Desk, a_desk, a_mail, an_answer

MAILS = {
    "printer": a_mail(),
    "invoice": a_mail(
        sender="Tim Müller <tim@other.example>",
        subject="Rechnung fehlt",
        text="Die Rechnung für März fehlt. Grüße aus Köln, E-Mail an tim.mueller@other.example\n",
        message_id="<second@other.example>",
    ),
    "japanese": a_mail(
        sender="ゆき <yuki@nippon.example>",
        subject="プリンターの故障",
        text="白紙だけが出てきます。\n",
        message_id="<third@nippon.example>",
    ),
    "scanner": a_mail(
        sender="Kim <kim@customer.example>",
        subject="Scanner",
        text="The scanner beside the printer makes pages, blank ones.\n",
        message_id="<fourth@customer.example>",
    ),
}  # fmt: skip
MAILS["scanner"].add_attachment(b"x", maintype="image", subtype="png", filename="Scan_0042.png")


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    with a_desk(tmp_path, database_url) as found:
        yield found


@pytest.fixture
def full(desk: Desk) -> dict[str, int]:
    """The number of the ticket of each of the mails, which came with an hour between them."""
    numbers = {}
    for name, mail in MAILS.items():
        numbers[name] = desk.handle(mail)["ticket"]
        desk.now += HOUR
    return numbers


def found(desk: Desk, asked: str = "", **wanted: Any) -> list[int]:
    """The numbers of the tickets that fit, in their order."""
    query = parse(asked) if asked else None
    selection = Selection(query=query, **{"order": "best" if asked else "newest", **wanted})
    with desk.store.db.reading() as conn:
        return [ticket["number"] for ticket in selected(conn, selection).tickets]


ANSWERS = {
    "printer": ["printer", "scanner"],
    "PRINT": ["printer", "scanner"],
    "print blank": [],
    "print* blank": ["scanner", "printer"],
    "blank pages": ["scanner", "printer"],
    '"blank pages"': ["printer"],
    "printer -scanner": ["printer"],
    'pages -"blank pages"': ["scanner"],
    "page -blan*": [],
    "rechnung marz": ["invoice"],
    "MÄRZ": ["invoice"],
    "grusse koln": ["invoice"],
    "Mueller": ["invoice"],
    "tim@other.example": ["invoice"],
    "other.example": ["invoice"],
    "@customer.example": ["scanner", "printer"],
    "jane doe": ["printer"],
    '"doe jane"': [],
    "e-mail": ["invoice"],
    "email": [],
    "白紙": ["japanese"],
    "紙白": [],
    "プリンター": ["japanese"],
    "scan_0042.png": ["scanner"],
    "kim 0042": ["scanner"],
    "second@other.example": ["invoice"],
    "<fourth@customer.example>": ["scanner"],
    "nothing -nothing": [],
    "o'neill \"a'b\" x:y & | ! <-> NEAR ^": [],
}


def test_what_is_found(desk: Desk, full: dict[str, int]) -> None:
    names = {number: name for name, number in full.items()}
    assert {asked: [names[n] for n in found(desk, asked)] for asked in ANSWERS} == ANSWERS


def test_a_number_finds_its_ticket_also_the_one_that_it_had(desk: Desk, full: dict[str, int]) -> None:
    printer, scanner = full["printer"], full["scanner"]
    assert found(desk, str(printer)) == found(desk, f"#{printer}") == [printer]
    desk.store.write("decide", lambda conn: conn.execute(alias.insert().values(number=77, ticket=scanner)))
    assert found(desk, "#77") == [scanner]
    assert found(desk, "77 printer") == [scanner]
    assert found(desk, "printer -77") == [printer]
    assert found(desk, "9" * 30) == []


def test_words_may_stand_in_different_entries(desk: Desk, full: dict[str, int]) -> None:
    to_alice = desk.mails("alice@desk.example", "new_ticket")[0]
    desk.handle(
        an_answer(to_alice, "alice@desk.example", "#note\nThe toner is empty.", "<note@desk.example>")
    )
    desk.handle(an_answer(to_alice, "alice@desk.example", "Put ink into it.", "<a@desk.example>"))
    assert found(desk, "toner ink jane") == [full["printer"]]
    assert found(desk, "alice@desk.example ink") == [full["printer"]]
    with desk.store.db.reading() as conn:
        query = parse("blank toner")
        key, piece = snippets(conn, [full["printer"]], query, 100)[full["printer"]]
        assert piece.text == "The toner is empty."
        assert key == desk.ticket(full["printer"])["entries"][1]["key"]
        assert snippets(conn, list(full.values()), parse("zebra"), 100) == {}


def test_who_takes_part_later_is_found(desk: Desk, full: dict[str, int]) -> None:
    to_alice = desk.mails("alice@desk.example", "new_ticket")[0]
    copied = an_answer(
        to_alice,
        "alice@desk.example",
        "Ink?",
        "<copy@desk.example>",
        {"Cc": "Carla Cole <carla@third.example>"},
    )
    assert found(desk, "carla") == []
    desk.handle(copied)
    assert found(desk, "carla@third.example") == [full["printer"]]
    assert found(desk, values={"requester": ("carla@third.example", "@third.example")}) == []


def index(desk: Desk) -> set[tuple[Any, ...]]:
    """What is in the index."""
    with desk.store.db.reading() as conn:
        return {tuple(row) for row in conn.execute(select(rows.c.ticket, rows.c.entry, rows.c.words))}


def test_the_index_that_is_made_anew_is_the_same(
    desk: Desk, full: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    test_who_takes_part_later_is_found(desk, full)
    before = index(desk)
    monkeypatch.setattr(search, "BATCH", 2)
    desk.store.write("work", lambda conn: conn.execute(rows.delete()))
    assert found(desk, "printer") == []
    with desk.store.db.reading() as conn:
        assert examine.unfindable(conn) == len(before)
    desk.store.write("decide", search.renew)
    assert index(desk) == before
    with desk.store.db.reading() as conn:
        assert examine.unfindable(conn) == 0
    assert len(before) == len(full) + 5
    assert found(desk, "carla") == [full["printer"]]


def test_sqlite_keeps_its_index_whole(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        for mail in MAILS.values():
            desk.handle(mail)
        test_who_takes_part_later_is_found(desk, {"printer": found(desk, "jane")[0]})
        assert examine.index_damage(desk.store.db) == ""


def test_a_very_long_mail_is_taken_and_its_beginning_found(desk: Desk) -> None:
    """PostgreSQL refuses more than 1 MB of words: a mail must not fail for that."""
    # Georgian letters take three bytes each, and words that are all different take most room.
    for place, letters in enumerate(("აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ", "abcdefghijklmnopqrstuvwxyz")):
        many = " ".join(f"{letters[n % 26] * 50}{n}" for n in range(9_000))
        mail = a_mail(
            text=f"beginning{place} {many} ending{place}\n", message_id=f"<long{place}@customer.example>"
        )
        assert desk.handle(mail)["disposition"] == "new-ticket"
        assert len(found(desk, f"beginning{place}")) == 1
        assert found(desk, f"ending{place}") == []


def test_all_letters_can_be_stored_and_found(desk: Desk, full: dict[str, int]) -> None:
    """Every letter of Unicode, alone and in a word; PostgreSQL's own reading of text knows fewer than Python."""
    letters = [chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code <= 0xDFFF]
    texts = [
        " ".join(f"{letter} a{letter}" for letter in letters[at : at + 4000])
        for at in range(0, len(letters), 4000)
    ]
    number = full["printer"]
    entries = [
        {"ticket": number, "key": f"k{place}", "author": "", "author_name": "", "new_text": text}
        for place, text in enumerate(texts)
    ]
    desk.store.write("work", lambda conn: search.index(conn, [], entries, []))
    for word in (word for text in texts for word in document([text])[::2500] if word != BETWEEN):
        assert number in found(desk, word), word


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40) | st.text(alphabet="ab-*\"'@#:&|!()<>^\\{}~ %_\x00é日", max_size=20))
def test_any_question_is_harmless(desk: Desk, asked: str) -> None:
    try:
        query = parse(asked)
    except ValueError:
        return
    with desk.store.db.reading() as conn:
        assert selected(conn, Selection(query=query, order="best")).total == 0
        assert snippets(conn, [1], query, 80) == {}


def test_lists_are_narrowed(desk: Desk, full: dict[str, int]) -> None:
    printer, invoice, japanese, scanner = full.values()
    everything = [scanner, japanese, invoice, printer]
    to_alice = desk.mails("alice@desk.example", "new_ticket")[0]
    desk.handle(an_answer(to_alice, "alice@desk.example", "Ink?\n\n#close", "<a@desk.example>"))
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, everything),
        ({"values": {"status": NOT_CLOSED}}, everything[:-1]),
        ({"values": {"status": OPEN}}, everything[:-1]),
        ({"values": {"status": ("closed", "resolved")}}, [printer]),
        ({"values": {"assignee": ("alice",)}}, [printer]),
        ({"values": {"assignee": ("", "alice")}}, everything),
        ({"values": {"topic": ("printing",)}}, [printer]),
        ({"values": {"department": ("billing",)}}, []),
        ({"values": {"priority": ("normal",), "topic": ("printing", "invoices")}}, [printer]),
        ({"values": {"tag": ("hardware", "software")}}, [printer]),
        ({"values": {"requester": ("jane@customer.example",)}}, [printer]),
        ({"values": {"requester": ("@customer.example", "tim@other.example")}}, [scanner, invoice, printer]),
        ({"values": {"requester": ("@ustomer.example", "@%")}}, []),
        ({"unanswered": True}, everything[:-1]),
        ({"opened": Span(START + HOUR)}, everything[:-1]),
        ({"opened": Span(until=START + HOUR)}, [printer]),
        ({"opened": Span(START + HOUR, START + 2 * HOUR)}, [invoice]),
        ({"updated": Span(START + 4 * HOUR)}, [printer]),
        ({"updated": Span(until=START + 4 * HOUR)}, everything[:-1]),
        ({"order": "oldest"}, everything[::-1]),
        ({"order": "updated"}, [printer, scanner, japanese, invoice]),
        ({"limit": 2}, everything[:2]),
        ({"asked": "printer", "unanswered": True}, [scanner]),
        ({"asked": "printer", "order": "newest"}, [scanner, printer]),
    ]  # fmt: skip
    assert [found(desk, **wanted) for wanted, _ in cases] == [right for _, right in cases]


def test_the_most_urgent_first(desk: Desk) -> None:
    numbers = []
    for place, text in enumerate(("one", "fire", "two", "fire again")):
        subject = "An invoice" if text == "two" else f"Subject {place}"
        mail = a_mail(subject=subject, text=f"{text}\n", message_id=f"<{place}@x.example>")
        numbers.append(desk.handle(mail)["ticket"])
        desk.now += DAY
    normal, first, low, second = numbers
    assert found(desk, order="priority") == [first, second, normal, low]


def test_how_many_there_are(desk: Desk, full: dict[str, int]) -> None:
    with desk.store.db.reading() as conn:
        assert selected(conn, Selection(limit=3)).total == 4
        assert selected(conn, Selection(limit=4)).total == 4
        part = selected(conn, Selection(query=parse("printer"), limit=1))
    assert (part.total, len(part.tickets)) == (2, 1)


def test_each_decision_says_when_the_ticket_changed(desk: Desk, full: dict[str, int]) -> None:
    desk.now += DAY
    desk.handle(
        a_mail(
            text="It is worse now.\n",
            message_id="<again@customer.example>",
            headers={"In-Reply-To": "<first@customer.example>"},
        )
    )
    with desk.store.db.reading() as conn:
        listed = selected(conn, Selection(order="updated")).tickets
    assert listed[0]["number"] == full["printer"]
    assert [ticket["updated"] for ticket in listed] == [desk.now, *(START + n * HOUR for n in (3, 2, 1))]
