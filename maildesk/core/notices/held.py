"""A mail in an agent's name that proves nothing."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "held",
    "agent",
    "",
    automatic=True,
    help="a mail from this agent's address is held until released",
    internal=True,
)
