"""The machine: free room on disks, the ends of certificates, and programs that are told of alarms."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maildesk.config.settings import Settings

COMMAND_SECONDS = 60
_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_PEM_END = "-----END CERTIFICATE-----"
# Tags of DER (X.690, 8.1): a sequence, the explicit [0] before a certificate's version, and the two kinds of time.
_SEQUENCE, _VERSION, _UTC_TIME, _TIME = 0x30, 0xA0, 0x17, 0x18


@dataclass(frozen=True, slots=True)
class Places:
    """What to look at beside the store: folders that must have room, certificate files that must not end, and the
    mailboxes that are configured: the store remembers others, too."""

    folders: tuple[Path, ...] = ()
    certificates: tuple[Path, ...] = ()
    mailboxes: tuple[str, ...] = ()


def places(settings: Settings, store: Path | None) -> Places:
    """What of this machine, and which mailboxes, a desk needs. `store` is the file of a SQLite store."""
    folders = [settings.send.path] if settings.send.kind == "maildir" else []
    certificates = dict.fromkeys(Path(smtp.certificate) for smtp in settings.smtp if smtp.certificate)
    return Places(
        folders=(*folders, *([store.parent] if store else [])),
        certificates=tuple(certificates),
        mailboxes=tuple(box.name for box in settings.imap),
    )


class CommandFailed(OSError):
    """A program ended with an error or did not end."""


def free_bytes(path: Path) -> tuple[int, int]:
    """The disk that a path is on, or will be on, and the room there in bytes. Raises OSError."""
    there = next(one for one in (path, *path.parents) if one.exists())
    return there.stat().st_dev, shutil.disk_usage(there).free


def free_files(path: Path) -> float:
    """Which part of the files that its disk can hold may still be made; 1.0 where there is no bound. Raises OSError."""
    there = next(one for one in (path, *path.parents) if one.exists())
    found = os.statvfs(there)
    return found.f_favail / found.f_files if found.f_files else 1.0


def certificate_end(path: Path) -> int:
    """When the first certificate of a PEM file ends, microseconds UTC.

    Raises OSError where it cannot be read, ValueError where it holds no certificate.
    """
    text = path.read_text("ascii", "replace")
    begin, end = text.find(_PEM_BEGIN), text.find(_PEM_END)
    if begin < 0 or end < begin:
        raise ValueError("holds no certificate")
    return _not_after(ssl.PEM_cert_to_DER_cert(text[begin : end + len(_PEM_END)]))


def _not_after(der: bytes) -> int:
    """The end of a certificate's validity (RFC 5280, 4.1): the second time of its fourth or fifth field."""
    try:
        _, certificate, _ = _value(der)
        _, body, _ = _value(certificate)
        tag, _, after = _value(body)
        rest = after if tag == _VERSION else body
        for _ in range(3):  # the serial number, the algorithm, the issuer
            _, _, rest = _value(rest)
        tag, validity, _ = _value(rest)
        _, _, second = _value(validity)
        kind, moment, _ = _value(second)
        if tag != _SEQUENCE or kind not in (_UTC_TIME, _TIME):
            raise ValueError("holds no certificate that can be read")
        digits = moment.decode("ascii")
        if kind == _UTC_TIME:
            # RFC 5280, 4.1.2.5.1: years from 50 on are of the last century.
            digits = ("19" if digits >= "50" else "20") + digits
        found = datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (IndexError, UnicodeDecodeError) as error:
        raise ValueError("holds no certificate that can be read") from error
    return int(found.timestamp()) * 1_000_000


def _value(der: bytes) -> tuple[int, bytes, bytes]:
    """Tag and content of the first value, and what follows it."""
    length, at = der[1], 2
    if length & 0x80:
        at += length & 0x7F
        length = int.from_bytes(der[2:at], "big")
    return der[0], der[at : at + length], der[at + length :]


def run(command: tuple[str, ...], name: str, state: str, text: str) -> None:
    """Tells a program of an alarm and waits for its end. Raises OSError where that fails."""
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            env={**os.environ, "MAILDESK_ALARM": name, "MAILDESK_ALARM_STATE": state},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"it did not end within {COMMAND_SECONDS} s") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CommandFailed(f"it ended with status {done.returncode}" + (f": {said[-1]}" if said else ""))
