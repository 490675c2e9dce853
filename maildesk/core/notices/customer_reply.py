"""A customer's answer, to the agent."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "customer_reply",
    "agent",
    "public",
    automatic=True,
    help="a customer wrote again; to the assignee or department",
)
