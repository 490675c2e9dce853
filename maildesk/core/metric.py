"""The metrics: figures that monitoring gets of a desk. Labels have few values, never an address or a subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["gauge", "counter", "histogram"]
Samples = Mapping[str, Mapping[tuple[str, ...], float]]
"""Values by metric and by the values of its labels."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Bounds of the histogram's buckets."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Of the `desk`: every daemon of a store says the same; else it is of this daemon since its start."""

    name: str
    kind: Kind
    desk: bool
    help: str
    labels: tuple[str, ...] = ()


METRICS: tuple[Metric, ...] = (
    Metric("maildesk_store_up", "gauge", True, "1 if the store could be read for these figures, else 0."),
    Metric("maildesk_store_read_seconds", "gauge", True, "How long that took."),
    Metric(
        "maildesk_inbox_mails",
        "gauge",
        True,
        "Mails that came and are not done: new, taken (being decided), held, quarantined.",
        ("state",),
    ),
    Metric(
        "maildesk_inbox_oldest_seconds",
        "gauge",
        True,
        "How long the oldest mail has waited for its decision; 0 if none waits.",
    ),
    Metric(
        "maildesk_outbox_mails",
        "gauge",
        True,
        "Mails to be sent: todo (not composed yet), ready (composed), quarantined.",
        ("state",),
    ),
    Metric("maildesk_outbox_due_mails", "gauge", True, "Mails that should have been sent by now."),
    Metric(
        "maildesk_outbox_oldest_seconds",
        "gauge",
        True,
        "For how long the oldest of those has been due; 0 if none is.",
    ),
    Metric("maildesk_tickets", "gauge", True, "Tickets by status.", ("status",)),
    Metric(
        "maildesk_last_mail_seconds",
        "gauge",
        True,
        "Since when no mail has come; missing until the first one.",
    ),
    Metric("maildesk_alarms", "gauge", True, "Alarms that stand, by kind.", ("alarm",)),
    Metric("maildesk_nodes", "gauge", True, "Daemons on the store: alive, dead.", ("state",)),
    Metric(
        "maildesk_configuration_refused",
        "gauge",
        True,
        "Daemons that refuse the newest configuration and go on with an older one.",
    ),
    Metric("maildesk_paused", "gauge", True, "1 while `maildesk pause` holds it back.", ("what",)),
    Metric(
        "maildesk_sending_closed", "gauge", True, "Ways out that are closed, because the relay takes no mail."
    ),
    Metric(
        "maildesk_mailbox_poll_seconds",
        "gauge",
        True,
        "Since when all of a mailbox was last read; missing until then.",
        ("mailbox",),
    ),
    Metric("maildesk_mailbox_failing", "gauge", True, "1 while a mailbox cannot be read.", ("mailbox",)),
    Metric(
        "maildesk_info", "gauge", False, "Always 1; says which version this daemon is.", ("version", "node")
    ),
    Metric(
        "maildesk_decided_total", "counter", False, "Mails decided, by what became of them.", ("disposition",)
    ),
    Metric(
        "maildesk_attempts_total", "counter", False, "Attempts to send, by what came of them.", ("outcome",)
    ),
    Metric(
        "maildesk_accept_seconds",
        "histogram",
        False,
        "Time from the last byte of a mail to its commit, after which its sender hears yes.",
    ),
    Metric(
        "maildesk_not_accepted_total",
        "counter",
        False,
        "Mails that could not be stored; their senders keep them.",
    ),
    Metric("maildesk_loop_steps_total", "counter", False, "Steps that a loop has done.", ("loop",)),
    Metric(
        "maildesk_loop_errors_total", "counter", False, "Steps that failed and are done again.", ("loop",)
    ),
    Metric(
        "maildesk_still_seconds",
        "gauge",
        False,
        "Since when a loop, a writer or a listener has not moved; after 5 minutes it hangs.",
        ("thread",),
    ),
)

_HEAD = """\
# Metrics

Figures for Prometheus, in two ways (`[metrics]` in `maildesk.toml`):

```toml
[metrics]
listen = "127.0.0.1:9109"    # Prometheus fetches them here
textfile = "/var/lib/prometheus/node-exporter/maildesk.prom"    # or node_exporter reads them there
```

They tell how much, never of whom: no address, name or subject is in them. Whoever reaches `listen` may read them, so
keep it on this machine, or in a network of your own. `process_*` (memory, time, open files of the daemon) come with
them.

Figures of the desk are read from the store, at most once in five seconds however often they are fetched; with several
daemons each of them says the same. The other figures are each daemon's own and begin at 0 when it starts.

An alarm mail says more than a figure can, and comes without Prometheus: `docs/operations.md`. If you have Prometheus,
these four find most of what can go wrong:

```
max(maildesk_alarms) > 0              # something is wrong, and the desk knows it
max(maildesk_store_up) != 1           # the store cannot be read
max(maildesk_outbox_oldest_seconds) > 1800
absent(maildesk_info)                 # nobody is running
```

This page is made from the code: `python -m maildesk.edges.exporter > docs/metrics.md`.
"""


def page() -> str:
    """The text of docs/metrics.md."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    for title, desk in (("Of the desk", True), ("Of this daemon", False)):
        yield f"## {title}\n"
        yield "| Metric | Kind | Labels | Meaning |"
        yield "|---|---|---|---|"
        for one in METRICS:
            if one.desk is desk:
                labels = ", ".join(f"`{label}`" for label in one.labels) or "none"
                yield f"| `{one.name}` | {one.kind} | {labels} | {one.help} |"
        yield ""
