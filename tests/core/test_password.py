"""Passwords: hashes that only the right one fits."""

from __future__ import annotations

import pytest

from maildesk.core.password import NOBODY, fits, hashed, is_hash

SALT = bytes(range(16))
STORED = hashed("correct höрse", SALT)


def test_only_the_right_password_fits() -> None:
    assert fits("correct höрse".encode(), STORED)
    assert not fits(b"correct horse", STORED)
    assert not fits(b"", STORED)
    assert hashed("correct höрse", bytes(16)) != STORED


@pytest.mark.parametrize(
    "text",
    [
        "", "secret", "scrypt$", "scrypt$1$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AA==", STORED.replace("32768", "32767"),
        STORED.replace("32768", "1048576"), STORED.replace("scrypt", "plain"), STORED[:-4], STORED + "$x",
        STORED.replace("$8$", "$-8$"),
    ],
)  # fmt: skip
def test_what_is_no_hash(text: str) -> None:
    assert not is_hash(text)
    assert not fits(b"secret", text)


def test_nobody_has_a_hash_that_takes_as_long() -> None:
    assert is_hash(NOBODY)
    assert not fits(b"", NOBODY)
