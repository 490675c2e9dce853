"""Requests: what somebody asks for at the command line, decided and saved like a mail."""

from __future__ import annotations

from sqlalchemy import Connection

from maildesk.core.changes import Decision
from maildesk.core.decide import Request, decide
from maildesk.core.identity import candidates, person_of_agent, person_ref
from maildesk.core.matching import Wanted
from maildesk.core.personal import Welcome, address
from maildesk.core.policy import Agent
from maildesk.store import decisions, tickets
from maildesk.store.store import Store
from maildesk.work.live import Live


def carry_out(request: Request, store: Store, live: Live, now: int) -> Decision:
    """Decides and saves a request. Raises Refused with a sentence where it cannot be carried out."""

    def work(conn: Connection) -> Decision:
        look_up = Wanted(
            numbers=frozenset([request.ticket] if request.ticket is not None else []),
            candidates=frozenset(candidates(store.keys, request.key, request.requester, "", now)),
            addresses=frozenset([request.requester] if request.requester else []),
        )
        before = tickets.load(conn, look_up, store.keys, now)
        decision = decide(request, before, live.policy, now)
        if decision.changes:
            decisions.save(conn, before, [(request.key, "", decision)], live.policy, live.digest, now)
        return decision

    return store.write("decide", work)


def welcome(agent: Agent, new: bool, actor: str, key: str, store: Store, live: Live, now: int) -> str:
    """Sends an agent their personal address by mail, a new one with `new`; that address."""
    cause = Welcome(key, actor, agent, new)
    wanted = Wanted(personal=frozenset([person_ref(store.keys, person_of_agent(agent.id))]))

    def work(conn: Connection) -> Decision:
        before = tickets.load(conn, wanted, store.keys, now)
        decision = decide(cause, before, live.policy, now)
        decisions.save(conn, before, [(key, "", decision)], live.policy, live.digest, now)
        return decision

    after = store.write("decide", work).after
    return address(agent, after.personal.get(agent.id, 0), live.policy, store.keys)
