"""An alarm, to the admin."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "alarm",
    "agent",
    "",
    automatic=True,
    help="something is wrong with the desk, or is well again; to the admin",
    internal=True,
)
