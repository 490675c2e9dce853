"""Notifications that Amazon SES posts through SNS."""

import json

import pytest

from maildesk.core.bounce import Bounce, bounce
from maildesk.core.message import parse

FAILED = {
    "notificationType": "Bounce",
    "bounce": {
        "bounceType": "Permanent",
        "bouncedRecipients": [
            {
                "emailAddress": "Jane <jane@shop.example>",
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            },
            {"emailAddress": "bob@shop.example"},
        ],
    },
    "mail": {"destination": ["jane@shop.example"], "commonHeaders": {"messageId": "<m1@desk.example>"}},
}
HEAD = "From: no-reply@notify.example\r\nx-amz-sns-message-id: 7\r\nSubject: Notification\r\n\r\n"


def read(text: str, head: str = HEAD) -> Bounce | None:
    raw = (head + text).encode()
    return bounce(parse(raw), raw)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(FAILED),
        json.dumps(FAILED).replace("notificationType", "eventType"),
        json.dumps({"Type": "Notification", "Message": json.dumps(FAILED)}),
        json.dumps(FAILED).replace("<jane@", "<ja!\r\n ne@") + "\r\n\r\n--\r\nTo stop these, ...",
    ],
    ids=["notification", "event", "inside another", "broken by a relay"],
)
def test_failed(text: str) -> None:
    assert read(text) == Bounce(
        recipient="jane@shop.example",
        recipients=("jane@shop.example", "bob@shop.example"),
        status="5.1.1",
        action="failed",
        reason="userunknown",
        diagnostic="550 5.1.1 user unknown",
        original_message_id="m1@desk.example",
        original_references=(),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        '"Bounce"',
        '{"notificationType": 7}',
        '{"notificationType": "Bounce"}',
        '{"notificationType": "Bounce", "bounce": []}',
        '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": {"emailAddress": "jane@shop.example"}}}',
        '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [null, 7, {}, {"emailAddress": "jane"}]}}',
        '{"Type": "Notification", "Message": 7}',
    ],
)
def test_what_is_none(text: str) -> None:
    assert read(text) is None


def test_json_in_a_persons_mail_is_text() -> None:
    assert read(json.dumps(FAILED), "From: jane@shop.example\r\nSubject: Look\r\n\r\n") is None
