"""Secrets: read when they are needed, from where the configuration says, and never logged or kept."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from maildesk.config.settings import Secret

SECONDS = 30


class NoSecret(Exception):
    """A secret could not be read; the sentence says why, without any of it."""


def read(secret: Secret) -> str:
    """The secret, without the line end. Raises NoSecret."""
    if secret.env:
        found = os.environ.get(secret.env, "")
        instead = f"the environment has no {secret.env}; set it where maildesk starts"
    elif secret.file:
        try:
            found = Path(secret.file).read_text("utf-8", "replace")
        except OSError as error:
            told = f"{secret.file} cannot be read ({(error.strerror or str(error)).lower()})"
            raise NoSecret(f"{told}; make it a file with the secret that maildesk may read") from error
        instead = f"{secret.file} is empty; write the secret into it"
    else:
        found = _printed(secret.command)
        instead = f"the command {shlex.split(secret.command)[0]} printed nothing"
    first = found.strip("\r\n").splitlines()
    if not first or not first[0].strip():
        raise NoSecret(instead)
    return first[0].strip()


def _printed(command: str) -> str:
    try:
        words = shlex.split(command)
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise NoSecret(f"the command for a secret could not be run: {_why(error)}") from error
    if done.returncode:
        # What it printed may be the secret, so only its status is told.
        raise NoSecret(f"the command {words[0]} ended with status {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it took longer than {SECONDS} s"
    return (getattr(error, "strerror", None) or str(error)).lower()
