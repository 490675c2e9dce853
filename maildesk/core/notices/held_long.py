"""Mails that have been held for days, to the admin."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "held_long",
    "agent",
    "",
    automatic=True,
    help="mails that nobody has released for three days; to the admin",
    internal=True,
)
