"""Copies: whom a proven mail was sent to beside us takes part from then on."""

from __future__ import annotations

from collections.abc import Iterable

from maildesk.core.address import Address
from maildesk.core.changes import Join
from maildesk.core.deskaddress import is_desk
from maildesk.core.draft import Draft
from maildesk.core.model import Participant
from maildesk.core.policy import Policy

COLLABORATORS = 50
"""How many people may take part in a ticket beside its requester."""


def is_ours(address: str, policy: Policy) -> bool:
    """Whether mail to it comes here anyway: a copy to it would come back."""
    return is_desk(address, policy) or policy.is_group(address)


def join(draft: Draft, number: int, shown: Iterable[Address], actor: str, why: str) -> None:
    """Those in To and Cc (`shown`) of a proven mail take part; our own addresses and colleagues never do."""
    for one in shown:
        ticket = draft.ticket(number)
        known = any(one.address in (p.address, p.answer_at) for p in ticket.participants)
        colleague = draft.policy.agent_at(one.address)
        if not one.address or known or colleague or is_ours(one.address, draft.policy):
            continue
        if len(ticket.participants) > COLLABORATORS:
            draft.because(f"More than {COLLABORATORS} people would take part; the rest gets no copies.")
            return
        person = Participant(one.address, one.name or one.address, "collaborator")
        draft.apply(Join(number, person, actor, why))
        draft.because(f"{one.address} takes part from now on: {why}.")
