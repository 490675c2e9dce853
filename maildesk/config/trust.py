"""Types of keys that say whose word on a mail's sender is taken: the mail server before the desk, its spam filter."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator, Field

_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_HEADER = re.compile(r"[!-9;-~]+:\s*\S.*")
LIBRARIES = ("dkim", "spf")
"""Modules of the extra `maildesk[mx]`."""


def _authserv_id(value: str) -> str:
    if value and not _ID.fullmatch(value):
        raise ValueError(
            f"{value!r} is no name of a mail server; write the first word of the Authentication-Results that it"
            " writes, like mx.example.com"
        )
    return value.lower()


def _spam_header(value: str) -> str:
    if value and not _HEADER.fullmatch(value):
        raise ValueError(f"{value!r} is no header and its value; write it like X-Spam-Flag: YES")
    return value


def not_installed() -> tuple[str, ...]:
    """The modules of the extra that are not installed."""
    return tuple(name for name in LIBRARIES if find_spec(name) is None)


AuthservId = Annotated[
    str,
    AfterValidator(_authserv_id),
    Field(
        description="Name in the Authentication-Results of the mail server before the desk, whose word on DKIM, SPF and"
        " DMARC is taken; none if empty. See `docs/proof.md`."
    ),
]
TrustedHops = Annotated[
    int,
    Field(
        ge=0,
        le=50,
        description="How many Received headers of one's own servers stand above that Authentication-Results; below"
        " them strangers can write.",
    ),
]
SpamHeader = Annotated[
    str,
    AfterValidator(_spam_header),
    Field(
        description="Header by which one's own filter marks spam, with the beginning of its value, like"
        " `X-Spam-Flag: YES`. Mail that bears it gets no automatic answer."
    ),
]
