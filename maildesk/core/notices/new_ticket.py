"""A new ticket, to the agents who may take it."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "new_ticket", "agent", "public", automatic=True, help="a ticket was opened; to its assignee or department"
)
