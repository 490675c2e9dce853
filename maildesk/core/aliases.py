"""Aliases: ids that a relay gave to mails of ours in place of their own, and how the desk comes to know them."""

from __future__ import annotations

from maildesk.core import identity
from maildesk.core.changes import Learn
from maildesk.core.deskaddress import is_desk
from maildesk.core.draft import Draft
from maildesk.core.identity import Keys
from maildesk.core.model import MidRef
from maildesk.core.policy import Policy
from maildesk.core.reading import Reading

TRACE = "x-maildesk-trace"


def traced(reading: Reading, policy: Policy, keys: Keys) -> frozenset[str]:
    """The hashes of our Message-IDs that stand in the mail's trace headers, as they are stored."""
    found = (identity.traced(keys, value) for value in reading.message.headers_all(TRACE))
    domains = {address.rpartition("@")[2] for address in policy.desk_addresses}
    return frozenset(identity.mid_hash(f"{local}@{domain}") for local in found if local for domain in domains)


def ours(draft: Draft, reading: Reading) -> bool:
    """Whether a mail is one of ours that came back; under another Message-ID only if it is still from the desk.

    The tickets of such a mail know its new id from then on: answers will cite that one.
    """
    keys, message = draft.after.keys, reading.message
    traces = message.headers_all(TRACE)
    if identity.own_message_id(keys, message.message_id) or any(
        identity.own_trace(keys, value, message.message_id) for value in traces
    ):
        return True
    if not is_desk(reading.sender, draft.policy) or not any(identity.traced(keys, value) for value in traces):
        return False
    alias = identity.mid_hash(message.message_id)
    for mid in sorted(traced(reading, draft.policy, keys)) if alias else ():
        for ref in draft.after.mids.get(mid, ()):
            if ref.role.startswith("sent"):
                draft.apply(Learn(alias, ref))
                draft.because(f"The relay gave our mail about #{ref.ticket} this Message-ID.")
    return True


def learn(draft: Draft, reading: Reading, number: int, internal: bool) -> None:
    """What a mail answers that bears our anchor, and that nobody knows, is a mail of ours under another id."""
    keys, message = draft.after.keys, reading.message
    anchors = [a for mid in reading.cited if (a := identity.read_anchor(keys, mid)) and a.number == number]
    parent = next(iter((*message.in_reply_to, *reversed(message.references))), "")
    if not anchors or identity.own_message_id(keys, parent) or identity.read_anchor(keys, parent):
        return
    known = draft.after.mids.get(identity.mid_hash(parent), ())
    if not any(ref.role != "cited" for ref in known):
        role = "sent-internal" if internal else "sent"
        ref = MidRef(number, role, anchors[0].person.hex())  # type: ignore[arg-type]
        draft.apply(Learn(identity.mid_hash(parent), ref))
