"""Held mail: it claims to be an agent's, and nothing proves it. The agent is asked and releases it; or the admin hears.

A confirmation goes to the agent's configured address alone. It is answered at an address of its own, which is worth
nothing after a week, to anybody else, or once the mail it asks about is not held any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from maildesk.core import commands, identity, telling
from maildesk.core.changes import Decision, Release
from maildesk.core.classify import PERSON
from maildesk.core.commands import Parsed
from maildesk.core.draft import Draft, sentence
from maildesk.core.matching import Match, cites_ours
from maildesk.core.model import DAY, HOUR, MINUTE, Asked, Disposition, HeldMail
from maildesk.core.moment import shown
from maildesk.core.policy import Agent
from maildesk.core.proof import Standing, confirmations, denied, distrusted
from maildesk.core.reading import Reading
from maildesk.core.subject import base

EXPIRES = 7 * DAY
"""So long a confirmation can be answered."""
LONG = 3 * DAY
"""What is held for so long is told to the admin."""
LISTED = HOUR
"""The oldest mail that its agent was not asked about waits so long for others, to stand in one list with them."""
SETTLED = MINUTE
"""A list ends so long before now: nodes whose clocks differ by less leave no gap between two lists."""
ROWS = 20
"""So many mails stand in one list."""

_LINE = regex.compile(r"[\s\p{Cf}]*[#＃﹟]\p{Cf}*release(?:[\s:]+([\d\s,;]+))?[\s\p{Cf}.]*", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reminder:
    """Held mails that somebody is to be told of: agents of those that they were not asked about one by one
    (`unasked`), the admin of those that nobody has released for days (`long`)."""

    key: str
    unasked: tuple[HeldMail, ...] = ()
    long: tuple[HeldMail, ...] = ()


def hold(
    draft: Draft, reading: Reading, agent: Agent, found: Match, standing: Standing
) -> tuple[Disposition, int | None]:
    """Holds a mail in an agent's name, and asks the agent whether it is theirs."""
    number = found.ticket
    draft.because(f"It is held: {agent.id} may act on a ticket only with proof.")
    if answers_held(draft, reading, found):
        draft.because("No notice of it: it answers such a notice, as a machine does.")
        return Disposition.HELD, number
    if why := distrusted(reading):
        draft.because(f"No notice of it: {why}.")
        return Disposition.HELD, number
    if not telling.may_tell(draft, "held", agent, draft.policy.limits.held_notices_hour):
        draft.because("The agent has had all notices that the limit allows: it comes with the next list.")
        draft.unasked = True
        return Disposition.HELD, number
    facts = {
        "subject": reading.message.subject[:200],
        "from": reading.sender,
        "about": number,
        "proof": sentence(standing.why),
        "lines": "\n".join(reading.new_text.split("\n")[:5])[:500],
        "key": draft.key,
        "mails": [{"key": draft.key, "sha256": reading.message.sha256}],
    }
    draft.notify_agent("held", agent, None, facts=facts)
    return Disposition.HELD, number


def answers_held(draft: Draft, reading: Reading, found: Match) -> bool:
    """Whether it answers a notice of held mail: by its subject, or as a mail of ours that belongs to no ticket."""
    # A mail that somebody writes anew may begin so, too: only an answer has a mark before it, or cites something.
    answers = bool(reading.cited) or not reading.message.subject.lower().startswith("held:")
    about = base(reading.message.subject)
    if found.ticket and about == base(draft.ticket(found.ticket).subject):
        return False
    return (answers and about.startswith("held:")) or (
        found.ticket is None and cites_ours(reading, draft.after.keys)
    )


def answered(draft: Draft, reading: Reading, standing: Standing) -> tuple[Disposition, None] | None:
    """What a mail to the address of a confirmation brings about; None where it is to be decided like any other."""
    locals_ = confirmations(reading, draft.policy, draft.after.keys)
    if not locals_:
        return None
    agent = standing.agent
    person = identity.person_of_agent(agent.id) if agent else ""
    asked = next((a for one in locals_ if (a := draft.after.asked.get(one)) and a.person == person), None)
    why = ""
    if agent is None or asked is None:
        why = "it is not its sender's"
    elif len(reading.message.from_) != 1 or reading.behind:
        why = "the mail does not have one From address"
    elif denied(reading):
        why = denied(reading)
    elif reading.kind.kind != PERSON:
        why = "no person wrote it"
    elif reading.evidence.imported:
        why = "it was imported"
    if agent is None or asked is None or why:
        draft.because(f"It went to the address of a confirmation, but releases nothing: {why}.")
        return None
    wanted = [found[1] or "" for line in reading.new_text.split("\n") if (found := _LINE.fullmatch(line))]
    if (
        not wanted
        and not commands.has_command(reading.new_text)
        and not cites_ours(reading, draft.after.keys)
    ):
        draft.because(
            "It answers a confirmation without saying #release, as a machine does: nothing is done."
        )
        return Disposition.HELD, None
    chosen, error = _chosen(draft, asked, wanted)
    if error:
        telling.give_back(draft, reading, agent, None, Parsed("", (), (error,)))
        return Disposition.COMMAND, None
    for mail in chosen:
        draft.because(f"It releases the mail {mail.key}: {agent.id} answered the confirmation of it.")
        draft.apply(Release(mail.key, mail.sha256, f"{agent.name}, by mail", "confirmed"))
    return Disposition.COMMAND, None


def _chosen(draft: Draft, asked: Asked, wanted: Sequence[str]) -> tuple[tuple[HeldMail, ...], str]:
    """The mails that are to be released; or the sentence that says why none is."""
    if not wanted:
        return (), (
            "It does not say #release. If you wrote the held mail, reply once more to the mail that asked you, with"
            " #release on a line of its own; if you did not, there is nothing to do."
        )
    words = " ".join(wanted).replace(",", " ").replace(";", " ").split()
    numbers = sorted({int(word[:6]) for word in words})
    count = len(asked.mails)
    if asked.listed and not numbers and count > 1:
        return (), "Write the numbers of the mails behind #release, like #release 1 3."
    if strange := [number for number in numbers if not 1 <= number <= count]:
        return (), f"There is no mail {strange[0]} to release: they have the numbers 1 to {count}."
    chosen = tuple(asked.mails[number - 1] for number in numbers) if numbers else asked.mails
    if draft.now - asked.at > EXPIRES:
        days = EXPIRES // DAY
        return (), f"The question that you answer is older than {days} days. {_by_admin(chosen[0])}"
    if gone := next((mail for mail in chosen if not mail.is_held), None):
        return (), (
            f"The mail {gone.key[:8]} is not held any more. It was released before, or came again with proof."
        )
    return chosen, ""


def _by_admin(mail: HeldMail) -> str:
    return f"Ask the admin for `maildesk held release {mail.key}`, or send your mail again."


def reminded(draft: Draft, cause: Reminder) -> Decision:
    """Tells agents of the mails that they were not asked about, and the admin of what has been held for days."""
    by_agent: dict[str, list[HeldMail]] = {}
    for mail in cause.unasked:
        if agent := draft.policy.agent_at(mail.sender):
            by_agent.setdefault(agent.id, []).append(mail)
    for agent in draft.policy.agents:
        if mails := by_agent.get(agent.id):
            named = "A mail" if len(mails) == 1 else f"{len(mails)} mails"
            draft.notify_agent("held_list", agent, None, facts=_list(f"{named} in your name", mails, draft))
    if cause.long:
        count, days = len(cause.long), LONG // DAY
        named = "1 mail is" if count == 1 else f"{count} mails are"
        draft.because(f"{named} held for {days} days.")
        if draft.policy.admin:
            draft.notify_address(
                "held_long", draft.policy.admin, _list(f"{count} for {days} days", cause.long, draft)
            )
    return draft.done(None)


def _list(subject: str, mails: Sequence[HeldMail], draft: Draft) -> dict[str, object]:
    rows = [
        {
            "key": mail.key,
            "sha256": mail.sha256,
            "from": mail.sender,
            "subject": mail.subject[:200],
            "about": mail.ticket,
            "at": shown(mail.at, draft.policy.zone),
        }
        for mail in mails[:ROWS]
    ]
    return {"subject": subject, "mails": rows, "more": len(mails) - len(rows)}
