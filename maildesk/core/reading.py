"""Reading a mail: everything about it that needs no decision. Picklable, so that other processes may read ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maildesk.core import commands, rules
from maildesk.core.authres import Result
from maildesk.core.behind import Behind, behind, kind_of
from maildesk.core.body import line_hash, line_hashes, new_text
from maildesk.core.bounce import Bounce, bounce
from maildesk.core.classify import Kind, classify
from maildesk.core.forwarded import Forwarded, forwarded
from maildesk.core.message import Message, parse
from maildesk.core.policy import Policy
from maildesk.core.subject import passes_on

LINES_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a mail came. `sender` is "" for the null return path and None where the channel does not tell it. `helo` is
    what the client at `peer` called itself."""

    channel: str
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    peer: str = ""
    helo: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the edge recorded about who wrote a mail and how it came.

    `released_by` names who vouched for a held one, and `released_bytes` is the SHA-256 of what they vouched for ("" for
    whatever it is). `login` is who was logged in when it came by SMTP, and `proven` are
    the From addresses that were listed for that login then. `imported` is "open" or "closed" for a mail of an archive:
    nobody is told of it, and a ticket that it opens is closed at once, or not. `parked` says why a mail is held whoever
    wrote it (a key of `parking.REASONS`), "" if it is not. `sent` says that it lies in the desk's own folder of sent
    mail, so whoever wrote it was logged in as the desk. `oversized` is its size in bytes where only its header was
    read, else 0. `replayed` says that it came before the store was put back from a backup, and was probably decided
    then, too. `authority` is who checked DKIM, SPF and DMARC, a mail server of ours by its name or "maildesk" itself,
    "" if nobody did; `results` is what came of it. `strangers` counts the Authentication-Results in that server's name
    that stand where strangers can write. `spam` is the header by which our filter calls it spam, "" if it does not.
    """

    released_by: str = ""
    login: str = ""
    proven: tuple[str, ...] = ()
    imported: str = ""
    parked: str = ""
    sent: bool = False
    oversized: int = 0
    replayed: bool = False
    released_bytes: str = ""
    authority: str = ""
    results: tuple[Result, ...] = ()
    strangers: int = 0
    spam: str = ""

    def __post_init__(self) -> None:
        # JSON, in which evidence is stored, knows no tuples and no classes.
        object.__setattr__(self, "proven", tuple(self.proven))
        made = (one if isinstance(one, Result) else Result(**one) for one in self.results)
        object.__setattr__(self, "results", tuple(made))


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail, read. `cut` are the lines that look like commands, but stand below a signature or a separator.
    `forwarded` is what an agent passes on."""

    message: Message
    envelope: Envelope
    evidence: Evidence
    kind: Kind
    bounce: Bounce | None
    new_text: str
    cut: tuple[str, ...]
    lines: tuple[str, ...]
    leaves: Mapping[str, rules.Leaf]
    behind: Behind | None = None
    forwarded: Forwarded | None = None

    @property
    def sender(self) -> str:
        """The address of the person that the mail claims to come from, normalised; "" if it claims none."""
        if self.behind:
            return self.behind.address
        author = self.message.author
        return author.address if author else self.envelope.sender or ""

    @property
    def sender_name(self) -> str:
        """The display name beside it, or the address."""
        if self.behind:
            return self.behind.name
        author = self.message.author
        return (author.name if author else "") or self.sender

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every address it was sent to, in the order in which they count: To, Cc, delivery headers, envelope."""
        headers = (*(a.address for a in self.message.to), *(a.address for a in self.message.cc))
        return tuple(dict.fromkeys((*headers, *self.message.delivered_to, *self.envelope.recipients)))

    @property
    def cited(self) -> tuple[str, ...]:
        """The Message-IDs it answers: In-Reply-To first, then References from the newest, at most 100."""
        ids = (*self.message.in_reply_to, *reversed(self.message.references))
        return tuple(dict.fromkeys(ids))[:100]


def _kept(lines: tuple[str, ...]) -> tuple[str, ...]:
    # What stands beyond the bound still counts, as one line: a copy that differs there is another mail.
    rest = lines[LINES_KEPT:]
    return (*lines[:LINES_KEPT], *((line_hash(" ".join(rest)),) if rest else ()))


def read(
    raw: bytes,
    envelope: Envelope,
    evidence: Evidence,
    policy: Policy,
    sent: Sequence[Sequence[str]] = (),
) -> Reading:
    """Reads a mail. `sent` are the line hashes of our mails that it answers, mail by mail.

    Bounded in time on any input.
    """
    message = parse(raw)
    report = bounce(message, raw, envelope.sender == "")
    found = new_text(message.text, sent, message.html, passes_on(message.subject))
    fresh = found.text
    person = behind(message, policy)
    author = message.author
    passed = forwarded(message, raw) if author and policy.agent_at(author.address) else None
    to = (*(a.address for a in message.to), *(a.address for a in message.cc), *envelope.recipients)
    known = [one for one in (person, passed) if one]
    facts = {
        "from_": tuple(one.address for one in (*known, *message.from_)),
        "to": tuple(dict.fromkeys(to)),
        "subject": (message.subject,),
        "body": (fresh,),
    }
    return Reading(
        message=message,
        envelope=envelope,
        evidence=evidence,
        kind=kind_of(classify(message, envelope.sender == "", report), message, person, policy),
        bounce=report,
        new_text=fresh,
        cut=tuple(line.strip() for line in found.cut if commands.has_command(line)),
        lines=_kept(line_hashes(message.text)),
        leaves=rules.leaves(policy, facts),
        behind=person,
        forwarded=passed,
    )
