"""What a running desk goes by: one immutable value, read once per step, swapped whole on reload."""

from __future__ import annotations

from dataclasses import dataclass

from maildesk.core.compose import Templates
from maildesk.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Live:
    """Configuration and templates, and the digest of the files they come from."""

    policy: Policy
    templates: Templates
    digest: str
