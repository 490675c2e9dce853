"""Frozen: the base of all models that an admin's files are checked by, and the kinds of values that many share."""

from __future__ import annotations

from typing import Annotated

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict

from maildesk.core.address import normal


def _address(value: str) -> str:
    address = normal(value)
    if not address:
        raise ValueError(f"{value!r} is not a mail address; write it like support@example.com")
    return address


def _name(value: str) -> str:
    if not regex.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", value):
        raise ValueError(f"{value!r} is not a name; use lower-case letters, digits, - and _, at most 40")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, AfterValidator(_name)]


class Frozen(BaseModel):
    """Base of all models: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
