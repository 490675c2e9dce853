"""A mail to a customer that could not be delivered."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "bounced",
    "agent",
    "internal",
    automatic=True,
    help="a mail to the customer came back undelivered",
    internal=True,
)
