"""A dialog is a text file: mails that come in, what goes out, and time that passes.

A line at the margin is a step; the indented lines below it belong to it. `N` stands for the number of the
first ticket, `N2` for that of the second.

    jane writes to support: My printer is broken      a new mail, its text below
    jane writes to support, cc tom: ...               the same with a copy
    jane writes to their reply address: A laptop      a new mail to the address that the desk gave her last
    alice answers new_ticket                          an answer to the last mail of that template that she got
    alice answers new_ticket, cc vendor@parts.example
    somebody as alice writes to support: ...          her address, which proves nothing
    alice answers new_ticket as bob                   the answer that she would write comes from him
    jane <- acknowledgment: My printer [#N]           a mail that went out to her, with what is in its subject
        + its number is N                             a line below must (+) or must not (-) be in its text
    nobody is told                                    nothing went out since the last mail came in
    the mail is reply                                 its disposition
    its reason: Mallory takes no part                 part of why
    ticket N: status=in-progress assignee=alice       fields of a ticket, all of which must be so
    entries N: customer, agent-reply                  the kinds of its entries
    3 days pass                                       days, hours or minutes
    the mail is released                              somebody at the command line vouches for the held mail

Mails are compared by meaning, not by bytes. Every mail that goes out must be named before the next one comes
in: what a dialog does not expect makes it fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from maildesk.core.model import DAY, HOUR, SECOND
from maildesk.store import inbox, views
from tests.desk import DESK, Desk, a_desk, a_mail, an_answer

PEOPLE = {
    "jane": "Jane Doe <jane@customer.example>",
    "tom": "Tom Doe <tom@customer.example>",
    "mallory": "Mallory <mallory@elsewhere.example>",
    "alice": "Alice Ames <alice@desk.example>",
    "bob": "Bob Brown <bob@desk.example>",
    "vera": "Vera <vera@parts.example>",
    "support": DESK,
    "billing": "billing@desk.example",
}
SPANS = {"minute": 60 * SECOND, "hour": HOUR, "day": DAY}


@dataclass(frozen=True)
class Step:
    """One step, where it stands, and the lines that belong to it."""

    line: int
    text: str
    below: tuple[str, ...]


def steps(text: str) -> list[Step]:
    """The steps of a dialog. Lines at the margin that begin with ; are remarks."""
    found: list[Step] = []
    below: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(";"):
            continue
        if line.startswith("    ") or not line.strip():
            below.append(line[4:])
            continue
        below = []
        found.append(Step(number, line.strip(), ()))
        found[-1] = Step(number, line.strip(), below)  # type: ignore[arg-type]
    return [Step(step.line, step.text, tuple(step.below)) for step in found]


class Failed(AssertionError):
    """A dialog went another way; the sentence begins with file:line."""


@dataclass
class Player:
    """Plays one dialog on a desk."""

    desk: Desk
    path: Path
    numbers: list[int] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    told: list[EmailMessage] = field(default_factory=list)
    seen: int = 0
    count: int = 0

    def play(self) -> None:
        """Plays the file to its end."""
        step = Step(0, "", ())
        for step in steps(self.path.read_text("utf-8")):
            self._step(step)
        self._nothing_left(step)

    def _step(self, step: Step) -> None:
        for pattern, act in ACTS:
            if found := re.fullmatch(pattern, step.text):
                act(self, step, found)
                return
        self._fail(step, "no step of a dialog is written like this")

    def _fail(self, step: Step, sentence: str) -> None:
        raise Failed(f"{self.path.name}:{step.line}: {step.text}\n{sentence}")

    def _named(self, text: str) -> str:
        """The text with ticket numbers in place of N, N2, N3."""

        def number(found: re.Match[str]) -> str:
            at = int(found[1] or 1) - 1
            return str(self.numbers[at]) if at < len(self.numbers) else found[0]

        return re.sub(r"\bN(\d?)\b", number, text)

    def _deliver(self, step: Step, mail: EmailMessage) -> None:
        self._nothing_left(step)
        self.desk.now += 60 * SECOND
        self.last = self.desk.handle(mail)
        self._look()

    def _look(self) -> None:
        """Learns of new tickets and new mails."""
        known = [one["number"] for one in reversed(self.desk.tickets())]
        self.numbers += [number for number in known if number not in self.numbers]
        sent = self.desk.mails()
        self.told += sent[self.seen :]
        self.seen = len(sent)

    def _nothing_left(self, step: Step) -> None:
        if self.told:
            left = "\n".join(f"    {self._shown(mail)}" for mail in self.told)
            self._fail(step, f"before this, mails went out that the dialog does not name:\n{left}")

    def _shown(self, mail: EmailMessage) -> str:
        return f"{mail['To']} <- {self._template(mail)}: {mail['Subject']}"

    def _template(self, mail: EmailMessage) -> str:
        with self.desk.store.db.reading() as conn:
            return next(
                str(m["kind"])
                for m in views.outbox_list(conn, limit=10_000)
                if f"<{m['message_id']}>" == mail["Message-ID"]
            )

    def _id(self, who: str) -> str:
        self.count += 1
        return f"<{self.path.stem}.{self.count}@{PEOPLE[who].rpartition('@')[2].strip('>')}>"

    def _reply_address(self, step: Step, who: str) -> str:
        address = PEOPLE[who].partition("<")[2].strip(">")
        got = [
            str(mail["Reply-To"])
            for mail in self.desk.mails()
            if address in str(mail["To"]) and mail["Reply-To"]
        ]
        if not got:
            self._fail(step, f"{who} has no reply address")
        return got[-1]

    def writes(self, step: Step, found: re.Match[str]) -> None:
        to = (
            self._reply_address(step, found["who"])
            if " " in found["to"]
            else PEOPLE.get(found["to"], found["to"])
        )
        headers = {"Cc": PEOPLE.get(found["cc"], found["cc"])} if found["cc"] else {}
        self._deliver(
            step,
            a_mail(
                PEOPLE[found["who"]],
                to,
                self._named(found["subject"]),
                "\n".join(step.below).strip() + "\n",
                self._id(found["who"]),
                headers,
            ),
        )

    def answers(self, step: Step, found: re.Match[str]) -> None:
        who = PEOPLE[found["who"]]
        got = self.desk.mails(template=found["template"])
        address = who.partition("<")[2].strip(">")
        mine = [mail for mail in got if address in str(mail["To"])]
        if not mine:
            self._fail(step, f"{found['who']} never got {found['template']}")
        headers = {"Cc": PEOPLE.get(found["cc"], found["cc"])} if found["cc"] else {}
        sender = PEOPLE[found["as"]] if found["as"] else who
        text = "\n".join(step.below).strip()
        self._deliver(step, an_answer(mine[-1], sender, text, self._id(found["who"]), headers))

    def gets(self, step: Step, found: re.Match[str]) -> None:
        address = PEOPLE[found["who"]].partition("<")[2].strip(">")
        for mail in self.told:
            if address in str(mail["To"]) and self._template(mail) == found["template"]:
                break
        else:
            left = "\n".join(f"    {self._shown(one)}" for one in self.told) or "    nothing"
            self._fail(step, f"no such mail went out, but:\n{left}")
            return
        self.told.remove(mail)
        if found["subject"] and self._named(found["subject"]) not in str(mail["Subject"]):
            self._fail(step, f"its subject is: {mail['Subject']}")
        body = mail.get_body(("plain",))
        text = " ".join((f"From: {mail['From']} " + (body.get_content() if body else "")).split())
        for line in step.below:
            sign, _, words = line.strip().partition(" ")
            if sign and (" ".join(self._named(words).split()) in text) is not (sign == "+"):
                self._fail(step, f"{line.strip()}\nits text is: {text}")

    def nobody(self, step: Step, _: re.Match[str]) -> None:
        self._nothing_left(step)

    def is_(self, step: Step, found: re.Match[str]) -> None:
        if self.last["disposition"] != found[1]:
            self._fail(step, f"it is {self.last['disposition']}: {' '.join(self.last['why'])}")

    def reason(self, step: Step, found: re.Match[str]) -> None:
        why = " ".join(self.last["why"])
        if self._named(found[1]) not in why:
            self._fail(step, f"the reason is: {why}")

    def ticket(self, step: Step, found: re.Match[str]) -> None:
        shown = self.desk.ticket(int(self._named(found[1])))
        for pair in found[2].split():
            name, _, wanted = pair.partition("=")
            value = shown[name]
            is_ = (
                ",".join(map(str, value))
                if isinstance(value, list)
                else str(value).lower()
                if isinstance(value, bool)
                else str(value)
            )
            if name == "links":
                is_ = ",".join(f"{kind}:{other}" for kind, other in value)
            if is_ != self._named(wanted):
                self._fail(step, f"{name} is {is_!r}")

    def entries(self, step: Step, found: re.Match[str]) -> None:
        kinds = ", ".join(e["kind"] for e in self.desk.ticket(int(self._named(found[1])))["entries"])
        if kinds != found[2]:
            self._fail(step, f"they are: {kinds}")

    def passes(self, _: Step, found: re.Match[str]) -> None:
        self.desk.now += int(found[1]) * SPANS[found[2]]
        self.desk.run()
        self._look()

    def released(self, step: Step, _: re.Match[str]) -> None:
        self._nothing_left(step)
        key = self.last["key"]
        if not self.desk.store.write("work", lambda conn: inbox.release(conn, key, "admin")):
            self._fail(step, "it is not held")
        self.desk.run()
        self.last = self.desk.row(key)
        self._look()


_WHO = r"(?P<who>\w+)"
_CC = r"(?:, cc (?P<cc>\S+))?"
ACTS: tuple[tuple[str, Callable[[Player, Step, re.Match[str]], None]], ...] = (
    (
        rf"(?:somebody as )?{_WHO} writes to (?P<to>their reply address|[^\s:,]+){_CC}: ?(?P<subject>.*)",
        Player.writes,
    ),
    (rf"{_WHO} answers (?P<template>\w+)(?: as (?P<as>\w+))?{_CC}", Player.answers),
    (rf"{_WHO} <- (?P<template>\w+)(?:: (?P<subject>.*))?", Player.gets),
    (r"nobody is told", Player.nobody),
    (r"the mail is released", Player.released),
    (r"the mail is ([\w-]+)", Player.is_),
    (r"its reason: (.*)", Player.reason),
    (r"ticket (N\d?): (.*)", Player.ticket),
    (r"entries (N\d?): (.*)", Player.entries),
    (r"(\d+) (minute|hour|day)s? pass(?:es)?", Player.passes),
)


def play(path: Path, folder: Path) -> None:
    """Plays a dialog on a desk of its own. Raises Failed where it goes another way."""
    with a_desk(folder) as desk:
        Player(desk, path).play()
