"""Parking: mail that is held for where it lay, whoever wrote it, until somebody releases it."""

from __future__ import annotations

from dataclasses import replace

from maildesk.core.reading import Evidence, Reading

REASONS = {
    "junk": "It lay in the junk folder of its mailbox: it is held until somebody releases it.",
    "restored": "It came up when its mailbox was built anew and is older than the mails taken before:"
    " it is held until somebody releases it.",
    "flood": "It came with a flood of mails that the admin had held: it is held until somebody releases it.",
}


def parked(evidence: Evidence) -> str:
    """Why a mail is held, as a sentence; "" if it is not, or not any more."""
    if not evidence.parked or evidence.released_by:
        return ""
    return REASONS.get(evidence.parked, REASONS["restored"])


def released(evidence: Evidence, by: str, sha256: str = "") -> Evidence:
    """The evidence after a release, of a mail of these bytes. Who lets a parked mail in says nothing yet about who
    wrote it."""
    still = evidence.parked if parked(evidence) else ""
    evidence = replace(evidence, released_by=by, released_bytes=sha256, parked=still)
    # What follows from it is wanted now, whatever followed from it before a restore.
    return replace(evidence, replayed=False)


def vouched(reading: Reading) -> bool:
    """Whether somebody has said that the mail is from whom it claims, and has said so of these very bytes."""
    evidence = reading.evidence
    same = evidence.released_bytes in ("", reading.message.sha256)
    return bool(evidence.released_by) and not evidence.parked and same
