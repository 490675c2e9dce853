"""What goes back to an agent when the last gate stops a mail."""

from __future__ import annotations

from maildesk.core.changes import Notice
from maildesk.core.identity import once_key, person_of_agent
from maildesk.core.material import Material
from maildesk.core.policy import Policy


def returned(
    notice: Notice, material: Material, findings: tuple[str, ...], policy: Policy, now: int
) -> Notice | None:
    """The notice that returns a stopped mail to the agent who wrote it; an automatic one goes to its department.

    None for a mail that was itself to an agent: that must not go round.
    """
    ticket, entry = material.ticket, material.entry
    if ticket is None or policy.agent_at(notice.to):
        return None
    author = policy.agent_at(entry.author) if entry else None
    agent = author or next(iter(policy.agents_of(ticket.department)), policy.agents[0])
    person = person_of_agent(agent.id)
    return Notice(
        once=once_key(entry.key if entry else notice.once, "stopped", agent.address, ticket.number),
        kind="error",
        to=agent.address,
        ticket=ticket.number,
        at=now,
        person=person,
        token="public",
        generation=ticket.generation(person, "public"),
        facts={
            "errors": [_told(finding) if author else finding for finding in findings],
            "understood": [],
            "text": entry.new_text[:20_000] if entry and author else "",
            "subject": ticket.subject,
        },
    )


def _told(finding: str) -> str:
    return f"Your answer to the customer was not sent. {finding} Take that out and answer again."
