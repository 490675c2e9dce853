"""Who is told of what, and the limits that automatic mail keeps to."""

from __future__ import annotations

from dataclasses import replace

from maildesk.core.commands import Parsed
from maildesk.core.deskaddress import is_desk
from maildesk.core.draft import Draft
from maildesk.core.model import DAY, HOUR, Disposition, Participant, Ticket
from maildesk.core.policy import Agent, Policy
from maildesk.core.proof import distrusted
from maildesk.core.reading import Reading

# Errors are answers to an agent's own mail; the bound only ends a loop with a machine that writes as the agent.
ERRORS_HOUR = 20


def agents_for(ticket: Ticket, policy: Policy, departments: tuple[str, ...] = ()) -> tuple[Agent, ...]:
    """The assignee; if nobody has it, the agents of its department and of the further ones named."""
    assignee = policy.agent(ticket.assignee) if ticket.assignee else None
    if assignee:
        return (assignee,)
    # By their ids: a model is hashed over all of its fields.
    named = (agent for name in (ticket.department, *departments) for agent in _agents_of(policy, name))
    return tuple({agent.id: agent for agent in named}.values())


def _agents_of(policy: Policy, department: str) -> tuple[Agent, ...]:
    return policy.agents_of(policy.department(department).name)


def tell_agents(
    draft: Draft,
    kind: str,
    number: int,
    entry: str,
    departments: tuple[str, ...] = (),
    leave_out: tuple[str, ...] = (),
    waits: str = "",
) -> None:
    """A mail to each agent who is to know, but not to those who stand in `leave_out` (addresses)."""
    for agent in agents_for(draft.ticket(number), draft.policy, departments):
        if not any(address in leave_out for address in agent.addresses):
            draft.notify_agent(kind, agent, number, entry, waits=waits)


def _no_acknowledgment(draft: Draft, reading: Reading | None, to: str) -> str:
    """Why no acknowledgment goes out; "" if one does."""
    if not to:
        return "the mail names no sender"
    if is_desk(to, draft.policy):
        return f"{to} is an address of this desk"
    if reading and not reading.kind.may_autorespond:
        return f"machines and lists get none: {reading.kind.because.rstrip('.')}"
    if reading and reading.envelope.sender == "":
        return "it came with a null return path"
    if reading and (why := distrusted(reading)):
        return why
    if why := _had_all(draft, to):
        return why
    limits, domain = draft.policy.limits, to.rpartition("@")[2]
    if draft.after.domain_acks.get(domain, 0) >= limits.acks_per_domain_hour:
        return f"{domain} has had {limits.acks_per_domain_hour} within the hour"
    return ""


def _had_all(draft: Draft, to: str) -> str:
    """Whether an address has had all the acknowledgments that its limits allow, in words."""
    limits = draft.policy.limits
    times = draft.after.notice_times.get(("acknowledgment", to), ())
    if within(times, draft.now, HOUR) >= limits.acks_per_address_hour:
        return f"{to} has had {limits.acks_per_address_hour} within the hour"
    if within(times, draft.now, DAY) >= limits.acks_per_address_day:
        return f"{to} has had {limits.acks_per_address_day} within the day"
    return ""


def too_many(draft: Draft, sender: str, personal: bool) -> bool:
    """Whether what agents are told of a sender's next ticket is to wait; asked before that is opened.

    Machines that answer every mail, and bear no sign of it, would open tickets for each other without end: two agents'
    responders, or desks in a ring whose agents are the next desk. Agents are held to the limits of acknowledgments,
    where there are any, but not by what they send to their `personal` address, as they do while they are on the phone.
    """
    limits, times = draft.policy.limits, draft.after.opened.get(sender, ())
    acknowledged = limits.acks_per_address_hour and limits.acks_per_address_day
    why = _had_all(draft, sender) if draft.policy.agent_at(sender) and acknowledged and not personal else ""
    if within(times, draft.now, HOUR) >= limits.tickets_per_address_hour:
        why = f"{sender or 'nobody'} has opened {limits.tickets_per_address_hour} within the hour"
    elif within(times, draft.now, DAY) >= limits.tickets_per_address_day:
        why = f"{sender or 'nobody'} has opened {limits.tickets_per_address_day} within the day"
    if why:
        draft.because(
            f"What agents are told of it waits until the admin releases it: {why}, so that machines cannot feed each"
            " other."
        )
    return bool(why)


def acknowledge(draft: Draft, reading: Reading | None, number: int, entry: str, proven: bool) -> None:
    """Tells the requester the ticket's number, unless that would answer a machine or pass a limit."""
    # Never to a Reply-To: who has a reply address could have others flooded, past their limits.
    requester: Participant = replace(draft.ticket(number).requester, answer_at="")
    if why := _no_acknowledgment(draft, reading, requester.address):
        draft.because(f"No acknowledgment: {why}.")
        return
    waits = ""
    if not proven and draft.after.unproven_acks >= draft.policy.limits.acks_unproven_hour:
        waits = "Unproven senders had all acknowledgments of the hour."
        draft.because(
            "The acknowledgment waits until the admin releases it: unproven senders have had all that the limit of an"
            " hour allows."
        )
    draft.notify_participant(
        "acknowledgment",
        requester,
        number,
        entry,
        unproven=not proven,
        waits=waits,
    )


def may_tell(draft: Draft, kind: str, agent: Agent, an_hour: int) -> bool:
    """Whether another mail of this kind to the agent keeps to the limit."""
    return within(draft.after.notice_times.get((kind, agent.address), ()), draft.now, HOUR) < an_hour


def give_back(
    draft: Draft, reading: Reading, agent: Agent, number: int | None, parsed: Parsed
) -> tuple[Disposition, int | None]:
    """An agent's mail that could not be carried out goes back to them, with what is wrong with it."""
    draft.because("Nothing was done: " + " ".join(parsed.errors))
    if not may_tell(draft, "error", agent, ERRORS_HOUR):
        draft.because("No notice of it: the agent has had all that the limit allows.")
        return Disposition.COMMAND, number
    facts = {
        "errors": list(parsed.errors),
        "understood": [effect.line for effect in parsed.effects],
        "text": reading.new_text[:20_000],
        "files": [one.name for one in reading.message.attachments if not one.inline],
        "subject": reading.message.subject[:200],
    }
    draft.notify_agent("error", agent, number, facts=facts)
    return Disposition.COMMAND, number


def within(times: tuple[int, ...], now: int, span: int) -> int:
    """How many of these instants lie in the last `span` microseconds."""
    return sum(1 for at in times if at > now - span)
