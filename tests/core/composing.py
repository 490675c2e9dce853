"""Composed mails, taken apart again."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from maildesk.core.changes import Notice
from maildesk.core.compose import compose
from maildesk.core.identity import (
    Keys,
)
from maildesk.core.material import Composed, Material
from maildesk.core.policy import Policy
from maildesk.edges import samples, templates

ROOT = Path(__file__).parents[2]
KEYS = Keys("desk1", b"r" * 32, ((1, b"t" * 32),))
TEMPLATES = templates.load(ROOT / "templates", "en")
POLICY = samples.POLICY


def composed(notice: Notice, material: Material, with_policy: Policy = POLICY) -> Composed:
    mail = compose(notice, material, with_policy, KEYS, TEMPLATES)
    assert isinstance(mail, Composed), mail
    return mail


def raw(mail: Composed) -> bytes:
    return b"".join(s if isinstance(s, bytes) else b"QUJD\r\n" for s in mail.segments)


def message(mail: Composed) -> EmailMessage:
    data = raw(mail)
    assert data.isascii()
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in data.split(b"\r\n"))
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not any(part.defects for part in found.walk())
    assert all(field.isprintable() for field in found.values())
    return found


def text(mail: Composed, kind: str = "plain") -> str:
    part = message(mail).get_body((kind,))
    assert part
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def of(kind: str, **changes: Any) -> tuple[Notice, Material]:
    notice, material = next((n, m) for n, m in samples.all_notices() if n.kind == kind)
    return replace(notice, **changes), material
