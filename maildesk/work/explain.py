"""Explain: what would happen to a mail, by the very functions that decide, on a connection that cannot write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from maildesk.core import identity, stopped
from maildesk.core.compose import compose
from maildesk.core.decide import Arrival, decide
from maildesk.core.draft import domain
from maildesk.core.headers import head
from maildesk.core.identity import mid_hash
from maildesk.core.matching import wanted
from maildesk.core.material import Composed, Material
from maildesk.core.proof import findings
from maildesk.core.reading import Envelope, Evidence, read
from maildesk.core.stopped import Stopped
from maildesk.store import inbox, materials, outbox, threads, tickets, views
from maildesk.store.store import Store
from maildesk.work.live import Live

# Stands for the row key that an accepted mail would get; once-keys differ by it, nothing that is shown does.
_KEY = "explain"


def explain(
    raw: bytes, envelope: Envelope, evidence: Evidence, store: Store, live: Live, now: int
) -> dict[str, Any]:
    """Disposition, reasons, proof, match, rules, the ticket's fields after, and the mails that would go out."""
    said = head(raw)
    row = inbox.Row(0, _KEY, envelope, evidence, now, mid_hash(said.message_id), said.cited, False, b"")
    with store.db.reading() as conn:
        reading = read(raw, envelope, evidence, live.policy, views.sent_lines(conn, [row])[_KEY])
        before = tickets.load(conn, wanted(reading, live.policy, store.keys, now), store.keys, now)
        decision = decide(Arrival(_KEY, now, reading), before, live.policy, now)
        rows = [
            outbox.Row(
                id=2**62,
                notice=notice,
                cause=_KEY,
                message_id=identity.message_id(store.keys, notice.once, domain(live.policy)),
                state="todo",
                try_=1,
                skeleton=None,
            )
            for notice in decision.notices
        ]
        shown_in = materials.materials(conn, rows, decision)
        mails = []
        snapshot = decision.after
        for one in rows:
            composed = compose(one.notice, shown_in[one.once], live.policy, store.keys, live.templates)
            notice = one.notice
            shown: dict[str, Any] = {"to": notice.to, "template": notice.kind, "waits": bool(notice.waits)}
            if isinstance(composed, Composed):
                mails.append({**shown, "subject": composed.subject})
                continue
            mails.append({**shown, "subject": None, "blocked": list(composed.findings)})
            number = one.notice.ticket
            others = threads.answers(conn, number, one.notice.entry) if number is not None else ()
            cause = Stopped(one.once, one.notice, shown_in[one.once].entry, others, composed.findings)
            known = tickets.load(conn, stopped.wanted(cause, live.policy), store.keys, now)
            times = {**known.notice_times, **snapshot.notice_times}
            stop = decide(cause, replace(snapshot, notice_times=times), live.policy, now)
            snapshot = stop.after
            for back in stop.notices:
                bare = Material(snapshot.tickets[stop.ticket] if stop.ticket else None)
                answer = compose(back, bare, live.policy, store.keys, live.templates)
                subject = answer.subject if isinstance(answer, Composed) else None
                mails.append(
                    {"to": back.to, "template": back.kind, "waits": bool(back.waits), "subject": subject}
                )
    after = snapshot.tickets.get(decision.ticket) if decision.ticket else None
    return {
        "disposition": decision.disposition.value if decision.disposition else None,
        "why": list(decision.why),
        "proof": decision.proof.value,
        "evidence": list(findings(evidence)),
        "match": decision.match,
        "sender": reading.sender,
        "through": reading.behind.through if reading.behind else "",
        "kind": reading.kind.kind,
        "kind_because": reading.kind.because,
        "rules": [{"name": name, "hit": hit, "because": because} for name, hit, because in decision.rules],
        "ticket": views.fields(after) if after else None,
        "mails": mails,
        "due": [],
    }
