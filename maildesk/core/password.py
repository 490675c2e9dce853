"""Password: its hash (scrypt, RFC 7914), made and compared."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

COST, BLOCK, LANES = 2**15, 8, 1
"""About a tenth of a second, and 32 MiB of memory."""
MEMORY = 256 * COST * BLOCK
"""The most that a hash may ask for."""


def hashed(password: str, salt: bytes) -> str:
    """What is stored of a password: scheme, cost, salt (16 random bytes, new for each) and hash."""
    return _written(salt, _scrypt(password.encode(), salt, COST, BLOCK, LANES))


def fits(password: bytes, stored: str) -> bool:
    """Whether a password is the one that `stored` was made of. Takes about a tenth of a second."""
    parts = _parts(stored)
    if parts is None:
        return False
    cost, block, lanes, salt, known = parts
    return hmac.compare_digest(_scrypt(password, salt, cost, block, lanes), known)


def is_hash(stored: str) -> bool:
    """Whether `hashed` could have made it."""
    return _parts(stored) is not None


def _scrypt(password: bytes, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=lanes, maxmem=2 * MEMORY, dklen=32)


def _written(salt: bytes, known: bytes) -> str:
    return f"scrypt${COST}${BLOCK}${LANES}${_letters(salt)}${_letters(known)}"


def _letters(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _parts(stored: str) -> tuple[int, int, int, bytes, bytes] | None:
    scheme, _, rest = stored.partition("$")
    parts = rest.split("$")
    try:
        cost, block, lanes = (int(part) for part in parts[:3])
        salt, known = (base64.b64decode(part, validate=True) for part in parts[3:])
    except (ValueError, binascii.Error):
        return None
    sound = cost > 1 and not cost & (cost - 1) and 0 < block <= 32 and 0 < lanes <= 4
    if scheme != "scrypt" or not sound or 128 * cost * block > MEMORY or len(salt) < 8 or len(known) != 32:
        return None
    return cost, block, lanes, salt, known


NOBODY = _written(bytes(16), bytes(32))
"""Fits no password; compared where there is no such login, so that the time tells nothing."""
