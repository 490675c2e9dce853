"""Samples: made-up notices of every kind, with which templates are tried before anybody gets a mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from maildesk.core import notices, showing
from maildesk.core.changes import Notice
from maildesk.core.identity import person_of_address, person_of_agent
from maildesk.core.material import Material
from maildesk.core.message import Attachment
from maildesk.core.model import DAY, Entry, EntryKind, Participant, Proof, Status, Ticket
from maildesk.core.policy import Agent, Department, Policy, Topic
from maildesk.core.subject import tagged

AT = 1_741_597_200_000_000  # 2025-03-10 09:00 UTC

POLICY = Policy(
    name="Example Bank",
    address="support@bank.example",
    zone="Europe/Berlin",
    departments=(
        Department(
            name="support",
            title="Example Bank Support",
            addresses=("support@bank.example",),
            signature="Example Bank Support\nhttps://bank.example/help",
        ),
        Department(name="sales", title="Sales", addresses=("sales@bank.example",)),
    ),
    agents=(
        Agent(id="alice", name="Alice Moore", addresses=("alice@private.example",), departments=("support",)),
        Agent(
            id="bob", name="Bob Stone", addresses=("bob@private.example",), departments=("support", "sales")
        ),
    ),
    topics=(Topic(name="online-banking", title="Online banking"),),
)

TICKET = Ticket(
    number=482913,
    subject="I cannot log in since this morning",
    department="support",
    opened_by="support@bank.example",
    status=Status.ASSIGNED,
    priority="high",
    topic="online-banking",
    assignee="alice",
    tags=("outage",),
    participants=(
        Participant("jane@customer.example", "Jane Doe", "requester"),
        Participant("tom@customer.example", "Tom Fox", "collaborator"),
    ),
    created=AT - DAY,
)

_FILES = (
    Attachment("1.2", "screenshot.png", "image/png", 48_213, "0" * 64, "", False),
    Attachment("1.3", "recording.mp4", "video/mp4", 14_200_000, "1" * 64, "", False),
)


def _entry(key: str, kind: EntryKind, author: str, name: str, text: str) -> Entry:
    return Entry(
        key=key, ticket=482913, kind=kind, author=author, author_name=name, at=AT, text=text, new_text=text
    )


FIRST = replace(
    _entry(
        "row-1",
        EntryKind.CUSTOMER,
        "jane@customer.example",
        "Jane Doe",
        "Hello,\n\nsince this morning I cannot log in to online banking. It says:\n\n"
        "    Error 17: session expired\n\nI have tried two browsers. Can you help?\n\nJane",
    ),
    attachments=_FILES,
    remark="The mail also went to tom@customer.example; they get no copies: its sender is not proven.",
)
NOTE = _entry(
    "row-2",
    EntryKind.NOTE,
    "bob@private.example",
    "Bob Stone",
    "Error 17 is the load balancer again, see the log of Monday.",
)
ANSWER = _entry(
    "row-3",
    EntryKind.AGENT_REPLY,
    "alice@private.example",
    "Alice Moore",
    "Dear Jane,\n\nthe error came from our side, and it is mended. Please try again.\n\nKind regards\nAlice",
)
AGAIN = replace(
    _entry(
        "row-4",
        EntryKind.CUSTOMER,
        "jane@customer.example",
        "Jane Doe",
        "It works again. One more question: how do I change my PIN?",
    ),
    proof=Proof.TOKEN.value,
)
BOUNCE = replace(
    _entry(
        "row-5",
        EntryKind.BOUNCE,
        "",
        "Mail Delivery System",
        "The following address failed:\njane@customer.example",
    ),
    remark="Our mail to jane@customer.example did not arrive: there is no such mailbox (5.1.1).",
)

THREAD = (FIRST, NOTE, ANSWER, AGAIN, BOUNCE)

ERROR_FACTS = {
    "errors": ["#priorty high: did you mean #priority? (Write ##priorty if it is meant as text.)"],
    "understood": ["#status in-progress"],
    "text": "#status in-progress\n#priorty high\n\nDear Jane,\n\nwe are looking into it.\n\nAlice",
    "files": ["manual.pdf"],
    "subject": "Re: I cannot log in since this morning [#482913]",
}
HELD_FACTS = {
    "subject": "Re: I cannot log in since this morning [#482913]",
    "from": "alice@private.example",
    "about": 482913,
    "lines": "#close\n\nThis is solved.",
    "key": "5f2c8e41b7d09a36",
    "proof": "From alone proves nothing.",
}
HELD_ROW = {
    "key": "5f2c8e41b7d09a36",
    "from": "alice@private.example",
    "subject": "Re: I cannot log in since this morning [#482913]",
    "about": 482913,
    "at": "2025-03-10 09:20 CET",
}
HELD_LIST_FACTS = {
    "subject": "2 mails in your name",
    "mails": [HELD_ROW, {**HELD_ROW, "subject": "", "about": None}],
    "more": 0,
}

WELCOME_FACTS: Mapping[str, object] = {"new": False, "shown": "", "by": ""}

ALARM_FACTS = {
    "subject": "Alarm: mails wait to be sent",
    "name": "outbox",
    "over": False,
    "sentence": "12 mails are due and are not sent, the oldest since 40 minutes; see `maildesk outbox list`.",
    "since": "2025-03-10 09:20 CET",
    "until": "",
}


def notice(
    kind: str, entry: str = "", ticket: int | None = 482913, facts: Mapping[str, object] | None = None
) -> Notice:
    """A notice of this kind, to Jane or to Alice."""
    known = notices.BY_NAME[kind]
    customer = known.audience == "customer"
    return Notice(
        once=f"once-{kind}",
        kind=kind,
        to="jane@customer.example" if customer else "alice@private.example",
        ticket=ticket,
        at=AT,
        entry=entry,
        person=person_of_address("jane@customer.example") if customer else person_of_agent("alice"),
        token=known.token if ticket or known.token == "confirm" else "",
        facts=facts or {},
    )


def all_notices() -> tuple[tuple[Notice, Material], ...]:
    """Notices that between them take every turn that the shipped templates know."""
    bare = replace(
        TICKET,
        topic="",
        assignee="",
        tags=(),
        participants=TICKET.participants[:1],
        status=Status.NEW,
        priority="normal",
    )
    nobody = replace(bare, participants=(Participant("", "", "requester"),))
    whole = replace(
        FIRST, text=f"{FIRST.text}\n\nOn Monday Tom wrote:\n> try again", attachments=(), remark=""
    )
    files_only = replace(ANSWER, text="", new_text="", attachments=_FILES[:1])

    def shown(entry: Entry | None, ticket: Ticket = TICKET) -> Material:
        thread = THREAD[: THREAD.index(entry) + 1] if entry in THREAD else THREAD
        return Material(ticket, entry, thread, ("first@customer.example",))

    return (
        (notice("acknowledgment", "row-1"), shown(FIRST)),
        (notice("answer", "row-3"), shown(ANSWER)),
        (notice("answer", "row-3"), Material(bare, files_only, (files_only,))),
        (notice("new_ticket", "row-1"), shown(FIRST)),
        (notice("new_ticket", "row-1"), Material(bare, whole, (whole,))),
        (notice("new_ticket", "row-1"), Material(nobody, whole, (whole,))),
        (notice("customer_reply", "row-4"), shown(AGAIN)),
        (notice("handoff"), shown(None)),
        (notice("handoff", "row-2"), shown(NOTE)),
        (notice("handoff"), Material(bare)),
        (notice("note", "row-2"), shown(NOTE)),
        (notice("colleague_answer", "row-3"), shown(ANSWER)),
        (notice("colleague_answer", "row-3"), Material(bare, files_only, (files_only,))),
        (notice("acknowledgment", "row-1"), shown(FIRST, replace(TICKET, source="api"))),
        (notice("bounced", "row-5"), shown(BOUNCE)),
        (notice("unreachable", "row-5"), shown(BOUNCE)),
        (notice("late", "row-5"), shown(BOUNCE)),
        (notice("error", facts=ERROR_FACTS), shown(None)),
        (notice("error", ticket=None, facts={**ERROR_FACTS, "understood": []}), Material()),
        (notice("held", ticket=None, facts=HELD_FACTS), Material()),
        (notice("held", ticket=None, facts={**HELD_FACTS, "about": None, "lines": ""}), Material()),
        (replace(notice("held", ticket=None, facts=HELD_FACTS), token=""), Material()),
        (notice("held_list", ticket=None, facts=HELD_LIST_FACTS), Material()),
        (notice("held_list", ticket=None, facts={**HELD_LIST_FACTS, "mails": [HELD_ROW]}), Material()),
        (
            replace(notice("held_list", ticket=None, facts={**HELD_LIST_FACTS, "more": 4}), token=""),
            Material(),
        ),
        (notice("held_long", ticket=None, facts=HELD_LIST_FACTS), Material()),
        (notice("held_long", ticket=None, facts={**HELD_LIST_FACTS, "more": 4}), Material()),
        (notice("welcome", ticket=None, facts=WELCOME_FACTS), Material()),
        (notice("welcome", ticket=None, facts={**WELCOME_FACTS, "new": True}), Material()),
        (
            notice(
                "welcome",
                ticket=None,
                facts={"new": True, "shown": "jane@customer.example", "by": "I cannot log in"},
            ),
            Material(),
        ),
        (notice("alarm", ticket=None, facts=ALARM_FACTS), Material()),
        (
            notice(
                "alarm", ticket=None, facts={**ALARM_FACTS, "over": True, "until": "2025-03-10 10:00 CET"}
            ),
            Material(),
        ),
    )


def contexts() -> Iterator[tuple[str, dict[str, object]]]:
    """Template names with what they get to see."""
    for one, material in all_notices():
        subject = tagged(TICKET.subject, TICKET.number) if material.ticket else HELD_FACTS["subject"]
        yield one.kind, showing.context(one, material, POLICY, str(subject))
