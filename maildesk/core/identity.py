"""Numbers, Message-IDs, tokens and boundaries: HMAC-SHA256 under the store's keys, so that nothing is random.

`explain` predicts them and a restored store repeats them. Tokens are checked in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

TokenKind = Literal["public", "internal"]

TOKEN_LETTERS = 40
_TOKEN_BYTES = 25
_LAST_GENERATION = 255


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets of one store. `root` never changes; of `tokens` (id, secret) the last one signs, all verify."""

    desk: str
    root: bytes
    tokens: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class Token:
    """What a reply address says once its MAC has been checked."""

    number: int
    person: bytes
    kind: TokenKind
    generation: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """What an anchor says: about which ticket the mail that bore it was, and to whom it went."""

    number: int
    person: bytes


def _mac(key: bytes, purpose: str, *parts: bytes) -> bytes:
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose.encode(), *parts))
    return hmac.digest(key, message, "sha256")


def _letters(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _bytes(letters: str) -> bytes | None:
    try:
        return base64.b32decode(letters.upper() + "=" * (-len(letters) % 8))
    except ValueError:
        return None


def _sealed(secret: bytes, purpose: str, head: bytes) -> str:
    """The letters of a token: its head, and as much of the MAC as there is room for."""
    return _letters(head + _mac(secret, purpose, head)[: _TOKEN_BYTES - len(head)])


def _opened(letters: str, purpose: str, length: int, secret: Callable[[bytes], bytes | None]) -> bytes | None:
    """The head of so many bytes of a token of ours, None for any other letters; `secret` finds the key for a head."""
    if len(letters) != TOKEN_LETTERS or (data := _bytes(letters)) is None:
        return None
    head, mac = data[:length], data[length:]
    key = secret(head)
    if key is None or not hmac.compare_digest(_mac(key, purpose, head)[: _TOKEN_BYTES - length], mac):
        return None
    return head


def _verifying(keys: Keys, key_id: int) -> bytes | None:
    return next((secret for known, secret in keys.tokens if known == key_id), None)


@lru_cache(maxsize=256)
def candidates(keys: Keys, message_id: str, sender: str, sha256: str, received: int) -> tuple[int, ...]:
    """Ticket numbers a mail may get, with 6 to 12 digits; the first that is free is taken.

    They come from Message-ID and sender, so that a restored store gives the same mail the same number. Behind them
    stand those of this very arrival: senders who use one Message-ID for all their mails must not run out of numbers.
    """
    origin = (message_id.encode(), sender.encode()) if message_id else (sha256.encode(),)
    arrival = (sha256.encode(), str(received).encode())
    return (*_numbers(keys, "number", origin), *_numbers(keys, "further-number", arrival))


def _numbers(keys: Keys, purpose: str, origin: tuple[bytes, ...]) -> Iterator[int]:
    for digits in range(6, 13):
        value = int.from_bytes(_mac(keys.root, f"{purpose}{digits}", *origin)[:12], "big")
        yield 10 ** (digits - 1) + value % (9 * 10 ** (digits - 1))


def person_of_agent(agent_id: str) -> str:
    """The name under which tokens are issued to an agent, whichever address they write from."""
    return f"agent:{agent_id}"


def person_of_address(address: str) -> str:
    """The name under which tokens are issued to anyone who is no agent."""
    return f"mail:{address}"


def person_ref(keys: Keys, person: str) -> bytes:
    """What a token says instead of the person's name."""
    return _mac(keys.root, "person", person.encode())[:6]


def token(keys: Keys, number: int, person: str, kind: TokenKind, generation: int) -> str:
    """The part of a reply address that proves, together with From, who answers which ticket."""
    key_id, secret = keys.tokens[-1]
    # 5 bytes number, 6 bytes person, 1 byte key id and kind, 1 byte generation: 12 bytes are left for the MAC.
    head = (
        number.to_bytes(5, "big")
        + person_ref(keys, person)
        + bytes([key_id << 1 | (kind == "internal"), min(generation, _LAST_GENERATION)])
    )
    return _sealed(secret, "token", head)


def read_token(keys: Keys, letters: str) -> Token | None:
    """The token in these letters, or None where they are not one of ours."""
    head = _opened(letters, "token", 13, lambda head: _verifying(keys, head[11] >> 1))
    if head is None:
        return None
    return Token(
        number=int.from_bytes(head[:5], "big"),
        person=head[5:11],
        kind="internal" if head[11] & 1 else "public",
        generation=head[12],
    )


def anchor(keys: Keys, number: int, person: str, domain: str) -> str:
    """A signed id that heads References of every mail to a person about a ticket; clients copy it. No <>."""
    head = number.to_bytes(5, "big") + person_ref(keys, person)
    return f"{_letters(head + _mac(keys.root, 'anchor', head)[:9])}.t@{domain}"


def read_anchor(keys: Keys, message_id: str) -> Anchor | None:
    """What an anchor of ours says; None for any other id. It matches; it proves nothing."""
    local = message_id.partition("@")[0]
    if not local.endswith(".t") or len(local) != 34 or (data := _bytes(local[:-2])) is None:
        return None
    head, mac = data[:11], data[11:]
    if not hmac.compare_digest(_mac(keys.root, "anchor", head)[:9], mac):
        return None
    return Anchor(int.from_bytes(head[:5], "big"), head[5:])


def message_id(keys: Keys, once: str, domain: str) -> str:
    """The Message-ID, without <>, of the mail with this once-key: the same over all attempts."""
    return f"{_local(keys, _mac(keys.root, 'message-id', once.encode())[:10])}@{domain}"


def own_message_id(keys: Keys, message_id: str) -> bool:
    """Whether this store made the Message-ID; needs no look-up."""
    local = message_id.partition("@")[0]
    if not local.endswith(".m") or len(local) != 34 or (data := _bytes(local[:-2])) is None:
        return False
    return hmac.compare_digest(_mac(keys.root, "ours", data[:10])[:10], data[10:])


def return_token(keys: Keys, message_id: str) -> str:
    """The part of a return path by which a report names our mail with this Message-ID. As long as a reply token."""
    return _sealed(keys.root, "return", _made_from(message_id))


def _made_from(message_id: str) -> bytes:
    """The 10 bytes of which a Message-ID of ours is made."""
    return (_bytes(message_id.partition("@")[0].removesuffix(".m")) or b"")[:10]


def _local(keys: Keys, head: bytes) -> str:
    """What stands before the @ in the Message-ID that is made of these 10 bytes."""
    return f"{_letters(head + _mac(keys.root, 'ours', head)[:10])}.m"


def read_return_token(keys: Keys, letters: str) -> str | None:
    """What stands before the @ in the Message-ID of the mail that a return path was made for; None if it is none."""
    head = _opened(letters, "return", 10, lambda _: keys.root)
    return None if head is None else _local(keys, head)


def probe_token(keys: Keys, nonce: bytes) -> str:
    """The letters by which the desk knows a probe (`probe.py`) with this nonce of 10 bytes; as many as of a token."""
    return _sealed(keys.root, "probe", nonce)


def read_probe_token(keys: Keys, letters: str) -> bytes | None:
    """The nonce of a probe's token, None where it is none of ours."""
    return _opened(letters, "probe", 10, lambda _: keys.root)


def confirm_token(keys: Keys, message_id: str) -> str:
    """The part of the address that answers a confirmation (`held.py`) with this Message-ID. As long as a token."""
    key_id, secret = keys.tokens[-1]
    return _sealed(secret, "confirm", _made_from(message_id) + bytes([key_id]))


def read_confirm_token(keys: Keys, letters: str) -> str | None:
    """What stands before the @ in the Message-ID of the confirmation that is answered; None if it is none of ours."""
    head = _opened(letters, "confirm", 11, lambda head: _verifying(keys, head[10]))
    return None if head is None else _local(keys, head[:10])


def desk_token(keys: Keys, person: str, generation: int) -> str:
    """The part of an agent's personal address (`personal.py`). As long as a reply token."""
    key_id, secret = keys.tokens[-1]
    return _sealed(secret, "desk", person_ref(keys, person) + bytes([key_id]) + generation.to_bytes(4, "big"))


def read_desk_token(keys: Keys, letters: str) -> tuple[bytes, int] | None:
    """Whose personal address it is (as `person_ref`), and of which generation; None if it is none of ours."""
    head = _opened(letters, "desk", 11, lambda head: _verifying(keys, head[6]))
    return None if head is None else (head[:6], int.from_bytes(head[7:], "big"))


def trace(keys: Keys, message_id: str) -> str:
    """The value of X-Maildesk-Trace: which desk sent this mail, and as which, signed."""
    local = message_id.partition("@")[0]
    return f"{keys.desk} {local} {_letters(_mac(keys.root, 'trace', local.encode())[:15])}"


def traced(keys: Keys, value: str) -> str:
    """What stands before the @ in the Message-ID that our trace header was made for; "" if it is not ours."""
    words = value.split()
    if len(words) != 3:
        return ""
    return words[1] if hmac.compare_digest(trace(keys, words[1]).encode(), " ".join(words).encode()) else ""


def own_trace(keys: Keys, value: str, message_id: str) -> bool:
    """Whether the trace header is ours and belongs to this Message-ID."""
    local = traced(keys, value)
    return bool(local) and local == message_id.partition("@")[0]


def boundary(keys: Keys, once: str, part: int) -> str:
    """A MIME boundary that stays the same over all attempts."""
    return "=_" + _mac(keys.root, "boundary", once.encode(), str(part).encode()).hex()[:32]


def salt(keys: Keys, ticket: int, seq: int) -> str:
    """The salt of an event's digest; erasing it makes the event's data unguessable."""
    return _mac(keys.root, "salt", str(ticket).encode(), str(seq).encode()).hex()[:32]


def mid_hash(message_id: str) -> str:
    """How a Message-ID is stored and looked up; "" for no Message-ID."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32] if message_id else ""


def once_key(row_key: str, kind: str, recipient: str, ticket: int | None) -> str:
    """The once-key of a notice. It carries a hash of the recipient, never the address."""
    who = hashlib.sha256(recipient.encode()).hexdigest()[:32]
    return hashlib.sha256(f"{row_key}:{kind}:{who}:{ticket or ''}".encode()).hexdigest()[:40]
