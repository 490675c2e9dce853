"""A decision in the making: changes, mails and reasons, each applied to the snapshot as it is added."""

from __future__ import annotations

from collections.abc import Mapping

from maildesk.core import identity, notices
from maildesk.core.changes import Change, Decision, Learn, Notice, Notify, Snapshot
from maildesk.core.evolve import evolve
from maildesk.core.model import Disposition, MidRef, Participant, Proof, Ticket
from maildesk.core.policy import Agent, Policy


class Draft:
    """Collects one decision. Lives inside one call of `decide` and never leaves it. A `silent` one makes no mails."""

    def __init__(self, key: str, snapshot: Snapshot, policy: Policy, now: int, silent: bool = False) -> None:
        self.silent = silent
        self.key = key
        self.after = snapshot
        self.policy = policy
        self.now = now
        self.why: list[str] = []
        self.proof = Proof.CLAIMED
        self.match = ""
        self.rules: tuple[tuple[str, bool, str], ...] = ()
        self.unasked = False
        self._changes: list[Change] = []
        self._onces: set[str] = set()

    def apply(self, change: Change) -> None:
        """Adds a change; what follows sees the snapshot after it."""
        self.after = evolve(self.after, change)
        self._changes.append(change)

    def because(self, sentence: str) -> None:
        """Adds a reason that people will read."""
        if sentence:
            self.why.append(sentence)

    def ticket(self, number: int) -> Ticket:
        """The ticket as it stands now."""
        return self.after.tickets[number]

    def notify_agent(
        self,
        kind: str,
        agent: Agent,
        ticket: int | None,
        entry: str = "",
        facts: Mapping[str, object] | None = None,
        waits: str = "",
    ) -> None:
        """A mail to an agent's own address; one that `waits`, and why, goes out when the operator says so."""
        waits = waits or self._too_many(kind, agent)
        person = identity.person_of_agent(agent.id)
        self._notify(kind, agent.address, person, ticket, entry, facts, waits=waits)

    def notify_address(self, kind: str, to: str, facts: Mapping[str, object]) -> None:
        """A mail about no ticket to somebody who is configured, and may be no agent."""
        agent = self.policy.agent_at(to)
        person = identity.person_of_agent(agent.id) if agent else identity.person_of_address(to)
        self._notify(kind, to, person, None, "", facts)

    def notify_participant(
        self,
        kind: str,
        participant: Participant,
        ticket: int,
        entry: str,
        unproven: bool = False,
        waits: str = "",
    ) -> None:
        """A mail to somebody outside."""
        person = identity.person_of_address(participant.address)
        to = participant.answer_at or participant.address
        self._notify(kind, to, person, ticket, entry, None, unproven, waits)

    def _notify(
        self,
        kind: str,
        to: str,
        person: str,
        ticket: int | None,
        entry: str,
        facts: Mapping[str, object] | None,
        unproven: bool = False,
        waits: str = "",
    ) -> None:
        once = identity.once_key(self.key, kind, to, ticket)
        if self.silent or once in self._onces:
            return
        self._onces.add(once)
        if self._enough(kind, to, ticket) or self._vain(kind, to):
            return
        token = notices.BY_NAME[kind].token
        # A reply address belongs to a ticket; what answers a confirmation belongs to that alone.
        token = token if ticket is not None or token == "confirm" else ""
        generation = self.ticket(ticket).generation(person, token) if ticket is not None else 0
        if kind == "welcome" and (agent := self.policy.agent_at(to)):
            generation = self.after.personal.get(agent.id, 0)
        notice = Notice(
            once=once,
            kind=kind,
            to=to,
            ticket=ticket,
            at=self.now,
            entry=entry,
            person=person,
            token=token,
            generation=generation,
            unproven=unproven,
            waits=waits,
            facts=dict(facts or {}),
        )
        self.apply(Notify(notice))
        if ticket is not None:
            sent = identity.message_id(self.after.keys, once, domain(self.policy))
            ref = identity.person_ref(self.after.keys, person).hex()
            known = MidRef(ticket, "sent-internal" if token == "internal" else "sent", ref)
            self.apply(Learn(identity.mid_hash(sent), known))

    def _enough(self, kind: str, to: str, ticket: int | None) -> bool:
        """Whether this would be one automatic mail too many about one ticket.

        Two machines that bear no sign of being one may answer each other through a ticket: this ends it. What
        people write to customers is never held back.
        """
        limits = self.policy.limits
        if ticket is None or not notices.BY_NAME[kind].automatic:
            return False
        hour, day = self.after.ticket_mails.get((ticket, to), (0, 0))
        if hour < limits.mails_per_ticket_hour and day < limits.mails_per_ticket_day:
            return False
        had = f"{limits.mails_per_ticket_day} about #{ticket} within the day"
        if hour >= limits.mails_per_ticket_hour:
            had = f"{limits.mails_per_ticket_hour} about #{ticket} within the hour"
        self.because(f"No mail to {to}: they have had {had}.")
        return True

    def _too_many(self, kind: str, agent: Agent) -> str:
        """Why this is more mail of a kind than an agent is to get, whoever and whatever brings it about; "" if not."""
        limit = self.policy.limits.mails_per_agent_hour
        if self.after.agent_mails.get((kind, agent.address), 0) < limit:
            return ""
        self.because(
            f"The mail to {agent.name} waits until the admin releases it: they have had {limit} of its kind within the"
            " hour."
        )
        return f"{agent.name} had {limit} of its kind within the hour."

    def _vain(self, kind: str, to: str) -> bool:
        """Whether this would be an automatic mail to an address that is none; what people write is still tried."""
        if (
            to not in self.after.unreachable
            or not notices.BY_NAME[kind].automatic
            or self.policy.agent_at(to)
        ):
            return False
        self.because(f"No mail to {to}: a report said that there is no such address.")
        return True

    def done(
        self, disposition: Disposition | None, ticket: int | None = None, waits_for: str = ""
    ) -> Decision:
        """The finished decision."""
        return Decision(
            disposition=disposition,
            changes=tuple(self._changes),
            why=tuple(self.why),
            after=self.after,
            ticket=ticket,
            proof=self.proof,
            match=self.match,
            rules=self.rules,
            waits_for=waits_for,
            unasked=self.unasked,
        )


def sentence(words: str) -> str:
    """Words as a sentence of its own: with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."


def domain(policy: Policy) -> str:
    """The domain of Message-IDs that this desk makes."""
    return policy.address.rpartition("@")[2]
