"""Notices become mails: headers, bodies, attachments, and the same bytes every time."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from maildesk.core import commands, identity, notices
from maildesk.core.body import line_hash, line_hashes, new_text
from maildesk.core.changes import Notice
from maildesk.core.compose import compose
from maildesk.core.identity import (
    Anchor,
    own_message_id,
    own_trace,
    person_ref,
    read_anchor,
    read_token,
)
from maildesk.core.markup import text_of
from maildesk.core.material import Material, PartRef
from maildesk.core.model import Participant
from maildesk.edges import samples
from tests.core.composing import KEYS, POLICY, ROOT, TEMPLATES, composed, message, of, raw, text


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
