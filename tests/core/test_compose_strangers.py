"""What strangers write in a composed mail: it is never executed, and the last gate stops what is not for a customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import identity
from maildesk.core.changes import Notice
from maildesk.core.compose import compose
from maildesk.core.material import Blocked, Composed, Material
from maildesk.core.message import Attachment
from maildesk.core.model import Ticket
from maildesk.edges import samples
from tests.core.composing import KEYS, POLICY, TEMPLATES, composed, message, of, text

EVIL = "{{7*7}}{% raw %}<script>alert(1)</script>\r\nBcc: evil@example.org"


def _evil(notice: Notice, material: Material) -> tuple[Notice, Material]:
    """The same mail with markup, template syntax and header lines in all that a stranger writes."""
    evil_file = Attachment("1.2", EVIL, EVIL, 5, "0" * 64, EVIL, True)

    def entry(one: Any) -> Any:
        return one and replace(
            one,
            text=EVIL,
            new_text=EVIL,
            author_name=EVIL,
            remark=EVIL,
            message_id=EVIL,
            attachments=(evil_file,),
        )

    ticket: Ticket | None = material.ticket
    if ticket:
        people = tuple(replace(p, name=f"{p.role} {EVIL}") for p in ticket.participants)
        ticket = replace(ticket, subject=EVIL, topic=EVIL, tags=(EVIL,), participants=people)
    facts: dict[str, object] = {
        key: [EVIL] if isinstance(value, list) else EVIL
        for key, value in notice.facts.items()
        if key not in ("about", "mails", "more")
    }
    if rows := notice.facts.get("mails"):
        assert isinstance(rows, list)
        facts["mails"] = [dict.fromkeys(row, EVIL) for row in rows]
    dark = Material(
        ticket, entry(material.entry), tuple(entry(e) for e in material.thread), (EVIL, "ok@x.example")
    )
    return replace(notice, facts=facts), dark


@pytest.mark.parametrize(("notice", "material"), samples.all_notices(), ids=lambda v: getattr(v, "kind", ""))
def test_what_strangers_write_is_never_executed(notice: Notice, material: Material) -> None:
    mail = compose(*_evil(notice, material), POLICY, KEYS, TEMPLATES)
    assert isinstance(mail, Composed)
    found = message(mail)
    assert found["Bcc"] is None
    assert set(found.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To",
        "Auto-Submitted", "X-Auto-Response-Suppress", "X-Maildesk-Trace", "X-Maildesk-Kind",
        "X-Maildesk-Ticket", "X-Maildesk-Status", "X-Maildesk-Priority", "X-Maildesk-Department",
        "X-Maildesk-Topic", "X-Maildesk-Assignee", "MIME-Version", "Content-Type",
    }  # fmt: skip
    plain, html = text(mail), text(mail, "html")
    assert "49" not in plain.replace("482913", "") + html.replace("482913", "")
    assert "<script" not in html
    if notice.kind not in ("acknowledgment", "welcome"):
        assert "{{7*7}}" in plain
        assert "{{7*7}}" in html
        assert "&lt;script&gt;" in html


OWN_NAME = replace(samples.TICKET.requester, name="Jane for Bob@private.example")
NAMED: list[dict[str, Any]] = [
    {"subject": "No answer from bob@private.example & others"},
    {"participants": (OWN_NAME, samples.TICKET.participants[1])},
]


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize("kind", ["acknowledgment", "answer"])
def test_what_the_recipient_wrote_in_the_subject_or_as_their_name_is_no_leak_to_them(
    kind: str, named: dict[str, Any]
) -> None:
    notice, material = of(kind)
    own = replace(material, ticket=replace(samples.TICKET, **named))
    mail = composed(notice, own)
    assert "bob@private.example" in f"{message(mail)['Subject']} {message(mail)['To']}".lower()
    # Anybody else wrote it: whoever took the ticket down, another sender, or the other participant reads it.
    assert own.ticket is not None
    stranger = replace(samples.FIRST, author="tim@elsewhere.example")
    tom = identity.person_of_address("tom@customer.example")
    for other, shown in (
        (notice, replace(own, ticket=replace(own.ticket, source="api"))),
        (notice, replace(own, thread=(stranger, samples.FIRST))),
        (notice, replace(own, thread=())),
        (replace(notice, to="tom@customer.example", person=tom), own),
    ):
        blocked = compose(other, shown, POLICY, KEYS, TEMPLATES)
        # Who else takes part is named in answers alone.
        hidden = other is not notice and kind == "acknowledgment" and "subject" not in named
        assert isinstance(blocked, Composed if hidden else Blocked)


@pytest.mark.parametrize("named", NAMED)
@pytest.mark.parametrize(
    ("leak", "place"),
    [
        ({"new_text": "Bob (bob@private.example) will call you."}, "the text or signature"),
        ({"new_text": "No answer from bob@private.example & others"}, "the text or signature"),
        ({"new_text": "bob@private.example"}, "the text or signature"),
        (
            {"attachments": (replace(samples.FIRST.attachments[0], name="bob@private.example 1.pdf"),)},
            "the names",
        ),
    ],
)
def test_the_same_address_in_an_answer_is_a_leak(
    named: dict[str, Any], leak: dict[str, Any], place: str
) -> None:
    notice, material = of("answer")
    answer = replace(samples.ANSWER, **leak)
    thread = (samples.FIRST, answer)
    own = Material(replace(samples.TICKET, **named), answer, thread, material.references)
    blocked = compose(notice, own, POLICY, KEYS, TEMPLATES)
    assert isinstance(blocked, Blocked)
    (one,) = blocked.findings
    assert one.startswith("It contains bob@private.example,")
    assert f"Take it out of {place}" in one


def test_the_gate_stops_a_mail() -> None:
    notice, material = of("answer")
    leak = replace(samples.ANSWER, new_text="Bob (bob@private.example) will call you.")
    blocked = compose(notice, replace(material, entry=leak), POLICY, KEYS, TEMPLATES)
    assert isinstance(blocked, Blocked)
    (one,) = blocked.findings
    assert one.startswith("It contains bob@private.example, the private address of Bob Stone,")
    assert one.endswith("Take it out of the text or signature and reply again.")
    agent, material = of("note")
    assert isinstance(compose(agent, replace(material, entry=leak), POLICY, KEYS, TEMPLATES), Composed)


def test_template_lines_in_a_note_do_not_block() -> None:
    notice, material = of("answer")
    note = replace(samples.NOTE, text="Ticket 482913. If you want to add something, just reply to this mail.")
    composed(notice, replace(material, thread=(samples.FIRST, note, samples.ANSWER)))
