"""`maildesk check --online`, mail out: logs in to the relay and says what it offers. No mail is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maildesk.cli.screen import size

if TYPE_CHECKING:
    from maildesk.config.load import Loaded
    from maildesk.store.store import Store


def ends_soon(what: str, end: int, days: int) -> list[str]:
    """The problem of a server's certificate that ends within so many days, if it has one. `end` is 0 for none."""
    from maildesk.core.model import DAY
    from maildesk.store.db import local_now

    left = end - local_now()
    if not end or left >= days * DAY:
        return []
    return [f"{what} ends in {max(0, left) // DAY} days: have whoever runs that server renew it"]


NO_STORE = "a token is tried only where the store is there already; run `maildesk run --once` first"
"""A provider may replace the refresh token with this use; then there must be a place to keep the new one."""


def relay(loaded: Loaded, store: Store | None) -> tuple[list[tuple[str, str]], list[str]]:
    """What was found at the relay, as pairs, and the problems as sentences. `store` is None if there is none yet."""
    from maildesk.edges.senders import relay as edge
    from maildesk.store.db import local_now

    send = loaded.settings.send
    if send.kind != "smtp":
        return [], []
    if send.oauth and store is None:
        return [], [f"mail out: {NO_STORE}"]
    found = edge.relay(send, store, local_now) if store else edge.Relay(send)
    try:
        session = found.connect()
    except edge.NotReady as error:
        return [], [f"mail out: {error}"]
    try:
        takes = f"takes mails up to {size(session.limit)}" if session.limit else "names no limit of size"
        wide = "and" if session.has("smtputf8") else "but not"
        days = loaded.settings.alarms.certificate_days
        ends = ends_soon(f"the certificate of {found.name}", session.certificate_end(), days)
        how = f"{found.name} answers" + (f" and lets in {send.user}" if send.user else "")
        return [("mail out", f"{how}; it {takes}, {wide} addresses with letters beyond ASCII")], [
            f"mail out: {one}" for one in ends
        ]
    finally:
        session.quit()
