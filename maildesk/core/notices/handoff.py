"""A ticket that somebody gave to an agent."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "handoff", "agent", "internal", automatic=True, help="a ticket was assigned to this agent", internal=True
)
