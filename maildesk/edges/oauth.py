"""Access tokens by OAuth 2.0 (RFC 6749): from a refresh token, or with the client's own credentials.

A provider may replace the refresh token with each use, and take the old one back. The new one is therefore committed
to the store before the access token that came with it is used.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from maildesk.config.settings import OAuth
from maildesk.core.writing import one_line
from maildesk.edges import secret
from maildesk.store import oauth
from maildesk.store.store import Store

EARLY = 120.0
"""Seconds before its end at which an access token is used no more."""
LASTS = 300.0
"""Seconds that a token lasts whose provider does not say it."""
TIMEOUT = 30.0
LARGEST = 1_000_000

Load = Callable[[str], str]
"""The refresh token kept under a key, "" if there is none."""
Save = Callable[[str, str], None]
"""Keeps a refresh token under a key; returns once that is committed."""

# Two users of one refresh token (mail in and mail out) must not spend it at the same time; a provider that does not
# answer holds up its own clients alone.
_turns: dict[tuple[str, str], threading.Lock] = {}


class NoToken(Exception):
    """No access token could be got; the sentence says why, without any secret."""


class _Spent(NoToken):
    """The refresh token is no longer good."""


class _NoRedirects(HTTPRedirectHandler):
    """A secret goes only where the configuration says."""

    def redirect_request(self, *_: Any) -> None:
        """Follows none."""


class Tokens:
    """Access tokens for one client. Thread-safe."""

    def __init__(
        self,
        settings: OAuth,
        load: Load,
        save: Save,
        ca_file: str = "",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._load = load
        self._save = save
        self._ca_file = ca_file
        self._monotonic = monotonic
        self._token = ""
        self._until = 0.0
        self._turn = _turns.setdefault((settings.token_url, settings.client_id), threading.Lock())

    def token(self) -> str:
        """An access token that lasts for two minutes at least. Raises NoToken, NoSecret, OSError for a `ca_file` that
        cannot be read, and what the store raises where a new refresh token could not be kept: then the access token
        is not used either."""
        with self._turn:
            if self._token and self._monotonic() < self._until:
                return self._token
            self._token = ""
            answer = self._refreshed() if self._settings.secret("refresh_token") else self._granted({})
            token = answer.get("access_token")
            if not isinstance(token, str) or not token:
                raise NoToken(f"{self._settings.token_url} answered without an access token")
            self._until = self._monotonic() + _seconds(answer.get("expires_in")) - EARLY
            self._token = token
            return token

    def forget(self) -> None:
        """The server has refused the token: the next one is a new one."""
        self._until = 0.0

    def _refreshed(self) -> dict[str, Any]:
        first = secret.read(self._settings.secret("refresh_token"))
        # A new first token in the configuration has a new key, so that what was kept for the old one is not used.
        key = hashlib.sha256(
            "\0".join((self._settings.token_url, self._settings.client_id, first)).encode()
        ).hexdigest()
        held = self._load(key) or first
        try:
            answer = self._granted({"grant_type": "refresh_token", "refresh_token": held})
        except _Spent:
            # Another process may have spent it meanwhile, and kept the next one.
            before, held = held, self._load(key) or first
            if held == before:
                raise
            answer = self._granted({"grant_type": "refresh_token", "refresh_token": held})
        new = answer.get("refresh_token")
        if isinstance(new, str) and new and new != held:
            self._save(key, new)
        return answer

    def _granted(self, grant: dict[str, str]) -> dict[str, Any]:
        settings = self._settings
        form = {"grant_type": "client_credentials", "client_id": settings.client_id, **grant}
        if settings.secret("client_secret"):
            form["client_secret"] = secret.read(settings.secret("client_secret"))
        if settings.scope:
            form["scope"] = settings.scope
        request = Request(
            settings.token_url, urlencode(form).encode(), {"Accept": "application/json"}, method="POST"
        )
        context = ssl.create_default_context(cafile=self._ca_file or None)
        opener = build_opener(_NoRedirects(), HTTPSHandler(context=context))
        try:
            with opener.open(request, timeout=TIMEOUT) as response:
                body = response.read(LARGEST)
        except HTTPError as error:
            with error:
                raise self._refusal(error.code, _rest(error), form) from None
        except (OSError, HTTPException) as error:
            why = getattr(error, "reason", None) or error
            raise NoToken(
                f"{settings.token_url} cannot be asked for a token: {one_line(str(why))}"
            ) from error
        return _object(body)

    def _refusal(self, status: int, body: bytes, form: dict[str, str]) -> NoToken:
        """RFC 6749, 5.2: `error` is a word and `error_description` is for people; nothing else is shown."""
        found = _object(body)
        word, text = (str(found.get(key, "")) for key in ("error", "error_description"))
        for shown in ("refresh_token", "client_secret"):
            if shown in form:
                word, text = (one.replace(form[shown], "(secret)") for one in (word, text))
        word, text = one_line(word)[:200], one_line(text)[:200]
        told = f"{self._settings.token_url} refused a token: {word or f'HTTP status {status}'}"
        if text:
            told += f" ({text})"
        advice = {
            "invalid_grant": "the refresh token is expired or revoked; get a new one and write it in its place",
            "invalid_client": "check client_id and the client's secret",
            "unauthorized_client": "the provider does not let this client have tokens this way",
            "invalid_scope": "check scope",
        }.get(word, "")
        kind = _Spent if word == "invalid_grant" else NoToken
        return kind(f"{told}; {advice}" if advice else told)


def _rest(error: HTTPError) -> bytes:
    try:
        return error.read(LARGEST)
    except (OSError, HTTPException):
        # It broke off; the status says enough.
        return b""


def _seconds(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return LASTS


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def kept_in(store: Store, settings: OAuth, clock: Callable[[], int]) -> Tokens:
    """Tokens whose newest refresh token is kept in the store."""

    def load(key: str) -> str:
        with store.db.reading() as conn:
            return oauth.load(conn, key)

    def save(key: str, token: str) -> None:
        store.write("work", lambda conn: oauth.save(conn, key, token, clock()))

    return Tokens(settings, load, save)
