"""A mail to a colleague that could not be delivered."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "unreachable",
    "agent",
    "internal",
    automatic=True,
    help="a mail to another agent of the department came back undelivered",
    internal=True,
)
