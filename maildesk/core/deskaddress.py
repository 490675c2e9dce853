"""Addresses of the desk: its own, and those made for one mail, which bring its answer or its bounce home."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maildesk.core import identity
from maildesk.core.address import normal
from maildesk.core.identity import TOKEN_LETTERS, Keys
from maildesk.core.policy import TOKEN, Policy

_LETTERS = re.compile(rf"[a-z2-7]{{{TOKEN_LETTERS}}}")
_STAND_IN = "a" * TOKEN_LETTERS


@dataclass(frozen=True, slots=True)
class Route:
    """The envelope of a mail that goes out; `return_path` is "" for the null one."""

    return_path: str
    recipient: str


def desk_part(address: str, policy: Policy) -> tuple[str, str]:
    """The desk address that a normalised address belongs to, and the token's place in it; two "" for a foreign one.

    Every form counts that this configuration knows, whichever new mails bear: those sent earlier are still answered.
    """
    if address in policy.desk_addresses:
        return address, ""
    local, _, domain = address.partition("@")
    base, plus, extra = local.partition("+")
    own = f"{base}@{domain}"
    if plus and own in policy.desk_addresses:
        return own, extra
    for pattern in (policy.reply_pattern, policy.return_address):
        if TOKEN not in pattern:
            if pattern and address == normal(pattern):
                return policy.address, ""
            continue
        head, _, tail = normal(pattern.replace(TOKEN, _STAND_IN)).partition(_STAND_IN)
        inner = address.removeprefix(head).removesuffix(tail)
        if head + inner + tail == address and _LETTERS.fullmatch(inner):
            return policy.address, inner
    return "", ""


def is_desk(address: str, policy: Policy) -> bool:
    """Whether mail to this address comes to this desk."""
    return bool(desk_part(normal(address), policy)[0])


def reply_address(sender: str, token: str, policy: Policy) -> str:
    """The address that brings an answer home, for a mail sent from `sender`; "" where that is `sender` itself."""
    if policy.reply_address == "none":
        return ""
    return _filled("" if policy.reply_address == "plus" else policy.reply_pattern, sender, token)


def return_path(sender: str, message_id: str, policy: Policy, keys: Keys) -> str:
    """Where reports about a mail of ours go that was sent from `sender`; "" for nowhere."""
    if policy.return_path == "null":
        return ""
    if policy.return_path == "fixed":
        return normal(policy.return_address) or sender
    pattern = policy.return_address or (policy.reply_pattern if policy.reply_address == "pattern" else "")
    return _filled(pattern, sender, identity.return_token(keys, message_id))


def _filled(pattern: str, sender: str, token: str) -> str:
    if pattern:
        return normal(pattern.replace(TOKEN, token))
    local, _, domain = sender.partition("@")
    return f"{local}+{token}@{domain}"
