"""Notices become mails: headers, bodies, attachments, the gate, and the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from maildesk.core import commands, identity, notices
from maildesk.core.body import line_hash, line_hashes, new_text
from maildesk.core.changes import Notice
from maildesk.core.compose import compose
from maildesk.core.identity import (
    Anchor,
    Keys,
    own_message_id,
    own_trace,
    person_ref,
    read_anchor,
    read_token,
)
from maildesk.core.markup import text_of
from maildesk.core.material import Blocked, Composed, Material, PartRef
from maildesk.core.message import Attachment
from maildesk.core.model import Participant, Ticket
from maildesk.core.policy import Policy
from maildesk.edges import samples, templates

ROOT = Path(__file__).parents[2]
KEYS = Keys("desk1", b"r" * 32, ((1, b"t" * 32),))
TEMPLATES = templates.load(ROOT / "templates", "en")
POLICY = samples.POLICY
EVIL = "{{7*7}}{% raw %}<script>alert(1)</script>\r\nBcc: evil@example.org"


def composed(notice: Notice, material: Material, with_policy: Policy = POLICY) -> Composed:
    mail = compose(notice, material, with_policy, KEYS, TEMPLATES)
    assert isinstance(mail, Composed), mail
    return mail


def raw(mail: Composed) -> bytes:
    return b"".join(s if isinstance(s, bytes) else b"QUJD\r\n" for s in mail.segments)


def message(mail: Composed) -> EmailMessage:
    data = raw(mail)
    assert data.isascii()
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in data.split(b"\r\n"))
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not any(part.defects for part in found.walk())
    assert all(field.isprintable() for field in found.values())
    return found


def text(mail: Composed, kind: str = "plain") -> str:
    part = message(mail).get_body((kind,))
    assert part
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def of(kind: str, **changes: Any) -> tuple[Notice, Material]:
    notice, material = next((n, m) for n, m in samples.all_notices() if n.kind == kind)
    return replace(notice, **changes), material


@pytest.mark.parametrize(("notice", "material"), samples.all_notices(), ids=lambda v: getattr(v, "kind", ""))
def test_every_mail_is_sound(notice: Notice, material: Material) -> None:
    mail = composed(notice, material)
    found = message(mail)
    kind = notices.BY_NAME[notice.kind]
    assert own_message_id(KEYS, str(found["Message-ID"]).strip("<>"))
    assert mail.message_id == identity.message_id(KEYS, notice.once, "bank.example")
    assert own_trace(KEYS, found["X-Maildesk-Trace"], mail.message_id)
    assert found["Date"] == "Mon, 10 Mar 2025 10:00:00 +0100"
    assert [a.addr_spec for a in found["To"].addresses] == [notice.to]
    assert found["Cc"] is None
    assert found["From"].addresses[0].addr_spec == mail.sender == "support@bank.example"
    assert found["Subject"] == mail.subject
    assert (found["X-Auto-Response-Suppress"] == "All") == kind.automatic
    assert found["Auto-Submitted"] == (
        None
        if not kind.automatic
        else "auto-replied"
        if notice.kind == "acknowledgment"
        else "auto-generated"
    )
    assert found["X-Maildesk-Kind"] == (notice.kind if kind.audience == "agent" else None)
    if notice.ticket:
        anchor = read_anchor(KEYS, str(found["References"]).split()[0].strip("<>"))
        assert anchor == (Anchor(notice.ticket, person_ref(KEYS, notice.person)) if notice.ticket else None)
        assert mail.subject == "I cannot log in since this morning [#482913]"
        local, _, domain = found["Reply-To"].addresses[0].addr_spec.partition("@")
        token = read_token(KEYS, local.removeprefix("support+"))
        assert token
        assert domain == "bank.example"
        assert token.person == identity.person_ref(KEYS, notice.person)
        assert (token.number, token.kind, token.generation) == (482913, kind.token, 0)
    elif notice.token == "confirm":
        local = found["Reply-To"].addresses[0].addr_spec.partition("@")[0].removeprefix("support+")
        assert identity.read_confirm_token(KEYS, local) == mail.message_id.partition("@")[0]
    else:
        assert found["Reply-To"] is None
        assert found["References"] is None
    assert len(mail.lines) == len(line_hashes(text(mail)))


@pytest.mark.parametrize(("notice", "material"), samples.all_notices(), ids=lambda v: getattr(v, "kind", ""))
def test_text_and_html_say_the_same_lines(notice: Notice, material: Material) -> None:
    """Clients quote either; what we sent is known again by the lines of the plain text."""
    mail = composed(notice, material)
    assert set(line_hashes(text_of(text(mail, "html")))) == set(line_hashes(text(mail)))


@pytest.mark.parametrize(
    ("kind", "sender"),
    [
        ("acknowledgment", "Example Bank Support"),
        ("answer", "Example Bank Support"),
        ("new_ticket", "Jane Doe (customer)"),
        ("customer_reply", "Jane Doe (customer)"),
        ("note", "INTERNAL #482913"),
        ("handoff", "INTERNAL #482913"),
        ("bounced", "INTERNAL #482913"),
        ("error", "INTERNAL #482913"),
        ("held", "INTERNAL"),
    ],
)
def test_from_says_whose_words_they_are(kind: str, sender: str) -> None:
    assert message(composed(*of(kind)))["From"].addresses[0].display_name == sender


def test_from_name_of_the_department() -> None:
    department = POLICY.departments[0].model_copy(update={"from_name": "The Helpers"})
    policy_ = POLICY.model_copy(update={"departments": (department, *POLICY.departments[1:])})
    assert message(composed(*of("answer"), policy_))["From"].addresses[0].display_name == "The Helpers"


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "support@bank.example"),
        ({"opened_by": "gone@bank.example"}, "support@bank.example"),
        ({"department": "sales"}, "sales@bank.example"),
        ({"department": "sales", "opened_by": "sales@bank.example"}, "sales@bank.example"),
    ],
)
def test_desk_address(changes: dict[str, Any], address: str) -> None:
    notice, material = of("answer")
    mail = composed(notice, replace(material, ticket=replace(samples.TICKET, **changes)))
    reply = message(mail)["Reply-To"].addresses[0].addr_spec
    assert mail.sender == address
    assert reply.startswith(address.partition("@")[0] + "+")


def test_references_are_capped_and_end_with_the_newest() -> None:
    notice, material = of("customer_reply")
    known = tuple(f"{'m' * 80}{i}@x.example" for i in range(40))
    found = message(composed(notice, replace(material, references=known)))
    ids = str(found["References"]).split()
    assert len(ids) == 20
    assert ids[1:] == [f"<{one}>" for one in known[-19:]]
    assert found["In-Reply-To"] == ids[-1]


def test_first_mail_answers_nothing() -> None:
    notice, material = of("new_ticket")
    assert message(composed(notice, replace(material, references=())))["In-Reply-To"] is None


def test_emergency_is_marked_for_agents_only() -> None:
    ticket = replace(samples.TICKET, priority="emergency")
    for kind, marked, name in (
        ("new_ticket", "high", "Jane Doe (customer) !"),
        ("answer", None, "Example Bank Support"),
    ):
        notice, material = of(kind)
        found = message(composed(notice, replace(material, ticket=ticket)))
        assert found["Importance"] == marked
        assert found["From"].addresses[0].display_name == name
    assert message(composed(*of("new_ticket")))["Importance"] is None


def test_a_ticket_taken_down_by_phone_is_acknowledged_in_other_words() -> None:
    one, material = of("acknowledgment")[:2]
    assert material.ticket is not None
    shown = text(composed(one, replace(material, ticket=replace(material.ticket, source="api"))))
    assert "we have opened the ticket 482913 for you" in shown
    assert "thank you for your mail" not in shown


def test_commands_in_the_help_line_exist_and_no_line_is_one() -> None:
    shown = text(composed(*of("new_ticket")))
    line = next(one for one in shown.split("\n") if one.startswith("Commands"))
    named = [word.strip('",.').lstrip("#") for word in line.split() if word.startswith('"#')]
    assert len(named) >= 5
    assert set(named) <= set(commands.BY_WORD)
    for kind in notices.BY_NAME:
        assert not commands.has_command(text(composed(*of(kind))))


def test_acknowledgment_echoes_nothing_of_the_mail() -> None:
    shown = text(composed(*of("acknowledgment", unproven=True)))
    assert "482913" in shown
    assert "just reply to this mail" in shown
    assert not set(line_hashes(samples.FIRST.text)) & set(line_hashes(shown)) - {line_hash("Hello,")}
    assert "Jane" not in shown


def test_answer_names_the_others_and_no_private_address() -> None:
    data = raw(composed(*of("answer")))
    assert b"Also on this ticket: Tom Fox" in data
    assert b"private.example" not in data
    assert b"tom@customer.example" not in data


def test_participant_who_is_an_agent_goes_by_name() -> None:
    notice, material = of("answer")
    bob = Participant("bob@private.example", "bob@private.example", "collaborator")
    ticket = replace(samples.TICKET, participants=(*samples.TICKET.participants, bob))
    assert "Also on this ticket: Tom Fox, Bob Stone" in text(
        composed(notice, replace(material, ticket=ticket))
    )


def test_empty_answer_is_never_sent() -> None:
    notice, material = of("answer")
    for entry in (None, replace(samples.ANSWER, text="", new_text="")):
        with pytest.raises(ValueError, match="without text"):
            compose(notice, replace(material, entry=entry), POLICY, KEYS, TEMPLATES)
    with pytest.raises(ValueError, match="not loaded"):
        compose(notice, Material(), POLICY, KEYS, TEMPLATES)


def test_attachments_are_references() -> None:
    notice, material = of("new_ticket")
    mail = composed(notice, material)
    assert [s for s in mail.segments if isinstance(s, PartRef)] == [PartRef("row-1", "1.2", "0" * 64)]
    found = message(mail)
    assert found.get_content_type() == "multipart/mixed"
    (attached,) = found.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("screenshot.png", "image/png")
    assert attached.get_content() == b"ABC"
    assert found.get_body(("html",)) is not None


def test_an_errors_own_text_can_be_sent_again() -> None:
    """What the agent copies out of the error mail is new text in the next one, the rest of it is quote."""
    mail = composed(*of("error"))
    again = "#status in-progress\n#priority high\n\nDear Jane,\n\nwe are looking into it.\n\nAlice"
    quoted = "\n".join(f"> {line}" for line in text(mail).split("\n"))
    assert new_text(f"{again}\n\n{quoted}", (mail.lines,)).text == again
    assert line_hash("This could not be done, so nothing went to the customer:") in mail.lines


def test_subjects_without_a_ticket() -> None:
    assert composed(*of("held")).subject.startswith("Held: Re: I cannot")
    notice = samples.notice("error", ticket=None, facts={"subject": "", "errors": ["x"]})
    assert composed(notice, Material()).subject == "Not done: (no subject)"
    asked, alone = of("held"), replace(of("held")[0], token="")
    assert "#release on a line of its own" in text(composed(*asked))
    assert "maildesk held release 5f2c8e41b7d09a36" in text(composed(alone, Material()))


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


SCRIPT = """
import hashlib
from pathlib import Path
from maildesk.core.compose import compose
from maildesk.core.identity import Keys
from maildesk.edges import samples, templates
known = templates.load(Path("templates"), "en")
keys = Keys("desk1", b"r" * 32, ((1, b"t" * 32),))
for notice, material in samples.all_notices():
    mail = compose(notice, material, samples.POLICY, keys, known)
    print(notice.kind, hashlib.sha256(repr(mail).encode()).hexdigest())
"""


def test_same_bytes_under_any_hash_seed() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert len(said[0].split("\n")) > len(notices.KINDS)
