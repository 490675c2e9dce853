"""An answer that could not be sent for hours, and is still tried."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "late",
    "agent",
    "internal",
    automatic=True,
    help="an answer to the customer is still on its way",
    internal=True,
)
