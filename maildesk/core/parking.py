"""Parking: mail that is held for where it lay, whoever wrote it, until somebody releases it."""

from __future__ import annotations

from dataclasses import replace

from maildesk.core.reading import Evidence

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


def released(evidence: Evidence, by: str) -> Evidence:
    """The evidence after a release. Who lets a parked mail in says nothing yet about who wrote it."""
    evidence = replace(evidence, released_by=by, parked=evidence.parked if parked(evidence) else "")
    # What follows from it is wanted now, whatever followed from it before a restore.
    return replace(evidence, replayed=False)


def vouched(evidence: Evidence) -> bool:
    """Whether somebody has said that the mail is from whom it claims."""
    return bool(evidence.released_by) and not evidence.parked
