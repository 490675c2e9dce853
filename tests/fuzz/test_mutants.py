"""Mails with damaged bytes. The same every time; with MAILDESK_LONG=1 20,000 of them."""

from __future__ import annotations

import os
import random

import pytest

from tests.fuzz.promises import kept
from tests.fuzz.seeds import SEEDS

LONG = bool(os.environ.get("MAILDESK_LONG"))
ROUNDS = 40
MUTANTS = 500 if LONG else 10
_TOKENS = (
    b"\r\n\r\n", b"\n", b"\r", b"--=_cut.1", b"--=_cut.1--\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n", b"charset=", b"utf-16", b"=?", b"?=",
    b"=?utf-8?b?", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b$B", b"<", b">", b"<blockquote>", b"<!--", b'"', b"\\",
    b";", b"*0*=", b"From: ", b"To: ", b"@", b"> ", b"-- \n", b"begin 644 x\n", b"=\r\n", b"()",
    b"On 1 Jul 2025, x wrote:\n",
)  # fmt: skip


def _mutant(chance: random.Random) -> bytes:
    data = bytearray(chance.choice(SEEDS))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 10, 40))):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 8, 40, 200)))
        kind = chance.randrange(8)
        if kind == 0:
            data[at:end] = b""
        elif kind == 1:
            data[at:at] = data[at:end] * chance.choice((1, 2, 20))
        elif kind == 2:
            data[at:at] = chance.choice(_TOKENS)
        elif kind == 3:
            data[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
        elif kind == 4:
            other = chance.choice(SEEDS)
            data[at:end] = other[at : at + chance.randrange(200)]
        elif kind == 5:
            data[at:at] = chance.choice(_TOKENS) * chance.choice((2, 50, 500))
        elif kind == 6 and end > at:
            data[at] ^= 1 << chance.randrange(8)
        elif chance.randrange(10) == 0:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_damaged_mails_are_read(number: int) -> None:
    chance = random.Random(number)
    for _ in range(MUTANTS):
        kept(_mutant(chance))
