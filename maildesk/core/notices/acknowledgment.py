"""The answer that a customer gets at once: the ticket's number."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "acknowledgment", "customer", "public", automatic=True, help="a customer's mail became a ticket"
)
