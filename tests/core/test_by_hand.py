"""Mail from the desk's own address that lies in no folder of sent mail: a copy, a form of a web site, or a lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from maildesk.core.changes import Append
from maildesk.core.model import Participant
from tests.core.given import (
    ALICE,
    JANE,
    NUMBER,
    OPEN,
    RE,
    SENT,
    TOM,
    a_ticket,
    a_token,
    decided,
    kinds,
    mails,
)
from tests.desk import DESK

ON_TICKET = f"{RE} [#{NUMBER}]"


@pytest.mark.parametrize(
    "mail",
    [
        {"to": JANE, "subject": ON_TICKET},
        {"to": JANE, "subject": RE, "headers": {"In-Reply-To": f"<{SENT}>"}},
        {"to": f"{JANE}, {DESK}", "subject": "A word about your order"},
        {"to": TOM, "subject": "A word about your order"},
        {"to": DESK, "subject": ON_TICKET, "text": "#close\n"},
        {"to": a_token(JANE), "subject": RE},
        {"to": a_token("alice"), "subject": RE, "text": "#close\n"},
        {"to": "undisclosed-recipients:;", "subject": "News"},
    ],
)
@pytest.mark.parametrize("sender", [DESK, "Support <billing@desk.example>", DESK.replace("@", "+x@")])
def test_a_copy_is_held_and_nobody_hears_of_it(mail: dict[str, Any], sender: str) -> None:
    decision = decided(sender=sender, **mail)
    assert decision.disposition == "held"
    assert decision.after.tickets == OPEN.tickets
    assert not mails(decision)
    assert not kinds(decision)
    assert "folder of sent mail" in decision.why[-1]


def test_a_form_that_writes_as_the_desk_opens_a_ticket() -> None:
    decision = decided(sender=DESK, to=DESK, subject="Contact form", headers={"Reply-To": TOM})
    assert decision.disposition == "new-ticket"
    assert {kind for kind, _ in mails(decision)} == {"new_ticket"}, "and no acknowledgment"
    # It takes part in its ticket from then on.
    ticket = a_ticket(participants=(Participant(DESK, "Form", "requester"),))
    decision = decided(replace(OPEN, tickets={NUMBER: ticket}), sender=DESK, to=DESK, subject=ON_TICKET)
    assert decision.disposition == "reply"


@pytest.mark.parametrize(
    "machine", [{"Auto-Submitted": "auto-replied"}, {"Auto-Submitted": "auto-generated"}]
)
def test_machines_are_none(machine: dict[str, str]) -> None:
    assert decided(sender=DESK, to=JANE, headers=machine).disposition in ("auto-reply", "new-ticket")


def test_what_somebody_releases_joins_the_ticket() -> None:
    decision = decided(
        sender=DESK, to=JANE, subject=ON_TICKET, text="#close\nIt is the cable.", released_by="admin"
    )
    assert decision.disposition == "agent-reply"
    assert not [to for _, to in mails(decision) if to == JANE], "she has it"
    [entry] = [change.entry for change in decision.changes if isinstance(change, Append)]
    assert (entry.author, entry.kind) == (DESK, "agent-reply")
    assert decision.after.tickets[NUMBER].status != "closed", "commands are not obeyed"
    # What belongs to no ticket opens one: somebody wanted it in.
    assert decided(sender=DESK, to=TOM, released_by="admin").disposition == "new-ticket"


def test_others_are_not_concerned() -> None:
    assert decided(sender=TOM, to=f"{DESK}, {JANE}", subject="Something new").disposition == "new-ticket"
    assert decided(sender=ALICE, to=f"{DESK}, {JANE}", subject="Something new").disposition == "new-ticket"
