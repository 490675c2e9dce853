"""Figures of this machine, measured in the same run, to compare a benchmark's results with."""

from __future__ import annotations

import email
import os
import sqlite3
import time
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from pathlib import Path

LINE = "The quick brown fox jumps over the lazy dog near the river bank today.\n"


def w1(count: int = 1_000) -> list[bytes]:
    """W1: plain new mails of 2 KB from 500 senders."""
    mails = []
    for i in range(count):
        mail = EmailMessage()
        mail["From"] = f"User {i % 500} <user{i % 500}@customer{i % 50}.example>"
        mail["To"] = "support@desk.example"
        mail["Subject"] = f"Problem number {i}"
        mail["Message-ID"] = f"<w1.{i}@customer.example>"
        mail["Date"] = "Mon, 21 Sep 2026 12:00:00 +0000"
        mail.set_content(f"Case {i}.\n" + LINE * 24)
        mails.append(mail.as_bytes(policy=policy.SMTP))
    return mails


def parsed_per_second(mails: Sequence[bytes]) -> float:
    """How many of these mails the standard library's email.policy.default parses, headers and bodies read."""
    start = time.perf_counter()
    for raw in mails:
        message = email.message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        for value in message.values():
            str(value)
        body = message.get_body(("plain",))
        assert body is not None
        body.get_content()
    return len(mails) / (time.perf_counter() - start)


def fsyncs_per_second(folder: Path, count: int = 200) -> float:
    """How many small files this disk makes durable, one by one."""
    start = time.perf_counter()
    for i in range(count):
        with open(folder / f"fsync-{i}", "wb") as file:
            file.write(b"x" * 4_096)
            file.flush()
            os.fsync(file.fileno())
    return count / (time.perf_counter() - start)


def commits_per_second(folder: Path, count: int = 200) -> float:
    """How many one-row transactions SQLite (WAL, synchronous=FULL) commits."""
    conn = sqlite3.connect(folder / "commits.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("CREATE TABLE t (x)")
    start = time.perf_counter()
    for _ in range(count):
        conn.execute("INSERT INTO t VALUES ('row')")
    rate = count / (time.perf_counter() - start)
    conn.close()
    return rate
