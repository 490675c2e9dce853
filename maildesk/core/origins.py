"""Models of who a mail comes from where its From does not say it: web forms, group addresses, and logins."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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


def problems(
    forms: tuple[Form, ...], groups: tuple[Group, ...], logins: tuple[Login, ...], desk: Collection[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What no single field shows. `desk` are the desk's own addresses. Paths as pydantic's."""
    own = "is an address of this desk; name one that is not"
    seen: dict[str, str] = {}
    for kind, key, addresses in (
        ("forms", "from", [form.from_ for form in forms]),
        ("lists", "address", [group.address for group in groups]),
    ):
        for i, address in enumerate(addresses):
            if address in desk:
                yield (kind, i, key), f"{address} {own}"
            elif address and address in seen:
                yield (kind, i, key), f"{address} is named already, in {seen[address]}; delete one of them"
            seen.setdefault(address, f"config/{kind}.toml")
    names = [login.name for login in logins]
    for i, login in enumerate(logins):
        if login.name in names[:i]:
            yield ("logins", i, "name"), f"{login.name!r} is used twice; each login needs its own name"
        for j, address in enumerate(login.addresses):
            if address in desk:
                yield ("logins", i, "addresses", j), f"{address} {own}"
