"""`maildesk password`: the hash of a password, for `config/logins.toml`."""

from __future__ import annotations

import sys

import typer

from maildesk.cli.errors import No
from maildesk.cli.screen import say

EXAMPLE = "Example: maildesk password"

SHORTEST = 8


def command() -> None:
    """Print the hash of a password for config/logins.toml.

    It asks for the password, or reads it from standard input.
    """
    import secrets

    from maildesk.core.password import hashed

    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise No(f"a password needs at least {SHORTEST} letters.")
    say(hashed(password, secrets.token_bytes(16)))
