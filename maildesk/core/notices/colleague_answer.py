"""A colleague's answer to the customer, to the assignee."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "colleague_answer",
    "agent",
    "internal",
    automatic=True,
    help="a colleague answered the customer on this agent's ticket",
    internal=True,
)
