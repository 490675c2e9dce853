"""Mails in an agent's name that prove nothing, where there were too many to ask about each."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "held_list",
    "agent",
    "confirm",
    automatic=True,
    help="the held mails that an agent was not asked about one by one, in one list",
    internal=True,
)
