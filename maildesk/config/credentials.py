"""What no single key of a login shows: a secret written twice, or none at all. The same for mail in and out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath

from maildesk.config.positions import Path
from maildesk.config.settings import Mailbox, OAuth, Secret, Send

HOWS = ("env", "file", "command")


def written_once(at: Path, key: str, secret: Secret) -> Iterator[tuple[Path, str]]:
    """A secret has one place."""
    named = [f"{key}_{how}" for how, value in zip(HOWS, secret, strict=True) if value]
    if len(named) > 1:
        yield (*at, named[1]), f"{named[0]} is written too; keep one of the two"


def of_oauth(at: Path, oauth: OAuth, password: Secret) -> Iterator[tuple[Path, str]]:
    """`at` is the table that the table `oauth` stands in, `password` what is written beside it."""
    if password:
        yield (*at, "oauth"), "a password is written too; keep one of the two"
    inner = (*at, "oauth")
    client, refresh = oauth.secret("client_secret"), oauth.secret("refresh_token")
    yield from written_once(inner, "client_secret", client)
    yield from written_once(inner, "refresh_token", refresh)
    if not client and not refresh:
        told = "it has no secret; write refresh_token_file, or client_secret_file for the client's own credentials"
        yield (*inner, "client_id"), told


def absolute(found: Mailbox | Send, root: FilePath) -> dict[str, object]:
    """The files of a login as absolute paths, by their keys."""
    changes: dict[str, object] = {
        key: str(root / value) for key in ("ca_file", "password_file") if (value := getattr(found, key))
    }
    if found.oauth:
        files = ("client_secret_file", "refresh_token_file")
        inner = {key: str(root / value) for key in files if (value := getattr(found.oauth, key))}
        changes["oauth"] = found.oauth.model_copy(update=inner)
    return changes
