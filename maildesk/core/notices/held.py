"""A mail in an agent's name that proves nothing: was it them?"""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "held",
    "agent",
    "confirm",
    automatic=True,
    help="a mail from this agent's address is held until the agent confirms it",
    internal=True,
)
