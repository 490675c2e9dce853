"""What kinds of mail maildesk writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """One kind of mail; `name` is also the name of its template.

    `token` is the kind of reply address it carries: what a plain reply to it becomes; with "confirm" a reply that says
    so releases held mail. `automatic` mails carry Auto-Submitted (RFC 3834). `internal` ones come from INTERNAL
    #number, others to agents from the customer's name.
    """

    name: str
    audience: Literal["customer", "agent"]
    token: Literal["public", "internal", "confirm", ""]
    automatic: bool
    help: str
    internal: bool = False
