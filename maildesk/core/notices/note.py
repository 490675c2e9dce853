"""A colleague's note, to the assignee."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "note",
    "agent",
    "internal",
    automatic=True,
    help="a colleague wrote a note on this agent's ticket",
    internal=True,
)
