"""Snapshot: what a decision was given, and the notices, mails as data, that it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maildesk.core.identity import Keys, TokenKind
from maildesk.core.model import Asked, Mailed, MidRef, Seen, Ticket

OF_ONE_SENDER = "Its sender has opened more tickets than agents hear of at once."
"""Why a mail to an agent waits that does not count against what the agent gets: nobody may silence others so."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to be composed, as data. `entry` is the key of the entry it shows; `facts` is JSON-able.

    `token` is the kind of reply token its recipient gets, "" for none. `waits` says why it is sent only
    when the operator says so, "" where it is sent at once.
    """

    once: str
    kind: str
    to: str
    ticket: int | None
    at: int
    entry: str = ""
    person: str = ""
    token: TokenKind | str = ""
    generation: int = 0
    not_before: int = 0
    unproven: bool = False
    waits: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was loaded for a decision, and what became of it. Mappings are never changed in place.

    `seen` is by Message-ID hash, or sha256 where there is none; `pending` has the row keys of undecided mails by
    Message-ID hash. `notice_times` are those of the last day by kind and recipient; `ticket_mails` counts the
    automatic mails of the last hour and of the last day by ticket and recipient, `agent_mails` those of the last hour
    by kind and agent's address, but for those that wait because of their sender; `domain_acks` and `unproven_acks`
    count acknowledgments of the last hour. `opened` is when the newest tickets of the last day were opened, by their
    requester. `told_unreached` has ticket and recipient of the mails of the last day that told of a colleague out of
    reach. `returns` has our mails whose return path a mail went to, by the Message-ID up to the @; `unreachable`
    addresses that are none. `asked` has the confirmations that a mail answers, by their Message-ID up to the @;
    `personal` the generations of agents' personal addresses, by their ids.
    """

    keys: Keys
    tickets: Mapping[int, Ticket] = field(default_factory=dict)
    taken: frozenset[int] = frozenset()
    aliases: Mapping[int, int] = field(default_factory=dict)
    mids: Mapping[str, tuple[MidRef, ...]] = field(default_factory=dict)
    seen: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    notice_times: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    ticket_mails: Mapping[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    agent_mails: Mapping[tuple[str, str], int] = field(default_factory=dict)
    opened: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    told_unreached: frozenset[tuple[int, str]] = frozenset()
    domain_acks: Mapping[str, int] = field(default_factory=dict)
    unproven_acks: int = 0
    returns: Mapping[str, Mailed] = field(default_factory=dict)
    unreachable: frozenset[str] = frozenset()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    personal: Mapping[str, int] = field(default_factory=dict)

    def ticket(self, number: int) -> Ticket | None:
        """The ticket of this number, or the one it was merged into."""
        return self.tickets.get(self.aliases.get(number, number))

    def free_number(self, candidates: tuple[int, ...]) -> int:
        """The first candidate that no ticket has. Raises ValueError if all are taken (12 digits: never)."""
        for number in candidates:
            if number not in self.taken and number not in self.tickets:
                return number
        raise ValueError("all candidates for a ticket number are taken")
