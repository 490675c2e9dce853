"""An agent's answer, to the customer."""

from maildesk.core.notices.kind import NoticeKind

KIND = NoticeKind(
    "answer", "customer", "public", automatic=False, help="an agent answered; to requester and collaborators"
)
