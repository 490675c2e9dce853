"""The kinds of mail maildesk writes. To add one, copy a file of this folder, name it below, write its template."""

from maildesk.core.notices import (
    acknowledgment,
    alarm,
    answer,
    bounced,
    colleague_answer,
    customer_reply,
    error,
    handoff,
    held,
    held_list,
    held_long,
    late,
    new_ticket,
    note,
    unreachable,
    welcome,
)
from maildesk.core.notices.kind import NoticeKind

KINDS: tuple[NoticeKind, ...] = (
    acknowledgment.KIND,
    answer.KIND,
    new_ticket.KIND,
    customer_reply.KIND,
    handoff.KIND,
    note.KIND,
    colleague_answer.KIND,
    bounced.KIND,
    unreachable.KIND,
    late.KIND,
    held.KIND,
    held_list.KIND,
    held_long.KIND,
    error.KIND,
    alarm.KIND,
    welcome.KIND,
)

BY_NAME = {kind.name: kind for kind in KINDS}

__all__ = ["BY_NAME", "KINDS", "NoticeKind"]
