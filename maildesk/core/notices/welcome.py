"""An agent's personal address, with a contact card."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "welcome",
    "agent",
    "",
    automatic=True,
    help="an agent's personal address, with a contact card",
    internal=True,
)
