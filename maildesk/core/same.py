"""The same mail: whether a mail has been decided before, whatever the channel that brought it again."""

from __future__ import annotations

from maildesk.core.changes import Snapshot
from maildesk.core.headers import SUBJECT
from maildesk.core.identity import mid_hash
from maildesk.core.model import DAY, MINUTE, Disposition, Proof, Seen
from maildesk.core.parking import parked
from maildesk.core.reading import Reading
from maildesk.core.subject import base

VARIANT_LINES = 15
DATED = 7 * DAY
_UNDATED = 15 * MINUTE
_PROVEN = frozenset({Disposition.AGENT_REPLY, Disposition.NOTE, Disposition.COMMAND})
"""What only a mail with proof becomes."""


def remembered(
    reading: Reading, key: str, received: int, disposition: Disposition, ticket: int | None
) -> Seen:
    """What is kept of a mail to know it again."""
    return Seen(
        key=key,
        mid=mid_hash(reading.message.message_id),
        sha256=reading.message.sha256,
        sender=reading.sender,
        subject=reading.message.subject[:SUBJECT],
        lines=reading.lines,
        attachments=tuple(sorted(a.sha256 for a in reading.message.attachments)),
        received=received,
        disposition=disposition.value,
        ticket=ticket,
        parked=bool(parked(reading.evidence)),
        sent=reading.evidence.sent,
    )


def _subsequence(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    rest = iter(long)
    return all(line in rest for line in short)


def _contained(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    left = list(others)
    for item in some:
        if item not in left:
            return False
        left.remove(item)
    return True


def _variant(new: Seen, old: Seen) -> bool:
    extra = len(new.lines) - len(old.lines)
    if not 0 < extra <= VARIANT_LINES or not _contained(old.attachments, new.attachments):
        return False
    # Additions at the edges only: the old lines stand together somewhere in the new ones.
    return any(new.lines[at : at + len(old.lines)] == old.lines for at in range(extra + 1))


def _again(new: Seen, old: Seen, dated: bool) -> str:
    if not new.mid:
        span = DATED if dated else _UNDATED
        same = not old.mid and new.sha256 == old.sha256 and abs(new.received - old.received) <= span
        return "the same bytes came before, and it has no Message-ID" if same else ""
    if new.mid != old.mid or new.sender != old.sender:
        return ""
    # A mail of one line has it in the subject. Without reply marks and list tags, which a copy may have got on its way.
    if not (new.lines and old.lines) and base(new.subject) != base(old.subject):
        return ""
    if _subsequence(new.lines, old.lines) and _contained(new.attachments, old.attachments):
        return "the same mail came before: same Message-ID and sender, nothing new in it"
    if _variant(new, old):
        return "the same mail came before; this copy only adds lines at its edges"
    return ""


def earlier(
    reading: Reading, snapshot: Snapshot, key: str, received: int, proof: Proof
) -> tuple[Seen | None, str]:
    """The decided mail that this one repeats, and why; (None, "") if there is none.

    A held mail is not repeated by a copy with stronger proof: that copy is decided. Nor is one that was held for
    where it lay by a copy that is not, and the copy in our own folder of sent mail says more than any other.
    """
    new = remembered(reading, key, received, Disposition.DUPLICATE, None)
    dated = reading.message.date is not None or reading.message.has_received
    # Nothing was carried out of a duplicate, and of a held mail nothing yet.
    undone = {Disposition.DUPLICATE} if proof is Proof.CLAIMED else {Disposition.DUPLICATE, Disposition.HELD}
    for old in snapshot.seen.get(new.mid or new.sha256, ()):
        says_more = (old.parked and not new.parked) or (new.sent and not old.sent)
        if old.key == key or old.disposition in undone or says_more:
            continue
        if (why := _again(new, old, dated)) and not _hides(reading, snapshot, new, old):
            return old, why
    return None, ""


def _hides(reading: Reading, snapshot: Snapshot, new: Seen, old: Seen) -> bool:
    """Whether lines that a copy adds may be its author's own, so that they must not be lost.

    Who knows the Message-ID of a mail that is still under way can send its first line before it, in its author's name.
    A gateway's notice is short beside the mail, a list adds lines to what others wrote, and what needs proof was not
    written by just anybody.
    """
    listed = bool(reading.message.list_id or reading.message.header("list-post"))
    much = 4 * (len(new.lines) - len(old.lines)) > len(old.lines)
    return much and not listed and old.disposition not in _PROVEN and not _for_another(snapshot, old)


def _for_another(snapshot: Snapshot, old: Seen) -> bool:
    """Whether an agent opened a ticket for a customer by it; that needs proof."""
    ticket = snapshot.ticket(old.ticket) if old.ticket else None
    if ticket is None or old.disposition != Disposition.NEW_TICKET:
        return False
    return ticket.requester.address != old.sender


def shorter(reading: Reading, snapshot: Snapshot, key: str, received: int) -> Seen | None:
    """The decided mail to which this one only adds lines, though it is no duplicate; the ticket of both is the same."""
    new = remembered(reading, key, received, Disposition.DUPLICATE, None)
    for old in snapshot.seen.get(new.mid, ()) if new.mid else ():
        if old.key != key and old.ticket and _again(new, old, False) and _hides(reading, snapshot, new, old):
            return old
    return None


def superseded(reading: Reading, snapshot: Snapshot, key: str, received: int) -> tuple[Seen, ...]:
    """The held mails that this better proved copy stands in for."""
    new = remembered(reading, key, received, Disposition.DUPLICATE, None)
    dated = reading.message.date is not None or reading.message.has_received
    return tuple(
        old
        for old in snapshot.seen.get(new.mid or new.sha256, ())
        if old.key != key and old.disposition == Disposition.HELD and _again(new, old, dated)
    )
