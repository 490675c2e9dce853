"""The closed set of changes, and the snapshot that they change. A decision is a list of them."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core.identity import TokenKind
from maildesk.core.model import (
    Disposition,
    Entry,
    MidRef,
    Participant,
    Proof,
    Seen,
    Ticket,
)
from maildesk.core.snapshot import OF_ONE_SENDER as OF_ONE_SENDER
from maildesk.core.snapshot import Notice as Notice
from maildesk.core.snapshot import Snapshot as Snapshot


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
class Release:
    """A held mail (by its row key) is decided again, as from whom it claims; only the one of these bytes."""

    key: str
    sha256: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Renew:
    """An agent's personal address proves nothing any more; the one of this generation does."""

    agent: str
    generation: int
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
    | Release
    | Renew
    | Wait
    | Notify
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a mail (or a request) brings about, and why; applying it is the store's work.

    `disposition` is None where the mail waits for `waits_for`, the row key of a mail still undecided, and for a mail
    of ours that was stopped. `unasked` says that it is held and its agent was not asked about it yet.
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
    unasked: bool = False

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The mails that follow from it."""
        return tuple(change.notice for change in self.changes if isinstance(change, Notify))
