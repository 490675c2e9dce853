"""The closed set of changes, and the snapshot that they change. A decision is a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maildesk.core.identity import Keys, TokenKind
from maildesk.core.model import (
    Disposition,
    Entry,
    Mailed,
    MidRef,
    Participant,
    Proof,
    Seen,
    Ticket,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to be composed, as data. `entry` is the key of the entry it shows; `facts` is JSON-able.

    `token` is the kind of reply token its recipient gets, "" for none.
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
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was loaded for a decision, and what became of it. Mappings are never changed in place.

    `seen` is by Message-ID hash, or sha256 where there is none; `pending` has the row keys of undecided mails by
    Message-ID hash. `notice_times` are those of the last day by kind and recipient; `ticket_mails` counts the
    automatic mails of the last hour by ticket and recipient, `domain_acks` and `unproven_acks` its acknowledgments.
    `told_unreached` has ticket and recipient of the mails of the last day that told of a colleague out of reach.
    `returns` has our mails whose return path a mail went to, by the Message-ID up to the @; `unreachable` addresses
    that are none.
    """

    keys: Keys
    tickets: Mapping[int, Ticket] = field(default_factory=dict)
    taken: frozenset[int] = frozenset()
    aliases: Mapping[int, int] = field(default_factory=dict)
    mids: Mapping[str, tuple[MidRef, ...]] = field(default_factory=dict)
    seen: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    notice_times: Mapping[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)
    ticket_mails: Mapping[tuple[int, str], int] = field(default_factory=dict)
    told_unreached: frozenset[tuple[int, str]] = frozenset()
    domain_acks: Mapping[str, int] = field(default_factory=dict)
    unproven_acks: int = 0
    returns: Mapping[str, Mailed] = field(default_factory=dict)
    unreachable: frozenset[str] = frozenset()

    def ticket(self, number: int) -> Ticket | None:
        """The ticket of this number, or the one it was merged into."""
        return self.tickets.get(self.aliases.get(number, number))

    def free_number(self, candidates: tuple[int, ...]) -> int:
        """The first candidate that no ticket has. Raises ValueError if all are taken (12 digits: never)."""
        for number in candidates:
            if number not in self.taken and number not in self.tickets:
                return number
        raise ValueError("all candidates for a ticket number are taken")


@dataclass(frozen=True, slots=True)
class Open:
    """A new ticket."""

    ticket: Ticket
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Append:
    """A new entry of a ticket's thread. It moves the ticket's clocks (unless told not to), never its status."""

    entry: Entry
    actor: str
    why: str
    clock: bool = True


@dataclass(frozen=True, slots=True)
class Set:
    """One field of a ticket gets a value (a name of `maildesk.core.fields`)."""

    number: int
    name: str
    value: object
    at: int
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Join:
    """Somebody takes part in a ticket from now on."""

    number: int
    participant: Participant
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class AnswerAt:
    """Mails to a participant go to another address from now on; "" for their own again."""

    number: int
    address: str
    to: str
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """A ticket points at another: kind is `possibly`, `follow-up`..."""

    number: int
    kind: str
    other: int
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Burn:
    """The reply tokens a person has for a ticket prove nothing any more; the next mail carries a new one."""

    number: int
    person: str
    kind: TokenKind
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """A mail about a ticket did not get to an agent ("" for one who is none any more)."""

    number: int
    agent: str
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The last gate stopped a mail to `to`. The answer that was in it counts as not given.

    `entry` is the key of that answer ("" for an automatic mail), and `remark` what it says from now on.
    `first_response` and `last_agent` are the clocks as the answers beside it leave them.
    """

    number: int
    to: str
    entry: str
    remark: str
    first_response: int | None
    last_agent: int | None
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An address gets no automatic mail, for there is none such (`why`); again once a mail came from it (why is "")."""

    address: str
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class Learn:
    """A ticket knows a Message-ID (by its hash)."""

    mid: str
    ref: MidRef


@dataclass(frozen=True, slots=True)
class Remember:
    """How this mail is recognised when it comes again."""

    seen: Seen


@dataclass(frozen=True, slots=True)
class Supersede:
    """A held mail came again with better proof and was decided then; the held row (by key) is its duplicate."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A mail (by its row key) waits; nothing waits for it meanwhile, so that no circle of mails waits for itself."""

    key: str


@dataclass(frozen=True, slots=True)
class Notify:
    """A mail will be sent."""

    notice: Notice


Change = (
    Open
    | Append
    | Set
    | Join
    | AnswerAt
    | Link
    | Burn
    | Unreached
    | Stop
    | Mark
    | Learn
    | Remember
    | Supersede
    | Wait
    | Notify
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a mail (or a request) brings about, and why; applying it is the store's work.

    `disposition` is None where the mail waits for `waits_for`, the row key of a mail still undecided, and for a mail
    of ours that was stopped.
    """

    disposition: Disposition | None
    changes: tuple[Change, ...]
    why: tuple[str, ...]
    after: Snapshot
    ticket: int | None = None
    proof: Proof = Proof.CLAIMED
    match: str = ""
    rules: tuple[tuple[str, bool, str], ...] = ()
    waits_for: str = ""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The mails that follow from it."""
        return tuple(change.notice for change in self.changes if isinstance(change, Notify))
