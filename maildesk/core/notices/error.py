"""A mail of an agent that could not be carried out."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "error",
    "agent",
    "public",
    automatic=True,
    help="a command was wrong, so nothing was sent or changed",
    internal=True,
)
