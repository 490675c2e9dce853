"""Personal addresses: each agent has a secret address of the desk, which proves, together with From, that it is them.

What they send there opens a ticket, for a customer where they forward a customer's mail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from maildesk.core import acting, commands, identity, requesting, telling
from maildesk.core.changes import Decision, Renew
from maildesk.core.commands import Parsed
from maildesk.core.deskaddress import is_desk, reply_address
from maildesk.core.draft import Draft
from maildesk.core.identity import Keys
from maildesk.core.model import Disposition, Proof
from maildesk.core.policy import Agent, Policy
from maildesk.core.proof import Standing, exposed, personal_tokens
from maildesk.core.reading import Reading
from maildesk.core.subject import passed_on

NOBODY = (
    "Nothing in the forwarded mail names its sender, so no ticket was opened. Begin your mail with the line"
    " From: and the customer's address, and send it again."
)
_COMMENT = 2_000  # characters


@dataclass(frozen=True, slots=True)
class Welcome:
    """An agent is to get their personal address by mail, a `new` one if the old one is to prove nothing any more."""

    key: str
    actor: str
    agent: Agent
    new: bool


def address(agent: Agent, generation: int, policy: Policy, keys: Keys) -> str:
    """An agent's personal address; "" where the desk has no reply addresses."""
    token = identity.desk_token(keys, identity.person_of_agent(agent.id), generation)
    return reply_address(policy.department(agent.departments[0]).address, token, policy)


def welcomed(draft: Draft, cause: Welcome) -> Decision:
    """Sends an agent their personal address."""
    if cause.new:
        _renew(draft, cause.agent, f"{cause.actor} wanted a new one")
    _send(draft, cause.agent, cause.new)
    return draft.done(None)


def _renew(draft: Draft, agent: Agent, why: str) -> None:
    draft.apply(Renew(agent.id, draft.after.personal.get(agent.id, 0) + 1, why))


def _send(draft: Draft, agent: Agent, new: bool, shown: str = "", subject: str = "") -> None:
    """Sends an agent their newest address; a `new` one says what became of the old one, and to whom which of their
    mails has `shown` it."""
    draft.notify_agent("welcome", agent, None, facts={"new": new, "shown": shown, "by": subject[:200]})


def burn(draft: Draft, reading: Reading, standing: Standing) -> None:
    """A personal address that was shown to others proves nothing any more, and its agent gets a new one."""
    if standing.agent is None or standing.proof is Proof.CLAIMED:
        return
    # Whatever else proves the mail: it may answer a reply address, or be signed, and show this one as well.
    now = (
        identity.person_ref(draft.after.keys, standing.person),
        draft.after.personal.get(standing.agent.id, 0),
    )
    if now not in personal_tokens(reading, draft.policy, draft.after.keys):
        return
    # Nobody outside may know it, not even who takes part in the ticket: it is not made for one ticket.
    if found := exposed(reading, draft.policy, frozenset()):
        shown = ", ".join(found[:5])
        _renew(draft, standing.agent, f"shown to {shown}")
        draft.because(f"The personal address was shown to {shown}: {standing.agent.id} gets a new one.")
        _send(draft, standing.agent, True, shown, reading.message.subject)


def opened(
    draft: Draft, reading: Reading, standing: Standing, agent: Agent, received: int
) -> tuple[Disposition, int | None]:
    """What an agent sent to their personal address, and names no ticket, opens one."""
    passed = reading.forwarded
    parsed = commands.parse(passed.comment if passed else reading.new_text, draft.policy)
    if passed and (not passed.address or is_desk(passed.address, draft.policy)):
        parsed = Parsed("", (), (NOBODY,))
    if parsed.errors:
        return telling.give_back(draft, reading, agent, None, parsed)
    who = requesting.from_mail(reading, standing, draft, received)
    remark = ""
    if passed:
        text = passed.text or reading.message.text
        who = replace(
            who,
            sender=passed.address,
            name=passed.name or passed.address,
            # The customer reads it in every mail about the ticket.
            subject=passed_on(who.subject),
            text=text,
            new_text=text,
        )
        remark = f"{agent.name} forwarded this mail."
        if parsed.text:
            remark = f"{agent.name} forwarded this mail and wrote: {' '.join(parsed.text.split())[:_COMMENT]}"
    else:
        who = replace(who, new_text=parsed.text or reading.message.text)
    number = requesting.open_ticket(draft, who, f"taken down by {agent.name}", remark=remark, personal=True)
    if parsed.effects:
        bare = Parsed("", tuple(one for one in parsed.effects if one.field), ())
        acting.act(
            draft, acting.Act(number, agent, agent.name, bare, True, "", proof=standing.proof, opens=True)
        )
    return Disposition.NEW_TICKET, number
