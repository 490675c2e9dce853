"""Alarms: conditions that the operator must hear of, when they are told, and in which words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from maildesk.core import identity
from maildesk.core.changes import Notice
from maildesk.core.model import MINUTE
from maildesk.core.moment import shown
from maildesk.core.policy import Frozen

Turn = Literal["raised", "over", "forgotten", ""]

QUIET = 10 * MINUTE
"""So long must a condition have been gone before it is told to be over: one that comes and goes is one alarm."""
STALE = 15 * MINUTE
"""A condition that nobody has reported for so long is gone: its process has ended, or its setting was taken out."""


class Watch(Frozen):
    """What is watched, and who is told beside the admin."""

    command: tuple[str, ...] = Field(
        (),
        description="Program with its arguments that is told of each alarm, too: its text on standard input, its name "
        "in MAILDESK_ALARM and `raised` or `over` in MAILDESK_ALARM_STATE. Mail may be what is broken.",
    )
    unsent_minutes: int = Field(
        30, ge=1, description="Minutes that a mail may be due without being sent before that is an alarm."
    )
    undecided_minutes: int = Field(
        30, ge=1, description="Minutes that a mail may wait for its decision before that is an alarm."
    )
    held: int = Field(
        20, ge=1, description="Held mails that are an alarm; ten times as many are another, and so on."
    )
    quarantined: int = Field(
        1,
        ge=1,
        description="Mails in quarantine that are an alarm; ten times as many are another, and so on.",
    )
    disk_mb: int = Field(
        500,
        ge=0,
        description="Free megabytes on a disk that maildesk writes to, below which there is an alarm.",
    )
    silence_hours: int = Field(0, ge=0, description="Hours without any mail that are an alarm; 0 for none.")
    certificate_days: int = Field(
        14, ge=0, description="Days before the end of a certificate from which there is an alarm."
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of alarm. A `local` one belongs to the node that reports it, others to the whole desk.

    It is told once it has stood for `patience` microseconds, so that what mends itself wakes nobody.
    """

    name: str
    title: str
    local: bool
    patience: int = 0


KINDS: tuple[Kind, ...] = (
    Kind("outbox", "mails wait to be sent", False),
    Kind("inbox", "mails wait to be decided", False),
    Kind("relay", "the mail server takes no mail from the desk", False, 5 * MINUTE),
    Kind("mailbox", "a mailbox cannot be read", False, 5 * MINUTE),
    Kind("reload", "the configuration is refused; the desk runs with an older one", True),
    Kind("quarantine", "mails are in quarantine", False),
    Kind("held", "many mails are held", False),
    Kind("acknowledgments", "too many acknowledgments to unproven senders", False),
    Kind("notices", "too many tickets for agents to be told of", False),
    Kind("disk", "a disk is nearly full", True),
    Kind("silence", "no mail comes", False),
    Kind("certificate", "a certificate ends soon", True),
    Kind("store", "the store cannot be written to", True),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def kind_of(name: str) -> Kind:
    """The kind of an alarm by its name, `kind` or `kind:what`. Raises KeyError for one that is not in the table."""
    return BY_NAME[name.partition(":")[0]]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition: since when it stands, when it was last reported, and whom that was told. `node` is "" unless the
    alarm is local. `cleared` is None while it stands; `told` and `over` are when its begin and its end were told."""

    name: str
    node: str
    sentence: str
    first: int
    last: int
    cleared: int | None = None
    told: int | None = None
    over: int | None = None

    @property
    def stands(self) -> bool:
        """Whether the condition holds."""
        return self.cleared is None

    @property
    def gone(self) -> bool:
        """Whether all is said of it: the next report is a new alarm."""
        return self.over is not None


def turn(alarm: Alarm, now: int) -> Turn:
    """What is to be told of an alarm now; `forgotten` where it ended before anybody was told of it."""
    if alarm.gone:
        return ""
    if alarm.cleared is None:
        waited = now - alarm.first >= kind_of(alarm.name).patience
        return "raised" if alarm.told is None and waited else ""
    if now - alarm.cleared < QUIET:
        return ""
    return "forgotten" if alarm.told is None else "over"


def level(count: int, bound: int) -> int:
    """The largest of bound, 10 times bound, 100 times bound... that is reached; 0 if none is."""
    found = 0
    step = bound
    while count >= step:
        found, step = step, step * 10
    return found


def title(alarm: Alarm, is_: Turn) -> str:
    """The subject of its mail."""
    where = f" on {alarm.node}" if alarm.node else ""
    return f"{'Over' if is_ == 'over' else 'Alarm'}: {kind_of(alarm.name).title}{where}"


def text(alarm: Alarm, is_: Turn, zone: str) -> str:
    """The alarm for programs and screens: what it is, and since when."""
    times = f"Since {shown(alarm.first, zone)}."
    if is_ == "over" and alarm.cleared is not None:
        times = f"From {shown(alarm.first, zone)} to {shown(alarm.cleared, zone)}."
    return f"{title(alarm, is_)}\n\n{alarm.sentence}\n{times}\n"


def notice(alarm: Alarm, is_: Turn, admin: str, zone: str, now: int) -> Notice:
    """The mail that tells the admin."""
    cause = f"alarm:{alarm.name}:{alarm.node}:{alarm.first}:{is_}"
    facts = {
        "subject": title(alarm, is_),
        "name": alarm.name,
        "over": is_ == "over",
        "sentence": alarm.sentence,
        "since": shown(alarm.first, zone),
        "until": shown(alarm.cleared, zone) if is_ == "over" and alarm.cleared is not None else "",
    }
    return Notice(
        once=identity.once_key(cause, "alarm", admin, None),
        kind="alarm",
        to=admin,
        ticket=None,
        at=now,
        person=identity.person_of_address(admin),
        facts=facts,
    )
