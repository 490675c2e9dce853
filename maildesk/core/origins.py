"""Models of who a mail comes from where its From does not say it: web forms, group addresses, and logins."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from maildesk.core.frozen import Frozen, MailAddress
from maildesk.core.password import is_hash


def _hash(value: str) -> str:
    if not is_hash(value):
        raise ValueError("this is not the hash of a password; `maildesk password` prints one")
    return value


class Form(Frozen):
    """A form of a web site that mails what visitors write. The visitor becomes the requester; nothing proves them."""

    from_: MailAddress = Field(alias="from", description="Address that the form's mails come from.")
    requester_field: str = Field(
        "",
        description="Field of the mail with the visitor's address, as in `E-Mail: jane@customer.example`;"
        " without it Reply-To counts, then X-Original-From.",
    )
    name_field: str = Field("", description="Field with the visitor's name.")
    topic_field: str = Field("", description="Field with a help topic, by its name or title.")
    priority_field: str = Field("", description="Field with low, normal, high or emergency.")


class Group(Frozen):
    """A list or group address that passes mail on to the desk, perhaps with a From of its own.

    From "Jane via Support" it gives Jane, as X-Original-From, X-Original-Sender or Reply-To name her.
    """

    address: MailAddress = Field(description="Address of the list or group.")


class Login(Frozen):
    """Somebody who may log in to send mail to the desk (SMTP AUTH), and the From addresses that this proves."""

    name: Annotated[str, Field(min_length=1)] = Field(description="What they log in as.")
    hash: Annotated[str, AfterValidator(_hash)] = Field(
        repr=False, description="Hash of the password, from `maildesk password`."
    )
    addresses: tuple[MailAddress, ...] = Field(
        min_length=1, description="From addresses that a mail of this login proves, and no others."
    )
